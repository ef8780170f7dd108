"""An executor that runs one callback group in its own thread and the rest in a pool.

rclpy's MultiThreadedExecutor hands every callback to another thread and, until that thread gets
hold of the interpreter, spins: with 200 messages a second and callbacks of 10 ms it burns a core.
"""

from __future__ import annotations

import time
from concurrent.futures import Future, ThreadPoolExecutor

from rclpy.callback_groups import CallbackGroup
from rclpy.context import Context
from rclpy.executors import Executor, ShutdownException, TimeoutException
from rclpy.task import Future as RosFuture
from rclpy.task import Task

_START_S = 0.05  # how long a free thread of the pool may take to begin
_PAUSE_S = 0.001


class NodeExecutor(Executor):
    """Use like MultiThreadedExecutor.

    Args:
        threads: of the pool.
        inline: callback group that runs in the thread that spins; for many short callbacks.
        context: as for every executor.
    """

    def __init__(
        self, threads: int, inline: CallbackGroup | None = None, *, context: Context | None = None
    ) -> None:
        super().__init__(context=context)
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="callback")
        self._inline = inline
        self._running: dict[Task, Future] = {}

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it, or hand it to the pool; raise what callbacks raised."""
        try:
            handler, entity, _ = self.wait_for_ready_callbacks(timeout_sec)
        except (ShutdownException, TimeoutException):
            return
        if self._inline is not None and getattr(entity, "callback_group", None) is self._inline:
            handler()
            handler.result()
        else:
            self._hand_over(handler)
        for task in [task for task in self._running if task.done()]:
            del self._running[task]
            task.result()

    def spin_once_until_future_complete(
        self, future: RosFuture, timeout_sec: float | None = None
    ) -> None:
        """As `spin_once`; ends early when `future` is done."""
        future.add_done_callback(lambda _: self.wake())
        if not future.done():
            self.spin_once(timeout_sec)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """End the pool first: its callbacks use what the executor tears down."""
        self._pool.shutdown()
        return super().shutdown(timeout_sec)

    def _hand_over(self, handler: Task) -> None:
        previous = self._running.get(handler)
        if previous is not None:
            # rclpy offers a task again and again while it waits for a thread or, as a coroutine,
            # for something else
            time.sleep(_PAUSE_S)
            if not previous.done():
                return
        self._running[handler] = self._pool.submit(handler)
        deadline = time.monotonic() + _START_S
        while not (handler.executing() or self._running[handler].done()):
            if time.monotonic() > deadline:
                return
            time.sleep(_PAUSE_S / 10)
