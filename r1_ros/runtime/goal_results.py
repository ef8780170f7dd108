"""The one way in which an action goal ends: a result with an error code and a terminal state."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from rclpy.action import ActionServer
from rclpy.action.server import ServerGoalHandle
from rclpy.node import Node

from r1_ros.msg import ErrorCode

# How long a result is kept for its client. Each status message lists all goals that are kept, and
# every client reads every message: of a server that many ask they are few, and short.
RESULT_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 10  # twice what `R1Client` waits before it asks again for a result that was lost

# rclpy moves a goal to CANCELING after the callback that accepts the cancel request has returned.
_CANCELING_S = 0.5
_POLL_S = 0.001
_DELIVERY_S = 0.2  # what was sent goes with its writer unless it has left by then; nothing tells


def conclude(handle: ServerGoalHandle, result: Any, code: int, sentence: str) -> Any:
    """Set the goal's terminal state, and code and sentence of its result; returns the result."""
    result.error_code, result.error_msg = code, sentence
    if code == ErrorCode.NONE:
        handle.succeed()
    elif code == ErrorCode.CANCELED and _is_canceling(handle):
        handle.canceled()
    else:
        handle.abort()
    return result


def see_results_off(node: Node, servers: Sequence[ActionServer], timeout: float) -> None:
    """Wait until goals that have ended are answered: a result goes with its server.

    Call it in another thread than that which spins.

    Args:
        node: of the servers.
        servers: whose callbacks have returned, or are about to.
        timeout: at most so long [s].
    """
    deadline = time.monotonic() + timeout
    while True:
        # rclpy has no public name for what a callback has returned
        kept = [list(server._result_futures.values()) for server in servers]  # noqa: SLF001
        results = [result for some in kept for result in some]
        if all(result.done() for result in results) or time.monotonic() > deadline:
            break
        time.sleep(_POLL_S)
    executor = node.executor
    if results and executor is not None:
        sent = threading.Event()
        executor.create_task(sent.set)  # after those that send them
        sent.wait(max(0.0, deadline - time.monotonic()))
        time.sleep(_DELIVERY_S)


def _is_canceling(handle: ServerGoalHandle) -> bool:
    deadline = time.monotonic() + _CANCELING_S
    while not handle.is_cancel_requested:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
