"""The blocks that an image touches: against a ray at a time, and against Open3D's own."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("open3d")

from r1_model.geometry.poses import invert_pose, pose_matrix
from r1_ros.mapping.lean_open3d import o3c, open3d
from r1_ros.mapping.touched_blocks import touched_blocks

K = np.array([[61.0, 0, 32.2], [0, 59.0, 24.7], [0, 0, 1]])
BLOCK, TRUNCATION, DEPTH_MAX = np.float32(0.16), np.float32(0.06), 4.0
POSES = [
    pose_matrix([0.0, 0, 0], [0, 0, 0, 1]),
    pose_matrix([1.3, -2.7, 0.9], [0.3, -0.5, 0.2, 0.7]),
    pose_matrix([-90_000.0, 4.1, 30.0], [-0.6, 0.1, 0.4, 0.2]),
]


def hilly(shape: tuple[int, int], seed: int) -> np.ndarray:
    """Depth (H, W) uint16 millimetres with steps, holes, and parts beyond DEPTH_MAX."""
    rng = np.random.default_rng(seed)
    v, u = np.mgrid[: shape[0], : shape[1]]
    depth = 2200 + 1500 * np.sin(u / 9 + seed) * np.cos(v / 7) + 900 * (u > shape[1] // 2)
    depth += rng.normal(0, 8, shape)
    depth[rng.random(shape) < 0.1] = 0
    return depth.clip(0).astype(np.uint16)


def by_rays(depth: np.ndarray, T: np.ndarray, block: np.float32) -> set[tuple[int, ...]]:
    """What `touched_blocks` says, one ray after the other."""
    k, pose = K.astype(np.float32), T.astype(np.float32)
    found = set()
    for row in range(0, depth.shape[0] // 4 * 4, 4):
        for column in range(0, depth.shape[1] // 4 * 4, 4):
            d = np.float32(depth[row, column]) / np.float32(1000)
            if not 0 < d < DEPTH_MAX:
                continue
            x = (np.float32(column) - k[0, 2]) / k[0, 0]
            y = (np.float32(row) - k[1, 2]) / k[1, 1]
            ahead = x * pose[:3, 0] + y * pose[:3, 1] + pose[:3, 2] + pose[:3, 3]
            ray = ahead - pose[:3, 3]
            t = max(d - TRUNCATION, np.float32(0))
            step = (min(d + TRUNCATION, np.float32(DEPTH_MAX)) - t) / np.float32(3)
            for _ in range(4):
                cell = np.floor((pose[:3, 3] + t * ray) / block)
                found.add(tuple(cell.astype(int).tolist()))
                t += step
    return found


@pytest.mark.parametrize("shape", [(48, 64), (50, 67)])
@pytest.mark.parametrize("T", POSES)
def test_agrees_with_a_ray_at_a_time(T: np.ndarray, shape: tuple[int, int]) -> None:
    depth = hilly(shape, 3)
    blocks = touched_blocks(depth, K, T, BLOCK, TRUNCATION, DEPTH_MAX)
    assert blocks.dtype == np.int32 and len(blocks) > 50
    assert blocks.flags.c_contiguous  # Open3D's hash reads on from the first number
    listed = [tuple(block) for block in blocks.tolist()]
    assert listed == sorted(by_rays(depth, T, BLOCK))


@pytest.mark.parametrize("T", POSES[:2])
def test_small_blocks_far_apart_are_too_many_for_a_table(T: np.ndarray) -> None:
    depth = hilly((48, 64), 5)
    block = np.float32(0.008)
    blocks = touched_blocks(depth, K, T, block, TRUNCATION, DEPTH_MAX)
    assert np.ptp(blocks, 0).prod() > 2**24
    assert blocks.flags.c_contiguous
    listed = [tuple(row) for row in blocks.tolist()]
    assert listed == sorted(by_rays(depth, T, block))


@pytest.mark.parametrize("voxel", [0.005, 0.01, 0.02, 0.05, 0.1])
def test_agrees_with_open3d(voxel: float) -> None:
    grid = open3d.t.geometry.VoxelBlockGrid(
        ("tsdf",), (o3c.float32,), ((1),), voxel, 8, 100, o3c.Device("CPU:0")
    )
    for seed, T in enumerate(POSES[:2] * 2):
        depth = hilly((48, 64), seed)
        image = open3d.t.geometry.Image(o3c.Tensor.from_numpy(depth))
        extrinsic = o3c.Tensor(invert_pose(T))
        theirs = grid.compute_unique_block_coordinates(
            image, o3c.Tensor(K), extrinsic, 1000.0, DEPTH_MAX, 3.0
        ).numpy()
        truncation = np.float32(voxel) * np.float32(3)
        ours = touched_blocks(depth, K, T, np.float32(voxel) * 8, truncation, DEPTH_MAX)
        # what lies on the border of two blocks may be rounded to either: T is inverted twice there
        apart = {*map(tuple, theirs.tolist())} ^ {*map(tuple, ours.tolist())}
        assert len(apart) <= 0.002 * len(theirs)


@pytest.mark.parametrize("value", [0, 4000, 5000])
def test_without_depth_in_range_no_block_is_touched(value: int) -> None:
    depth = np.full((48, 64), value, np.uint16)
    assert touched_blocks(depth, K, np.eye(4), BLOCK, TRUNCATION, DEPTH_MAX).shape == (0, 3)


def test_only_every_fourth_pixel_counts() -> None:
    depth = np.zeros((48, 64), np.uint16)
    depth[5, 9] = 1000
    assert not len(touched_blocks(depth, K, np.eye(4), BLOCK, TRUNCATION, DEPTH_MAX))
    depth[4, 8] = 1000
    assert len(touched_blocks(depth, K, np.eye(4), BLOCK, TRUNCATION, DEPTH_MAX))


def test_an_image_smaller_than_the_stride_touches_nothing() -> None:
    depth = np.full((3, 3), 1000, np.uint16)
    assert touched_blocks(depth, K, np.eye(4), BLOCK, TRUNCATION, DEPTH_MAX).shape == (0, 3)
