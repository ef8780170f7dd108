"""Skill servers that fail, each in its way, as a process: `python -m tests.ros.failing_skills
wipe=aborts pick=dies` offers `skills/wipe` and `skills/pick`.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable

import rclpy
from action_msgs.srv import CancelGoal
from r1_ros.action import ExecutePlan
from r1_ros.msg import ErrorCode
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.executor import NodeExecutor

_POLL_S = 0.01
_for_ever = threading.Event()


def _aborts(server: Node, handle) -> ExecutePlan.Result:
    handle.abort()
    return ExecutePlan.Result(error_code=ErrorCode.SKILL_FAILED, error_msg="the mug slipped")


def _aborts_mute(server: Node, handle) -> ExecutePlan.Result:
    handle.abort()
    return ExecutePlan.Result()


def _is_cancelled(server: Node, handle) -> ExecutePlan.Result:
    """Somebody else stops the robot, as an operator would."""
    cancel = server.create_client(
        CancelGoal, f"skills/{handle.request.steps[0].action}/_action/cancel_goal",
        callback_group=ReentrantCallbackGroup(),
    )  # fmt: skip
    cancel.wait_for_service()
    cancel.call_async(CancelGoal.Request())  # no id and no stamp: every goal
    while not handle.is_cancel_requested:
        _for_ever.wait(_POLL_S)
    handle.canceled()
    return ExecutePlan.Result()


def _raises(server: Node, handle) -> ExecutePlan.Result:
    raise RuntimeError("the driver of the gripper has crashed")


def _forgets(server: Node, handle) -> ExecutePlan.Result:
    return ExecutePlan.Result()  # and does not say how the goal ended


def _dies(server: Node, handle) -> ExecutePlan.Result:
    os._exit(3)


def _reports_an_error(server: Node, handle) -> ExecutePlan.Result:
    handle.succeed()
    return ExecutePlan.Result(error_code=ErrorCode.SKILL_FAILED, error_msg="nothing in the gripper")


def _reports_a_code(server: Node, handle) -> ExecutePlan.Result:
    handle.succeed()
    return ExecutePlan.Result(error_code=ErrorCode.SKILL_TIMEOUT)


def _never_ends(server: Node, handle) -> ExecutePlan.Result:
    while not handle.is_cancel_requested:
        _for_ever.wait(_POLL_S)
    handle.canceled()
    return ExecutePlan.Result()


KINDS: dict[str, Callable] = {
    "aborts": _aborts,
    "aborts_mute": _aborts_mute,
    "is_cancelled": _is_cancelled,
    "raises": _raises,
    "forgets": _forgets,
    "rejects": _forgets,
    "dies": _dies,
    "reports_an_error": _reports_an_error,
    "reports_a_code": _reports_a_code,
    "never_ends": _never_ends,
    "never_answers": _forgets,
}


def _offer(server: Node, action: str, kind: str) -> ActionServer:
    def accept(goal: ExecutePlan.Goal) -> GoalResponse:
        if kind == "never_answers":
            _for_ever.wait()
        return GoalResponse.REJECT if kind == "rejects" else GoalResponse.ACCEPT

    return ActionServer(
        server,
        ExecutePlan,
        f"skills/{action}",
        lambda handle: KINDS[kind](server, handle),
        goal_callback=accept,
        cancel_callback=lambda _: CancelResponse.ACCEPT,
        callback_group=ReentrantCallbackGroup(),
    )


def main() -> None:
    use_large_message_transport()
    rclpy.init(args=[])
    server = Node("failing_skills")
    servers = [_offer(server, *pair.split("=")) for pair in sys.argv[1:]]
    executor = NodeExecutor(2 + len(servers))
    executor.add_node(server)
    executor.spin()


if __name__ == "__main__":
    main()
