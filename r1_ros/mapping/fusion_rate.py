"""How often a sensor's messages are fused: what a camera sees thirty times a second is the same."""

from __future__ import annotations

# Share of a period that a message may come early: sensors at just that rate are not on the dot.
_EARLY = 0.5
# Periods before its turn from which on a message says that time went back, if the next one agrees.
_BACK = 3.0


class FusionRate:
    """Says whose turn it is; counts by the stamps, so that a recording gives the same map.

    In the long run each sensor has no more turns than the rate, and one that is slower than the
    rate, on average, loses none of its messages, whatever they jitter by up to half a period. A
    stamp from the future that was fused is not waited for: two messages far before it end that.
    """

    def __init__(self) -> None:
        self._next: dict[str, int] = {}  # when the next message is due
        self._last: dict[str, int] = {}  # when the last one that was fused was sent
        self._back: set[str] = set()  # whose last message was far before that

    def clear(self) -> None:
        """Everybody may begin at once, also before what was fused last."""
        self._next.clear()
        self._last.clear()
        self._back.clear()

    def is_due(self, sensor: str, stamp: int, rate: float) -> bool:
        """May a message be fused? With one of a moment all of that moment may: they are several.

        Args:
            sensor: whose it is; empty: of several that cannot be told apart, who are always due.
            stamp: nanoseconds.
            rate: messages a second; 0: all.
        """
        if not rate or sensor not in self._next:  # nor is ""
            return True
        if stamp == self._last[sensor]:
            return True
        early = (self._next[sensor] - stamp) * rate / 1e9  # periods
        if early <= _EARLY:
            return True
        if early <= _BACK:
            self._back.discard(sensor)
            return False
        if sensor in self._back:
            del self._next[sensor]
            return True
        self._back.add(sensor)
        return False

    def fused(self, sensor: str, stamp: int, rate: float) -> None:
        """A message was fused; see `is_due`."""
        self._back.discard(sensor)
        if not rate or not sensor:
            self._next.pop(sensor, None)
            return
        if sensor in self._next and stamp == self._last[sensor]:
            return
        self._last[sensor] = stamp
        self._next[sensor] = max(stamp, self._next.get(sensor, stamp)) + round(1e9 / rate)
