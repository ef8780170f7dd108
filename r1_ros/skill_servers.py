"""A robot whose skills are action servers, in any language and process.

The server of a skill is an action server of type r1_ros/action/ExecutePlan with the name
`skills/ACTION`, e.g. `skills/pick`. It is given one step at a time and answers as plan_executor
itself does: `error_code` NONE, or a code and a sentence.
"""

from __future__ import annotations

import queue
import threading
from typing import Any

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from r1_model.answer import Step
from r1_model.skills import SKILLS
from r1_ros.action import ExecutePlan
from r1_ros.action_client import ThreadSafeActionClient, stop_goal
from r1_ros.answer_messages import step_message
from r1_ros.msg import ErrorCode
from r1_ros.node_executor import destroy_waitable
from r1_ros.skill_interface import OnStatus, ShouldStop, SkillError, SkillStoppedError

_POLL_S = 0.02


class SkillServers:
    """See `skill_interface.Robot`.

    Args:
        node: whose executor runs while a plan is carried out.
        namespace: of the skill servers, relative to the node's.
    """

    def __init__(self, node: Node, namespace: str) -> None:
        self._node = node
        self._frame_id = ""
        prefix = f"{namespace.strip('/')}/" if namespace else ""
        group = ReentrantCallbackGroup()
        self._clients = {
            name: ThreadSafeActionClient(node, ExecutePlan, f"{prefix}{name}", callback_group=group)
            for name in SKILLS
        }

    def skills(self) -> frozenset[str]:
        """The skills whose servers are there."""
        return frozenset(n for n, client in self._clients.items() if client.server_is_ready())

    def start_plan(self, frame_id: str) -> None:
        """See `Robot`."""
        self._frame_id = frame_id

    def execute(self, step: Step, should_stop: ShouldStop, on_status: OnStatus) -> None:
        """Hand the step to its server and wait."""
        client = self._clients[step.action]
        message = step_message(step, [""] * len(step.boxes))
        goal = ExecutePlan.Goal(steps=[message], frame_id=self._frame_id)
        statuses: queue.SimpleQueue[Any] = queue.SimpleQueue()

        def wait(future: Any) -> Any:
            done = threading.Event()
            future.add_done_callback(lambda _: done.set())
            while not done.wait(_POLL_S):
                while not statuses.empty():
                    on_status(statuses.get().feedback.status)
                if should_stop():
                    return None
                if not client.server_is_ready():
                    raise SkillError(f"the skill server of {step.action} has gone")
            return future.result()

        sending = client.send_goal_async(goal, feedback_callback=statuses.put)
        handle = wait(sending)
        if handle is None:
            sending.add_done_callback(lambda future: future.result().cancel_goal_async())
            raise SkillStoppedError
        if not handle.accepted:
            raise SkillError(f"the skill server of {step.action} refused the step")
        getting = handle.get_result_async()
        response = wait(getting)
        if response is None:
            stop_goal(client, handle, getting)
            raise SkillStoppedError
        if response.result.error_code != ErrorCode.NONE:
            raise SkillError(response.result.error_msg or f"error {response.result.error_code}")

    def close(self) -> None:
        """Leave the servers."""
        for client in self._clients.values():
            destroy_waitable(self._node, client.destroy)
