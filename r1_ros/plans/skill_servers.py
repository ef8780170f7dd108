"""A robot whose skills are action servers, in any language and process.

The server of a skill is an action server of type r1_ros/action/ExecutePlan with the name
`skills/ACTION`, e.g. `skills/pick`. It is given one step at a time and answers as plan_executor
itself does: the goal succeeds with `error_code` NONE, or the step has failed, and `error_msg` says
why.
"""

from __future__ import annotations

from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from r1_model.plans.skills import SKILLS
from r1_model.text.answer import Step
from r1_ros.action import ExecutePlan
from r1_ros.messages.answers import step_message
from r1_ros.plans.goal_run import run_goal
from r1_ros.plans.robot import OnStatus, ShouldStop, SkillError
from r1_ros.runtime.action_client import ThreadSafeActionClient
from r1_ros.runtime.executor import destroy_waitable


class SkillServers:
    """See `robot.Robot`.

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
        goal = ExecutePlan.Goal(
            steps=[step_message(step, [""] * len(step.boxes))], frame_id=self._frame_id
        )
        who = f"the skill server of {step.action}"
        client = self._clients[step.action]
        end = run_goal(client, goal, who, should_stop, lambda f: on_status(f.status))
        if not end.is_done:
            raise SkillError(end.failure(who))

    def close(self) -> None:
        """Leave the servers."""
        for client in self._clients.values():
            destroy_waitable(self._node, client.destroy)
