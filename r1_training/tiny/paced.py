"""A learning rate that ends with the time: a run on rented GPUs has minutes, not steps."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import torch
import torch.distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

PLAN_EVERY = 200  # steps; the first plan comes when compiling is over


class Paced(TrainerCallback):
    """Plans the steps of a run from its pace, again and again, and ends it there.

    The rate rises for `warmup` steps and falls as half a cosine to its end; between two plans a
    step's rate follows from its number alone, so all processes have the same.

    Args:
        minutes: from the start of training, compiling included.
        steps: at most.
        warmup: steps.
        least: factor of the rate at the end.
        clock: seconds.
    """

    def __init__(
        self,
        minutes: float,
        steps: int,
        warmup: int,
        least: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.minutes, self.most, self.warmup, self.least = minutes, steps, warmup, least
        self.total, self.clock = steps, clock
        self._until = self._then = 0.0

    def factor(self, step: int) -> float:
        """Of the learning rate at a step."""
        if step < self.warmup:
            return (step + 1) / self.warmup
        way = (step - self.warmup) / max(1, self.total - self.warmup)
        return self.least + (1 - self.least) * 0.5 * (1 + math.cos(math.pi * min(1.0, way)))

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """The time runs from here."""
        self._until = self.clock() + 60 * self.minutes
        self._first = state.global_step

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Plan anew, or end."""
        done = state.global_step - self._first
        if done % PLAN_EVERY == 0:
            now = self.clock()
            if done > PLAN_EVERY:  # the first of them were compiled in
                left = (self._until - now) * PLAN_EVERY / (now - self._then)
                self.total = min(self.most, state.global_step + _agreed(int(left), args.device))
            self._then = now
        if state.global_step >= self.total:
            control.should_training_stop = control.should_save = True


def _agreed(steps: int, device: torch.device) -> int:
    """The fewest that any process has; 0 at least."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        fewest = torch.tensor(steps, device=device)
        torch.distributed.all_reduce(fewest, torch.distributed.ReduceOp.MIN)
        steps = int(fewest)
    return max(0, steps)
