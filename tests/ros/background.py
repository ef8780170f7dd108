"""Nodes that spin in threads of their own, for tests that call them as a client would."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import rclpy
from rclpy.action import ActionClient, ActionServer
from rclpy.node import Node

from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.executor import NodeExecutor

N = TypeVar("N", bound=Node)
DEADLINE_S = 20.0


class Background:
    """An executor that spins in the background; see `background`."""

    def __init__(self, context: rclpy.context.Context) -> None:
        self.context = context
        self._executor = NodeExecutor(64, context=context)
        self._nodes: list[Node] = []
        self._thread = threading.Thread(target=self._executor.spin, daemon=True)

    def start(self, *nodes: Node) -> None:
        for node in nodes:
            self._nodes.append(node)
            self._executor.add_node(node)
        if not self._thread.is_alive():
            self._thread.start()

    def close(self) -> None:
        for node in self._nodes:
            if hasattr(node, "interrupt"):
                node.interrupt()
        self._executor.shutdown()
        if self._thread.is_alive():
            self._thread.join(5.0)
        for node in self._nodes:
            if hasattr(node, "end"):
                node.end()
            # rclpy leaves these to the garbage collector; until then the next test sees them
            for waitable in list(node.waitables):
                if isinstance(waitable, ActionServer | ActionClient):
                    waitable.destroy()
            node.destroy_node()


@contextmanager
def background() -> Iterator[Background]:
    """A context of its own with an executor that spins."""
    use_large_message_transport()
    context = rclpy.context.Context()
    rclpy.init(context=context, args=[])
    spinning = Background(context)
    try:
        yield spinning
    finally:
        spinning.close()
        context.try_shutdown()


def eventually(ready: Callable[[], object], what: str = "", seconds: float = DEADLINE_S):
    """The value of `ready()` as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (value := ready()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or ready}"
        time.sleep(0.01)
    return value
