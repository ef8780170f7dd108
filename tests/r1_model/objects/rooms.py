"""Boxes in an empty room and views that see them, for tests."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from r1_model.objects.evidence import look
from r1_model.objects.known_object import OrientedBox, Sighting
from r1_model.scene.scene import Scene, View
from r1_model.text.answer import Box
from r1_model.text.boxes import extent
from r1_model.views.visibility import look_at

K = np.array([[60.0, 0, 39.5], [0, 60.0, 29.5], [0, 0, 1]])
SHAPE = (60, 80)
EYES = ((0.3, 0.3, 1.7), (3.7, 0.3, 1.7), (2.0, 3.8, 1.7))


def box(x: float, y: float, z: float = 0.25, size: float = 0.5, label: str = "box") -> Box:
    return Box(np.array([x, y, z]), np.full(3, size), label, score=0.9)


def view(eye: Sequence[float], target: Sequence[float], boxes: Sequence[Box], stamp: int) -> View:
    """What a camera sees of boxes in a room of 4 x 4 x 3 m, by rays."""
    T = look_at(np.array(eye), np.array(target))
    v, u = np.mgrid[: SHAPE[0], : SHAPE[1]]
    rays = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones(SHAPE)], -1)
    way = rays @ T[:3, :3].T
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    walls = np.maximum((0.0 - T[:3, 3]) / way, (np.array([4.0, 4, 3]) - T[:3, 3]) / way)
    depth = walls.min(-1)
    for one in boxes:
        low, high = (
            (one.center - one.size / 2 - T[:3, 3]) / way,
            (one.center + one.size / 2 - T[:3, 3]) / way,
        )
        enter, leave = np.minimum(low, high).max(-1), np.maximum(low, high).min(-1)
        depth = np.where((enter < leave) & (enter > 0) & (enter < depth), enter, depth)
    return View(
        color=np.full((*SHAPE, 3), 90, np.uint8),
        depth=depth.astype(np.float32),
        K=K,
        T_scene_camera=T,
        stamp=stamp,
        id=stamp,
    )


def scene(boxes: Sequence[Box], start: int, eyes: Sequence[Sequence[float]] = EYES) -> Scene:
    """A map of boxes in a room; its views are stamped from `start` on."""
    rng = np.random.default_rng(0)
    clouds = [rng.uniform((0, 0, 0), (4, 4, 0.01), (400, 3))]
    for axis in (0, 1):
        for side in (0.0, 4.0):
            wall = rng.uniform((0, 0, 0), (4, 4, 3), (1000, 3))
            wall[:, axis] = side
            clouds.append(wall)
    clouds += [rng.uniform(b.center - b.size / 2, b.center + b.size / 2, (200, 3)) for b in boxes]
    points = np.concatenate(clouds).astype(np.float32)
    views = [view(eye, (2.0, 2.0, 0.3), boxes, start + n) for n, eye in enumerate(eyes)]
    colors = np.full((len(points), 3), 120, np.uint8)
    return Scene(points, colors, views=views, stamp=start + len(eyes))


def sighting(one: Box, scene: Scene | None = None) -> Sighting:
    center, size = np.asarray(one.center, float), np.asarray(one.size, float)
    turned = OrientedBox(center, size, one.yaw)
    size = extent(one)
    fill = look(scene.views, [turned]).fill(0) if scene else float("nan")
    return Sighting(center, size, one.label, one.score, turned, np.full(3, 120.0), fill)


def furnished(
    layout: int, noise: int, size: tuple[float, float] = (5.0, 4.0), spread: float = 0.008
) -> np.ndarray:
    """(N, 3) points of a room's walls, floor and some blocks, metres.

    Args:
        layout: which blocks stand where.
        noise: which points of their surfaces were measured.
        size: of the room, metres.
        spread: standard deviation of the measurement, metres.
    """
    where, rng = np.random.default_rng(layout), np.random.default_rng(noise)
    solids = [(np.zeros(3), np.array([*size, 2.5]))]
    for _ in range(6):
        edges = where.uniform((0.4, 0.4, 0.5), (1.2, 0.8, 1.6))
        low = where.uniform((0, 0), np.array(size) - edges[:2])
        solids.append((np.array([*low, 0.0]), edges))
    clouds = []
    for low, edges in solids:
        for axis in range(3):
            for side in (0.0, 1.0):
                face = rng.uniform(size=(max(300, int(1200 * edges.prod() / edges[axis])), 3))
                face[:, axis] = side
                clouds.append(low + face * edges)
    points = np.concatenate(clouds)
    return points + rng.normal(0, spread, points.shape)
