"""An action client that may be used from any thread beside the executor's."""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from typing import Any

from action_msgs.msg import GoalStatusArray
from action_msgs.srv import CancelGoal
from rclpy.action import ActionClient
from rclpy.action.client import ClientGoalHandle
from rclpy.clock import Clock, ClockType
from rclpy.exceptions import InvalidHandle
from rclpy.task import Future
from rclpy.waitable import NumberOfEntities

_ASK_AGAIN_S = 1.0
_MANY = 60  # goals in a status: more than one client that does not rest leaves there
_NAP_S = 0.1  # for so many; longer for more, since each takes its time to be read
_LONGEST_NAP_S = 0.5
# answers to a cancel request of a server where the goal does not run
_NOT_RUNNING = (
    CancelGoal.Response.ERROR_UNKNOWN_GOAL_ID, CancelGoal.Response.ERROR_GOAL_TERMINATED,
)  # fmt: skip


class ThreadSafeActionClient(ActionClient):
    """rclpy's client (Jazzy's 7.1) sends a request first and remembers it afterwards.

    A response that the executor's thread takes in between is dropped as unexpected, and its future
    never ends. One lock around sending and taking closes the gap. A goal whose response is lost on
    its way counts as accepted when the server's status lists it.

    While it has no request under way and nobody holds a goal of it, it is in no wait set: each goal
    of anybody changes the status several times, and status and feedback go to all clients. Twenty
    that did nothing took most of a core from the server.

    A status that lists many goals is read only now and then, twice a second at 140: each of them
    changes it three times, and to read it takes each client 1.6 ms. The middleware keeps the newest
    one. Responses must not wait for that: those to all clients come to each, it takes one at a time
    to see which are its own, and they would pile up.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """As `rclpy.action.ActionClient`."""
        # a callback of a response may send the next request
        self._sending = threading.RLock()
        self._accepted_by_status: set[int] = set()  # requests whose responses may still come
        self._listens = False  # it is in the wait set that was made last
        self._naps_until = self._status_due = 0.0  # time.monotonic()
        super().__init__(*arguments, **options)
        # wakes the executor: it then makes a new wait set
        self._nap_timer = self._node.create_timer(
            _NAP_S, self._end_nap, self.callback_group, Clock(clock_type=ClockType.STEADY_TIME)
        )
        self._nap_timer.cancel()

    def destroy(self) -> None:
        """As `rclpy.action.ActionClient`."""
        self._node.destroy_timer(self._nap_timer)
        super().destroy()

    def _nap(self, seconds: float) -> None:
        self._naps_until = time.monotonic() + seconds
        self._nap_timer.timer_period_ns = int(seconds * 1e9)
        self._nap_timer.reset()

    def _end_nap(self) -> None:
        self._nap_timer.cancel()

    def get_num_entities(self) -> NumberOfEntities:
        """None while nothing is under way, or it naps; called first when a wait set is made."""
        self._listens = time.monotonic() >= self._naps_until and self._is_under_way()
        return super().get_num_entities() if self._listens else NumberOfEntities()

    def add_to_wait_set(self, wait_set: Any) -> None:
        """As `rclpy.action.ActionClient`, where `get_num_entities` said so."""
        if self._listens:
            super().add_to_wait_set(wait_set)

    def is_ready(self, wait_set: Any) -> bool:
        """As `rclpy.action.ActionClient`; False where it is not in the wait set, or where there is
        nothing but a status that is not to be read yet: it naps until then."""
        if not (self._listens and super().is_ready(wait_set)):
            return False
        if self._is_status_ready and (early := self._status_due - time.monotonic()) > 0:
            self._is_status_ready = False
            others = (
                self._is_goal_response_ready,
                self._is_cancel_response_ready,
                self._is_result_response_ready,
                self._is_feedback_ready,
            )
            if not any(others):
                self._nap(early)
                return False
        return True

    def _is_under_way(self) -> bool:
        with self._sending:
            pending = (
                self._pending_goal_requests,
                self._pending_cancel_requests,
                self._pending_result_requests,
            )
            # one that nobody holds any more; rclpy would wait for a status that is not read
            for goal in [goal for goal, known in self._goal_handles.items() if known() is None]:
                del self._goal_handles[goal]
            return any(pending) or bool(self._goal_handles)

    def _wake(self) -> None:
        """Let the executor, which may wait without this client, make a new wait set."""
        self._naps_until = 0.0
        executor = self._node.executor
        if executor is not None:
            with suppress(InvalidHandle):  # it has just been shut down: nobody waits
                executor.wake()

    def send_goal_async(self, *arguments: Any, **options: Any) -> Future:
        """As `rclpy.action.ActionClient`."""
        with self._sending:
            sending = super().send_goal_async(*arguments, **options)
        self._wake()
        return sending

    async def execute(self, taken_data: dict[str, Any]) -> None:
        """As `rclpy.action.ActionClient`; called by the executor.

        A goal that the server's status lists was accepted, also where its response is lost: a
        server that has not found this client's reader yet drops it and runs the goal all the same.
        """
        with self._sending:
            number = taken_data.get("goal", (None,))[0]
            if number in self._accepted_by_status:
                self._accepted_by_status.remove(number)
                taken_data = {k: v for k, v in taken_data.items() if k != "goal"}
            await super().execute(taken_data)
            if "status" in taken_data:
                for number, response in self._accepted_unheard(taken_data["status"]):
                    self._accepted_by_status.add(number)
                    await super().execute({"goal": (number, response)})
                if (listed := len(taken_data["status"].status_list)) > _MANY:
                    pause = min(_LONGEST_NAP_S, _NAP_S * (listed / _MANY) ** 2)
                    self._status_due = time.monotonic() + pause

    def _accepted_unheard(self, status: GoalStatusArray) -> list[tuple[int, Any]]:
        """(number of the request, response) of each listed goal that still waits for one."""
        infos = [entry.goal_info for entry in status.status_list]
        stamps = {bytes(info.goal_id.uuid): info.stamp for info in infos}
        for known in self._goal_handles:  # of a goal that was sent twice, one was heard of
            stamps.pop(known, None)
        answer = self._action_type.Impl.SendGoalService.Response
        # other threads of the executor take what was answered out of these
        requests = list(self._pending_goal_requests.items())
        waiting = [number for number, future in requests if not future.done()]
        sent = {number: self._goal_sequence_number_to_goal_id.get(number) for number in waiting}
        first = {
            bytes(goal_id.uuid): number
            for number, goal_id in reversed(sent.items())
            if goal_id is not None
        }
        return [
            (number, answer(accepted=True, stamp=stamps[goal]))
            for goal, number in first.items()
            if goal in stamps
        ]

    def give_up(self, sending: Future) -> None:
        """Expect no response to `send_goal_async` any more; one that comes is dropped."""
        with self._sending:
            for number, future in list(self._pending_goal_requests.items()):
                if future is sending:
                    self._accepted_by_status.add(number)
                    self._remove_pending_goal_request(sending)

    # what ClientGoalHandle calls

    def _get_result_async(self, goal_handle: ClientGoalHandle) -> Future:
        with self._sending:
            getting = super()._get_result_async(goal_handle)
        self._wake()
        return getting

    def _cancel_goal_async(self, goal_handle: ClientGoalHandle) -> Future:
        with self._sending:
            cancelling = super()._cancel_goal_async(goal_handle)
        self._wake()
        return cancelling


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
