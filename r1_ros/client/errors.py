"""What the calls of a client raise."""

from __future__ import annotations

from typing import Any

from r1_ros.runtime.request_errors import code_name
from r1_ros.runtime.server_discovery import (
    ServerMissingError as ServerMissingError,  # the fourth of them
)


class NoResponseError(TimeoutError):
    """A node that is there did not answer in time."""


class ClientClosedError(ConnectionError):
    """The client was closed, before the call or during it."""


class RequestFailedError(RuntimeError):
    """A node answered with an error.

    Attributes:
        code: one of the constants of ErrorCode.msg.
        result: the whole response or result; it may hold a partial answer.
    """

    def __init__(self, result: Any) -> None:
        self.code: int = result.error_code
        self.result = result
        super().__init__(f"{result.error_msg} [{code_name(self.code)}]")


class CallAbandonedError(RuntimeError):
    """The task that waited for a call was cancelled; users see asyncio's CancelledError."""
