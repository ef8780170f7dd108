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
MOST_CELLS = 1_000_000  # in memory: a map of 100 m x 100 m x 12 m
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
    extent = cells.max(axis=0) + 2
    small = extent.astype(np.float64).prod() <= MOST_CELLS
    kept = _kept_in_grid(cells, extent) if small else _kept(cells)
    return kept if kept.mean() >= 1 - MOST_STRAYS else np.ones(len(points), bool)


def _kept(cells: np.ndarray) -> np.ndarray:
    """(N, 3) cells -> (N,) bool, in or beside one with several points; of any extent."""
    keys = pack_cells(cells, _BITS)
    found, index, counts = np.unique(keys, return_inverse=True, return_counts=True)
    first = np.zeros((len(found), 3), np.int64)
    first[index] = cells  # one of each, all alike
    dense = first[counts >= FEW]
    near = np.unique(pack_cells(dense[:, None] + _AROUND, _BITS))
    return np.isin(found, near)[index]


def _kept_in_grid(cells: np.ndarray, extent: np.ndarray) -> np.ndarray:
    """`_kept` with all cells in memory; each lies in 1..extent - 2. Several times as fast."""
    places = (cells[:, 0] * extent[1] + cells[:, 1]) * extent[2] + cells[:, 2]
    near = (np.bincount(places, minlength=int(extent.prod())) >= FEW).reshape(extent)
    for axis in range(3):
        before, after = (
            tuple(part if number == axis else slice(None) for number in range(3))
            for part in (slice(None, -1), slice(1, None))
        )
        grown = near.copy()
        grown[after] |= near[before]
        grown[before] |= near[after]
        near = grown
    return near.reshape(-1)[places]
