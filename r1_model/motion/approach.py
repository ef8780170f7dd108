"""Where a robot stops at a thing: beside each of its sides, facing it, within reach."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from r1_model.geometry.oriented_boxes import turn
from r1_model.motion.free_space import FreeSpace
from r1_model.motion.paths import Ways, cells_between
from r1_model.text.answer import Box

_ALONG_M = 0.2  # between two places along a side
_AWAY_M = 0.1  # between two distances from it
_OWN_M = 0.05  # this far from a box the map may still show what is in it
SIDES = ((0, -1), (-1, 0), (1, 0), (0, 1))  # "in front of it", its own -y, comes first


def approach_poses(
    box: Box, distance: float, came_from: np.ndarray | None = None
) -> list[np.ndarray]:
    """One place in the middle before each of the four sides of a box, facing it.

    Args:
        box: scene frame, metres.
        distance: from the side of the box [m].
        came_from: (2,) where the robot is, if known: the nearest place comes first, else the one
            at its own -y ("in front" of it).

    Returns:
        (x, y, yaw) each, metres and radians.
    """
    poses = [_pose(box, side, 0.0, distance) for side in SIDES]
    if came_from is not None:
        poses.sort(key=lambda pose: float(np.linalg.norm(pose[:2] - came_from)))
    return poses


def reachable_poses(
    box: Box, ways: Ways, near: float, far: float, around: Sequence[Box] = ()
) -> list[np.ndarray]:
    """Of each side of a box the best place that the robot can get to; the shortest way first.

    The best one of a side is as near to the box as there is room, and then as near to the middle
    of the side; nothing tall, like a wall, is between it and the box.

    Args:
        box: scene frame, metres.
        ways: from where the robot is.
        near, far: distances from the side of the box [m]; what is farther is out of reach.
        around: what the thing is in, like a shelf; it is reached into.

    Returns:
        (x, y, yaw) each, metres and radians; empty where no side can be reached.
    """
    found = []
    for side in SIDES:
        pose = next(
            (
                pose
                for pose in _places(box, side, near, far)
                if np.isfinite(ways.length_to(pose[:2]))
                and can_reach_over(ways.space, pose[:2], box, around)
            ),
            None,
        )
        if pose is not None:
            found.append(pose)
    return sorted(found, key=lambda pose: ways.length_to(pose[:2]))


def can_reach_over(
    space: FreeSpace, place: np.ndarray, box: Box, around: Sequence[Box] = ()
) -> bool:
    """Does nothing tall stand between a place (2,) and a box, beside what is `around` it?"""
    cells = cells_between(space, place, nearest_point(box, place))
    inside = ((cells >= 0) & (cells < space.tall.shape)).all(1)
    cells = cells[inside]
    tall = space.centers(cells[space.tall[tuple(cells.T)]])
    for own in (box, *around):
        local = (tall - own.center[:2]) @ turn(own.yaw)[:2, :2]
        tall = tall[(np.abs(local) > own.size[:2] / 2 + _OWN_M).any(1)]
    return not len(tall)


def _places(box: Box, side: Sequence[int], near: float, far: float) -> list[np.ndarray]:
    half = float(box.size[1 if side[0] else 0]) / 2
    steps = math.floor(half / _ALONG_M)
    along = sorted((k * _ALONG_M for k in range(-steps, steps + 1)), key=abs)
    away = np.arange(near, max(far, near) + 1e-9, _AWAY_M)
    return [_pose(box, side, offset, float(distance)) for distance in away for offset in along]


def _pose(box: Box, side: Sequence[int], along: float, distance: float) -> np.ndarray:
    R = turn(box.yaw)[:2, :2]
    normal = np.array(side, float)
    before = normal * (box.size[:2] / 2 + distance) + along * np.array([-normal[1], normal[0]])
    x, y = box.center[:2] + R @ before
    facing = math.remainder(math.atan2(-normal[1], -normal[0]) + box.yaw, math.tau)
    return np.array([x, y, facing])


def nearest_point(box: Box, place: np.ndarray) -> np.ndarray:
    """The point (2,) of a box's footprint that is nearest to a place (2,)."""
    R = turn(box.yaw)[:2, :2]
    half = box.size[:2] / 2
    return box.center[:2] + R @ np.clip((np.asarray(place) - box.center[:2]) @ R, -half, half)


def distance_to(box: Box, place: np.ndarray) -> float:
    """How far a place (2,) is from a box, seen from above [m]; 0 inside of it."""
    return float(np.linalg.norm(nearest_point(box, place) - place))
