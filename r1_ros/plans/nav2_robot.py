"""A robot that drives: `navigate_to` through Nav2's NavigateToPose. It has no other skill."""

from __future__ import annotations

import importlib
from collections.abc import Callable

import numpy as np
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import PoseStamped
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from std_msgs.msg import Header

from r1_model.motion.approach import approach_poses
from r1_model.text.answer import Step
from r1_ros.motion.costmap import Costmap, worth_trying
from r1_ros.motion.motion_topics import pose_message
from r1_ros.plans.changes import Change, Kind
from r1_ros.plans.goal_run import GoalEnd, run_goal
from r1_ros.plans.robot import OnStatus, ShouldStop, SkillError
from r1_ros.runtime.action_client import ThreadSafeActionClient
from r1_ros.runtime.executor import destroy_waitable


class Nav2MissingError(ValueError):
    """nav2_msgs is not installed."""


class Nav2Robot:
    """See `robot.Robot`. Tries the sides of an object until Nav2 reaches one.

    Args:
        node: whose executor runs while a plan is carried out.
        action: name of Nav2's action.
        approach_distance: how far from an object to stop [m]; asked for every step.
        costmap: topic of Nav2's costmap.

    Raises:
        Nav2MissingError: nav2_msgs is not installed.
    """

    def __init__(
        self, node: Node, action: str, approach_distance: Callable[[], float], costmap: str
    ) -> None:
        try:
            self._type = importlib.import_module("nav2_msgs.action").NavigateToPose
        except ImportError:
            raise Nav2MissingError("the robot nav2 needs the package nav2_msgs") from None
        self._node, self._distance = node, approach_distance
        group = ReentrantCallbackGroup()
        self._client = ThreadSafeActionClient(node, self._type, action, callback_group=group)
        self._costmap = Costmap(node, costmap, group)
        self._action = action
        self._frame_id = ""
        self._position: np.ndarray | None = None

    def skills(self) -> frozenset[str]:
        """navigate_to."""
        return frozenset({"navigate_to"})

    def start_plan(self, frame_id: str) -> None:
        """See `Robot`."""
        self._frame_id = frame_id

    def execute(self, step: Step, should_stop: ShouldStop, on_status: OnStatus) -> None:
        """Drive to the object of the step."""
        if not step.boxes:
            raise SkillError("navigate_to needs the box of its object")
        if not self._client.server_is_ready():
            raise SkillError(f"Nav2 does not offer {self._action}")
        name = step.labels[0] if step.labels else "object"
        poses = approach_poses(step.boxes[0], self._distance(), self._position)
        poses = worth_trying(poses, self._costmap.space(self._frame_id), self._position)
        if not poses:
            sentence = f"Nav2's costmap has no room for the robot at any side of the {name}"
            raise SkillError(sentence, Change(Kind.BLOCKED, ""))
        for x, y, yaw in poses:
            on_status(f"driving to ({x:.2f}, {y:.2f})")
            end = self._drive(x, y, yaw, should_stop)
            if end.is_done:
                self._position = np.array([x, y])
                return
            words = end.failure("Nav2")
            if end.status == GoalStatus.STATUS_CANCELED:  # somebody wants the robot to stand still
                raise SkillError(words)
            on_status(f"({x:.2f}, {y:.2f}) cannot be reached: {words}")
        sentence = f"no side of the {name} can be reached: {words}"
        raise SkillError(sentence, Change(Kind.BLOCKED, ""))

    def close(self) -> None:
        """Leave Nav2."""
        self._costmap.close()
        destroy_waitable(self._node, self._client.destroy)

    def _drive(self, x: float, y: float, yaw: float, should_stop: ShouldStop) -> GoalEnd:
        goal = self._type.Goal()
        goal.pose = PoseStamped(
            header=Header(stamp=self._node.get_clock().now().to_msg(), frame_id=self._frame_id),
            pose=pose_message(np.array([x, y, yaw])),
        )
        return run_goal(self._client, goal, "Nav2", should_stop)
