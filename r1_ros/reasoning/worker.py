"""One thread that owns the model, and the requests that wait for it.

A caller that gives up (cancel, deadline, shutdown) gets its result at once: the model looks at
`should_stop` between tokens, and what it still does after that is nobody's concern.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from typing import Generic, TypeVar

from r1_ros.msg import ErrorCode
from r1_ros.runtime.request_errors import RequestError

M = TypeVar("M")
T = TypeVar("T")

# How long a request that was ended waits for what the model has so far.
GRACE_S = 0.1
Progress = Callable[[str, str], None]


class Job(Generic[T]):
    """One request: what the worker does, how far it is, and whether anybody still wants it.

    Attributes:
        asked_at: when it was made, time.monotonic().
        queued: others ran or waited when it was submitted.
    """

    def __init__(self) -> None:
        self.asked_at, self.queued = time.monotonic(), False
        self._changed = threading.Condition()
        self._progress: tuple[str, str] | None = ("queued", "")
        self._ended_by: RequestError | None = None
        self._ended_at = 0.0
        self._done = False
        self._result: T | None = None
        self._error: BaseException | None = None

    def report(self, stage: str, text: str) -> None:
        """The worker's side: how far it is. Only the newest report counts."""
        with self._changed:
            followed = self._progress is not None
            self._progress = (stage, text)
            if not followed:  # else who follows knows already that there is something to tell
                self._changed.notify_all()

    def should_stop(self) -> bool:
        """The worker's side: has the request been ended?"""
        return self._ended_by is not None

    def end(self, code: int, sentence: str) -> None:
        """End the request with an error; the first reason stays."""
        with self._changed:
            if self._ended_by is None and not self._done:
                self._ended_by = RequestError(code, sentence)
                self._ended_at = time.monotonic()
                self._changed.notify_all()

    def ended_for(self) -> float:
        """Seconds since it was ended; 0: it was not."""
        with self._changed:
            return 0.0 if self._ended_by is None else time.monotonic() - self._ended_at

    @property
    def wanted(self) -> bool:
        """It is neither done nor ended."""
        return not self._done and self._ended_by is None

    def follow(
        self, timeout: float, period: float, on_progress: Progress | None = None
    ) -> tuple[T | None, BaseException | None]:
        """Wait for the result in the caller's thread.

        Args:
            timeout: the request is ended with TIMEOUT after this time [s].
            period: shortest time between two calls of `on_progress` [s].
            on_progress: gets (stage, text so far); what comes faster than `period` is left out.

        Returns:
            What the worker made, of an ended job what it had by then (None: nothing); and why that
            is not complete: the `RequestError` that ended the job, or whatever the worker raised.
        """
        deadline = time.monotonic() + timeout
        reported_at = -float("inf")
        while True:
            with self._changed:
                wake_at = self._next_event(deadline, reported_at + period, on_progress)
                if wake_at is None:
                    return self._result, self._ended_by or self._error
                now = time.monotonic()
                progress = None
                if on_progress is not None and self._progress and now >= reported_at + period:
                    progress, self._progress = self._progress, None
                elif wake_at > now:
                    self._changed.wait(wake_at - now)
                    continue
            if progress is not None and on_progress is not None:
                on_progress(*progress)
                reported_at = time.monotonic()
            elif time.monotonic() >= deadline:
                self.end(ErrorCode.TIMEOUT, f"no complete answer within {timeout:g} s")

    def _next_event(
        self, deadline: float, report_at: float, on_progress: Progress | None
    ) -> float | None:
        """When something is to be done next; None: the request is over."""
        if self._done:
            return None
        if self._ended_by is not None:
            over_at = self._ended_at + GRACE_S
            return over_at if time.monotonic() < over_at else None
        if on_progress is not None and self._progress:
            return min(deadline, report_at)
        return deadline

    def finish(self, future: Future[T | None]) -> None:
        """The worker's side: take over result or error of a finished future."""
        error = CancelledError() if future.cancelled() else future.exception()
        with self._changed:
            self._result = None if error is not None else future.result()
            self._error = error
            self._done = True
            self._changed.notify_all()


class ReasoningWorker(Generic[M]):
    """Runs jobs on the model, one after the other, in a thread of its own."""

    def __init__(self, load: Callable[[], M]) -> None:
        """Load the model in the worker's thread.

        Raises:
            Exception: whatever `load` raises.
        """
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="reasoning")
        self._jobs: list[Job] = []
        self._running: Job | None = None
        self._lock = threading.Lock()
        loading = self._thread.submit(load)
        if loading.exception() is not None:
            self._thread.shutdown(wait=False)
        self.model: M = loading.result()

    @property
    def requests(self) -> int:
        """How many requests run or wait; those that were given up do not count."""
        with self._lock:
            return len(self._wanted())

    def submit(self, work: Callable[[M], T], job: Job[T], queue_size: int) -> None:
        """Queue a job.

        Args:
            work: called with the model in the worker's thread.
            job: what `work` reports to; nobody else's.
            queue_size: how many jobs may wait while another runs.

        Raises:
            RequestError: BUSY.
        """
        with self._lock:
            waiting = len(self._wanted())
            if waiting > queue_size:
                raise RequestError(
                    ErrorCode.BUSY,
                    f"another request runs and {waiting - 1} of {queue_size} places in the queue "
                    "are taken",
                )
            job.queued = waiting > 0
            self._jobs.append(job)
            future = self._thread.submit(self._run, work, job)
        future.add_done_callback(job.finish)

    def stuck_for(self) -> float:
        """For how long the model has gone on with a request that was ended [s]; 0: it has not.

        The model looks between tokens whether anybody waits: what lasts is a call that hangs.
        """
        running = self._running
        return 0.0 if running is None else running.ended_for()

    def end_all(self, code: int, sentence: str) -> None:
        """End all requests that run or wait."""
        with self._lock:
            for job in self._jobs:
                job.end(code, sentence)

    def close(self) -> None:
        """Drop what waits, wait for the thread, and let go of the model."""
        self.end_all(ErrorCode.INACTIVE, "the node is shutting down")
        self._thread.shutdown(wait=True, cancel_futures=True)
        del self.model

    def _run(self, work: Callable[[M], T], job: Job[T]) -> T | None:
        if not job.wanted:
            return None
        self._running = job
        try:
            return work(self.model)
        finally:
            self._running = None

    def _wanted(self) -> list[Job]:
        self._jobs = [job for job in self._jobs if job.wanted]
        return self._jobs
