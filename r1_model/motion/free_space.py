"""Where a robot may stand: free space seen from above, from the points of a map.

A place is free where the map shows floor and nothing that the robot would touch. What nobody has
seen is not free: behind a sofa may be anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from r1_model.errors import R1Error

HOLE_M = 0.12  # gaps between mapped points that a cloud of 2 cm to 5 cm has
_BIN_M = 0.02  # of the heights among which the floor is looked for
_LEAST_FLOOR = 0.25  # of the widest level: the lowest level as wide as this is the floor
_MOST_CELLS = 50_000_000  # 176 m x 176 m
_BELOW_M = 0.1  # that a robot must at least be lower than what hangs over it
TALL_M, TALL_TO_M = 1.0, 1.4  # above the floor: an arm reaches over a table, not over a wall


class MotionError(R1Error, ValueError):
    """A map or a robot that no free space can be made of; the message says why."""


@dataclass(frozen=True)
class RobotShape:
    """An upright cylinder that drives.

    Attributes:
        radius: metres.
        height: metres; what hangs higher is driven under.
        step: metres above the floor that it drives over: rugs, thresholds, noise.
        clearance: metres that it keeps from what is mapped, as the map is not exact.

    Raises:
        MotionError: a size is not finite, or no size.
    """

    radius: float = 0.2
    height: float = 1.2
    step: float = 0.05
    clearance: float = 0.03

    def __post_init__(self) -> None:
        sizes = {"radius": self.radius, "height": self.height}
        sizes |= {"step": self.step, "clearance": self.clearance}
        for name, value in sizes.items():
            if not np.isfinite(value) or value < 0 or (value == 0 and name in ("radius", "height")):
                raise MotionError(f"a robot's {name} must be above 0 m, got {value}")
        if self.step >= self.height:
            raise MotionError(f"a step of {self.step} m is no step for {self.height} m of robot")


@dataclass(frozen=True)
class FreeSpace:
    """A grid of places for the robot's centre.

    Attributes:
        free: (X, Y) bool: the whole robot fits when its centre is anywhere in the cell.
        occupied: (X, Y) bool: something stands in the cell that the robot would touch.
        tall: (X, Y) bool: something in the cell is too high for an arm to reach over it.
        low: (2,) float64, lower corner of cell (0, 0) in the map's frame, metres.
        resolution: edge length of a cell, metres.
        floor: height of the floor in the map's frame, metres.
    """

    free: np.ndarray
    occupied: np.ndarray
    tall: np.ndarray
    low: np.ndarray
    resolution: float
    floor: float

    def cells(self, places: np.ndarray) -> np.ndarray:
        """Cells (..., 2) int64 of places (..., 2); they may lie outside of the grid."""
        return np.floor((np.asarray(places) - self.low) / self.resolution).astype(np.int64)

    def centers(self, cells: np.ndarray) -> np.ndarray:
        """The middle (..., 2) of cells (..., 2), metres."""
        return self.low + (np.asarray(cells) + 0.5) * self.resolution

    def is_free(self, places: np.ndarray) -> np.ndarray:
        """Which of the places (..., 2) are free, (...) bool; none is outside of the grid."""
        return self.free_cells(self.cells(places))

    def free_cells(self, cells: np.ndarray) -> np.ndarray:
        """Which of the cells (..., 2) are free, (...) bool; none is outside of the grid."""
        inside = np.asarray(((cells >= 0) & (cells < self.free.shape)).all(-1))
        x, y = np.moveaxis(np.where(inside[..., None], cells, 0), -1, 0)
        return inside & self.free[x, y]

    def widest_place(self, place: np.ndarray) -> np.ndarray | None:
        """Next to a place (2,), the middle (2,) of a free cell of the largest free area; or None.

        Where a robot is put that may start anywhere: not in a nook that no way leads out of.
        """
        areas, count = ndimage.label(self.free)
        if not count:
            return None
        largest = int(np.bincount(areas.ravel())[1:].argmax()) + 1
        middles = self.centers(np.argwhere(areas == largest))
        return middles[int(np.linalg.norm(middles - place, axis=1).argmin())]

    def nearest_free(self, place: np.ndarray, within: float) -> np.ndarray | None:
        """The free place (2,) next to a place (2,): itself, or the middle of a cell; or None.

        Args:
            within: how far away it may be at most [m].
        """
        if self.is_free(place):
            return np.array(place, float)
        cells = np.argwhere(self.free)
        if not len(cells):
            return None
        middles = self.centers(cells)
        away = np.linalg.norm(middles - place, axis=1)
        best = int(away.argmin())
        return middles[best] if away[best] <= within else None


def find_floor(points: np.ndarray) -> float:
    """Height of the floor: the lowest level that is about as wide as any; metres.

    Args:
        points: (N, 3), N > 0, z up.

    Raises:
        MotionError: there are no points.
    """
    if not len(points):
        raise MotionError("a map without points has no floor")
    low = float(np.percentile(points[:, 2], 0.5)) - 0.5  # strays far below are no floor
    near = points[points[:, 2] >= low]
    places = np.floor(near[:, :2] / 0.1).astype(np.int64)
    levels = np.floor((near[:, 2] - low) / _BIN_M).astype(np.int64)
    rows = np.unique(np.column_stack([levels, places]), axis=0)[:, 0]
    wide = np.bincount(rows).astype(float)
    wide = np.convolve(wide, np.ones(3), "same")  # noise spreads a level over its neighbours
    first = int(np.argmax(wide >= _LEAST_FLOOR * wide.max()))
    window = wide[first : first + 5]
    level = first + int(window.argmax())
    inside = np.abs(near[:, 2] - (low + (level + 0.5) * _BIN_M)) <= 1.5 * _BIN_M
    return float(np.median(near[inside, 2]))


def free_space(
    points: np.ndarray,
    shape: RobotShape | None = None,
    resolution: float = 0.025,
    floor: float | None = None,
) -> FreeSpace:
    """The places of a robot in a map.

    Every point of a free cell keeps the robot's radius and clearance from every mapped point that
    is higher than a step above the floor and lower than the robot, and its radius from all that
    the map does not show.

    Args:
        points: (N, 3) finite, metres, z up; a fused cloud or the centres of voxels.
        shape: of the robot; `RobotShape()` by default.
        resolution: of the grid [m].
        floor: height of the floor [m]; found by `find_floor` where it is not given.

    Raises:
        MotionError: no points, too many cells, or a resolution of 0 m and less.
    """
    shape = shape or RobotShape()
    if not resolution > 0:
        raise MotionError(f"a grid's resolution must be above 0 m, got {resolution}")
    points = np.asarray(points, np.float64)
    floor = find_floor(points) if floor is None else floor
    rise = points[:, 2] - floor
    on_floor = np.abs(rise) <= shape.step
    in_way = (rise > shape.step) & (rise < shape.height + _BELOW_M)
    seen = points[on_floor | in_way, :2]
    if not len(seen):
        raise MotionError("the map shows neither floor nor anything that stands on it")
    edge = HOLE_M + resolution  # so that no free cell touches the edge of the grid
    low = np.floor((seen.min(0) - edge) / resolution) * resolution
    size = np.ceil((seen.max(0) + edge - low) / resolution).astype(int) + 1
    if size.prod(dtype=float) > _MOST_CELLS:
        raise MotionError(f"{size[0]} x {size[1]} cells are too many; is a point far away?")
    ground = _filled(points[on_floor, :2], low, size, resolution)
    occupied = _filled(points[in_way, :2], low, size, resolution)
    high = points[(rise > TALL_M) & (rise < TALL_TO_M), :2]
    high = high[((high >= low) & (high < low + size * resolution)).all(1)]
    tall = _filled(high, low, size, resolution)
    known = _closed(ground | occupied, resolution)
    # between the middles of two cells; what is in them may be nearer by half a diagonal each
    diagonal = np.sqrt(2) * resolution
    apart = _distance(occupied, resolution) > shape.radius + shape.clearance + diagonal
    apart &= _distance(~known, resolution) > shape.radius
    return FreeSpace(apart & known & ~occupied, occupied, tall, low, resolution, floor)


def _filled(places: np.ndarray, low: np.ndarray, size: np.ndarray, resolution: float) -> np.ndarray:
    """Cells (X, Y) bool in which one of the places (N, 2) lies."""
    filled = np.zeros(tuple(size), bool)
    x, y = np.floor((places - low) / resolution).astype(np.int64).T
    filled[x, y] = True
    return filled


def _closed(known: np.ndarray, resolution: float) -> np.ndarray:
    """Cells (X, Y) bool with the holes that the spacing of the points leaves."""
    reach = HOLE_M / 2
    grown = _distance(known, resolution) <= reach
    return _distance(~grown, resolution) > reach


def _distance(cells: np.ndarray, resolution: float) -> np.ndarray:
    """From the middle of each cell to that of the nearest cell of `cells` (X, Y), metres."""
    if not cells.any():
        return np.full(cells.shape, np.inf)
    return ndimage.distance_transform_edt(~cells, sampling=resolution)
