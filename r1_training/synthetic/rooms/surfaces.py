"""The true surfaces of a room of primitives, as points: what a robot would really touch."""

from __future__ import annotations

import math

import numpy as np

from r1_training.synthetic.rooms.elements import BOX, SPHERE, TUBE, Primitives


def surface_points(primitives: Primitives, spacing: float, low: float, high: float) -> np.ndarray:
    """Points (N, 3) float64 on all surfaces between two heights, map frame, metres.

    Args:
        primitives: P of them.
        spacing: between neighbours at most, about [m].
        low, high: heights in the map frame [m].
    """
    found = [np.zeros((0, 3))]
    for k in range(len(primitives)):
        counts = [max(1, math.ceil(float(edge) / spacing)) for edge in primitives.size[k]]
        unit = _unit_points(int(primitives.kind[k]), float(primitives.taper[k]), counts)
        affine = primitives.unit_from_map[k].astype(np.float64)
        points = np.linalg.solve(affine[:, :3], (unit - affine[:, 3]).T).T
        found.append(points[(points[:, 2] >= low) & (points[:, 2] <= high)])
    return np.concatenate(found)


def _unit_points(kind: int, taper: float, counts: list[int]) -> np.ndarray:
    """Points (N, 3) on a unit shape, so many steps along each of its edges."""
    nx, ny, nz = counts
    if kind == BOX:
        faces = []
        for axis, (na, nb) in enumerate(((ny, nz), (nx, nz), (nx, ny))):
            grid = np.stack(np.meshgrid(_steps(na), _steps(nb), indexing="ij"), -1).reshape(-1, 2)
            faces += [np.insert(grid, axis, side, axis=1) for side in (-0.5, 0.5)]
        return np.concatenate(faces)
    around = max(nx, ny) * 4
    angle = np.arange(around) * (math.tau / around)
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) / 2
    if kind == SPHERE:
        lift = np.linspace(-math.pi / 2, math.pi / 2, 2 * max(counts) + 1)
        flat = np.cos(lift)[:, None, None] * ring
        z = np.broadcast_to(np.sin(lift)[:, None, None] / 2, (*flat.shape[:2], 1))
        return np.concatenate([flat, z], -1).reshape(-1, 3)
    z = _steps(nz)
    wide = 1 + (taper - 1) * (z + 0.5)
    side = np.concatenate(
        [wide[:, None, None] * ring, np.broadcast_to(z[:, None, None], (len(z), around, 1))], -1
    )
    if kind == TUBE:
        return side.reshape(-1, 3)
    caps = []
    for height, end in ((-0.5, 1.0), (0.5, taper)):
        share = np.linspace(0, 1, max(nx, ny) + 1)
        disc = (share[:, None, None] * ring * end).reshape(-1, 2)
        caps.append(np.column_stack([disc, np.full(len(disc), height)]))
    return np.concatenate([side.reshape(-1, 3), *caps])


def _steps(count: int) -> np.ndarray:
    return np.linspace(-0.5, 0.5, count + 1)
