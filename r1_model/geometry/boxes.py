"""Axis-aligned boxes. Pure functions on numpy arrays."""

from __future__ import annotations

import numpy as np


def aabb_iou(
    center_a: np.ndarray,
    size_a: np.ndarray,
    center_b: np.ndarray,
    size_b: np.ndarray,
    epsilon: float = 0.0,
) -> np.ndarray:
    """Intersection over union of axis-aligned boxes.

    Args:
        center_a, size_a: (..., 3) metres; size is the full edge length.
        center_b, size_b: (..., 3), broadcast against a.
        epsilon: cubic metres that are added to the union, where a benchmark's own script does so:
            an IoU of exactly 0.5 is then below 0.5.

    Returns:
        (...) float64 in [0, 1]; 0 where both boxes have no volume.
    """
    center_a, size_a, center_b, size_b = (
        np.asarray(array, np.float64) for array in (center_a, size_a, center_b, size_b)
    )
    low = np.maximum(center_a - size_a / 2, center_b - size_b / 2)
    high = np.minimum(center_a + size_a / 2, center_b + size_b / 2)
    intersection = np.clip(high - low, 0, None).prod(-1)
    union = size_a.prod(-1) + size_b.prod(-1) - intersection + epsilon
    return np.divide(intersection, union, out=np.zeros_like(union), where=union > 0)
