"""The shortest way through free space, and the same way without the corners of the grid."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from r1_model.motion.free_space import FreeSpace

START_M = 0.6  # a robot that stands closer to things than it may drive starts from this far away


@dataclass(frozen=True)
class Ways:
    """How far everything is from one place, along ways through free space.

    Attributes:
        space: that was searched.
        start: (2,) the free place that all ways begin at, metres.
        lengths: (X, Y) float64, metres to the middle of each cell; infinite where no way leads.
        before: (X * Y,) int32, the cell before each one on its way, flat; negative at the start.
    """

    space: FreeSpace
    start: np.ndarray
    lengths: np.ndarray
    before: np.ndarray

    def length_to(self, place: np.ndarray) -> float:
        """How long the way to a place (2,) is [m]; infinite where none leads there."""
        cell = self.space.cells(place)
        if not self.space.free_cells(cell):
            return np.inf
        return float(self.lengths[tuple(cell)])

    def path_to(self, place: np.ndarray) -> np.ndarray | None:
        """The shortest way to a place (2,), smoothed: (M, 2) corners, metres; None: there is none.

        It begins at `start`, ends at the place, and all of it is free.
        """
        if not np.isfinite(self.length_to(place)):
            return None
        cell = int(np.ravel_multi_index(tuple(self.space.cells(place)), self.lengths.shape))
        flat = [cell]
        while (cell := int(self.before[cell])) >= 0:
            flat.append(cell)
        cells = np.column_stack(np.unravel_index(flat[::-1], self.lengths.shape))
        middles = self.space.centers(cells)
        return smoothed(self.space, np.vstack([self.start, middles[1:-1], place]))


def ways_from(space: FreeSpace, place: np.ndarray) -> Ways | None:
    """All ways from a place (2,); None where nothing free is near it.

    Where the place itself is not free the ways begin at the next one that is, `START_M` away at
    most. Moves go to the eight neighbours of a cell, and never between two cells that are not free.
    """
    start = space.nearest_free(np.asarray(place, float), START_M)
    if start is None:
        return None
    first = int(np.ravel_multi_index(tuple(space.cells(start)), space.free.shape))
    lengths, before = dijkstra(
        _neighbours(space.free, space.resolution),
        directed=False,
        indices=first,
        return_predecessors=True,
    )
    return Ways(space, start, lengths.reshape(space.free.shape), before)


def _neighbours(free: np.ndarray, resolution: float) -> csr_array:
    """Graph of free cells, (X * Y, X * Y): metres between neighbours; each pair once."""
    number = np.arange(free.size).reshape(free.shape)
    right = free[:-1] & free[1:]
    up = free[:, :-1] & free[:, 1:]
    both = right[:, :-1] & right[:, 1:]  # all four cells around a corner
    pairs = [
        (number[:-1][right], number[1:][right], 1.0),
        (number[:, :-1][up], number[:, 1:][up], 1.0),
        (number[:-1, :-1][both], number[1:, 1:][both], np.sqrt(2)),
        (number[:-1, 1:][both], number[1:, :-1][both], np.sqrt(2)),
    ]
    rows = np.concatenate([a for a, _, _ in pairs])
    columns = np.concatenate([b for _, b, _ in pairs])
    lengths = np.concatenate([np.full(len(a), steps * resolution) for a, _, steps in pairs])
    return coo_array((lengths, (rows, columns)), shape=(free.size, free.size)).tocsr()


def is_clear(space: FreeSpace, start: np.ndarray, end: np.ndarray) -> bool:
    """Is every point between two places (2,) free? Exact: asked is each cell that it crosses."""
    return bool(space.free_cells(cells_between(space, start, end)).all())


def cells_between(space: FreeSpace, start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """All cells (K, 2) that the straight line between two places (2,) crosses, ends included."""
    a, b = ((np.asarray(p, float) - space.low) / space.resolution for p in (start, end))
    crossings = [np.array([0.0, 1.0])]
    for axis in range(2):
        span = b[axis] - a[axis]
        if span != 0:
            low, high = sorted((a[axis], b[axis]))
            lines = np.arange(np.ceil(low), np.floor(high) + 1)
            crossings.append(np.clip((lines - a[axis]) / span, 0.0, 1.0))
    at = np.unique(np.concatenate(crossings))
    middles = a + ((at[:-1] + at[1:]) / 2)[:, None] * (b - a)
    return np.floor(np.concatenate([middles, np.stack([a, b])])).astype(np.int64)


def smoothed(space: FreeSpace, path: np.ndarray) -> np.ndarray:
    """The way (M, 2) with straight lines in place of corners, as far as they are free; (K, 2).

    Args:
        space: that all of `path` is free in.
        path: corners, metres.
    """
    kept, here = [path[0]], 0
    while here < len(path) - 1:
        # the farthest corner that is in sight; sight is not monotonous, so halving only comes near
        low, high = here + 1, len(path) - 1
        if is_clear(space, path[here], path[high]):
            low = high
        while high - low > 1:
            middle = (low + high) // 2
            if is_clear(space, path[here], path[middle]):
                low = middle
            else:
                high = middle
        here = low
        kept.append(path[here])
    return np.array(kept)


def path_length(path: np.ndarray) -> float:
    """Length of a way (M, 2) [m]."""
    return float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())


def poses_along(path: np.ndarray, spacing: float, last_yaw: float) -> np.ndarray:
    """Poses (K, 3) along a way: x, y [m] and yaw [rad], which looks ahead; the last one is given.

    Args:
        path: (M, 2) corners, metres.
        spacing: between two poses at most [m].
        last_yaw: where the robot looks in the end.
    """
    poses = []
    for start, end in zip(path[:-1], path[1:], strict=True):
        ahead = end - start
        length = float(np.linalg.norm(ahead))
        if length == 0:
            continue
        yaw = float(np.arctan2(ahead[1], ahead[0]))
        steps = max(1, int(np.ceil(length / spacing)))
        poses += [(*(start + ahead * k / steps), yaw) for k in range(steps)]
    return np.array([*poses, (*path[-1], last_yaw)])
