"""TSDF fusion against the textbook on a tiny grid; bounds; point fusion against plain means."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("open3d")

from scipy.spatial import cKDTree

from r1_model.geometry.poses import invert_pose, pose_matrix
from r1_ros.mapping import tsdf
from r1_ros.mapping.lean_open3d import o3c, open3d
from r1_ros.mapping.tsdf import BLOCK_VOXELS, TRUNCATION_VOXELS, MapFullError, TsdfVolume
from r1_ros.mapping.voxel_cloud import VoxelCloud
from r1_ros.runtime.errors import BadMessageError
from tests.r1_ros.mapping.reference_tsdf import ReferenceTsdf

VOXEL = 0.02
K = np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]])


def tilted_plane(offset: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Depth in mm and colour of a plane about 0.6 m away that leans back to the right."""
    v, u = np.mgrid[0:48, 0:64]
    depth = 600 + offset * 1000 + 1.5 * (u - 32)
    color = np.stack([u * 4, v * 5, np.full_like(u, 90)], -1).astype(np.uint8)
    return depth.astype(np.uint16), color


def poses() -> list[np.ndarray]:
    return [
        pose_matrix([0.0, 0.0, 0.0], [0, 0, 0, 1]),
        pose_matrix([0.03, -0.02, 0.01], [0.01, 0.02, 0.0, 1]),
        pose_matrix([-0.02, 0.01, -0.02], [0.0, -0.03, 0.02, 1]),
    ]


def test_agrees_with_the_textbook() -> None:
    fast = TsdfVolume(VOXEL, 2000)
    origin = np.array([-0.2, -0.16, 0.4]) - 0.3717 * VOXEL  # on the volume's grid
    slow = ReferenceTsdf(origin, (20, 16, 20), VOXEL, TRUNCATION_VOXELS * VOXEL)
    for T in poses():
        depth, color = tilted_plane()
        fast.integrate(depth, color, K, T, 3.0)
        slow.integrate(depth / 1000, color, K, T)
    points, colors, normals = fast.extract(3.0)
    expected, expected_colors = slow.extract(3.0)
    assert len(expected) > 100
    # one voxel off the border of the reference grid, whose edges the volume does not have
    low, high = slow.centre((1, 1, 1)), slow.centre((18, 14, 18))
    inside = ((points > low) & (points < high)).all(-1)
    distance, nearest = cKDTree(expected).query(points[inside])
    assert np.quantile(distance, 0.98) < 2e-4
    error = np.abs(colors[inside].astype(float) - expected_colors[nearest])
    assert np.quantile(error[distance < 2e-4], 0.98) < 3
    back = cKDTree(points).query(expected)[0]
    assert np.quantile(back, 0.98) < 2e-4
    # the surface looks at the camera
    assert (normals[inside][:, 2] < -0.9).mean() > 0.95


def test_holds_what_open3d_alone_would() -> None:
    ours = TsdfVolume(VOXEL, 2000)
    theirs = open3d.t.geometry.VoxelBlockGrid(
        ("tsdf", "weight", "color"),
        (o3c.float32, o3c.float32, o3c.float32),
        ((1), (1), (3)),
        VOXEL,
        BLOCK_VOXELS,
        2000,
        o3c.Device("CPU:0"),
    )
    intrinsic = o3c.Tensor(K + np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]]))
    for offset, T in enumerate(poses()):
        depth, color = tilted_plane(0.4 * offset)
        ours.integrate(depth, color, K, T, 3.0)
        moved = T.copy()
        moved[:3, 3] += 0.3717 * VOXEL
        rest = (o3c.Tensor(invert_pose(moved)), 1000.0, 3.0, TRUNCATION_VOXELS)
        images = [open3d.t.geometry.Image(o3c.Tensor.from_numpy(array)) for array in (depth, color)]
        blocks = theirs.compute_unique_block_coordinates(images[0], intrinsic, *rest)
        theirs.integrate(blocks, *images, intrinsic, intrinsic, *rest)
    assert ours.blocks == theirs.hashmap().size() > 50
    expected = theirs.extract_point_cloud(0.5).point
    points, colors, _ = ours.extract(1.0)
    apart, nearest = cKDTree(expected["positions"].numpy() - 0.3717 * VOXEL).query(points)
    assert len(points) == len(nearest) == len(set(nearest.tolist()))
    assert apart.max() < 1e-5
    error = colors - expected["colors"].numpy()[nearest] * 255
    assert np.abs(error).max() < 0.6


def test_colours_do_not_darken_with_the_number_of_images() -> None:
    volume = TsdfVolume(VOXEL, 2000)
    depth, _ = tilted_plane()
    rng = np.random.default_rng(0)
    for _ in range(40):
        color = np.full((48, 64, 3), 128, np.uint8) + rng.integers(-8, 9, (48, 64, 1))
        volume.integrate(depth, color.astype(np.uint8), K, np.eye(4), 3.0)
    _, colors, _ = volume.extract(3.0)
    assert abs(colors.mean() - 128) < 1


@pytest.mark.parametrize("metres", [0.6, 1.0])
def test_a_surface_that_lies_exactly_on_voxels_is_found(metres: float) -> None:
    volume = TsdfVolume(VOXEL, 2000)
    depth = np.full((48, 64), metres * 1000, np.uint16)
    for _ in range(2):
        volume.integrate(depth, tilted_plane()[1], K, np.eye(4), 3.0)
    points, _, _ = volume.extract(2.0)
    assert len(points) > 500 and np.abs(points[:, 2] - metres).max() < 1e-3


def test_few_observations_are_left_out() -> None:
    volume = TsdfVolume(VOXEL, 2000)
    volume.integrate(*tilted_plane(), K, np.eye(4), 3.0)
    assert len(volume.extract(1.0)[0]) and not len(volume.extract(2.0)[0])


def test_depth_beyond_the_limit_is_ignored() -> None:
    volume = TsdfVolume(VOXEL, 2000)
    depth, color = tilted_plane()
    depth[:, 32:] = 2000
    volume.integrate(depth, color, K, np.eye(4), 1.0)
    points, _, _ = volume.extract(1.0)
    assert len(points) and points[:, 2].max() < 1.0


def test_a_full_map_refuses_and_stays_as_it_was() -> None:
    volume = TsdfVolume(VOXEL, 100)
    volume.integrate(*tilted_plane(), K, np.eye(4), 3.0)
    before, blocks = volume.extract(1.0)[0], volume.blocks
    with pytest.raises(MapFullError, match="max_blocks"):
        for step in range(50):
            T = pose_matrix([0.2 * step, 0, 0], [0, 0, 0, 1])
            volume.integrate(*tilted_plane(), K, T, 3.0)
    assert blocks <= volume.blocks <= 100
    volume.integrate(*tilted_plane(), K, np.eye(4), 3.0)  # what is in the map still updates
    assert len(volume.extract(1.0)[0]) >= len(before)


def test_memory_does_not_grow_beyond_the_bound() -> None:
    volume = TsdfVolume(VOXEL, 500)
    with pytest.raises(MapFullError):
        for step in range(200):
            T = pose_matrix([0.2 * step, 0, 0], [0, 0, 0, 1])
            volume.integrate(*tilted_plane(), K, T, 3.0)
    # some on top: Open3D wants room for what it is handed before it knows which are new
    assert volume._grid.hashmap().capacity() < 800


def test_what_is_in_the_map_already_takes_no_more_memory(monkeypatch) -> None:
    """A room that is looked at for hours, in a map that has little room left."""
    roomy = TsdfVolume(VOXEL, 4000)
    for T in poses():
        roomy.integrate(*tilted_plane(), K, T, 3.0)
    touched = roomy.blocks
    monkeypatch.setattr(tsdf, "_SPARE", touched // 6)
    monkeypatch.setattr(tsdf, "_INITIAL_BLOCKS", touched + touched // 4)
    tight = TsdfVolume(VOXEL, 4000)
    assert tight._grid.hashmap().capacity() < 2 * touched
    first = tight._grid.hashmap().capacity()
    for number in range(12):
        T = poses()[number % 3]
        tight.integrate(*tilted_plane(), K, T, 3.0)
        if number >= 3:
            roomy.integrate(*tilted_plane(), K, T, 3.0)
    assert tight.blocks == roomy.blocks == touched
    assert tight._grid.hashmap().capacity() == first
    clouds = [volume.extract(1.0) for volume in (tight, roomy)]
    orders = [np.lexsort(points.T) for points, _, _ in clouds]
    for one, other in zip(*clouds, strict=True):
        assert np.array_equal(one[orders[0]], other[orders[1]])  # bit for bit
    for step in range(1, 30):  # and what is new makes it grow
        tight.integrate(*tilted_plane(), K, pose_matrix([0.3 * step, 0, 0], [0, 0, 0, 1]), 3.0)
    assert tight.blocks > first and tight._grid.hashmap().capacity() > first


@pytest.mark.parametrize(
    ("depth", "T", "reason"),
    [
        (np.zeros((48, 64), np.uint16), np.eye(4), "no valid depth"),
        (tilted_plane()[0], pose_matrix([1e9, 0, 0], [0, 0, 0, 1]), "bad pose"),
        (tilted_plane()[0], np.diag([1.0, np.nan, 1.0, 1.0]), "bad pose"),
        (tilted_plane()[0], np.full((4, 4), np.inf), "bad pose"),
    ],
)
def test_useless_images_are_refused(depth, T, reason: str) -> None:
    volume = TsdfVolume(VOXEL, 2000)
    with pytest.raises(BadMessageError) as error:
        volume.integrate(depth, tilted_plane()[1], K, T, 3.0)
    assert error.value.reason == reason and volume.blocks == 0


def test_depth_that_is_too_sparse_is_refused_in_a_sentence() -> None:
    depth = np.zeros((48, 64), np.uint16)
    depth[3, 3] = depth[5, 6] = 1000
    volume = TsdfVolume(VOXEL, 2000)
    with pytest.raises(BadMessageError) as error:
        volume.integrate(depth, tilted_plane()[1], K, np.eye(4), 3.0)
    assert str(error.value) == "no valid depth: 2 of 3072 pixels hold depth, too few to fuse"


def test_an_empty_volume_has_no_points() -> None:
    assert [len(part) for part in TsdfVolume(VOXEL, 100).extract(1.0)] == [0, 0, 0]


def test_a_block_is_as_large_as_documented() -> None:
    volume = TsdfVolume(VOXEL, 100)
    names = ("tsdf", "weight", "color")
    size = sum(volume._grid.attribute(name)[0].numpy().nbytes for name in names)
    assert size == 20 * BLOCK_VOXELS**3 == 10_240


def test_point_fusion_is_the_mean_of_each_voxel() -> None:
    rng = np.random.default_rng(3)
    cloud = VoxelCloud(0.1, 10_000)
    batches = []
    for _ in range(4):
        points = rng.uniform(-0.5, 0.5, (500, 3)).astype(np.float32)
        colors = rng.integers(0, 256, (500, 3), np.uint8)
        cloud.add(points, colors)
        batches.append((points, colors))
    points = np.concatenate([p for p, _ in batches])
    colors = np.concatenate([c for _, c in batches])
    cells = [tuple(cell) for cell in np.floor(points.astype(float) / 0.1).astype(int)]
    expected = {}
    for cell in sorted(set(cells)):
        rows = [index for index, other in enumerate(cells) if other == cell]
        expected[cell] = (points[rows].mean(0), colors[rows].astype(float).mean(0))
    fused, fused_colors = cloud.extract()
    assert len(cloud) == len(fused) == len(expected)
    for point, color, (cell, (mean, mean_color)) in zip(
        fused, fused_colors, expected.items(), strict=True
    ):
        np.testing.assert_allclose(point, mean, atol=1e-5, err_msg=str(cell))
        np.testing.assert_allclose(color, mean_color, atol=0.51)


def test_point_fusion_is_bounded_and_ignores_absurd_points() -> None:
    cloud = VoxelCloud(0.1, 100)
    inside = np.zeros((10, 3), np.float32)
    grey = np.full((10, 3), 9, np.uint8)
    cloud.add(inside, grey)
    cloud.add(np.full((10, 3), 1e30, np.float32), grey)
    assert len(cloud) == 1
    spread = np.arange(600, dtype=np.float32).reshape(200, 3)
    with pytest.raises(MapFullError):
        cloud.add(spread, np.zeros((200, 3), np.uint8))
    assert len(cloud) == 1
    cloud.reset()
    assert len(cloud) == 0 and len(cloud.extract()[0]) == 0


def test_point_fusion_grows_past_its_first_capacity() -> None:
    cloud = VoxelCloud(0.02, 1_000_000)
    points = np.random.default_rng(0).uniform(-3, 3, (200_000, 3)).astype(np.float32)
    for part in np.split(points, 4):
        cloud.add(part, np.full((len(part), 3), 77, np.uint8))
    fused, colors = cloud.extract()
    assert len(fused) == len(np.unique(np.floor(points.astype(float) / 0.02), axis=0))
    assert (colors == 77).all()
