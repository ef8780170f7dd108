"""An action client that may be used from any thread beside the executor's."""

from __future__ import annotations

import threading
from typing import Any

from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.task import Future

_ASK_AGAIN_S = 1.0
# answers to a cancel request of a server where the goal does not run
_NOT_RUNNING = (
    CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID, CancelGoal.Response.ERROR_GOAL_TERMINATED,
)  # fmt: skip


class ThreadSafeActionClient(ActionClient):
    """rclpy's client (Jazzy's 7.1) sends a request first and remembers it afterwards.

    A response that the executor's thread takes in between is dropped as unexpected, and its future
    never ends. One lock around sending and taking closes the gap.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As `rclpy.action.ActionClient`."""
        # a callback of a response may send the next request
        self._sending = threading.RLock()
        super().__init__(*arguments, **options)

    def send_goal_async(self, *arguments: Any, **options: Any) -> Future:
        """As `rclpy.action.ActionClient`."""
        with self._sending:
            return super().send_goal_async(*arguments, **options)

    async def execute(self, taken_data: dict[str, Any]) -> None:
        """As `rclpy.action.ActionClient`; called by the executor."""
        with self._sending:
            await super().execute(taken_data)

    # what ClientGoalHandle calls

    def _get_result_async(self, goal_handle: ClientGoalHandle) -> Future:
        with self._sending:
            return super()._get_result_async(goal_handle)

    def _cancel_goal_async(self, goal_handle: ClientGoalHandle) -> Future:
        with self._sending:
            return super()._cancel_goal_async(goal_handle)


def stop_goal(client: ActionClient, handle: ClientGoalHandle, getting: Future) -> None:
    """Cancel a goal, and return when it runs no more: a plan's caller may rely on that.

    It has ended when its result comes, when its server is gone, or when the server does not know
    it: one that was killed leaves no result behind, and one that took its place knows nothing.

    Args:
        client: that sent the goal, in a node that is spun by another thread.
        handle: of the goal.
        getting: of `handle.get_result_async`.
    """
    ended = threading.Event()
    getting.add_done_callback(lambda _: ended.set())
    while client.server_is_ready():
        cancelling = handle.cancel_goal_async()
        if ended.wait(_ASK_AGAIN_S):
            return
        if cancelling.done() and cancelling.result().return_code in _NOT_RUNNING:
            return
