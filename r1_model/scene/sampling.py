"""The cloud as the model reads it: one point a voxel, a fixed number of points, in random order."""

from __future__ import annotations

import numpy as np

from r1_model.geometry.voxels import voxel_keys

MODEL_VOXEL = 0.02  # metres; the resolution that the scene encoder is trained on


def voxel_means(
    points: np.ndarray, colors: np.ndarray, voxel: float = MODEL_VOXEL
) -> tuple[np.ndarray, np.ndarray]:
    """Mean position and colour of the points in each voxel.

    Args:
        points: (N, 3) float32, metres.
        colors: (N, 3) uint8.
        voxel: edge length, metres.

    Returns:
        points (M, 3) float32 and colors (M, 3) uint8, in order of the voxels.
    """
    key = voxel_keys(points, voxel)
    order = _stable_order(key)
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    counts = np.diff(starts, append=len(key))[:, None]
    values = np.concatenate((points, colors), axis=1, dtype=np.float64)[order]
    means = np.add.reduceat(values, starts) / counts
    return means[:, :3].astype(np.float32), np.round(means[:, 3:]).astype(np.uint8)


def _stable_order(key: np.ndarray) -> np.ndarray:
    """`np.argsort(key, kind="stable")` of whole numbers from 0 on, four times as fast."""
    count = len(key)
    if int(key.max()) >= np.iinfo(np.int64).max // count:
        return np.argsort(key, kind="stable")
    # numpy sorts numbers faster than it sorts their places; these hold both
    return np.sort(key * count + np.arange(count)) % count


def sample_points(
    points: np.ndarray, colors: np.ndarray, count: int, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Exactly `count` points in random order; points repeat where the cloud has fewer.

    Args:
        points: (N, 3), N > 0.
        colors: (N, 3).
        count: points to return.
        seed: of the order; the same cloud and seed give the same points.
    """
    order = np.random.default_rng(seed).permutation(len(points))
    chosen = np.resize(order, count)
    return points[chosen], colors[chosen]
