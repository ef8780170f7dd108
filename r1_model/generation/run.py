"""From the first token of a batch to the last: what runs ahead, what has arrived, who is done."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch

from r1_model.errors import ModelOutputError
from r1_model.generation.slots import Slots

BEHIND = 4  # tokens that the host may be behind a GPU


@dataclass(frozen=True)
class Sampling:
    """How tokens are chosen.

    Attributes:
        drawn: at random; else the best one.
        scored: logarithmic probabilities are told.
        generator: source of randomness.
    """

    drawn: bool
    scored: bool
    generator: torch.Generator | None = None


@dataclass
class Underway:
    """One sequence on its way: what it said so far, and how much it may say."""

    most: int
    tokens: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    finished: bool = False

    @property
    def is_done(self) -> bool:
        """Nothing more is to come."""
        return self.finished or len(self.tokens) >= self.most


class Run:
    """One call's way.

    Args:
        slots: the cache, with the prompts in its first rows.
        sequences: one for each prompt.
        sampling: how tokens are chosen.
        ends: tokens that end a sequence.
        step: reads the newest tokens of so many rows and chooses the next ones.
    """

    def __init__(
        self,
        slots: Slots,
        sequences: list[Underway],
        sampling: Sampling,
        ends: set[int],
        step: Callable[[int], None],
    ) -> None:
        self.slots, self.sequences, self.sampling = slots, sequences, sampling
        self.ends, self.step = ends, step
        self.on_gpu = slots.clock.is_cuda
        self.places = list(range(len(sequences)))  # the sequence in each row of the slots
        self.under_way: deque[_Report] = deque()
        self.asked = 0  # tokens of each sequence

    def first_choice(self) -> dict[str, bool]:
        """Options of `select` for the tokens after the prompt; draws noise where they need it."""
        if self.sampling.drawn:
            self.slots.sample_into(len(self.places), self.sampling.generator)
        return {"sampled": self.sampling.drawn, "scored": self.sampling.scored}

    def to_the_end(
        self,
        on_tokens: Callable[[int, list[int]], None] | None,
        should_stop: Callable[[], bool] | None,
    ) -> bool:
        """All tokens, the first ones being chosen already. True where `should_stop` ended it.

        Raises:
            ModelOutputError: a logit is NaN or infinite.
        """
        self._report()
        while True:
            for place in self._take():
                if on_tokens is not None:
                    on_tokens(place, self.sequences[place].tokens)
            if all(self.sequences[place].is_done for place in self.places):
                return False
            if should_stop is not None and should_stop():
                return True
            self._go_ahead()

    def _go_ahead(self) -> None:
        """Ask for tokens until the host is as far behind as it may be."""
        active = [place for place in self.places if not self.sequences[place].is_done]
        wanted = self._rows(len(active))
        if wanted < len(self.places):
            if self.under_way:  # their rows must not move before they have arrived
                return
            self._close_ranks(active, wanted)
        most = max(self.sequences[place].most for place in active)
        behind = BEHIND if self.on_gpu else 1
        rows = self._rows(len(self.places))
        while len(self.under_way) < behind and self.asked < most:
            if self.sampling.drawn:
                self.slots.sample_into(rows, self.sampling.generator)
            self.step(rows)
            self.slots.advance(rows)
            self._report()

    def _rows(self, sequences: int) -> int:
        return rows_for(sequences) if self.on_gpu else sequences

    def _report(self) -> None:
        self.under_way.append(_Report(self.slots, list(self.places), self.sampling.scored))
        self.asked += 1

    def _take(self) -> Iterator[int]:
        """The oldest tokens under way; yields the sequences that have a new one."""
        report = self.under_way.popleft()
        tokens, wrong, scores = report.read()
        for row, place in enumerate(report.places):
            one = self.sequences[place]
            if one.is_done:
                continue
            if wrong[row]:  # argmax would take the first of them for an answer
                raise ModelOutputError(
                    f"the model's output is no number: token {len(one.tokens) + 1} has "
                    f"{wrong[row]} logits of {self.slots.noise.shape[1]} that are NaN or infinite"
                )
            if scores is not None:
                one.log_probabilities.append(scores[row])
            if tokens[row] in self.ends:
                one.finished = True
                continue
            one.tokens.append(tokens[row])
            yield place

    def _close_ranks(self, active: list[int], wanted: int) -> None:
        """Sequences that go on move into the rows of those that are done."""
        row_of = {place: row for row, place in enumerate(self.places)}
        movers = [row_of[place] for place in active if row_of[place] >= wanted]
        holes = [row for row in range(wanted) if self.sequences[self.places[row]].is_done]
        holes = holes[: len(movers)]
        if movers:
            self.slots.move(movers, holes)
        for source, target in zip(movers, holes, strict=True):
            self.places[target] = self.places[source]
        del self.places[wanted:]


class _Report:
    """Tokens on their way to the host."""

    def __init__(self, slots: Slots, places: list[int], scored: bool) -> None:
        self.places = places
        parts = [slots.report[:, : len(places)]]
        if scored:
            parts.append(slots.log_probability[: len(places)])
        self.arrived = None
        if not slots.report.is_cuda:
            self.parts = [part.clone() for part in parts]
            return
        self.parts = [
            torch.empty(part.shape, dtype=part.dtype, pin_memory=True).copy_(
                part, non_blocking=True
            )
            for part in parts
        ]
        self.arrived = torch.cuda.Event()
        self.arrived.record()

    def read(self) -> tuple[list[int], list[int], list[float] | None]:
        """Tokens, how many of their logits are no numbers, and logarithmic probabilities."""
        if self.arrived is not None:
            self.arrived.synchronize()
        tokens, wrong = self.parts[0].tolist()
        return tokens, wrong, self.parts[1].tolist() if len(self.parts) > 1 else None


def rows_for(batch: int) -> int:
    """Rows that a batch takes on a GPU: the next power of two, or one and a half times one.

    One graph is captured for each number of rows, so there are few.
    """
    size = 1
    while size < batch:
        if size > 2 and size * 3 // 2 >= batch:
            return size * 3 // 2
        size *= 2
    return size
