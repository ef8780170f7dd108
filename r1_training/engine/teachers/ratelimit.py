"""Requests and tokens a minute: a sliding window each, shared by all threads."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from r1_training.engine.errors import StopRequested

WINDOW_SECONDS = 60.0
# Share of a minute's quota that may go at once; the rest is spread over the minute.
BURST = 0.1


@dataclass(eq=False)
class Permit:
    """A request that may be sent.

    Attributes:
        time: when it was given.
        tokens: what it counts with.
        counted: whether it is still among the last minute's.
    """

    time: float
    tokens: int
    counted: bool = True


class RateLimiter:
    """Delays requests so that no 60 seconds, wherever they start, hold more than the quota.

    The last minute's requests are counted one by one: a bucket alone would let through what it
    saved up while the run stood still, on top of the quota. Inside the minute a small bucket
    spreads the requests, for a server answers a burst with 429.

    What a request counts with is its estimate, later its true size (`settle`). Only what requests
    under way turn out to be above their estimates can bring a minute above its tokens.

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
        self._level = [quota * BURST for quota in self._quota]
        self._recent: deque[Permit] = deque()
        self._recent_tokens = 0
        self._stop = stop
        self._clock = clock
        self._updated = clock()
        self._paused_until = self._updated
        self._lock = threading.Lock()

    def acquire(self, tokens: int) -> Permit:
        """Wait until a request of about `tokens` tokens may be sent.

        Raises:
            StopRequested: the run is stopping.
        """
        while True:
            if self._stop.is_set():
                raise StopRequested("the run is stopping")
            with self._lock:
                now = self._clock()
                wait = self._seconds_to_wait(now, tokens)
                if wait <= 0:
                    for index, amount in enumerate((1, tokens)):
                        self._level[index] -= amount
                    permit = Permit(now, tokens)
                    self._recent.append(permit)
                    self._recent_tokens += tokens
                    return permit
            self._stop.wait(min(wait, 1.0))

    def settle(self, permit: Permit, actual: int) -> None:
        """Count a request with its true tokens, once they are known."""
        with self._lock:
            change = actual - permit.tokens
            self._level[1] -= change
            permit.tokens = actual
            if permit.counted:
                self._recent_tokens += change

    def pause(self, seconds: float) -> None:
        """Hold back all requests: the server has said that it wants none for a while."""
        with self._lock:
            self._paused_until = max(self._paused_until, self._clock() + seconds)

    def _seconds_to_wait(self, now: float, tokens: int) -> float:
        self._forget(now)
        elapsed, self._updated = now - self._updated, now
        wait = self._paused_until - now
        for index, amount in enumerate((1, tokens)):
            quota = self._quota[index]
            if quota == 0:
                continue
            room = quota * BURST
            self._level[index] = min(room, self._level[index] + quota * elapsed / WINDOW_SECONDS)
            # A request larger than the bucket goes when it is full, the next ones wait for it;
            # one larger than the whole quota has a minute to itself.
            missing = min(amount, room) - self._level[index]
            wait = max(wait, missing * WINDOW_SECONDS / quota)
            wait = max(wait, self._until_free(now, index, min(amount, quota)))
        return wait

    def _forget(self, now: float) -> None:
        while self._recent and self._recent[0].time + WINDOW_SECONDS <= now:
            gone = self._recent.popleft()
            gone.counted = False
            self._recent_tokens -= gone.tokens

    def _until_free(self, now: float, index: int, amount: float) -> float:
        """Seconds until the last minute has room for `amount`."""
        used = (len(self._recent), self._recent_tokens)[index]
        excess = used + amount - self._quota[index]
        if excess <= 0:
            return 0.0
        for permit in self._recent:
            excess -= (1, permit.tokens)[index]
            if excess <= 0:
                return permit.time + WINDOW_SECONDS - now
        raise AssertionError("unreachable: an empty minute has room for everything")
