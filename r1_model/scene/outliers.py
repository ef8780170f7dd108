"""Stray points: what a depth camera sees through a window, or makes up at an edge.

One point far away would stretch the bounds that boxes and positions are relative to, and with them
every answer.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from r1_model.geometry.voxels import pack_cells

CELL_M = 0.5
FEW = 5  # points in a cell that stands for no surface
MOST_STRAYS = 0.05  # a cloud with more is sparse everywhere: then nothing is stray
_AROUND = np.array(list(product((-1, 0, 1), repeat=3)), np.int64)
_BITS = 20  # of a cell's number along an axis: 500 km


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
    keys = pack_cells(cells, _BITS)
    found, index, counts = np.unique(keys, return_inverse=True, return_counts=True)
    first = np.zeros((len(found), 3), np.int64)
    first[index] = cells  # one of each, all alike
    dense = first[counts >= FEW]
    near = np.unique(pack_cells(dense[:, None] + _AROUND, _BITS))
    kept = np.isin(found, near)[index]
    return kept if kept.mean() >= 1 - MOST_STRAYS else np.ones(len(points), bool)
