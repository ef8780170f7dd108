"""The simulated base drives through free space alone, to the side that is nearest."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from r1_model.motion.approach import distance_to
from r1_model.text.answer import Box, Step
from r1_ros.motion.simulated_base import ARM_M, MappedSpace, SimulatedBase, Watch
from r1_ros.plans.changes import Kind
from r1_ros.plans.robot import SkillError, SkillStoppedError
from r1_ros.plans.simulated_robot import SimulatedRobot
from tests.r1_model.motion.worlds import block, room

_TABLE = Box(np.array([2.0, 1.0, 0.4]), np.array([1.0, 0.6, 0.8]), "table")
_BLOCK = block((1.5, 2.5), (0.7, 1.3), (0.0, 0.8))
_START = np.array([0.6, 2.4])
_FAST = 1e6  # m/s


class _World:
    """A map that tests change, and all that the base says."""

    def __init__(self, points: np.ndarray | None, speed: float = _FAST) -> None:
        self.mapped = None if points is None else MappedSpace(points, _START)
        self.paths: list[np.ndarray] = []
        self.poses: list[np.ndarray] = []
        self.said: list[str] = []
        self.looks = 0
        self.on_look = lambda looks: None
        watch = Watch(self.paths.append, self.poses.append)
        self.base = SimulatedBase(self._find, speed, watch=watch)

    def _find(self, should_stop) -> MappedSpace | None:
        self.looks += 1
        self.on_look(self.looks)
        return self.mapped

    def change(self, *things: np.ndarray) -> None:
        self.mapped = MappedSpace(room(*things), _START)

    def drive(self, box: Box = _TABLE) -> bool:
        return self.base.drive_to(box, lambda: False, self.said.append)


def test_it_drives_around_what_stands_there_and_stops_within_reach() -> None:
    world = _World(room(_BLOCK))
    assert world.drive() and world.base.pose is not None
    x, y, yaw = world.base.pose
    assert distance_to(_TABLE, np.array([x, y])) <= ARM_M and world.base.can_reach(_TABLE)
    toward = _TABLE.center[:2] - (x, y)
    assert np.dot(toward, (np.cos(yaw), np.sin(yaw))) > 0
    [path] = world.paths
    assert np.allclose(path[0, :2], _START, atol=0.05) and np.allclose(path[-1], world.base.pose)
    driven = np.array(world.poses)[:, :2]
    assert np.linalg.norm(np.diff(driven, axis=0), axis=1).max() < 0.15
    assert min(distance_to(_TABLE, place) for place in driven) >= 0.2


def test_the_next_way_begins_where_the_last_one_ended() -> None:
    world = _World(room(_BLOCK))
    world.drive()
    stool = Box(np.array([3.6, 2.5, 0.2]), np.array([0.3, 0.3, 0.4]), "stool")
    assert world.drive(stool)
    assert np.allclose(world.paths[1][0, :2], world.paths[0][-1, :2])


def test_driving_again_to_where_it_stands_means_another_side() -> None:
    world = _World(room(_BLOCK))
    world.drive()
    first = world.base.pose
    world.drive()
    assert first is not None and world.base.pose is not None
    assert np.linalg.norm(world.base.pose[:2] - first[:2]) > 0.3


def test_what_cannot_be_reached_is_an_error_and_the_robot_stays() -> None:
    world = _World(room(block((2.6, 2.6), (0.0, 3.0))))
    ball = Box(np.array([3.6, 1.5, 0.1]), np.array([0.2, 0.2, 0.2]), "ball")
    with pytest.raises(SkillError, match="no side of the ball can be reached") as caught:
        world.drive(ball)
    assert caught.value.change is not None and caught.value.change.kind is Kind.BLOCKED
    assert world.paths == [] == world.poses


def test_a_way_that_turns_out_to_be_blocked_is_left_for_another() -> None:
    world = _World(room(block((1.95, 2.05), (1.0, 2.0))))
    shelf = Box(np.array([3.5, 2.6, 0.5]), np.array([0.3, 0.3, 1.0]), "shelf")
    barrier = block((1.95, 2.05), (1.0, 3.0))

    def block_the_way(looks: int) -> None:
        if looks == 2:
            world.change(barrier)

    world.on_look = block_the_way
    assert world.drive(shelf)
    assert any("blocked" in said for said in world.said) and len(world.paths) == 2
    gap = np.maximum(np.abs(np.array(world.poses)[:, :2] - [2.0, 2.0]) - [0.05, 1.0], 0)
    assert np.linalg.norm(gap, axis=1).min() >= 0.2


def test_an_open_door_is_no_obstacle_and_a_closed_one_is() -> None:
    wall = [block((2.45, 2.55), (0.0, 1.0)), block((2.45, 2.55), (1.9, 3.0))]
    leaf = block((2.48, 2.52), (1.0, 1.9), (0.0, 2.0))
    door = Box(np.array([2.5, 1.45, 1.0]), np.array([0.04, 0.9, 2.0]), "door")
    stool = Box(np.array([3.5, 1.5, 0.2]), np.array([0.3, 0.3, 0.4]), "stool")
    world = _World(room(*wall, leaf))
    with pytest.raises(SkillError):
        world.drive(stool)
    world.base.opened(door)
    assert world.drive(stool)
    world.base.closed(door)
    with pytest.raises(SkillError):
        world.drive(Box(np.array([0.5, 0.5, 0.2]), np.array([0.2, 0.2, 0.4]), "ball"))


def test_an_open_wardrobe_still_stands_there() -> None:
    body = block((2.0, 3.0), (0.0, 2.2), (0.0, 2.0))
    wardrobe = Box(np.array([2.5, 1.1, 1.0]), np.array([1.0, 2.2, 2.0]), "wardrobe")
    stool = Box(np.array([3.6, 0.6, 0.2]), np.array([0.3, 0.3, 0.4]), "stool")
    world = _World(room(body))
    world.base.opened(wardrobe)
    world.drive(stool)
    poses = np.array(world.poses)[:, :2]
    gap = np.maximum(np.abs(poses - [2.5, 1.1]) - [0.5, 1.1], 0)
    assert np.linalg.norm(gap, axis=1).min() >= 0.2


def test_without_a_map_nothing_is_driven_and_it_says_so() -> None:
    for points in (None, np.zeros((0, 3)), np.random.default_rng(0).uniform(0, 3, (300, 3))):
        world = _World(points)
        assert not world.drive() and world.base.pose is None and "without" in world.said[0]
    assert world.base.can_reach(_TABLE)


def test_a_map_that_goes_away_is_remembered_and_another_one_begins_anew() -> None:
    world = _World(room(_BLOCK))
    world.drive()
    world.mapped = None
    assert world.drive()
    world.mapped = MappedSpace(room() + [10.0, 0.0, 0.0], _START + [10, 0], map_id=2)
    assert world.drive(Box(np.array([12.0, 1.5, 0.2]), np.array([0.2, 0.2, 0.4]), "ball"))
    assert np.allclose(world.paths[-1][0, :2], _START + [10, 0], atol=0.05)


def test_a_robot_that_is_told_to_stop_stops_on_its_way() -> None:
    world = _World(room(_BLOCK), speed=1.0)
    with pytest.raises(SkillStoppedError):
        world.base.drive_to(_TABLE, lambda: len(world.poses) > 3, world.said.append)
    assert len(world.poses) == 4 and np.allclose(world.base.pose, world.poses[-1])


def test_the_robot_goes_nearer_to_what_its_arm_does_not_reach() -> None:
    long = Box(np.array([2.0, 0.4, 0.4]), np.array([3.2, 0.8, 0.8]), "counter")
    mug = Box(np.array([3.4, 0.4, 0.85]), np.array([0.1, 0.1, 0.1]), "mug")
    world = _World(room(block((0.4, 3.6), (0.0, 0.8), (0.0, 0.8))))
    robot = SimulatedRobot(0.0, world.base)
    for step in (Step(1, "navigate_to", ("counter",), (long,)), Step(2, "pick", ("mug",), (mug,))):
        robot.execute(step, lambda: False, world.said.append)
    assert len(world.paths) == 2 and world.base.can_reach(mug) and robot.world.held is not None
