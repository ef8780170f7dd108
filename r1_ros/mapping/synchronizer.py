"""Match the messages of several inputs by their stamps."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

DUPLICATE = "duplicate stamp"
NO_PARTNER = "no partner within sync_slop"


_MOST_FRAMES = 16  # remembered; names from the wire must not fill the memory
_MOST_MATCHED = 64  # messages remembered: those of the last seconds may come a second time
_MOST_SOURCES = 8  # of one stamp and frame; more are one sensor whose clock stands still


@dataclass(frozen=True)
class _Message:
    stamp: int
    frame: str
    source: str
    item: Any

    @property
    def key(self) -> tuple[int, str, str]:
        """Messages are one where these are equal."""
        return self.stamp, self.frame, self.source

    def fits(self, frame: str) -> bool:
        """May it be of the camera in `frame`? A message without a frame may be of any."""
        return not (self.frame and frame) or self.frame == frame


@dataclass
class _Queue:
    waiting: list[_Message] = field(default_factory=list)  # in the order of their stamps
    matched: list[tuple[int, str, str]] = field(default_factory=list)  # the last ones' keys

    def knows(self, message: _Message) -> bool:
        """Whether this very message was taken before."""
        keys = [*self.matched, *(m.key for m in self.waiting)]
        together = sum(key[:2] == message.key[:2] for key in keys)
        return message.key in keys or together >= _MOST_SOURCES

    def remember(self, message: _Message) -> None:
        self.matched.append(message.key)
        del self.matched[:-_MOST_MATCHED]

    def nearest(self, message: _Message, other_frames: bool) -> _Message | None:
        """The partner nearest in time, of the same camera where there is one."""
        same = [m for m in self.waiting if m.fits(message.frame)]
        if not same and other_frames:
            same = self.waiting
        return min(same, key=lambda m: abs(m.stamp - message.stamp), default=None)


class Synchronizer:
    """Groups one message of each input whose stamps differ by at most `slop`.

    A message is matched as soon as partners are there; of several it takes the nearest. Messages
    may arrive in any order. Every message ends in exactly one group or one drop. Two messages are
    one only where stamp, frame and source are the same: sensors may share a topic. Where
    several frames occur in all inputs, there are several cameras: each message is grouped with
    those of its own frame. Else with whatever comes, if need be: who receives the group can then
    say what does not belong to it.

    Args:
        inputs: names.
        slop: nanoseconds; 0 demands equal stamps.
        queue_size: messages kept of each input while they wait for partners.
        on_drop: called with (input, reason, detail) for each message that will not be part of a
            group; detail may be empty.
    """

    def __init__(
        self,
        inputs: Sequence[str],
        slop: int,
        queue_size: int,
        on_drop: Callable[[str, str, str], None],
    ) -> None:
        self._queues = {name: _Queue() for name in inputs}
        self._slop, self._queue_size = slop, queue_size
        self._on_drop = on_drop
        self._frames: dict[str, set[str]] = {name: set() for name in inputs}

    def pending(self, name: str) -> int:
        """Messages of an input that wait for partners."""
        return len(self._queues[name].waiting)

    def add(
        self, name: str, stamp: int, item: Any, frame: str = "", source: str = ""
    ) -> dict[str, Any] | None:
        """Add a message; returns the group {input: item} that it completes, or None.

        Args:
            name: of the input.
            stamp: nanoseconds.
            item: what is grouped.
            frame: of the message.
            source: tells senders apart that share topic and frame; empty where none can.
        """
        queue, message = self._queues[name], _Message(stamp, frame, source, item)
        if frame and len(self._frames[name]) < _MOST_FRAMES:
            self._frames[name].add(frame)
        if queue.knows(message):
            self._on_drop(name, DUPLICATE, "")
            return None
        group = self._match(name, message)
        if group is not None:
            return group
        bisect.insort(queue.waiting, message, key=lambda m: m.stamp)
        if len(queue.waiting) > self._queue_size:
            lone = queue.waiting.pop(0)
            self._on_drop(name, NO_PARTNER, f"{NO_PARTNER}: {self._apart(name, lone.stamp)}")
        return None

    def clear(self, reason: str) -> None:
        """Drop everything that waits."""
        for name, queue in self._queues.items():
            for _ in queue.waiting:
                self._on_drop(name, reason, "")
            self._queues[name] = _Queue()
            self._frames[name] = set()

    def _apart(self, name: str, stamp: int) -> str:
        """How far from a message the other inputs are: milliseconds too far, or another clock."""
        told = []
        for other, queue in self._queues.items():
            stamps = [m.stamp for m in queue.waiting] + [key[0] for key in queue.matched]
            if other != name and stamps:
                seconds = min((s - stamp for s in stamps), key=abs) / 1e9
                told.append(f"the nearest {other} is {seconds:+.3f} s away")
            elif other != name:
                told.append(f"no {other} so far")
        return ", ".join(told)

    def _match(self, name: str, message: _Message) -> dict[str, Any] | None:
        told = [frames for frames in self._frames.values() if frames]
        one_camera = not told or len(set.intersection(*told)) <= 1
        group = {name: message}
        for other, queue in self._queues.items():
            if other == name:
                continue
            partner = queue.nearest(message, one_camera)
            if partner is None:
                return None
            group[other] = partner
        stamps = [m.stamp for m in group.values()]
        if max(stamps) - min(stamps) > self._slop:
            return None
        for other, part in group.items():
            self._queues[other].remember(part)
            if other != name:
                # by identity: items are messages, which are slow to compare
                waiting = self._queues[other].waiting
                waiting.pop(next(i for i, m in enumerate(waiting) if m is part))
        return {other: group[other].item for other in self._queues}
