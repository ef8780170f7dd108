"""Where the time of training steps goes: every moment belongs to one named part."""

from __future__ import annotations

import time
from collections import defaultdict

import torch


class StepClock:
    """Seconds of the parts of a run, one part after the other, without gaps.

    A GPU works behind Python's back, so a part ends when the GPU has done what it was given.
    """

    def __init__(self) -> None:
        self._name: str | None = None
        self._since = 0.0
        self._steps = 0
        self._seconds: dict[str, float] = defaultdict(float)

    def switch(self, name: str) -> None:
        """The part that ran is over, and this one begins."""
        if torch.cuda.is_available() and torch.cuda.is_initialized():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if self._name is not None:
            self._seconds[self._name] += now - self._since
        self._name, self._since = name, now

    def step(self) -> None:
        """An optimizer step is over."""
        self._steps += 1

    def take(self) -> dict[str, float]:
        """Seconds of each part that has ended, of a step on average, since this was last asked."""
        steps, found = max(1, self._steps), dict(self._seconds)
        self._steps = 0
        self._seconds.clear()
        return {name: seconds / steps for name, seconds in found.items()}
