"""See where time jumps back: a bag that is played in a loop, a simulation that starts again.

Every source of stamps, an input or an edge of tf, is compared with itself alone: sources may lag
behind each other by seconds. What came before a jump and what came after it is one round each.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

# A stamp this much older than what its source sent before is not late: time jumped, if a second
# one agrees.
JUMP_BACK_NS = 10**9
# After a jump, a source that goes on as before for so long has not jumped; until then it is late.
_LATE_NS = 5 * 10**9

_MOST_LINES = 64  # of inputs and frames; names from the wire must not fill the memory

JUMPED = "time jumped back"

T = TypeVar("T")


def _continues(stamp: int, last: int | None) -> bool:
    return last is not None and last - JUMP_BACK_NS <= stamp <= last + _LATE_NS


@dataclass
class _Line:
    """The stamps of one input in the present round.

    What counts is the newest but one: a single wrong stamp in the future then moves nothing.
    """

    newest: int | None = None
    before: int | None = None
    ended: bool = False  # time has jumped, but this input is not known to have followed

    def behind(self, stamp: int) -> bool:
        return self.before is not None and stamp < self.before - JUMP_BACK_NS

    def continues(self, stamp: int) -> bool:
        last = self.newest if self.before is None else self.before
        return _continues(stamp, last)

    def advance(self, stamp: int) -> None:
        if self.newest is None or stamp > self.newest:
            self.newest, self.before = stamp, self.newest
        elif stamp < self.newest and (self.before is None or stamp > self.before):
            self.before = stamp

    def restart(self) -> None:
        self.newest, self.before, self.ended = None, None, False


@dataclass(frozen=True)
class Seen(Generic[T]):
    """What a message means.

    Attributes:
        jumped_to: first stamp of the new round where time has jumped back, else None.
        ready: (input, stamp, item) of what can be used now, in order; not always the message
            itself.
    """

    jumped_to: int | None = None
    ready: Sequence[tuple[str, int, T]] = ()


class JumpWatch(Generic[T]):
    """Tells the rounds of several inputs apart, and of the frames that share one.

    A message that is far behind its own input is held back. When a second one is behind too, of
    whatever input, time has jumped back, once for all inputs; when its input goes on as before, it
    was a wrong stamp and is let go as a late message. After a jump, late messages of the round
    before it are dropped.

    Args:
        inputs: names.
        on_drop: called with (input, reason) for each message that is not let through.
    """

    def __init__(self, inputs: Sequence[str], on_drop: Callable[[str, str], None]) -> None:
        self._inputs = frozenset(inputs)
        self._lines: dict[tuple[str, str], _Line] = {}
        self._on_drop = on_drop
        self._held: tuple[str, int, T] | None = None
        self._held_frame = ""

    def see(self, name: str, stamp: int, item: T, frame: str = "") -> Seen[T]:
        """Take a message of an input, sent in `frame`: one of several sensors may lag behind."""
        line, message = self._line(name, frame), (name, stamp, item)
        if line.ended:
            if line.continues(stamp):
                self._on_drop(name, JUMPED)
                return Seen()
            line.restart()
        if line.behind(stamp):
            if self._held is None:
                self._held, self._held_frame = message, frame
                return Seen()
            held, self._held = self._held, None
            return self._jump((held, self._held_frame), (message, frame))
        line.advance(stamp)
        if self._held is not None and (self._held[0], self._held_frame) == (name, frame):
            held, self._held = self._held, None
            return Seen(ready=(held, message))
        return Seen(ready=(message,))

    def pending(self, name: str) -> int:
        """Messages of an input that are held back."""
        return int(self._held is not None and self._held[0] == name)

    def clear(self, reason: str) -> None:
        """Drop what is held back, and forget all stamps."""
        if self._held is not None:
            self._on_drop(self._held[0], reason)
            self._held = None
        for line in self._lines.values():
            line.restart()

    def _line(self, name: str, frame: str) -> _Line:
        if name not in self._inputs:
            raise KeyError(f"no input {name!r}")
        key = (name, frame)
        if key not in self._lines and len(self._lines) >= _MOST_LINES:
            self._lines.pop(next(iter(self._lines)))
        return self._lines.setdefault(key, _Line())

    def _jump(self, *sent: tuple[tuple[str, int, T], str]) -> Seen[T]:
        for line in self._lines.values():
            line.ended = line.newest is not None
        for (name, _, _), frame in sent:
            self._line(name, frame).restart()
        for (name, stamp, _), frame in sent:
            self._line(name, frame).advance(stamp)
        ready = tuple(message for message, _ in sent)
        return Seen(min(stamp for _, stamp, _ in ready), ready)


@dataclass
class EdgeRounds(Generic[T]):
    """Tells the rounds of one tf edge apart, so that no pose is made of two of them.

    `add` and `jump_back` return (what was added before is of an older round, what to add now).

    Attributes:
        newest: newest stamp of the present round, nanoseconds; None before the first.
    """

    newest: int | None = None
    _held: list[tuple[int, T]] = field(default_factory=list)  # one at most
    _began: int | None = None  # where the edge itself began a round that images have not seen yet
    _owed: bool = False  # images have jumped; the edge's own jump is still to come

    def add(self, stamp: int, item: T) -> tuple[bool, list[tuple[int, T]]]:
        """Take a sample; of several that are far behind, the second one is a jump."""
        samples = [(stamp, item)]
        if self._owed:
            if _continues(stamp, self.newest):
                return False, []  # late, of the round before
            self._owed, self.newest = False, stamp
            return False, samples
        if self.newest is not None and stamp < self.newest - JUMP_BACK_NS:
            if not self._held:
                self._held = samples
                return False, []
            samples = self._take_held() + samples
            self.newest = max(sample[0] for sample in samples)
            self._began = min(sample[0] for sample in samples)
            return True, samples
        self.newest = stamp if self.newest is None else max(self.newest, stamp)
        return False, self._take_held() + samples

    def jump_back(self, stamp: int, reach: int) -> tuple[bool, list[tuple[int, T]]]:
        """Images say that time has jumped back to `stamp`; their tf is at most `reach` away."""
        held, began = self._take_held(), self._began
        self._began = None
        if began is not None and abs(began - stamp) <= reach:
            return False, held  # the edge was first
        if held:
            self.newest = held[0][0]
        self._owed = self.newest is not None and not held
        return True, held

    def _take_held(self) -> list[tuple[int, T]]:
        held, self._held = self._held, []
        return held
