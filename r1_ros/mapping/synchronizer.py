"""Match the messages of several inputs by their stamps."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

DUPLICATE = "duplicate stamp"
NO_PARTNER = "no partner within sync_slop"


@dataclass
class _Queue:
    stamps: list[int] = field(default_factory=list)
    items: list[Any] = field(default_factory=list)
    last_matched: int | None = None

    def pop(self, index: int) -> Any:
        del self.stamps[index]
        return self.items.pop(index)

    def nearest(self, stamp: int) -> int | None:
        """Index of the item nearest in time."""
        if not self.stamps:
            return None
        index = bisect.bisect_left(self.stamps, stamp)
        around = [i for i in (index - 1, index) if 0 <= i < len(self.stamps)]
        return min(around, key=lambda i: abs(self.stamps[i] - stamp))


class Synchronizer:
    """Groups one message of each input whose stamps differ by at most `slop`.

    A message is matched as soon as partners are there; of several it takes the nearest. Messages
    may arrive in any order. Every message ends in exactly one group or one drop.

    Args:
        inputs: names.
        slop: nanoseconds; 0 demands equal stamps.
        queue_size: messages kept of each input while they wait for partners.
        on_drop: called with (input, reason) for each message that will not be part of a group.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        slop: int,
        queue_size: int,
        on_drop: Callable[[str, str], None],
    ) -> None:
        self._queues = {name: _Queue() for name in inputs}
        self._slop, self._queue_size = slop, queue_size
        self._on_drop = on_drop

    def pending(self, name: str) -> int:
        """Messages of an input that wait for partners."""
        return len(self._queues[name].items)

    def add(self, name: str, stamp: int, item: Any) -> dict[str, Any] | None:
        """Add a message; returns the group {input: item} that it completes, or None."""
        queue = self._queues[name]
        index = bisect.bisect_left(queue.stamps, stamp)
        waiting = index < len(queue.stamps) and queue.stamps[index] == stamp
        if waiting or stamp == queue.last_matched:
            self._on_drop(name, DUPLICATE)
            return None
        group = self._match(name, stamp, item)
        if group is not None:
            return group
        queue.stamps.insert(index, stamp)
        queue.items.insert(index, item)
        if len(queue.items) > self._queue_size:
            queue.pop(0)
            self._on_drop(name, NO_PARTNER)
        return None

    def clear(self, reason: str) -> None:
        """Drop everything that waits."""
        for name, queue in self._queues.items():
            for _ in queue.items:
                self._on_drop(name, reason)
            self._queues[name] = _Queue()

    def _match(self, name: str, stamp: int, item: Any) -> dict[str, Any] | None:
        chosen: dict[str, int] = {}
        stamps = [stamp]
        for other, queue in self._queues.items():
            if other == name:
                continue
            index = queue.nearest(stamp)
            if index is None:
                return None
            chosen[other] = index
            stamps.append(queue.stamps[index])
        if max(stamps) - min(stamps) > self._slop:
            return None
        group = {name: item}
        self._queues[name].last_matched = stamp
        for other, index in chosen.items():
            self._queues[other].last_matched = self._queues[other].stamps[index]
            group[other] = self._queues[other].pop(index)
        return {other: group[other] for other in self._queues}
