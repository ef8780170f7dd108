"""What the nodes say on /diagnostics while a bag is played: counts, and the worst of each."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile
from rclpy.signals import SignalHandlerOptions

ERROR = 2


@dataclass(frozen=True)
class Remark:
    """Something that was said: when (time.monotonic), of which status, its level and text."""

    at: float
    name: str
    level: int
    text: str


class Health:
    """Hears /diagnostics in a thread; use as a context manager.

    Attributes:
        remarks: every change of a status, in order.
    """

    def __init__(self) -> None:
        self.remarks: list[Remark] = []
        self._values: dict[str, dict[str, str]] = {}
        self._last: dict[str, tuple[int, str]] = {}
        self._heard = threading.Condition()
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node("r1_health", context=self._context, start_parameter_services=False)
        self._node.create_subscription(
            DiagnosticArray, "/diagnostics", self._hear, QoSProfile(depth=100)
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="r1_health", daemon=True)
        self._thread.start()

    def __enter__(self) -> Health:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._thread.join(5.0)
        self._node.destroy_node()
        self._context.try_shutdown()

    def count(self, status: str, key: str) -> int:
        """A number that a status tells, e.g. of `color` how many were `received`; 0 before."""
        with self._heard:
            text = self._values.get(status, {}).get(key, "0")
        return int(text) if text.isdigit() else 0

    def text(self, status: str) -> str:
        """What a status said last; empty before."""
        with self._heard:
            return self._last.get(status, (0, ""))[1]

    def known(self, status: str) -> bool:
        """Whether this status was heard at all."""
        with self._heard:
            return status in self._values

    def wait(self, timeout: float) -> bool:
        """Wait for the next message; False where none came in time."""
        with self._heard:
            return self._heard.wait(timeout)

    def _hear(self, message: DiagnosticArray) -> None:
        now = time.monotonic()
        with self._heard:
            for status in message.status:
                name = status.name.rpartition(": ")[2]
                level = status.level[0] if isinstance(status.level, bytes) else int(status.level)
                self._values[name] = {item.key: item.value for item in status.values}
                # ages and counts in the text change all the time
                if self._last.get(name, (0, ""))[0] != level:
                    self.remarks.append(Remark(now, name, level, status.message))
                self._last[name] = (level, status.message)
            self._heard.notify_all()

    def _spin(self) -> None:
        with contextlib.suppress(ExternalShutdownException):
            self._executor.spin()
