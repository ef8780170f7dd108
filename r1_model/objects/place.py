"""Of which place is a map? What stands there, coarsely, and whether two maps agree in it.

A saved map that is loaded, a second pass by a robot that knows where it is, and a map from another
day agree; a map of another room, or of this one in another frame (`registration`), does not.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from r1_model.geometry.voxels import pack_cells, unpack_cells

CELL = 0.1  # metres
LOW, HIGH = 0.3, 2.0  # metres above the lowest: floors and ceilings of all rooms are alike
LEAST_CELLS = 60  # fewer tell nothing
SAME = 0.55  # of the smaller map's cells must be known, give or take one cell, in the other map
_BITS = 20
_HALF = 1 << (_BITS - 1)


@dataclass(frozen=True)
class Place:
    """Surfaces of a map between `LOW` and `HIGH`.

    Attributes:
        points: (N, 3) metres, z up, the mean of the map's points in each occupied cell.
        floor: height that `LOW` and `HIGH` are above, metres.
    """

    points: np.ndarray = field(default_factory=lambda: np.zeros((0, 3)))
    floor: float = 0.0

    def __len__(self) -> int:
        return len(self.points)

    @cached_property
    def cells(self) -> np.ndarray:
        """Cells of the points, packed, (M,) int64, sorted, each once."""
        cells = np.floor(self.points / CELL).astype(np.int64)
        return np.unique(pack_cells(cells + _HALF, _BITS))

    def with_more(self, other: Place) -> Place:
        """This place, and what another map of it shows in cells that are empty here."""
        if not len(self):
            return other
        cells = np.floor(other.points / CELL).astype(np.int64)
        new = ~np.isin(pack_cells(cells + _HALF, _BITS), self.cells)
        return Place(np.concatenate((self.points, other.points[new])), self.floor)


def place_of(points: np.ndarray) -> Place:
    """The place that a map shows.

    Args:
        points: (N, 3) metres, z up.
    """
    if not len(points):
        return Place()
    points = points.astype(np.float64)
    floor = float(np.percentile(points[:, 2], 1))
    height = points[:, 2] - floor
    cells = np.floor(points / CELL).astype(np.int64)
    kept = (height > LOW) & (height < HIGH) & (np.abs(cells) < _HALF - 1).all(1)
    if not kept.any():
        return Place(floor=floor)
    packed = pack_cells(cells[kept] + _HALF, _BITS)
    _, first, own, count = np.unique(
        packed, return_index=True, return_inverse=True, return_counts=True
    )
    sums = [np.bincount(own.reshape(-1), axis, len(first)) for axis in points[kept].T]
    means = np.stack(sums, 1) / count[:, None]
    # a mean of points at the very edge may be rounded into the next cell
    low = cells[kept][first] * CELL
    return Place(np.clip(means, low + 1e-6, low + CELL - 1e-6), floor)


def same_place(a: Place, b: Place) -> bool:
    """Do two maps show one place in one frame?"""
    few, many = sorted((a, b), key=len)
    return len(few) >= LEAST_CELLS and agreement(few, many) >= SAME


def agreement(few: Place, many: Place) -> float:
    """Share of the cells of `few` that are in `many`, in [0, 1]; one cell apart is near enough."""
    if not len(few):
        return 0.0
    steps = np.array([[0, 0, 0], [1, 0, 0], [-1, 0, 0], [0, 1, 0], [0, -1, 0]])
    around = pack_cells(unpack_cells(few.cells, _BITS)[:, None] + steps, _BITS)
    return float(np.isin(around, many.cells).any(1).mean())
