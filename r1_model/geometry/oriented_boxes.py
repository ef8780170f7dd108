"""Upright boxes that are turned about z. Pure functions on numpy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np


def turn(yaw: float) -> np.ndarray:
    """(4, 4) rotation by yaw radians about z."""
    T = np.eye(4)
    c, s = math.cos(yaw), math.sin(yaw)
    T[:2, :2] = (c, -s), (s, c)
    return T


def footprint(
    center: Sequence[float] | np.ndarray, size: Sequence[float] | np.ndarray, yaw: float
) -> np.ndarray:
    """Corners (4, 2) of a box seen from above, counter-clockwise, metres."""
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.asarray(size)[:2] / 2
    return half @ turn(yaw)[:2, :2].T + np.asarray(center)[:2]


def oriented_iou(
    a: tuple[np.ndarray, np.ndarray, float], b: tuple[np.ndarray, np.ndarray, float]
) -> float:
    """Volume of the intersection over that of the union.

    Args:
        a, b: (centre (3,), size (3,), yaw) of upright boxes, metres and radians.
    """
    (center_a, size_a, _), (center_b, size_b, _) = a, b
    low = max(center_a[2] - size_a[2] / 2, center_b[2] - size_b[2] / 2)
    high = min(center_a[2] + size_a[2] / 2, center_b[2] + size_b[2] / 2)
    common = max(high - low, 0.0) * _area(_clipped(footprint(*a), footprint(*b)))
    total = float(np.prod(size_a) + np.prod(size_b)) - common
    return common / total if total > 0 else 0.0


def _clipped(polygon: np.ndarray, window: np.ndarray) -> np.ndarray:
    """The part of a convex polygon (N, 2) inside of another (Sutherland and Hodgman)."""
    for start, end in zip(window, np.roll(window, -1, 0), strict=True):
        if not len(polygon):
            break
        edge = end - start
        side = edge[0] * (polygon[:, 1] - start[1]) - edge[1] * (polygon[:, 0] - start[0])
        kept = []
        for k, point in enumerate(polygon):
            before, there, here = polygon[k - 1], side[k - 1], side[k]
            if (there < 0) != (here < 0):
                kept.append(before + (point - before) * (there / (there - here)))
            if here >= 0:
                kept.append(point)
        polygon = np.array(kept).reshape(-1, 2)
    return polygon


def _area(polygon: np.ndarray) -> float:
    if len(polygon) < 3:
        return 0.0
    x, y = polygon.T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)
