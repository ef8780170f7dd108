"""Requests and tokens a minute: a token bucket each, shared by all threads."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from r1_training.engine.errors import StopRequested


class RateLimiter:
    """Delays requests so that neither quota is exceeded.

    A bucket holds one minute's quota at most and starts with a tenth of it, so that a run does not
    open with a burst that the server answers with 429.

    Args:
        requests_per_minute, tokens_per_minute: 0 is no limit.
        stop: set to wake and refuse all waiting callers.
        clock: seconds; for tests.
    """

    def __init__(
        self,
        requests_per_minute: int,
        tokens_per_minute: int,
        stop: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._quota = (float(requests_per_minute), float(tokens_per_minute))
        self._level = [quota / 10 for quota in self._quota]
        self._stop = stop
        self._clock = clock
        self._updated = clock()
        self._paused_until = self._updated
        self._lock = threading.Lock()

    def acquire(self, tokens: int) -> None:
        """Wait until a request of about `tokens` tokens may be sent.

        Raises:
            StopRequested: the run is stopping.
        """
        while True:
            if self._stop.is_set():
                raise StopRequested("the run is stopping")
            with self._lock:
                wait = self._seconds_to_wait(tokens)
                if wait <= 0:
                    for index, amount in enumerate((1, tokens)):
                        self._level[index] -= amount
                    return
            self._stop.wait(min(wait, 1.0))

    def settle(self, estimated: int, actual: int) -> None:
        """Correct the token bucket once a request's true size is known."""
        with self._lock:
            self._level[1] += estimated - actual

    def pause(self, seconds: float) -> None:
        """Hold back all requests: the server has said that it wants none for a while."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _seconds_to_wait(self, tokens: int) -> float:
        now = self._clock()
        elapsed, self._updated = now - self._updated, now
        wait = self._paused_until - now
        for index, amount in enumerate((1, tokens)):
            quota = self._quota[index]
            if quota == 0:
                continue
            self._level[index] = min(quota, self._level[index] + quota * elapsed / 60)
            # A request larger than the whole quota goes when the bucket is full.
            missing = min(amount, quota) - self._level[index]
            wait = max(wait, missing * 60 / quota)
        return wait
