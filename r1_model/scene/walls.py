"""Which way the walls run: most of what stands upright in a room faces one of four directions."""

from __future__ import annotations

import math

import numpy as np

from r1_model.geometry.voxels import pack_cells

MOST_POINTS = 200_000  # that are read, evenly out of all
CELL_M = 0.25
FEW = 12  # points in a cell that has no direction
FLAT = 0.12  # of a cell's second spread: a cell that is thicker is no surface
UPRIGHT = 0.25  # of a normal's length: its part along z, where the surface still stands upright
BIN = math.radians(1)
BLUR_BINS = 3  # standard deviation
NEAR_BINS = 6  # around the best direction: what is averaged
LEAST_SHARE = 0.3  # of what stands upright faces the best direction, else there is none
LEAST_CELLS = 8  # that face the best direction
_QUARTER = math.pi / 2
_BINS = round(_QUARTER / BIN)
_BITS = 20  # of a cell's number along an axis: 260 km


def walls_yaw(points: np.ndarray) -> float | None:
    """How far the walls are turned about z against the axes.

    The direction, modulo a quarter turn, that most of the upright surfaces face. Each cell of 25 cm
    votes with the normal of its points, as strong as the area that it shows from above is long.

    Args:
        points: (N, 3), finite, metres, z up.

    Returns:
        Radians in (-pi/4, pi/4]: turned by minus this about z the walls lie along the axes. None
        where nothing tells: too little stands upright, or it faces anywhere.
    """
    angles, weights = upright_directions(points[:: -(-len(points) // MOST_POINTS) or 1])
    if not len(angles):
        return None
    place = np.floor(np.mod(angles, _QUARTER) / BIN).astype(int) % _BINS
    votes = np.bincount(place, weights, _BINS)
    offsets = np.arange(-3 * BLUR_BINS, 3 * BLUR_BINS + 1)
    kernel = np.exp(-0.5 * (offsets / BLUR_BINS) ** 2)
    around = (np.arange(_BINS)[:, None] + offsets) % _BINS
    best = int((votes[around] * kernel).sum(1).argmax())
    off = np.abs((place - best + _BINS // 2) % _BINS - _BINS // 2)
    near = off <= NEAR_BINS
    if near.sum() < LEAST_CELLS or weights[near].sum() < LEAST_SHARE * weights.sum():
        return None
    # four times the angle: a quarter turn is a whole one, so that 89 and 1 degrees average to 0
    x, y = (np.average(f(4 * angles[near]), weights=weights[near]) for f in (np.cos, np.sin))
    yaw = math.atan2(y, x) / 4
    return yaw if yaw > -_QUARTER / 2 else _QUARTER / 2


def upright_directions(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What stands upright: which way the surface of each cell faces.

    Args:
        points: (N, 3), finite, metres, z up.

    Returns:
        Angles (M,) of the horizontal normals in radians, either of two opposite ones, and weights
        (M,): points of the cell.
    """
    if not len(points):
        return np.zeros(0), np.zeros(0)
    local = points.astype(np.float64) - points.min(0)
    cells = np.floor(local / CELL_M).astype(np.int64)
    _, index, counts = np.unique(pack_cells(cells, _BITS), return_inverse=True, return_counts=True)
    total = len(counts)
    local -= (cells + 0.5) * CELL_M  # about each cell's own middle: sums of squares stay exact
    sums = np.stack([np.bincount(index, local[:, k], total) for k in range(3)], -1)
    mean = sums / counts[:, None]
    spread = np.empty((total, 3, 3))
    for a in range(3):
        for b in range(a, 3):
            moment = np.bincount(index, local[:, a] * local[:, b], total) / counts
            spread[:, a, b] = spread[:, b, a] = moment - mean[:, a] * mean[:, b]
    many = counts >= FEW
    values, vectors = np.linalg.eigh(spread[many])
    normal = vectors[:, :, 0]
    flat = values[:, 0] <= FLAT * values[:, 1]
    chosen = flat & (np.abs(normal[:, 2]) <= UPRIGHT)
    return np.arctan2(normal[chosen, 1], normal[chosen, 0]), counts[many][chosen].astype(np.float64)
