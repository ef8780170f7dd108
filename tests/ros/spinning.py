"""Spin nodes in the test's own thread until something is true, or fail at a deadline."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from rclpy.executors import Executor
from rclpy.node import Node

N = TypeVar("N", bound=Node)
DEADLINE_S = 20.0


class Spinner:
    """Nodes and the executor that runs them."""

    def __init__(self, executor: Executor) -> None:
        self.executor = executor
        self.nodes: list[Node] = []

    def add(self, node: N) -> N:
        self.nodes.append(node)
        self.executor.add_node(node)
        return node

    def until(self, ready: Callable[[], object], what: str = "", seconds: float = DEADLINE_S):
        """Spin until `ready()` is true and return its value."""
        deadline = time.monotonic() + seconds
        while not (value := ready()):
            assert time.monotonic() < deadline, f"not within {seconds} s: {what or ready}"
            self.executor.spin_once(timeout_sec=0.05)
        return value

    def spin(self, seconds: float) -> None:
        """Spin for a while: only to show that something does *not* happen."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.executor.spin_once(timeout_sec=0.02)

    def call(self, client, request, seconds: float = DEADLINE_S):
        """Response of a service."""
        self.until(client.service_is_ready, f"service {client.srv_name}", seconds)
        future = client.call_async(request)
        self.until(future.done, f"response of {client.srv_name}", seconds)
        return future.result()

    def close(self) -> None:
        self.executor.shutdown()
        for node in self.nodes:
            end = getattr(node, "end", None)
            if end is not None:
                end()
            node.destroy_node()
