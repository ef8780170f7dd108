"""Which job serves which action goal, so that a cancel request finds it at any moment."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from rclpy.action.server import ServerGoalHandle

from r1_ros.msg import ErrorCode
from r1_ros.reasoning.worker import Job

_SENTENCE = "cancelled by the caller"


class GoalJobs:
    """The goals that are being served; safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._jobs: dict[bytes, Job] = {}
        # cancelled before their job existed
        self._early: set[bytes] = set()

    @contextmanager
    def serving(self, handle: ServerGoalHandle | None, job: Job) -> Iterator[None]:
        """While in this context, a cancel request for the goal ends the job."""
        if handle is None:
            yield
            return
        key = bytes(handle.goal_id.uuid)
        with self._lock:
            self._jobs[key] = job
            cancelled = key in self._early or handle.is_cancel_requested
            self._early.discard(key)
        if cancelled:
            job.end(ErrorCode.CANCELED, _SENTENCE)
        try:
            yield
        finally:
            with self._lock:
                del self._jobs[key]

    def cancel(self, handle: ServerGoalHandle) -> None:
        """End the job of a goal, now or as soon as there is one."""
        key = bytes(handle.goal_id.uuid)
        with self._lock:
            job = self._jobs.get(key)
            if job is None:
                self._early.add(key)
        if job is not None:
            job.end(ErrorCode.CANCELED, _SENTENCE)

    def forget(self, handle: ServerGoalHandle) -> None:
        """The goal has its result: a cancel request that came too late is dropped."""
        with self._lock:
            self._early.discard(bytes(handle.goal_id.uuid))
