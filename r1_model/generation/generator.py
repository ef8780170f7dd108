"""`Generator`: sequences in, what the model says to them out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from r1_model.generation.cpu_step import CpuStep
from r1_model.generation.cuda_step import CudaStep, captured
from r1_model.generation.language import LanguageModel, end_tokens
from r1_model.generation.low_rank import LowRanks, adapter_state
from r1_model.generation.padding import last_positions, left_aligned
from r1_model.generation.prefixes import common_length, group
from r1_model.generation.run import Run, Sampling, Underway, rows_for
from r1_model.generation.slots import Slots, capacity_for, select
from r1_model.network.modeling import R1ForConditionalGeneration

# Tokens that are read into the cache at a time.
READ_AT_ONCE = {"cuda": 131_072, "cpu": 8_192}


@dataclass(frozen=True)
class Generated:
    """What came out for one sequence.

    Attributes:
        tokens: ids without the end-of-sequence token.
        finished: the model ended by itself.
        stopped: `should_stop` ended it.
        log_probabilities: where asked for, one for each token, and one for the end-of-sequence
            token where the model said it: logarithmic, under the distribution that it was drawn
            from (temperature, no placeholders); for greedy answers under that of temperature 1.
    """

    tokens: list[int]
    finished: bool
    stopped: bool
    log_probabilities: list[float] = field(default_factory=list)


class Generator:
    """Continues sequences with a model. One caller at a time.

    On a GPU each token is one CUDA graph, kept for the next call; on a CPU there is none. The
    model's weights may change between calls, unless `keep_prefix` is set. Its projections may have
    LoRA around them, which is neither merged nor slow.

    Args:
        model: in evaluation mode.
        keep_prefix: a single sequence that begins as the one before it did is read only from where
            the two part.
    """

    def __init__(self, model: R1ForConditionalGeneration, *, keep_prefix: bool = False) -> None:
        self._model, self._keep_prefix = model, keep_prefix
        self._ends = end_tokens(model)
        self._language = LanguageModel(model)
        self._single: Slots | None = None
        self._many: Slots | None = None
        # of `_single`: embeddings (L, hidden) and positions (3, L) of what its cache holds
        self._held: tuple[Tensor, Tensor] | None = None
        self._steps: dict[tuple[object, ...], Callable[[], None]] = {}
        self._weights: tuple[object, ...] | None = None
        self._packed: CpuStep | None = None
        self._low_ranks: LowRanks | None = None

    @torch.inference_mode()
    def __call__(
        self,
        inputs_embeds: Tensor,
        position_ids: Tensor,
        attention_mask: Tensor | None = None,
        *,
        max_new_tokens: int | Sequence[int],
        temperature: float = 0.0,
        generator: torch.Generator | None = None,
        on_tokens: Callable[[int, list[int]], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        log_probabilities: bool = False,
    ) -> list[Generated]:
        """Continue B sequences.

        Args:
            inputs_embeds: (B, L, hidden) from `R1Model.embed`, padded on the left.
            position_ids: (3, B, L).
            attention_mask: (B, L), 0 on padding; None: there is none.
            max_new_tokens: upper bound, one for all or one for each.
            temperature: 0 is greedy.
            generator: source of randomness for temperature > 0, on the model's device.
            on_tokens: called with the number of a sequence and all its tokens so far, after each.
            should_stop: asked before each token; True ends all sequences.
            log_probabilities: tell them.

        Raises:
            ModelOutputError: a logit is NaN or infinite.
            ValueError: a sequence is empty, or a bound or the temperature is out of range.
        """
        batch = len(inputs_embeds)
        limits = [max_new_tokens] * batch if isinstance(max_new_tokens, int) else [*max_new_tokens]
        if len(limits) != batch or min(limits, default=1) < 1:
            raise ValueError(f"max_new_tokens {max_new_tokens} for {batch} sequences")
        if temperature < 0:
            raise ValueError(f"temperature must not be negative, got {temperature}")
        sequences = [Underway(limit) for limit in limits]
        if not sequences:
            return []
        if should_stop is not None and should_stop():
            return [Generated([], finished=False, stopped=True) for _ in sequences]
        self._look_at_weights()
        x, positions, lengths = left_aligned(inputs_embeds, position_ids, attention_mask)
        slots = self._slots(batch, max(lengths) + max(limits))
        slots.temperature.fill_(temperature or 1.0)
        logits = self._read(slots, x, positions, lengths)
        nexts = [int(p) + 1 for p in last_positions(positions, lengths)]
        slots.start(lengths, nexts)
        sampling = Sampling(temperature > 0, log_probabilities, generator)
        run = Run(slots, sequences, sampling, self._ends, partial(self._step, slots, sampling))
        select(slots, logits, self._language.silence, **run.first_choice())
        stopped = run.to_the_end(on_tokens, should_stop)
        if slots is self._single and self._keep_prefix:
            self._hold(x[0], positions[:, 0], sequences[0].tokens, nexts[0])
        return [
            Generated(
                one.tokens,
                finished=one.finished,
                stopped=stopped and not one.is_done,
                log_probabilities=one.log_probabilities,
            )
            for one in sequences
        ]

    def _look_at_weights(self) -> None:
        """Drop what was made of weights that have changed or moved since."""
        weights = self._language.parameters
        if self._language.device != weights[0].device or self._language.dtype != weights[0].dtype:
            self._language = LanguageModel(self._model)
            self._single = self._many = None
        seen: tuple[object, ...] = tuple(weight.data_ptr() for weight in weights)
        if weights[0].device.type == "cpu":
            # a fused optimizer's step counts as no change of a tensor, so some values are looked at
            seen += tuple((weight._version, _sample(weight)) for weight in weights)
        seen += adapter_state(self._language.layers)
        if seen != self._weights:
            self._weights, self._held, self._packed = seen, None, None
            self._low_ranks = None
            self._steps.clear()
        elif self._low_ranks is not None:
            self._low_ranks.refresh()

    def _slots(self, batch: int, tokens: int) -> Slots:
        """Slots for a batch; the last ones where they are large enough."""
        capacity = capacity_for(tokens)
        found = self._single if batch == 1 else self._many
        if found is not None and found.rows >= batch and found.capacity >= capacity:
            return found
        rows = batch if self._language.device.type == "cpu" else rows_for(batch)
        if found is not None:  # never smaller than before: lengths that alternate cost nothing
            rows, capacity = max(rows, found.rows), max(capacity, found.capacity)
            self._steps = {key: v for key, v in self._steps.items() if key[0] != id(found)}
        del found
        if batch == 1:
            self._single = self._held = None  # first give back, then take
            self._single = self._language.slots(rows, capacity)
            return self._single
        self._many = None
        self._many = self._language.slots(rows, capacity)
        return self._many

    def _read(self, slots: Slots, x: Tensor, positions: Tensor, lengths: list[int]) -> Tensor:
        """Read prompts into the cache: logits (B, vocabulary) of the first tokens."""
        language = self._language
        if len(lengths) == 1:
            known = 0
            if self._held is not None:
                known = common_length(x[0], self._held[0], positions[:, 0], self._held[1])
                known = min(known, lengths[0] - 1)
            self._held = None
            last = language.extend(x[:, known:], positions[:, :, known:], slots, slice(0, 1), known)
            return language.logits(last[:, -1])
        grouping = group(x, positions, lengths)
        device = x.device
        if len(grouping.heads) == len(lengths):
            shared = [0] * len(lengths)
        else:
            shared = grouping.shared
            heads = torch.tensor(grouping.heads, device=device)
            most = max(shared)
            for rows in heads.split(max(1, READ_AT_ONCE[device.type] // max(1, most))):
                language.extend(x[rows, :most], positions[:, rows, :most], slots, rows, 0)
            slots.spread(torch.tensor(grouping.head_of, device=device), most)
        offsets = torch.tensor(shared, device=device)
        ends = torch.tensor(lengths, device=device) - 1 - offsets
        size = max(n - s for n, s in zip(lengths, shared, strict=True))
        own = offsets[:, None] + torch.arange(size, device=device)  # (B, size) columns
        own = own.clamp(max=x.shape[1] - 1)
        found = []
        for rows in torch.arange(len(lengths), device=device).split(
            max(1, READ_AT_ONCE[device.type] // size)
        ):
            columns = own[rows]
            last = language.extend(
                x[rows[:, None], columns],
                positions[:, rows[:, None], columns],
                slots,
                slice(int(rows[0]), int(rows[-1]) + 1),
                offsets[rows] if any(shared) else 0,
            )
            found.append(last[torch.arange(len(rows), device=device), ends[rows]])
        return language.logits(torch.cat(found))

    def _hold(self, x: Tensor, positions: Tensor, tokens: list[int], position: int) -> None:
        """Remember what the single cache holds: the prompt, and all said but the newest token."""
        said = torch.tensor(tokens[:-1], dtype=torch.long, device=x.device)
        places = position + torch.arange(len(said), device=x.device).expand(3, -1)
        words = self._language.text.embed_tokens(said).to(x)
        self._held = torch.cat((x, words)), torch.cat((positions, places), 1)

    def _step(self, slots: Slots, sampling: Sampling, rows: int) -> None:
        """Read the newest tokens of the first rows and choose the next ones."""
        key = (id(slots), rows, sampling.drawn, sampling.scored)
        if key not in self._steps:
            run = self._new_step(slots, rows, sampling)
            if CudaStep.fits(self._language):
                run = captured(run, slots)
            self._steps[key] = run
        self._steps[key]()

    def _new_step(self, slots: Slots, rows: int, sampling: Sampling) -> Callable[[], None]:
        language = self._language
        forward: Callable[[], Tensor]
        if CpuStep.fits(language):
            self._packed = self._packed or CpuStep(language)
            forward = partial(self._packed, slots, rows)
        elif CudaStep.fits(language):
            self._low_ranks = self._low_ranks or LowRanks(language.layers, language.dtype)
            forward = CudaStep(language, slots, rows, self._low_ranks)
        else:
            forward = partial(language.step, slots, rows)

        def run() -> None:
            options = {"sampled": sampling.drawn, "scored": sampling.scored}
            select(slots, forward(), language.silence, **options)

        return run


def _sample(weight: Tensor) -> tuple[float, ...]:
    """A few of its values, spread evenly."""
    values = weight.detach().reshape(-1)
    return tuple(values[:: max(1, len(values) // 8)].tolist())
