"""Where things may stand on a mesh: level rectangles with free height above them."""

from __future__ import annotations

import numpy as np

GRID = 28  # columns each way
LEVEL = 0.012  # metres that one level may rise and fall
OPEN = 1.2  # metres that count as free above the topmost level
LEAST_CLEAR = 0.12

Surface = tuple[float, float, float, float, float, float]


def find_surfaces(
    vertices: np.ndarray, faces: np.ndarray, *, soft: bool = False, least: float = 0.16
) -> list[Surface]:
    """Level rectangles of a mesh, the highest first: (x, y, z, w, d, clear), metres.

    Args:
        vertices: (V, 3) metres, z up, base at z = 0; faces: (F, 3).
        soft: seats and beds: a level may rise and fall by 5 cm.
        least: metres, the least edge of a rectangle.
    """
    low, high = vertices.min(0), vertices.max(0)
    step = (high[:2] - low[:2]) / GRID
    hits = _column_hits(vertices[faces], low, step)
    rise = 0.05 if soft else LEVEL
    tops: list[tuple[int, int, float, float]] = []  # column, row, height, free height above
    for (i, j), column in hits.items():
        heights = sorted(column)
        for k, (z, is_level) in enumerate(heights):
            above = next((h for h, _ in heights[k + 1 :] if h > z + 0.02), None)
            clear = OPEN if above is None else above - z
            if is_level and clear >= LEAST_CLEAR:
                tops.append((i, j, z, clear))
    found: list[Surface] = []
    rest = sorted(tops, key=lambda top: -top[2])
    while rest:
        level = _densest(np.array([z for *_, z, _ in rest]), rise)
        group = [top for top in rest if level <= top[2] <= level + rise]
        rest = [top for top in rest if not level - 0.03 <= top[2] <= level + rise + 0.03]
        mask = np.zeros((GRID, GRID), bool)
        above_all = np.full((GRID, GRID), OPEN)
        for i, j, _, free in group:
            mask[i, j], above_all[i, j] = True, min(free, above_all[i, j])
        i0, i1, j0, j1 = _largest_rectangle(mask)
        w, d = (i1 - i0) * step[0], (j1 - j0) * step[1]
        if min(w, d) < least:
            continue
        inside = [z for i, j, z, _ in group if i0 <= i < i1 and j0 <= j < j1]
        x, y = low[0] + (i0 + i1) / 2 * step[0], low[1] + (j0 + j1) / 2 * step[1]
        free = float(above_all[i0:i1, j0:j1].min())
        found.append((float(x), float(y), max(inside), float(w), float(d), free))
    return sorted(found, key=lambda surface: -surface[2])


def _column_hits(
    triangles: np.ndarray, low: np.ndarray, step: np.ndarray
) -> dict[tuple[int, int], list[tuple[float, bool]]]:
    """(column, row) -> heights where a plumb line meets the triangles (F, 3, 3), and how level."""
    hits: dict[tuple[int, int], list[tuple[float, bool]]] = {}
    for a, b, c in triangles:
        normal = np.cross(b - a, c - a)
        length = np.linalg.norm(normal)
        if length < 1e-12 or abs(normal[2]) < 1e-3 * length:
            continue
        is_level = abs(normal[2]) > 0.94 * length
        corners = np.stack((a, b, c))[:, :2]
        first = np.ceil((corners.min(0) - low[:2]) / step - 0.5).astype(int).clip(0)
        last = np.floor((corners.max(0) - low[:2]) / step - 0.5).astype(int).clip(max=GRID - 1)
        if (last < first).any():
            continue
        i, j = np.mgrid[first[0] : last[0] + 1, first[1] : last[1] + 1]
        x, y = low[0] + (i + 0.5) * step[0], low[1] + (j + 0.5) * step[1]
        inside = np.ones(i.shape, bool)
        for p, q in ((a, b), (b, c), (c, a)):
            side = (q[0] - p[0]) * (y - p[1]) - (q[1] - p[1]) * (x - p[0])
            inside &= side * np.sign(normal[2]) >= 0
        z = a[2] - (normal[0] * (x - a[0]) + normal[1] * (y - a[1])) / normal[2]
        for column, row, height in zip(i[inside], j[inside], z[inside], strict=True):
            hits.setdefault((int(column), int(row)), []).append((float(height), bool(is_level)))
    return hits


def _densest(heights: np.ndarray, rise: float) -> float:
    """The height from which a band of `rise` holds most of the heights."""
    ordered = np.sort(heights)
    counts = np.searchsorted(ordered, ordered + rise, "right") - np.arange(len(ordered))
    return float(ordered[counts.argmax()])


def _largest_rectangle(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Rows (first, last + 1) and columns of the largest rectangle of True; empty where none is."""
    best, found = 0, (0, 0, 0, 0)
    run = np.zeros(mask.shape[1], int)
    for i, row in enumerate(mask):
        run = np.where(row, run + 1, 0)
        for j in range(mask.shape[1]):
            high = run[j]
            for k in range(j, mask.shape[1]):
                high = min(high, run[k])
                if high == 0:
                    break
                if high * (k - j + 1) > best:
                    best, found = high * (k - j + 1), (i + 1 - high, i + 1, j, k + 1)
    return found
