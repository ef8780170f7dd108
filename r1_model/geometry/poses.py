"""Rigid transforms and quaternions. Pure functions on numpy arrays.

Quaternions are (x, y, z, w) as in ROS. `T_a_b` maps points of frame b into frame a.
"""

from __future__ import annotations

import numpy as np
from scipy.spatial.transform import Rotation

# Shorter than this a quaternion has no direction (denormal numbers included).
_MIN_QUATERNION_NORM = 1e-6


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
    quaternion = unit_quaternion(quaternion)
    R = Rotation.from_quat(quaternion.reshape(-1, 4)).as_matrix()
    return R.reshape(*quaternion.shape[:-1], 3, 3)


def quaternion_from_rotation(R: np.ndarray) -> np.ndarray:
    """The quaternion (4,) with w >= 0 of a rotation matrix (3, 3)."""
    return Rotation.from_matrix(R).as_quat(canonical=True)


def slerp(start: np.ndarray, end: np.ndarray, fraction: float) -> np.ndarray:
    """The rotation at `fraction` (0: start, 1: end) of the shortest way between two, (4,).

    Raises:
        InvalidPoseError: see `unit_quaternion`.
    """
    first = Rotation.from_quat(unit_quaternion(start))
    turn = first.inv() * Rotation.from_quat(unit_quaternion(end))
    return (first * turn**fraction).as_quat()


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


def invert_pose(T: np.ndarray) -> np.ndarray:
    """Inverse (4, 4) of a rigid transform (4, 4): exact, no matrix inversion."""
    inverse = np.eye(4)
    inverse[:3, :3] = T[:3, :3].T
    inverse[:3, 3] = -T[:3, :3].T @ T[:3, 3]
    return inverse


def transform_points(T: np.ndarray, xyz: np.ndarray) -> np.ndarray:
    """Points (N, 3) moved by T (4, 4); keeps the points' float type."""
    T = T.astype(xyz.dtype, copy=False)
    return xyz @ T[:3, :3].T + T[:3, 3]
