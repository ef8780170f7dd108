"""Rigid transforms and quaternions. Pure functions on numpy arrays.

Quaternions are (x, y, z, w) as in ROS. `T_a_b` maps points of frame b into frame a.
"""

from __future__ import annotations

import numpy as np

# Shorter than this a quaternion has no direction (denormal numbers included).
_MIN_QUATERNION_NORM = 1e-6
# Closer than this (cosine) two rotations are interpolated linearly: sin(angle) would vanish.
_NEARLY_PARALLEL = 0.9995


class InvalidPoseError(ValueError):
    """A pose or quaternion holds NaN or infinity, or a quaternion has no length."""


def unit_quaternion(quaternion: np.ndarray) -> np.ndarray:
    """A quaternion (..., 4) at length 1, float64.

    Raises:
        InvalidPoseError: it holds NaN or infinity, or is (nearly) zero.
    """
    quaternion = np.asarray(quaternion, np.float64)
    norm = np.linalg.norm(quaternion, axis=-1, keepdims=True)
    if not (np.isfinite(norm).all() and (norm > _MIN_QUATERNION_NORM).all()):
        raise InvalidPoseError(f"not a rotation: quaternion {quaternion.tolist()}")
    return quaternion / norm


def rotation_from_quaternion(quaternion: np.ndarray) -> np.ndarray:
    """Rotation matrices (..., 3, 3) of quaternions (..., 4); any length but zero.

    Raises:
        InvalidPoseError: see `unit_quaternion`.
    """
    x, y, z, w = np.moveaxis(unit_quaternion(quaternion), -1, 0)
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.stack([np.stack(row, -1) for row in rows], -2)


def quaternion_from_rotation(R: np.ndarray) -> np.ndarray:
    """The quaternion (4,) with w >= 0 of a rotation matrix (3, 3)."""
    R = np.asarray(R, np.float64)
    # Shepperd's method: of four equivalent formulas, the one that divides by the largest number.
    squares = np.array(
        [
            1 + R[0, 0] - R[1, 1] - R[2, 2],
            1 - R[0, 0] + R[1, 1] - R[2, 2],
            1 - R[0, 0] - R[1, 1] + R[2, 2],
            1 + R[0, 0] + R[1, 1] + R[2, 2],
        ]
    )
    sums = np.array(
        [
            [squares[0], R[0, 1] + R[1, 0], R[0, 2] + R[2, 0], R[2, 1] - R[1, 2]],
            [R[0, 1] + R[1, 0], squares[1], R[1, 2] + R[2, 1], R[0, 2] - R[2, 0]],
            [R[0, 2] + R[2, 0], R[1, 2] + R[2, 1], squares[2], R[1, 0] - R[0, 1]],
            [R[2, 1] - R[1, 2], R[0, 2] - R[2, 0], R[1, 0] - R[0, 1], squares[3]],
        ]
    )
    quaternion = unit_quaternion(sums[np.argmax(squares)])
    return -quaternion if quaternion[3] < 0 else quaternion


def slerp(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    """The rotation at `fraction` (0: start, 1: end) of the shortest way between two, (4,).

    Raises:
        InvalidPoseError: see `unit_quaternion`.
    """
    start, end = unit_quaternion(start), unit_quaternion(end)
    cosine = float(start @ end)
    if cosine < 0:  # q and -q are the same rotation; take the shorter arc
        end, cosine = -end, -cosine
    if cosine > _NEARLY_PARALLEL:
        return unit_quaternion(start + fraction * (end - start))
    angle = np.arccos(cosine)
    weights = np.sin([(1 - fraction) * angle, fraction * angle]) / np.sin(angle)
    return unit_quaternion(weights[0] * start + weights[1] * end)


def pose_matrix(translation: np.ndarray, quaternion: np.ndarray) -> np.ndarray:
    """T (4, 4) float64 of a translation (3,), metres, and a rotation (4,).

    Raises:
        InvalidPoseError: NaN, infinity or a quaternion without length.
    """
    T = np.eye(4)
    T[:3, :3] = rotation_from_quaternion(quaternion)
    T[:3, 3] = translation
    if not np.isfinite(T).all():
        raise InvalidPoseError(f"not a position: {np.asarray(translation).tolist()}")
    return T


def split_pose(T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Translation (3,) and quaternion (4,) of a rigid transform (4, 4)."""
    return np.array(T[:3, 3], np.float64), quaternion_from_rotation(T[:3, :3])


def interpolate_pose(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    """The pose (4, 4) at `fraction` between two: position linear, rotation by slerp."""
    (p0, q0), (p1, q1) = split_pose(start), split_pose(end)
    return pose_matrix((1 - fraction) * p0 + fraction * p1, slerp(q0, q1, fraction))


def invert_pose(T: np.ndarray) -> np.ndarray:
    """Inverse (4, 4) of a rigid transform (4, 4): exact, no matrix inversion."""
    inverse = np.eye(4)
    inverse[:3, :3] = T[:3, :3].T
    inverse[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return inverse


def rotation_angle(R: np.ndarray) -> float:
    """Angle of a rotation matrix (3, 3), radians in [0, pi]."""
    q = quaternion_from_rotation(R)
    return float(2 * np.arctan2(np.linalg.norm(q[:3]), q[3]))  # arccos is coarse near zero


def transform_points(T: np.ndarray, xyz: np.ndarray) -> np.ndarray:
    """Points (N, 3) moved by T (4, 4); keeps the points' float type."""
    T = T.astype(xyz.dtype, copy=False)
    return xyz @ T[:3, :3].T + T[:3, 3]
