"""An executor that runs one callback group in its own thread and the rest in a pool.

rclpy's MultiThreadedExecutor hands every callback to another thread and, until that thread gets
hold of the interpreter, spins: with 200 messages a second and callbacks of 10 ms it burns a core.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.context import Context
from rclpy.executors import (
    ConditionReachedException,
    Executor,
    ShutdownException,
    TimeoutException,
    TimeoutObject,
)
from rclpy.node import Node
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
        self._spinning: int | None = None  # the thread that does
        self._closed = False
        self._pauses: deque[tuple[threading.Event, threading.Event]] = deque()
        self._closing_lock = threading.Lock()

    def between_waits(self, work: Callable[[], object]) -> None:
        """Run `work` here, while the spinning thread pauses and makes no wait set."""
        paused, go_on = threading.Event(), threading.Event()
        with self._closing_lock:
            alone = self._closed or self._spinning in (None, threading.get_ident())
            if not alone:
                self._pauses.append((paused, go_on))
        if not alone:
            self.wake()
            paused.wait()
        try:
            work()
        finally:
            go_on.set()

    def spin_once(self, timeout_sec: float | None = None) -> None:
        """Wait for one callback and run it, or hand it to the pool; raise what callbacks raised."""
        self._spinning = threading.get_ident()
        self._pause()
        try:
            ready: tuple[Any, Any, Any] = self.wait_for_ready_callbacks(
                timeout_sec, condition=self._someone_waits
            )
        except (ConditionReachedException, ShutdownException, TimeoutException):
            return
        handler, entity, _ = ready
        if self._inline is not None and getattr(entity, "callback_group", None) is self._inline:
            handler()
            handler.result()
        else:
            self._hand_over(handler)
        for task in [task for task in self._running if task.done()]:
            del self._running[task]
            task.result()

    def spin_once_until_future_complete(
        self, future: RosFuture, timeout_sec: float | TimeoutObject | None = None
    ) -> None:
        """As `spin_once`; ends early when `future` is done."""
        future.add_done_callback(lambda _: self.wake())
        if not future.done():
            limit = timeout_sec.timeout if isinstance(timeout_sec, TimeoutObject) else timeout_sec
            self.spin_once(limit)

    def shutdown(self, timeout_sec: float | None = None) -> bool:
        """End the pool first: its callbacks use what the executor tears down.

        Returns:
            False where callbacks still run after `timeout_sec`: what they use must not go then.
        """
        with self._closing_lock:
            self._closed = True
        self._pause()  # callbacks of the pool wait for it
        _, unfinished = wait(list(self._running.values()), timeout_sec)
        self._pool.shutdown(wait=not unfinished)
        return super().shutdown(0.0 if unfinished else timeout_sec) and not unfinished

    def _someone_waits(self) -> bool:
        return bool(self._pauses)

    def _pause(self) -> None:
        """Let those work who wait in `between_waits`."""
        while True:
            with self._closing_lock:
                if not self._pauses:
                    return
                paused, go_on = self._pauses.popleft()
            paused.set()
            go_on.wait()

    def _hand_over(self, handler: Task) -> None:
        previous = self._running.get(handler)
        if previous is not None:
            # rclpy offers a task again and again while it waits for a thread or, as a coroutine,
            # for something else
            time.sleep(_PAUSE_S)
            if not previous.done():
                return
        with self._closing_lock:
            if self._closed:
                return  # another thread ends this executor
            self._running[handler] = self._pool.submit(handler)
        deadline = time.monotonic() + _START_S
        while not (handler.executing() or self._running[handler].done()):
            if time.monotonic() > deadline:
                return
            time.sleep(_PAUSE_S / 10)


def destroy_waitable(node: Node, destroy: Callable[[], object]) -> None:
    """Destroy an action server or client without breaking the wait set that is being made.

    rclpy skips entities that vanish meanwhile, but not these: the executor, and with it the
    process, ends with "action server pointer is invalid". For a node of another executor than
    `NodeExecutor` it is `destroy` alone.
    """
    if isinstance(node.executor, NodeExecutor):
        node.executor.between_waits(destroy)
    else:
        destroy()
