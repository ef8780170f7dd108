"""Is a map of the same place, in the same frame, as one that was known? By what stands there.

A saved map that is loaded, a second pass by a robot that knows where it is, and a map from another
day agree; a map of another room, or of this one in another frame, does not.
"""

from __future__ import annotations

import numpy as np

from r1_model.geometry.voxels import pack_cells, unpack_cells

CELL = 0.1  # metres
LOW, HIGH = 0.3, 2.0  # metres above the lowest: floors and ceilings of all rooms are alike
LEAST_CELLS = 60  # fewer tell nothing
SAME = 0.55  # of the smaller map's cells must be known, give or take one cell, in the other map
_BITS = 20


def place_cells(points: np.ndarray) -> np.ndarray:
    """Occupied cells between `LOW` and `HIGH` of a map, packed, (N,) int64, sorted.

    Args:
        points: (N, 3) metres, z up.
    """
    if not len(points):
        return np.zeros(0, np.int64)
    floor = np.percentile(points[:, 2], 1)
    height = points[:, 2] - floor
    cells = np.floor(points[(height > LOW) & (height < HIGH)] / CELL).astype(np.int64)
    half = 1 << (_BITS - 1)
    cells = cells[(np.abs(cells) < half - 1).all(1)]
    return np.unique(pack_cells(cells + half, _BITS))


def same_place(a: np.ndarray, b: np.ndarray) -> bool:
    """Do two maps, as `place_cells`, show one place in one frame?"""
    few, many = sorted((a, b), key=len)
    return len(few) >= LEAST_CELLS and agreement(few, many) >= SAME


def agreement(few: np.ndarray, many: np.ndarray) -> float:
    """Share of the cells of `few` that are in `many`, in [0, 1]; one cell apart is near enough."""
    if not len(few):
        return 0.0
    steps = np.array([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    around = pack_cells(unpack_cells(few, _BITS)[:, None] + steps, _BITS)
    return float(np.isin(around, many).any(1).mean())
