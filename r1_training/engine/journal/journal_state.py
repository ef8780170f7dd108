"""What the journal says: its events, taken in one after the other."""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

from r1_training.engine.teachers.budget import Spending
from r1_training.engine.teachers.teacher import STAGES, Completion, Stage, Usage

# Endings without a readable answer: the only ones that may be asked for again.
UNANSWERED = ("gen_error", "consistency_llm_error", "answer_lost")


@dataclass(frozen=True)
class Ending:
    """Where an item's last `end` line is: reason ("" is kept), ordinal, byte offset."""

    reason: str
    ordinal: int
    offset: int


@dataclass(frozen=True)
class Doubt:
    """A request that may have been billed, without a readable answer.

    Attributes:
        key, stage: what it was about.
        outcome: `unsure` or `lost`.
        largest: upper bound of its cost, US dollars.
    """

    key: str
    stage: Stage
    outcome: str
    largest: float


@dataclass
class JournalState:
    """What the journal says when it is opened.

    Attributes:
        identity: settings of the run that began it, None in a new one.
        ended: item key -> its ending.
        paid: (item key, stage) -> the answer that is already there, of items that are open or may
            be opened again.
        in_flight: request id -> its `sent` line; requests without an outcome.
        doubts: request id -> what may have been billed and is not settled (`server_log`).
        lost: keys of open items one of whose requests was in flight when a run was killed.
        scenes: (scene id, CRC-32) of the scene descriptions that are in the journal.
        spending: counts over all earlier runs.
        size: bytes of whole lines.
        torn_bytes: of a last line that a kill cut off.
    """

    identity: dict[str, Any] | None = None
    ended: dict[str, Ending] = field(default_factory=dict)
    paid: dict[tuple[str, Stage], Completion] = field(default_factory=dict)
    in_flight: dict[str, dict[str, Any]] = field(default_factory=dict)
    doubts: dict[str, Doubt] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    scenes: set[tuple[str, int]] = field(default_factory=set)
    spending: Spending = field(default_factory=Spending)
    size: int = 0
    torn_bytes: int = 0

    def apply(self, event: dict[str, Any], offset: int) -> None:
        """Take in one event that begins at `offset`."""
        kind = event["e"]
        if kind == "run":
            self.identity = self.identity or event["identity"]
        elif kind == "sent":
            self.in_flight[event["r"]] = event
        elif kind == "got":
            self.in_flight.pop(event["r"], None)
            usage = Usage(*event["u"])
            self.paid[event["k"], event["s"]] = Completion(event["t"], usage)
            self._count(event["s"], "answered", usage)
        elif kind == "fail":
            sent = self.in_flight.pop(event["r"], None)
            used = None if event["u"] is None else Usage(*event["u"])
            self._count(event["s"], event["o"], used)
            if event["o"] == "lost":
                self.lost.add(event["k"])
            if used is None and event["o"] in ("unsure", "lost") and sent is not None:
                self.doubts[event["r"]] = Doubt(event["k"], event["s"], event["o"], sent["m"])
                self.spending.unsure_usd += sent["m"]
        elif kind == "bill":
            self._settle(event)
        elif kind == "end":
            self.ended[event["k"]] = Ending(event["y"], event["n"], offset)
            self.lost.discard(event["k"])
            if event["y"] not in UNANSWERED:
                for stage in STAGES:
                    self.paid.pop((event["k"], stage), None)
        elif kind == "reopen":
            self.ended.pop(event["k"], None)
            self.lost.discard(event["k"])
        elif kind == "scene":
            self.scenes.add((event["k"], text_crc(event["t"])))
        else:
            raise KeyError(kind)

    def _settle(self, event: dict[str, Any]) -> None:
        """The server's log has said what became of a request in doubt."""
        doubt = self.doubts.pop(event["r"])
        self.spending.requests[doubt.outcome] -= 1
        self.spending.requests = +self.spending.requests  # without outcomes that nothing has
        # Sums of floats do not return to zero exactly.
        rest = self.spending.unsure_usd - doubt.largest if self.doubts else 0.0
        self.spending.unsure_usd = max(0.0, rest)
        self._count(doubt.stage, event["o"], Usage(*event["u"]))

    def _count(self, stage: Stage, outcome: str, usage: Usage | None) -> None:
        self.spending.requests[outcome] += 1
        if usage is not None:
            self.spending.usage[stage] += usage


def text_crc(text: str) -> int:
    """CRC-32 of a text, lone surrogates included."""
    return zlib.crc32(text.encode("utf-8", "surrogatepass"))
