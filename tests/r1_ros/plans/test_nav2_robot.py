"""Driving with Nav2. nav2_msgs is not on PyPI: the action client is a double, the rest is real."""

from __future__ import annotations

import math
import sys
import types

import numpy as np
import pytest

pytest.importorskip("rclpy")

import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped

from r1_model.text.answer import Box, Step
from r1_ros.plans import nav2_robot
from r1_ros.plans.nav2_robot import Nav2MissingError, Nav2Robot
from r1_ros.plans.robot import SkillError, SkillStoppedError

_TABLE = Box(np.array([2.0, 1.0, 0.4]), np.array([1.0, 0.6, 0.8]), "table")


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


def _response(status: int, code: int = 0, words: str = "") -> object:
    result = types.SimpleNamespace(error_code=code, error_msg=words)
    return types.SimpleNamespace(status=status, result=result)


class _Nav2:
    """Reaches what lies in `reachable`; None: drives for ever."""

    accepted = True
    miss = _response(GoalStatus.STATUS_ABORTED)

    def __init__(self, reachable) -> None:
        self.reachable, self.cancelled = reachable, 0
        self.goals: list[PoseStamped] = []
        self.is_there = True

    def server_is_ready(self) -> bool:
        return self.is_there

    def send_goal_async(self, goal, feedback_callback) -> _Future:
        self.goals.append(goal.pose)
        return _Future(self)

    def get_result_async(self) -> _Future:
        if self.reachable is None:
            self.getting = _Future(None)
            return self.getting
        p = self.goals[-1].pose.position
        reached = self.reachable(p.x, p.y)
        return _Future(_response(GoalStatus.STATUS_SUCCEEDED) if reached else self.miss)

    def cancel_goal_async(self) -> _Future:
        self.cancelled += 1
        self.getting.end(_response(GoalStatus.STATUS_CANCELED))
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
    robot = Nav2Robot(node, "navigate_to_pose", lambda: 0.5, "costmap")
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
    assert len(robot._client.goals) == 4
    assert any("(2.00, 0.20) cannot be reached" in status for status in said)
    # now it is there: the same side comes first
    robot._client.goals.clear()
    _go(robot)
    assert robot._client.goals[0].pose.position.y == pytest.approx(1.8)
    robot._client = _Nav2(lambda x, y: False)
    with pytest.raises(SkillError, match="no side of the table.*Nav2 was aborted"):
        _go(robot)
    assert len(robot._client.goals) == 4


@pytest.mark.parametrize(
    ("miss", "goals", "sentence"),
    [
        (_response(GoalStatus.STATUS_ABORTED, 208, "no valid path"), 4, "no valid path"),
        (_response(GoalStatus.STATUS_ABORTED, 208), 4, "aborted with error 208"),
        (_response(GoalStatus.STATUS_SUCCEEDED, 105, "patience ran out"), 4, "patience ran out"),
        (_response(GoalStatus.STATUS_SUCCEEDED, 105), 4, "succeeded with error 105"),
        # older releases say nothing, and their result has no fields
        (types.SimpleNamespace(status=GoalStatus.STATUS_ABORTED, result=object()), 4, "aborted"),
        (_response(GoalStatus.STATUS_UNKNOWN), 4, "unknown status 0"),
        # somebody pressed stop: the robot must not set off for the next side
        (_response(GoalStatus.STATUS_CANCELED), 1, "cancelled, and not by this plan"),
        (_response(GoalStatus.STATUS_CANCELED, 0, "emergency stop"), 1, "emergency stop"),
    ],
)
def test_a_drive_that_did_not_succeed_is_no_step_done(
    robot: Nav2Robot, miss: object, goals: int, sentence: str
) -> None:
    robot._client = _Nav2(lambda x, y: False)
    robot._client.miss = miss
    with pytest.raises(SkillError, match=sentence):
        _go(robot)
    assert len(robot._client.goals) == goals


def test_nav2_refuses_or_dies(robot: Nav2Robot) -> None:
    robot._client.accepted = False
    with pytest.raises(SkillError, match="Nav2 refused the goal"):
        _go(robot)
    assert len(robot._client.goals) == 1
    robot._client = nav2 = _Nav2(None)

    def die() -> bool:
        nav2.is_there = False
        return False

    with pytest.raises(SkillError, match="Nav2 has gone"):
        _go(robot, should_stop=die)
    assert nav2.cancelled == 1  # it may live on where it cannot be seen from here


def test_nav2_never_answers(robot: Nav2Robot) -> None:
    robot._client = nav2 = _Nav2(None)
    nav2.send_goal_async = lambda goal, feedback_callback: sending
    sending, calls = _Future(None), iter([False, True])
    with pytest.raises(SkillStoppedError, match="has not said whether it takes the goal"):
        _go(robot, should_stop=lambda: next(calls))
    nav2.get_result_async()
    sending.end(nav2)  # it takes the goal after all: nobody waits for it any more
    assert nav2.cancelled == 1


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
        Nav2Robot(None, "navigate_to_pose", lambda: 0.5, "costmap")
