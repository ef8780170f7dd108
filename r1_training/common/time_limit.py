"""Ends a run when its time is over, as if it had done all its steps."""

from __future__ import annotations

import time

import torch
import torch.distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments


class TimeLimit(TrainerCallback):
    """Stops after the step in which the time is over, with a checkpoint.

    Args:
        until: on the clock of `time.monotonic`, seconds.
    """

    def __init__(self, until: float) -> None:
        self.until = until

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Stop where the time of any process is over: one that goes on alone would wait forever."""
        over = time.monotonic() >= self.until
        if torch.distributed.is_available() and torch.distributed.is_initialized():
            flag = torch.tensor(float(over), device=args.device)
            torch.distributed.all_reduce(flag, torch.distributed.ReduceOp.MAX)
            over = bool(flag)
        if over:
            control.should_training_stop = control.should_save = True


class StepLimit(TrainerCallback):
    """Stops after so many steps, with a checkpoint from which the run can go on.

    Args:
        steps: of the whole run.
    """

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Stop at the step."""
        if state.global_step >= self.steps:
            control.should_training_stop = control.should_save = True
