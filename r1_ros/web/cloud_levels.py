"""A cloud in an order whose every beginning is the whole room, more and more finely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

COARSEST_M, LEVELS = 0.64, 4  # down to 8 cm; finer, a shuffle is even enough
STEPS = 65535  # of a coordinate between the bounds
BYTES_PER_POINT = 9
OUTERMOST = 1.0  # percent on each side


@dataclass(frozen=True)
class CloudLevels:
    """Points from coarse to fine, as they are sent.

    Attributes:
        low, high: (3,) float64, bounds of the points [m].
        focus: (2, 3) float64, bounds of all but the outermost 1 % on each side [m]: what a first
            look should show, whatever a sensor saw through a window.
        positions: (N, 3) uint16, 0 at `low`, 65535 at `high`.
        colors: (N, 3) uint8.
    """

    low: np.ndarray
    high: np.ndarray
    focus: np.ndarray
    positions: np.ndarray
    colors: np.ndarray

    def __len__(self) -> int:
        return len(self.positions)

    def chunk(self, start: int, count: int) -> bytes:
        """Points [start, start + count): all positions (little endian), then all colours."""
        part = slice(start, start + count)
        return self.positions[part].astype("<u2").tobytes() + self.colors[part].tobytes()


def coarse_to_fine(points: np.ndarray) -> np.ndarray:
    """Order of the points of an even, ever finer grid.

    The first points are one of each voxel of 0.64 m, then of the rest one of each of 0.32 m, and
    so on; what is left comes last, shuffled.

    Args:
        points: (N, 3), metres.

    Returns:
        (N,) int64 permutation.
    """
    rest = np.random.default_rng(0).permutation(len(points))
    order = []
    for level in range(LEVELS):
        voxels = np.floor(points[rest] / (COARSEST_M / 2**level)).astype(np.int64)
        voxels -= voxels.min(axis=0, initial=0)
        sizes = voxels.max(axis=0, initial=0) + 1
        keys = np.ravel_multi_index(tuple(voxels.T), tuple(sizes))
        _, first = np.unique(keys, return_index=True)
        first.sort()
        order.append(rest[first])
        rest = np.delete(rest, first)
    return np.concatenate([*order, rest])


def cloud_levels(points: np.ndarray, colors: np.ndarray) -> CloudLevels:
    """Prepare a cloud for the page.

    Args:
        points: (N, 3) float, metres.
        colors: (N, 3) uint8.
    """
    if not len(points):
        none = np.zeros(3)
        empty = np.zeros((0, 3), np.uint16), np.zeros((0, 3), np.uint8)
        return CloudLevels(none, none, np.zeros((2, 3)), *empty)
    order = coarse_to_fine(points)
    low, high = points.min(axis=0).astype(np.float64), points.max(axis=0).astype(np.float64)
    scale = STEPS / np.maximum(high - low, 1e-6)
    positions = np.rint((points[order] - low) * scale).clip(0, STEPS).astype(np.uint16)
    focus = np.percentile(points, (OUTERMOST, 100 - OUTERMOST), axis=0).astype(np.float64)
    return CloudLevels(low, high, focus, positions, np.ascontiguousarray(colors[order]))
