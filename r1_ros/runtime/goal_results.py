"""The one way in which an action goal ends: a result with an error code and a terminal state."""

from __future__ import annotations

import time
from typing import Any

from rclpy.action.server import ServerGoalHandle

from r1_ros.msg import ErrorCode

# How long a result is kept for its client. Each status message lists all goals that are kept, and
# every client reads every message: of a server that many ask they are few, and short.
RESULT_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 10  # twice what `R1Client` waits before it asks again for a result that was lost

# rclpy moves a goal to CANCELING after the callback that accepts the cancel request has returned.
_CANCELING_S = 0.5
_POLL_S = 0.001


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


def _is_canceling(handle: ServerGoalHandle) -> bool:
    deadline = time.monotonic() + _CANCELING_S
    while not handle.is_cancel_requested:
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_S)
    return True
