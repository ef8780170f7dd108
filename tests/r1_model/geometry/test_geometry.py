"""Properties of `r1_model.geometry`, and its functions against scipy's."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.transform import Rotation, Slerp

from r1_model.geometry import boxes, poses, projection, torch_boxes, torch_projection, voxels

finite = st.floats(-10, 10, allow_nan=False)
vectors = arrays(np.float64, 3, elements=finite)
quaternions = arrays(np.float64, 4, elements=finite).filter(lambda q: np.linalg.norm(q) > 1e-3)
few = settings(max_examples=50, deadline=None)


@few
@given(quaternions)
def test_rotation_is_that_of_the_formula_and_back(q: np.ndarray) -> None:
    x, y, z, w = q / np.linalg.norm(q)
    R = poses.rotation_from_quaternion(q)
    expected = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    np.testing.assert_allclose(R, expected, atol=1e-12)
    many = poses.rotation_from_quaternion(np.tile(q, (2, 3, 1)))
    assert many.shape == (2, 3, 3, 3) and (many == R).all()
    back = poses.quaternion_from_rotation(R)
    assert back[3] >= 0
    np.testing.assert_allclose(poses.rotation_from_quaternion(back), R, atol=1e-12)


@pytest.mark.parametrize("axis", np.eye(3))
def test_half_turns_survive_the_way_through_a_matrix(axis: np.ndarray) -> None:
    R = Rotation.from_rotvec(np.pi * axis).as_matrix()
    back = poses.rotation_from_quaternion(poses.quaternion_from_rotation(R))
    np.testing.assert_allclose(back, R, atol=1e-12)


@few
@given(quaternions, quaternions, st.floats(0, 1))
def test_slerp_agrees_with_scipy(a: np.ndarray, b: np.ndarray, fraction: float) -> None:
    both = Rotation.from_quat([a, b])
    if (both[0].inv() * both[1]).magnitude() > np.pi - 1e-3:
        return  # opposite rotations: any way round is as short
    expected = Slerp([0, 1], both)(fraction)
    actual = Rotation.from_quat(poses.slerp(a, b, fraction))
    assert (expected.inv() * actual).magnitude() < 1e-7


@few
@given(vectors, quaternions, arrays(np.float64, (5, 3), elements=finite))
def test_inverse_takes_points_back(p: np.ndarray, q: np.ndarray, xyz: np.ndarray) -> None:
    T = poses.pose_matrix(p, q)
    np.testing.assert_allclose(T @ poses.invert_pose(T), np.eye(4), atol=1e-9)
    there = poses.transform_points(T, xyz)
    np.testing.assert_allclose(poses.transform_points(poses.invert_pose(T), there), xyz, atol=1e-9)


def test_transform_points_keeps_the_float_type() -> None:
    assert poses.transform_points(np.eye(4), np.ones((2, 3), np.float32)).dtype == np.float32


@few
@given(arrays(np.float32, (6, 8), elements=st.floats(0, 5, width=32)))
def test_backprojected_pixels_project_to_themselves(depth: np.ndarray) -> None:
    K = np.array([[7.0, 0, 3.5], [0, 8.0, 2.5], [0, 0, 1]])
    depth = np.where(depth < 0.01, 0, depth).astype(np.float32)
    depth[0, :3] = (np.nan, np.inf, -np.inf)
    xyz, valid = projection.backproject(depth, K)
    assert xyz.dtype == np.float32 and len(xyz) == valid.sum()
    assert not valid[0, :3].any()
    uv, z = projection.project_points(xyz, K)
    rows, columns = np.nonzero(valid)
    np.testing.assert_allclose(uv, np.stack([columns, rows], -1), atol=1e-3)
    np.testing.assert_array_equal(z, depth[valid])


def test_optical_axes_are_those_of_rep_103() -> None:
    """A camera that looks along map x: optical z is forward, x is right (-y), y is down (-z)."""
    R_map_optical = poses.rotation_from_quaternion([-0.5, 0.5, -0.5, 0.5])
    np.testing.assert_allclose(R_map_optical @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    np.testing.assert_allclose(R_map_optical @ [1, 0, 0], [0, -1, 0], atol=1e-12)
    np.testing.assert_allclose(R_map_optical @ [0, 1, 0], [0, 0, -1], atol=1e-12)


def test_points_behind_the_camera_have_no_pixel() -> None:
    uv, _ = projection.project_points(np.array([[0.0, 0, -1], [0, 0, 0]]), np.eye(3))
    assert np.isnan(uv).all()


@pytest.mark.parametrize(
    "quaternion", [[0, 0, 0, 0], [np.nan, 0, 0, 1], [np.inf, 0, 0, 1], [5e-324, 0, 0, 0]]
)
def test_a_quaternion_without_direction_is_refused(quaternion: list[float]) -> None:
    with pytest.raises(poses.InvalidPoseError, match="quaternion"):
        poses.pose_matrix(np.zeros(3), np.array(quaternion))


def test_a_position_that_is_not_finite_is_refused() -> None:
    with pytest.raises(poses.InvalidPoseError, match="position"):
        poses.pose_matrix([0, np.nan, 0], [0, 0, 0, 1])


def test_iou_of_known_boxes() -> None:
    one = np.ones(3)
    assert boxes.aabb_iou(np.zeros(3), one, np.zeros(3), one) == 1
    assert boxes.aabb_iou(np.zeros(3), one, [0.5, 0, 0], one) == pytest.approx(1 / 3)
    assert boxes.aabb_iou(np.zeros(3), one, [1, 0, 0], one) == 0
    assert boxes.aabb_iou(np.zeros(3), 0 * one, np.zeros(3), 0 * one) == 0
    many = boxes.aabb_iou(np.zeros((4, 1, 3)), one, np.zeros((1, 3, 3)), 2 * one)
    assert many.shape == (4, 3) and np.allclose(many, 1 / 8)


sizes = arrays(np.float64, (4, 3), elements=st.floats(0.01, 5))
centers = arrays(np.float64, (4, 3), elements=finite)


@few
@given(centers, sizes, centers, sizes)
def test_numpy_and_torch_agree_on_boxes(center_a, size_a, center_b, size_b) -> None:
    given = (center_a[:, None], size_a[:, None], center_b[None], size_b[None])
    tensors = [torch.from_numpy(array) for array in given]
    iou = torch_boxes.aabb_iou(*tensors).numpy()
    np.testing.assert_allclose(boxes.aabb_iou(*given), iou, atol=1e-12)
    same, giou = torch_boxes.aabb_giou(*tensors)
    assert (same.numpy() == iou).all()
    assert (giou.numpy() <= iou + 1e-12).all() and (giou.numpy() >= -1 - 1e-12).all()
    assert (boxes.aabb_iou(*given, epsilon=1.0) <= iou).all()


def test_giou_of_known_boxes() -> None:
    one = torch.ones(3)
    _, apart = torch_boxes.aabb_giou(torch.zeros(3), one, torch.tensor([3.0, 0, 0]), one)
    assert apart.item() == pytest.approx(-0.5)  # half of the hull is neither
    _, equal = torch_boxes.aabb_giou(torch.zeros(3), one, torch.zeros(3), one)
    assert equal.item() == pytest.approx(1)


@few
@given(st.floats(3, 20), st.floats(3, 20), st.floats(-2, 9), st.floats(-2, 9))
def test_numpy_and_torch_agree_on_pixels(fx: float, fy: float, cx: float, cy: float) -> None:
    K = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
    xyz, _ = projection.backproject(np.full((5, 7), 2.0), K)
    across, down = torch_projection.pixel_slopes(torch.from_numpy(K), 5, 7)
    both = torch.stack((across.expand(5, 7), down[:, None].expand(5, 7)), -1).reshape(-1, 2)
    np.testing.assert_allclose(xyz[:, :2] / 2, both.numpy(), rtol=1e-4, atol=1e-5)


@few
@given(arrays(np.float64, (30, 3), elements=finite), st.floats(0.05, 2))
def test_points_of_a_voxel_have_its_key(points: np.ndarray, voxel: float) -> None:
    cells = np.floor(points / voxel).astype(np.int64)
    places = {tuple(cell): place for place, cell in enumerate(np.unique(cells, axis=0).tolist())}
    expected = [places[tuple(cell)] for cell in cells.tolist()]
    packed = voxels.pack_cells(cells + 500, 20)
    assert (voxels.unpack_cells(packed, 20) == cells + 500).all()
    for keys in (voxels.voxel_keys(points, voxel), packed):
        _, index = np.unique(keys, return_inverse=True)
        assert index.tolist() == expected  # and they are in the order of x, y, z
