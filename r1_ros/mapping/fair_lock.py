"""A lock for threads of which one never rests."""

from __future__ import annotations

import threading
from collections import deque


class FairLock:
    """Goes to whoever has waited longest; use it as a context manager, not nested.

    A thread that lets go of `threading.Lock` and takes it again at once gets it before those who
    are only being woken: beside a camera that keeps the mapper busy nobody else got the map.
    """

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._turns: deque[threading.Lock] = deque()
        self._held = False

    def __enter__(self) -> FairLock:
        with self._guard:
            if not self._held:
                self._held = True
                return self
            turn = threading.Lock()
            turn.acquire()
            self._turns.append(turn)
        turn.acquire()  # handed over, still held
        return self

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._turns:
                self._turns.popleft().release()
            else:
                self._held = False
