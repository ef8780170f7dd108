"""Places beside a thing: at every side, facing it, the shortest way first."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.geometry.oriented_boxes import turn
from r1_model.motion.approach import (
    approach_poses,
    can_reach_over,
    distance_to,
    reachable_poses,
)
from r1_model.motion.free_space import free_space
from r1_model.motion.paths import ways_from
from r1_model.text.answer import Box
from r1_model.text.boxes import turned_box
from tests.r1_model.motion.worlds import block, room

_TABLE = Box(np.array([2.0, 1.0, 0.4]), np.array([1.0, 0.6, 0.8]), "table")
_BLOCK = block((1.5, 2.5), (0.7, 1.3), (0.0, 0.8))


def test_a_robot_stops_in_front_of_each_side_and_faces_it() -> None:
    poses = approach_poses(_TABLE, 0.5)
    assert len(poses) == 4 and np.allclose(poses[0], (2.0, 0.2, math.pi / 2))
    for x, y, yaw in poses:
        gap = np.abs(np.array([x, y]) - _TABLE.center[:2]) - _TABLE.size[:2] / 2
        assert gap.max() == pytest.approx(0.5)
        toward = _TABLE.center[:2] - (x, y)
        assert np.allclose(toward / np.linalg.norm(toward), (math.cos(yaw), math.sin(yaw)))
    nearest = approach_poses(_TABLE, 0.5, np.array([2.0, 9.0]))[0]
    assert np.allclose(nearest[:2], (2.0, 1.8))


def test_a_robot_stops_at_the_sides_of_a_turned_box() -> None:
    table = turned_box(_TABLE, 0.6)
    straight, turned = approach_poses(_TABLE, 0.5), approach_poses(table, 0.5)
    for (x, y, yaw), (there_x, there_y, there_yaw) in zip(straight, turned, strict=True):
        assert np.allclose((there_x, there_y), turn(0.6)[:2, :2] @ (x, y))
        assert math.remainder(there_yaw - yaw - 0.6, math.tau) == pytest.approx(0)


def test_the_side_with_the_shortest_way_comes_first() -> None:
    space = free_space(room(_BLOCK))
    for here, first in (((2.0, 2.5), (2.0, 1.3)), ((0.5, 1.0), (1.5, 1.0))):
        ways = ways_from(space, np.array(here))
        assert ways is not None
        poses = reachable_poses(_TABLE, ways, 0.3, 1.0)
        lengths = [ways.length_to(pose[:2]) for pose in poses]
        assert len(poses) == 4 and lengths == sorted(lengths)
        assert np.linalg.norm(poses[0][:2] - first) < 0.5


def test_a_side_at_a_wall_is_left_out_and_a_blocked_middle_is_passed() -> None:
    walled = Box(np.array([2.0, 0.3, 0.4]), np.array([1.0, 0.6, 0.8]), "table")
    chair = block((1.9, 2.1), (0.7, 1.5))
    space = free_space(room(block((1.5, 2.5), (0.0, 0.6), (0.0, 0.8)), chair))
    ways = ways_from(space, np.array([0.6, 2.0]))
    assert ways is not None
    poses = reachable_poses(walled, ways, 0.3, 1.0)
    assert 0 < len(poses) < 4 and all(space.is_free(pose[:2]) for pose in poses)
    assert all(distance_to(walled, pose[:2]) <= 1.0 + 1e-9 for pose in poses)


def test_what_nobody_can_get_to_has_no_pose() -> None:
    space = free_space(room(block((2.0, 2.0), (0.0, 3.0))))
    ways = ways_from(space, np.array([1.0, 1.5]))
    there = Box(np.array([3.2, 1.5, 0.4]), np.array([0.3, 0.3, 0.8]), "stool")
    assert ways is not None and reachable_poses(there, ways, 0.3, 0.6) == []


def test_an_arm_reaches_over_a_table_and_into_a_shelf_but_through_no_wall() -> None:
    mug = Box(np.array([2.0, 1.5, 0.9]), np.array([0.1, 0.1, 0.1]), "mug")
    shelf = Box(np.array([2.0, 1.5, 0.9]), np.array([0.6, 0.4, 1.8]), "shelf")
    here = np.array([1.2, 1.5])
    low = free_space(room(block((1.7, 2.3), (1.3, 1.7), (0.0, 0.8))))
    high = free_space(room(block((1.7, 2.3), (1.3, 1.7))))
    wall = free_space(room(block((1.5, 1.52), (0.0, 3.0))))
    assert can_reach_over(low, here, mug) and not can_reach_over(wall, here, mug)
    assert not can_reach_over(high, here, mug) and can_reach_over(high, here, mug, [shelf])
    ways = ways_from(wall, np.array([0.6, 1.5]))
    assert ways is not None and reachable_poses(mug, ways, 0.3, 1.2) == []


@settings(max_examples=60, deadline=None)
@given(
    yaw=st.floats(-3.1, 3.1),
    x=st.floats(-2, 2),
    y=st.floats(-2, 2),
    w=st.floats(0.05, 2),
    d=st.floats(0.05, 2),
)
def test_the_distance_to_a_box_is_that_to_its_nearest_point(
    yaw: float, x: float, y: float, w: float, d: float
) -> None:
    box = Box(np.array([0.3, -0.2, 1.0]), np.array([w, d, 1.0]), yaw=yaw)
    across = np.stack(np.meshgrid(*[np.linspace(-0.5, 0.5, 101)] * 2), -1).reshape(-1, 2)
    inside = (across * [w, d]) @ turn(yaw)[:2, :2].T + box.center[:2]
    slow = np.linalg.norm(inside - [x, y], axis=1).min()
    # the nearest sample is at most a step away from the nearest point
    assert slow - 0.03 <= distance_to(box, np.array([x, y])) <= slow + 1e-9
