"""Stray points: what a depth camera sees through a window, or makes up at an edge.

One point far away would stretch the bounds that boxes and positions are relative to, and with them
every answer.
"""

from __future__ import annotations

from itertools import product

import numpy as np

CELL_M = 0.5
FEW = 5  # points in a cell that stands for no surface
MOST_STRAYS = 0.05  # a cloud with more is sparse everywhere: then nothing is stray
_AROUND = np.array(list(product((-1, 0, 1), repeat=3)), np.int64)
_SPAN = np.int64(1 << 20)  # cells along an axis: 500 km


def not_stray(points: np.ndarray) -> np.ndarray:
    """Which points belong to the scene: those in or beside a cell with several points.

    Args:
        points: (N, 3) finite, metres.

    Returns:
        (N,) bool; all True where the cloud as a whole is sparse.
    """
    if not len(points):
        return np.ones(0, bool)
    cells = np.floor((points - points.min(axis=0)) / CELL_M).astype(np.int64) + 1
    keys = _key(cells)
    found, index, counts = np.unique(keys, return_inverse=True, return_counts=True)
    first = np.zeros((len(found), 3), np.int64)
    first[index] = cells  # one of each, all alike
    dense = first[counts >= FEW]
    near = np.unique(_key(dense[:, None] + _AROUND))
    kept = np.isin(found, near)[index]
    return kept if kept.mean() >= 1 - MOST_STRAYS else np.ones(len(points), bool)


def _key(cells: np.ndarray) -> np.ndarray:
    """(..., 3) cells -> (...) one number for each."""
    return (cells[..., 0] * _SPAN + cells[..., 1]) * _SPAN + cells[..., 2]
