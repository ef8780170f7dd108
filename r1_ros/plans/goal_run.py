"""Send a goal to an action server that moves the robot, and wait for what becomes of it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from action_msgs.msg import GoalStatus
from rclpy.task import Future

from r1_ros.plans.robot import ShouldStop, SkillError, SkillStoppedError
from r1_ros.runtime.action_client import ThreadSafeActionClient, stop_goal
from r1_ros.runtime.request_errors import code_name

_POLL_S = 0.02
_ENDS = {
    GoalStatus.STATUS_SUCCEEDED: "succeeded",
    GoalStatus.STATUS_CANCELED: "was cancelled, and not by this plan",
    GoalStatus.STATUS_ABORTED: "was aborted",
}


@dataclass(frozen=True)
class GoalEnd:
    """How a goal ended.

    Attributes:
        status: one of action_msgs/GoalStatus.
        code: `error_code` of its result; 0 where the result has none.
        words: `error_msg` of its result; empty where the result has none.
    """

    status: int
    code: int
    words: str

    @property
    def is_done(self) -> bool:
        """The goal succeeded and its result reports no error: neither will do alone.

        rclpy aborts a goal whose server raises, or forgets to say how it ended, with a result of
        defaults, in which the code is 0.
        """
        return self.status == GoalStatus.STATUS_SUCCEEDED and self.code == 0

    def failure(self, who: str) -> str:
        """Why it is not done: the server's own words, or else a sentence about `who`."""
        if self.words.strip():
            return self.words.strip()
        how = _ENDS.get(self.status, f"ended with the unknown status {self.status}")
        if self.code == 0:
            return f"the goal of {who} {how}; its result does not say why"
        name = code_name(self.code)
        code = name if name == str(self.code) else f"{self.code} ({name})"
        return f"the goal of {who} {how} with error {code}; its result does not say why"


def run_goal(
    client: ThreadSafeActionClient,
    goal: Any,
    who: str,
    should_stop: ShouldStop,
    on_feedback: Callable[[Any], object] = lambda _: None,
) -> GoalEnd:
    """What became of a goal. Whatever ends the wait, the goal does not run on unwatched.

    Args:
        client: of the action, in a node that is spun by another thread.
        goal: to send.
        who: the server, for sentences.
        should_stop: True cancels the goal.
        on_feedback: gets each feedback message, in this thread.

    Raises:
        SkillError: the server refused the goal, or is gone.
        SkillStoppedError: it ended because of `should_stop`.
    """
    inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()

    def wait(future: Future) -> bool:
        """True when the future is done, False when the caller should stop first."""
        done = threading.Event()
        future.add_done_callback(lambda _: done.set())
        while True:
            is_done = done.wait(_POLL_S)
            while not inbox.empty():
                on_feedback(inbox.get().feedback)
            if is_done:
                return True
            if should_stop():
                return False
            if not client.server_is_ready():
                raise SkillError(f"{who} has gone")

    ended = False
    sending = client.send_goal_async(goal, feedback_callback=inbox.put)
    try:
        if not wait(sending):
            raise SkillStoppedError(f"{who} has not said whether it takes the goal")
        handle: Any = sending.result()
        if not handle.accepted:
            raise SkillError(f"{who} refused the goal")
        getting = handle.get_result_async()
        ended = wait(getting)
        if not ended:
            stop_goal(client, handle, getting)
            ended = True
            raise SkillStoppedError
    finally:
        if not ended:  # it may not have said yes yet, or live on where it cannot be seen from here
            sending.add_done_callback(_cancel)
    response = getting.result()
    # older releases of Nav2 report less
    code = getattr(response.result, "error_code", 0)
    return GoalEnd(response.status, code, getattr(response.result, "error_msg", ""))


def _cancel(sending: Future) -> None:
    handle = sending.result()
    if handle.accepted:
        handle.cancel_goal_async()
