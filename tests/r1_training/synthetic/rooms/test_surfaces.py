"""Points of surfaces lie on the primitives, and leave no gaps."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial import cKDTree

from r1_training.synthetic.rooms.elements import BOX, CYLINDER, SPHERE, TUBE, Primitives
from r1_training.synthetic.rooms.room import make_room
from r1_training.synthetic.rooms.surfaces import surface_points


def _one(kind: int, taper: float = 1.0) -> Primitives:
    size = np.array([[0.6, 0.4, 0.8]], np.float32)
    unit = np.zeros((1, 3, 4), np.float32)
    unit[0, :, :3] = np.diag(1 / size[0])
    unit[0, :, 3] = -np.array([1.0, 2.0, 0.4]) / size[0]
    none, color = np.zeros(1, np.float32), np.zeros((1, 3), np.float32)
    number = np.zeros(1, np.int32)
    return Primitives(
        np.array([kind], np.int32), unit, size, np.array([taper], np.float32), color, color,
        number, none, none, none, number,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "taper"), [(BOX, 1.0), (CYLINDER, 0.5), (CYLINDER, 1.0), (SPHERE, 1.0), (TUBE, 0.7)]
)
def test_points_lie_on_the_surface(kind: int, taper: float) -> None:
    points = surface_points(_one(kind, taper), 0.05, -1.0, 2.0)
    u, v, w = ((points - [1.0, 2.0, 0.4]) / [0.6, 0.4, 0.8]).T
    radius, edge = np.hypot(u, v), 0.5 * (1 + (taper - 1) * (w + 0.5))
    caps = np.isclose(np.abs(w), 0.5) & (radius <= edge + 1e-6)
    on = {
        BOX: np.isclose(np.maximum.reduce(np.abs([u, v, w])), 0.5, atol=1e-6),
        SPHERE: np.isclose(np.sqrt(u**2 + v**2 + w**2), 0.5, atol=1e-6),
        CYLINDER: np.isclose(radius, edge, atol=1e-6) | caps,
        TUBE: np.isclose(radius, edge, atol=1e-6),
    }[kind]
    assert on.all()
    near = cKDTree(points).query(points, k=2)[0][:, 1]
    assert near.max() <= 0.08


def test_only_what_lies_between_the_heights() -> None:
    points = surface_points(make_room(2, "test").primitives, 0.05, 0.1, 1.2)
    assert len(points) > 5_000 and points[:, 2].min() >= 0.1 and points[:, 2].max() <= 1.2
