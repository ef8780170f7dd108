"""Maps for tests of motion: a floor with boxes on it, as points."""

from __future__ import annotations

import numpy as np

from r1_model.motion.free_space import FreeSpace

STEP = 0.03  # metres between points


def plane(x: tuple[float, float], y: tuple[float, float], z: float) -> np.ndarray:
    """Points (N, 3) of a level rectangle, its edges included."""
    xs, ys = (np.linspace(a, b, max(2, int(np.ceil((b - a) / STEP)) + 1)) for a, b in (x, y))
    grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), -1).reshape(-1, 2)
    return np.column_stack([grid, np.full(len(grid), z)])


def block(
    x: tuple[float, float], y: tuple[float, float], z: tuple[float, float] = (0.0, 1.8)
) -> np.ndarray:
    """Points (N, 3) of an upright box: filled layers."""
    layers = np.arange(z[0], z[1] + 1e-9, 0.1)
    return np.concatenate([plane(x, y, float(layer)) for layer in layers])


def room(*things: np.ndarray, size: tuple[float, float] = (4.0, 3.0)) -> np.ndarray:
    """Points of a floor from (0, 0) to `size` with walls around it and things in it."""
    w, d = size
    walls = [block((0, w), (y, y)) for y in (0, d)] + [block((x, x), (0, d)) for x in (0, w)]
    return np.concatenate([plane((0, w), (0, d), 0.0), *walls, *things])


def grid(free: np.ndarray, resolution: float = 0.1) -> FreeSpace:
    """A space of given free cells (X, Y) bool."""
    return FreeSpace(free, ~free, ~free, np.zeros(2), resolution, 0.0)
