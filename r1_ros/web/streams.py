"""A call of R1Client as a stream of JSON lines: its progress, then its result or its error."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Callable
from concurrent.futures import Executor
from typing import Any

from r1_ros.client import (
    ClientClosedError,
    NoResponseError,
    RequestFailedError,
    ServerMissingError,
)
from r1_ros.messages.plain import visible_text

CLIENT_ERRORS = (ServerMissingError, NoResponseError, RequestFailedError, ClientClosedError)

Call = Callable[[Callable[[Any], None]], dict[str, Any]]


class _ListenerGoneError(ConnectionError):
    """The browser hung up; raised in the feedback of a goal, it cancels the goal."""


def error_data(error: Exception) -> dict[str, Any]:
    """An error for the page: its sentence, and its code where a node gave one."""
    return {"error": visible_text(str(error), 2000), "code": getattr(error, "code", 0)}


async def json_lines(call: Call, threads: Executor) -> AsyncIterator[bytes]:
    """Lines `{"stage", "text"}` while the call runs, then what it returns, or `{"error", "code"}`.

    Args:
        call: gets a function for the feedback; runs in a thread.
        threads: to run it in.
    """
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[dict[str, Any] | None] = asyncio.Queue()
    gone = threading.Event()

    def put(line: dict[str, Any] | None) -> None:
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def hear(feedback: Any) -> None:
        if gone.is_set():
            raise _ListenerGoneError
        put({"stage": feedback.stage, "text": visible_text(feedback.text)})

    def run() -> None:
        try:
            put(call(hear))
        except CLIENT_ERRORS as error:
            put(error_data(error))
        except _ListenerGoneError:
            return
        put(None)

    running = loop.run_in_executor(threads, run)
    try:
        while True:
            line = await lines.get()
            # the text of a line holds that of those before: send the newest of what has piled up
            while line is not None and "stage" in line and not lines.empty():
                line = lines.get_nowait()
            if line is None:
                break
            yield (json.dumps(line, ensure_ascii=False) + "\n").encode()
        await running
    finally:
        gone.set()
