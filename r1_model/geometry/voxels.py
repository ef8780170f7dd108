"""Which voxel a point lies in, as one number. Pure functions on numpy arrays."""

from __future__ import annotations

import numpy as np


def voxel_keys(points: np.ndarray, voxel: float) -> np.ndarray:
    """(N, 3) points, N > 0 -> (N,) int64, equal for points of one voxel, in order of x, y, z.

    Args:
        points: metres.
        voxel: edge length, metres.
    """
    cells = np.floor(points / voxel).astype(np.int64)
    cells -= cells.min(0)
    extent = cells.max(0) + 1
    return (cells[:, 0] * extent[1] + cells[:, 1]) * extent[2] + cells[:, 2]


def pack_cells(cells: np.ndarray, bits: int) -> np.ndarray:
    """(..., 3) int64 cells in [0, 2^bits) -> (...) int64; the same key in every cloud."""
    return (cells[..., 0] << 2 * bits) | (cells[..., 1] << bits) | cells[..., 2]


def unpack_cells(keys: np.ndarray, bits: int) -> np.ndarray:
    """The cells (..., 3) of `pack_cells`."""
    mask = (1 << bits) - 1
    return np.stack([keys >> 2 * bits, keys >> bits & mask, keys & mask], -1)
