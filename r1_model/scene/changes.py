"""Whether a map that was measured again shows anything that it did not show before.

A robot's camera never stops, so its map is another one at every moment, also where it stands still:
points wander by millimetres and colours by some shades. Looking through all of it again for every
question would take several times as long as the answer.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from r1_model.scene.scene import Scene

CELL_M = 0.04  # noise of a fused surface stays in the cells beside it, a cup is higher than two
# of 255, the largest channel of a cell's mean colour: what stood still differed by 25 and less, by
# 46 in single cells in the second in which it was first seen
SHADES = 40.0
# so many cells beside each other that differ are a thing. Of 60,000 some 20 differ in a room
# through which a camera goes for the third time, two of them beside each other at most
LEAST_CELLS = 3
# share of the cells with points that hold two and more: 0.88 to 0.94 in maps with voxels of 2 cm. A
# cell with one point is not compared, so where there are many something could come unnoticed
DENSE = 0.75
_BITS = 21  # of a coordinate in a cell's number
_FARTHEST = 2 ** (_BITS - 1) - 2  # cells from the origin, 42 km; what lies beyond shares the last
_STEPS = np.array([-1, 0, 1])
_BESIDE = (
    (_STEPS[:, None, None] << 2 * _BITS) + (_STEPS[:, None] << _BITS) + _STEPS
).ravel()  # (27,) of a number to those of the cells around it and its own


@dataclass(frozen=True)
class Surface:
    """Where a cloud has points, and of which colour.

    Attributes:
        cells: (C,) int64, ascending numbers of the cells with at least two points.
        colors: (C, 3) float32, their mean colours, 0 to 255.
        is_dense: more than `DENSE` of the cells with points are among these; a coarser cloud cannot
            be compared.
    """

    cells: np.ndarray
    colors: np.ndarray
    is_dense: bool

    @classmethod
    def of(cls, points: np.ndarray, colors: np.ndarray) -> Surface:
        """Args: points (N, 3) metres, finite; colors (N, 3) uint8."""
        if not len(points):
            return cls(np.empty(0, np.int64), np.empty((0, 3), np.float32), False)
        with np.errstate(over="ignore"):
            cells = np.rint(points / np.float32(CELL_M))  # 0, the floor's height, is no border
        cells = np.clip(cells, -_FARTHEST, _FARTHEST).astype(np.int64) + 2 ** (_BITS - 1)
        numbers = (cells[:, 0] << 2 * _BITS) | (cells[:, 1] << _BITS) | cells[:, 2]
        order = np.argsort(numbers)
        numbers = numbers[order]
        starts = np.flatnonzero(np.diff(numbers, prepend=-1))
        counts = np.diff(starts, append=len(numbers))
        sums = np.add.reduceat(colors[order].astype(np.float32), starts)
        kept = counts > 1
        means = sums[kept] / counts[kept, None]
        return cls(numbers[starts[kept]], means, bool(kept.sum() > DENSE * len(starts)))


def surfaces_differ(before: Surface, now: Surface) -> bool:
    """Whether something came, went, moved by more than a cell or has another colour.

    Smaller changes are not told from noise: a sheet of paper on a table of its own colour. Clouds
    that are too coarse for `CELL_M` always differ.
    """
    if not (before.is_dense and now.is_dense):
        return True
    cells = np.union1d(_unlike(now, before), _unlike(before, now))
    return _largest_group(cells) >= LEAST_CELLS


def views_differ(before: Scene, now: Scene) -> bool:
    """Whether the keyframes are others."""
    return [(v.id, v.stamp) for v in before.views] != [(v.id, v.stamp) for v in now.views]


def _unlike(surface: Surface, other: Surface) -> np.ndarray:
    """Cells of one around which the other has nothing, or nothing of their colour."""
    places = np.searchsorted(other.cells, surface.cells).clip(max=len(other.cells) - 1)
    distance = np.abs(other.colors[places] - surface.colors).max(1)
    left = np.flatnonzero((other.cells[places] != surface.cells) | (distance > SHADES))  # (L,)
    around = surface.cells[left, None] + _BESIDE  # (L, 27)
    places = np.searchsorted(other.cells, around).clip(max=len(other.cells) - 1)
    distance = np.abs(other.colors[places] - surface.colors[left, None]).max(2)
    found = (other.cells[places] == around) & (distance <= SHADES)
    return surface.cells[left[~found.any(1)]]


def _largest_group(cells: np.ndarray) -> int:
    """How many of these cells (C,), ascending, lie beside each other at most."""
    if not len(cells):
        return 0
    around = cells[:, None] + _BESIDE  # (C, 27)
    places = np.searchsorted(cells, around).clip(max=len(cells) - 1)
    row, column = np.nonzero(cells[places] == around)
    ends = row, places[row, column]
    beside = coo_matrix((np.ones(len(row), bool), ends), shape=(len(cells), len(cells)))
    _, groups = connected_components(beside, directed=False)
    return int(np.bincount(groups).max())
