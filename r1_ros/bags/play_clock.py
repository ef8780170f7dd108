"""Map wall time to bag time."""

from __future__ import annotations

import time
from collections.abc import Callable

MAX_RATE = 1e6  # faster than any disk; with larger numbers times overflow


class PlayClock:
    """Bag time that runs `rate` times as fast as the wall clock, from `start` on.

    It never runs past the message that is due next: after a stall the clock waits for the
    messages instead of leaving them in its past.

    Args:
        start: bag time at the beginning, nanoseconds.
        rate: bag seconds per wall second, above 0.
        wall: nanoseconds, monotonic; tests pass their own.
    """

    def __init__(
        self, start: int, rate: float, wall: Callable[[], int] = time.monotonic_ns
    ) -> None:
        if not rate > 0:
            raise ValueError(f"rate must be above 0, got {rate}")
        self._rate = rate
        self._wall = wall
        self._bag_origin = start
        self._wall_origin = wall()

    def now(self, limit: int | None = None) -> int:
        """Bag time, nanoseconds, at most `limit`."""
        elapsed = round((self._wall() - self._wall_origin) * self._rate)
        now = self._bag_origin + elapsed
        return now if limit is None else min(now, limit)

    def seconds_until(self, bag_time: int) -> float:
        """Wall seconds until `bag_time`; negative when it has passed."""
        return (bag_time - self.now()) / self._rate / 1e9
