"""Whether views show that something is in a box, or that nothing is: rays against depth images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from r1_model.geometry.oriented_boxes import turn
from r1_model.objects.known_object import OrientedBox
from r1_model.scene.scene import View
from r1_model.views.visibility import project

GRID = 4  # rays an edge
TOLERANCE = 0.03  # metres: noise of depth and poses


@dataclass(frozen=True)
class Evidence:
    """What V views say about N boxes, in rays.

    Attributes:
        hit: (N, V) rays that end in the box.
        through: (N, V) rays that reach its far side: nothing was in their way.
        beyond: (N, V) of those the ones that go on well behind it.
        hidden: (N, V) rays that end before it.
        uncovered: (N, V, R) bool, which rays reached the box.
    """

    hit: np.ndarray
    through: np.ndarray
    beyond: np.ndarray
    hidden: np.ndarray
    uncovered: np.ndarray

    def fill(self, box: int, views: np.ndarray | slice = slice(None)) -> float:
        """Share of the rays of some views into a box that end in it; NaN where none looks."""
        hit, through = self.hit[box, views].sum(), self.through[box, views].sum()
        return float(hit / (hit + through)) if hit + through else float("nan")

    def seen_through(self, box: int) -> float:
        """Share of all rays into a box that go on well behind it; NaN where none looks."""
        looks = self.hit[box].sum() + self.through[box].sum()
        return float(self.beyond[box].sum() / looks) if looks else float("nan")

    def coverage(self, box: int, views: np.ndarray | slice = slice(None)) -> float:
        """Share of a box's rays that reached it in at least one of some views."""
        seen = self.uncovered[box, views]
        return float(seen.any(0).mean()) if len(seen) else 0.0


def look(
    views: Sequence[View], boxes: Sequence[OrientedBox], tolerance: float = TOLERANCE
) -> Evidence:
    """Send rays of every view to a grid of points in every box.

    A ray that ends within `tolerance` of where it leaves the box has met what the thing stands on
    or leans at, not the thing. Of thin things, a magazine, it is half of the way through.

    Args:
        views: V views of one scene.
        boxes: N of them.
        tolerance: how far before the box a surface still counts as in it, metres.
    """
    count, rays = len(boxes), GRID**3
    hit, through, beyond, hidden = (np.zeros((count, len(views)), int) for _ in range(4))
    uncovered = np.zeros((count, len(views), rays), bool)
    if not count:
        return Evidence(hit, through, beyond, hidden, uncovered)
    steps = (np.arange(GRID) + 0.5) / GRID - 0.5
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    sizes, centers = (np.array([getattr(box, n) for box in boxes]) for n in ("size", "center"))
    axes = np.array([turn(box.yaw)[:3, :3] for box in boxes])  # (N, 3, 3), columns in the scene
    own = grid * sizes[:, None]  # (N, R, 3), in the frames of the boxes
    points = own @ axes.swapaxes(1, 2) + centers[:, None]
    for number, view in enumerate(views):
        surface, z = _depth_at(view, points.reshape(-1, 3))
        surface, z = surface.reshape(count, rays), z.reshape(count, rays)
        eyes = (view.T_scene_camera[:3, 3] - centers)[:, None] @ axes  # (N, 1, 3)
        length = np.linalg.norm(own - eyes, axis=-1)  # all that follows is in metres of the ray
        enter, leave = (share * length for share in _crossing(eyes, own, sizes[:, None] / 2))
        known = (surface > 0) & (z > 0)
        ends = np.where(known, surface / np.where(known, z, 1.0), 0.0) * length
        before = known & (ends < enter - tolerance)
        passed = known & (ends > leave - np.minimum(tolerance, (leave - enter) / 2))
        inside = known & ~before & ~passed
        hit[:, number], through[:, number] = inside.sum(1), passed.sum(1)
        beyond[:, number] = (known & (ends > leave + tolerance)).sum(1)
        hidden[:, number] = before.sum(1)
        uncovered[:, number] = inside | passed
    return Evidence(hit, through, beyond, hidden, uncovered)


def _depth_at(view: View, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Depth that the image measured towards points, 0 where none; and the points' own depth."""
    height, width = view.depth.shape
    u, v, z = project(view, xyz)
    inside = (z > 0) & (u > -0.5) & (u < width - 0.5) & (v > -0.5) & (v < height - 0.5)
    row = np.rint(np.where(inside, v, 0)).astype(int)
    column = np.rint(np.where(inside, u, 0)).astype(int)
    return np.where(inside, view.depth[row, column], 0.0), z


def _crossing(
    eyes: np.ndarray, points: np.ndarray, half: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Where rays from eyes to points enter and leave boxes about 0, as a share of the way there."""
    way = points - eyes
    way = np.where(np.abs(way) < 1e-9, 1e-9, way)
    first, second = (-half - eyes) / way, (half - eyes) / way
    return np.minimum(first, second).max(-1), np.maximum(first, second).min(-1)
