"""Driving with Nav2. nav2_msgs is not on PyPI: the action client is a double, the rest is real."""

from __future__ import annotations

import math
import sys
import types

import numpy as np
import pytest

pytest.importorskip("rclpy")

import rclpy
from geometry_msgs.msg import PoseStamped

from r1_model.answer import Box, Step
from r1_ros import nav2_robot
from r1_ros.nav2_robot import Nav2MissingError, Nav2Robot, approach_poses
from r1_ros.skill_interface import SkillError, SkillStoppedError

_TABLE = Box(np.array([2.0, 1.0, 0.4]), np.array([1.0, 0.6, 0.8]), "table")


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


class _Future:
    def __init__(self, value: object) -> None:
        self.value, self.callbacks = value, []

    def add_done_callback(self, callback) -> None:
        self.callbacks.append(callback)
        if self.value is not None:
            callback(self)

    def end(self, value: object) -> None:
        self.value = value
        for callback in self.callbacks:
            callback(self)

    def done(self) -> bool:
        return self.value is not None

    def result(self) -> object:
        return self.value


class _Nav2:
    """Reaches what lies in `reachable`; None: drives for ever."""

    goals: list[PoseStamped]
    accepted = True

    def __init__(self, reachable) -> None:
        self.reachable, self.goals, self.cancelled = reachable, [], 0

    def server_is_ready(self) -> bool:
        return True

    def send_goal_async(self, goal) -> _Future:
        self.goals.append(goal.pose)
        return _Future(self)

    def get_result_async(self) -> _Future:
        if self.reachable is None:
            self.getting = _Future(None)
            return self.getting
        p = self.goals[-1].pose.position
        return _Future(types.SimpleNamespace(status=4 if self.reachable(p.x, p.y) else 6))

    def cancel_goal_async(self) -> _Future:
        self.cancelled += 1
        self.getting.end(types.SimpleNamespace(status=5))
        return _Future(types.SimpleNamespace(return_code=0))

    def destroy(self) -> None:
        pass


@pytest.fixture
def robot(monkeypatch):
    goal = type("Goal", (), {"__slots__": ("pose",)})
    actions = types.ModuleType("nav2_msgs.action")
    actions.NavigateToPose = type("NavigateToPose", (), {"Goal": goal})
    monkeypatch.setitem(sys.modules, "nav2_msgs", types.ModuleType("nav2_msgs"))
    monkeypatch.setitem(sys.modules, "nav2_msgs.action", actions)
    reaches_all = _Nav2(lambda x, y: True)
    monkeypatch.setattr(nav2_robot, "ThreadSafeActionClient", lambda *_, **__: reaches_all)
    context = rclpy.context.Context()
    rclpy.init(context=context, args=[])
    node = rclpy.create_node("driver", context=context)
    robot = Nav2Robot(node, "navigate_to_pose", lambda: 0.5)
    robot.start_plan("odom")
    yield robot
    node.destroy_node()
    context.try_shutdown()


def _go(robot: Nav2Robot, box: Box | None = _TABLE, should_stop=lambda: False) -> list[str]:
    said: list[str] = []
    boxes = () if box is None else (box,)
    robot.execute(Step(1, "navigate_to", ("table",), boxes), should_stop, said.append)
    return said


def test_it_drives_in_front_of_the_object(robot: Nav2Robot) -> None:
    _go(robot)
    (goal,) = robot._client.goals
    assert goal.header.frame_id == "odom" and goal.pose.position.y == pytest.approx(0.2)
    assert goal.pose.orientation.z == pytest.approx(math.sin(math.pi / 4))


def test_it_tries_the_other_sides(robot: Nav2Robot) -> None:
    robot._client = _Nav2(lambda x, y: y > 1.5)
    said = _go(robot)
    assert len(robot._client.goals) == 4 and "(2.00, 0.20) cannot be reached" in said
    # now it is there: the same side comes first
    robot._client.goals.clear()
    _go(robot)
    assert robot._client.goals[0].pose.position.y == pytest.approx(1.8)
    robot._client = _Nav2(lambda x, y: False)
    with pytest.raises(SkillError, match="no side of the table"):
        _go(robot)
    robot._client.accepted = False
    with pytest.raises(SkillError, match="no side"):
        _go(robot)


def test_it_stops_when_told(robot: Nav2Robot) -> None:
    robot._client = _Nav2(None)
    calls = iter([False, False, True])
    with pytest.raises(SkillStoppedError):
        _go(robot, should_stop=lambda: next(calls, True))
    assert robot._client.cancelled == 1


def test_it_needs_to_know_where(robot: Nav2Robot) -> None:
    with pytest.raises(SkillError, match="needs the box"):
        _go(robot, box=None)
    robot._client.server_is_ready = lambda: False
    with pytest.raises(SkillError, match="navigate_to_pose"):
        _go(robot)
    assert robot.skills() == {"navigate_to"}


def test_without_nav2_it_says_so(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "nav2_msgs.action", None)
    with pytest.raises(Nav2MissingError, match="nav2_msgs"):
        Nav2Robot(None, "navigate_to_pose", lambda: 0.5)
