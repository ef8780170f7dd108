"""A static cache: keys and values of several sequences, and where each of them stands."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

CAPACITIES = (512, 1_024, 2_048, 4_096)  # tokens of a sequence; above, multiples of the last


def capacity_for(tokens: int) -> int:
    """The bucket of a sequence's length: what is captured for one length serves many."""
    for capacity in CAPACITIES:
        if tokens <= capacity:
            return capacity
    return -(-tokens // CAPACITIES[-1]) * CAPACITIES[-1]


class Slots:
    """Room for `rows` sequences of `capacity` tokens. A row is filled from its start, without gaps.

    Attributes:
        rows, capacity: how many sequences, of how many tokens.
        keys, values: (layers, rows, kv_heads, capacity, head_dim).
        clock: (2, rows) int64: position of the next token in the rotary embedding, and tokens that
            are in the cache.
        lengths: the second row of `clock`, known without asking a GPU.
        report: (2, rows) int64: the newest token, and how many of its logits are no numbers.
        log_probability: (rows,) float32 of the newest token under what it was drawn from.
        noise: (rows, vocabulary) float32, Gumbel noise of the next token; see `sample_into`.
        temperature: () float32.
    """

    def __init__(
        self,
        rows: int,
        capacity: int,
        *,
        layers: int,
        kv_heads: int,
        head_dim: int,
        vocabulary: int,
        dtype: torch.dtype,
        device: torch.device,
    ) -> None:
        self.rows, self.capacity = rows, capacity
        shape = (layers, rows, kv_heads, capacity, head_dim)
        # zeros: what lies behind a sequence's end is masked, but 0 times infinity is no number
        self.keys = torch.zeros(shape, dtype=dtype, device=device)
        self.values = torch.zeros(shape, dtype=dtype, device=device)
        self.clock = torch.zeros(2, rows, dtype=torch.int64, device=device)
        self.lengths = [0] * rows
        self.report = torch.zeros(2, rows, dtype=torch.int64, device=device)
        self.log_probability = torch.zeros(rows, device=device)
        self.noise = torch.zeros(rows, vocabulary, device=device)
        self.temperature = torch.ones((), device=device)

    def start(self, lengths: Sequence[int], positions: Sequence[int]) -> None:
        """Set how many tokens the first rows hold, and their next positions."""
        self.lengths = [*lengths, *[0] * (self.rows - len(lengths))]
        positions = [*positions, *[0] * (self.rows - len(positions))]
        self.clock.copy_(torch.tensor([positions, self.lengths]))

    def write(
        self, layer: int, rows: slice | Tensor, places: Tensor | slice, k: Tensor, v: Tensor
    ) -> None:
        """Put keys and values (R, kv_heads, S, head_dim) of a layer at places of their rows.

        Args:
            layer: its number.
            rows: which rows.
            places: one slice for all rows, or (R, S).
            k, v: what to put.
        """
        for cache, new in ((self.keys[layer], k), (self.values[layer], v)):
            if isinstance(places, slice):
                cache[rows, :, places] = new
            else:
                index = rows if isinstance(rows, Tensor) else self._numbers(rows)
                cache[index[:, None], :, places] = new.transpose(1, 2)

    def spread(self, sources: Tensor, tokens: int) -> None:
        """Give the first rows the first `tokens` of row `sources[i]` each."""
        count = len(sources)
        for cache in (self.keys, self.values):
            for layer in cache:
                layer[:count, :, :tokens] = layer[sources, :, :tokens]

    def move(self, sources: Sequence[int], targets: Sequence[int]) -> None:
        """Put sequences into other rows, whose own are done."""
        reach = max(self.lengths[source] for source in sources)
        source: slice | Tensor
        target: slice | Tensor
        if len(sources) == 1:  # views: nothing is gathered
            source, target = slice(sources[0], sources[0] + 1), slice(targets[0], targets[0] + 1)
        else:
            source, target = (
                torch.tensor(index, device=self.clock.device) for index in (sources, targets)
            )
        for cache in (self.keys, self.values):
            cache[:, target, :, :reach] = cache[:, source, :, :reach]
        for state in (self.clock, self.report):
            state[:, target] = state[:, source]
        for one, other in zip(sources, targets, strict=True):
            self.lengths[other] = self.lengths[one]

    def advance(self, rows: int) -> None:
        """One token more in each of the first rows, as far as the host knows."""
        for row in range(rows):
            self.lengths[row] += 1

    def sample_into(self, rows: int, generator: torch.Generator | None) -> None:
        """Fresh noise: the largest of logits plus Gumbel noise is a draw from their softmax."""
        noise = self.noise[:rows]
        noise.exponential_(generator=generator).clamp_(min=torch.finfo(noise.dtype).tiny)
        noise.log_().neg_()

    def _numbers(self, rows: slice) -> Tensor:
        return torch.arange(*rows.indices(self.rows), device=self.clock.device)


def select(slots: Slots, logits: Tensor, silence: Tensor, *, sampled: bool, scored: bool) -> None:
    """The next token of the first rows, into `slots.report` (and `slots.log_probability`).

    Args:
        slots: where to put it.
        logits: (n, vocabulary).
        silence: (vocabulary,) 0, or minus infinity for what is never said.
        sampled: with temperature and noise; else the best token, the first of equals.
        scored: its logarithmic probability, too.
    """
    rows = len(logits)
    token, wrong = slots.report[0, :rows], slots.report[1, :rows]
    # infinity minus itself is no number, and what is no number is not equal to 0
    torch.sum(logits - logits != 0, -1, out=wrong)
    logits = logits.float() + silence
    if sampled:
        logits = logits / slots.temperature
        torch.argmax(logits + slots.noise[:rows], -1, out=token)
    else:
        torch.argmax(logits, -1, out=token)
    if scored:
        chosen = logits.gather(-1, token.unsqueeze(-1)).squeeze(-1)
        slots.log_probability[:rows] = chosen - logits.logsumexp(-1)
