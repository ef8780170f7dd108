"""Pinhole cameras: depth images to points and back. Pure functions on numpy arrays."""

from __future__ import annotations

import numpy as np


def backproject(depth: np.ndarray, K: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Points of the pixels that hold a measurement.

    Args:
        depth: (H, W) float, metres along the optical axis; 0, negative, NaN and infinite values
            are invalid (REP-117).
        K: (3, 3) pixels; pixel centres are at integers.

    Returns:
        xyz (P, 3) of depth's type in the optical frame, row by row, and valid (H, W) bool.
    """
    valid = (depth > 0) & np.isfinite(depth)
    v, u = np.nonzero(valid)
    return points_at(u, v, depth[valid], K).astype(depth.dtype, copy=False), valid


def points_at(u: np.ndarray, v: np.ndarray, z: np.ndarray, K: np.ndarray) -> np.ndarray:
    """(P, 3) metres in the optical frame, of pixels (P,) with depth z (P,) metres."""
    return np.stack([(u - K[0, 2]) / K[0, 0] * z, (v - K[1, 2]) / K[1, 1] * z, z], -1)


def project_points(xyz: np.ndarray, K: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of points in the optical frame.

    Args:
        xyz: (N, 3) metres.
        K: (3, 3) pixels.

    Returns:
        uv (N, 2) float64 pixels, NaN where a point is not in front of the camera, and z (N,).
    """
    xyz = np.asarray(xyz, np.float64)
    z = xyz[:, 2]
    in_front = np.where(z > 0, z, np.nan)
    u = K[0, 0] * xyz[:, 0] / in_front + K[0, 2]
    v = K[1, 1] * xyz[:, 1] / in_front + K[1, 2]
    return np.stack([u, v], -1), z
