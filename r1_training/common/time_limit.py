"""Ends a run when its time is over, or pauses it, and keeps how long it has trained."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.distributed
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from r1_training.common.whole_files import written_whole

SLOW_STEPS = 20  # of a process: kernels are compiled and graphs recorded in them


class PausedError(Exception):
    """A run has been saved before its end, and goes on when it is started again."""


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


class Pause(TrainerCallback):
    """Saves a run when its time here is over and leaves it unfinished.

    Args:
        until: on the clock of `time.monotonic`, seconds.
    """

    def __init__(self, until: float) -> None:
        self.until = until

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Let the trainer save."""
        if time.monotonic() >= self.until and not control.should_training_stop:
            control.should_save = True

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Leave, where the run is not over anyway.

        Raises:
            PausedError: always then.
        """
        if time.monotonic() >= self.until and not control.should_training_stop:
            raise PausedError(f"paused after step {state.global_step}")


@dataclass(frozen=True)
class Trained:
    """How long a stage has trained.

    Attributes:
        seconds: in all.
        starting: of them before the steps of the last process came at their pace: compiling,
            workers.
        slow: steps in `starting`.
    """

    seconds: float
    starting: float = 0.0
    slow: int = 0


class TimeSpent(TrainerCallback):
    """Seconds that a stage has trained, over all the processes that it went on in.

    Noted with each checkpoint: what a kill takes back is not counted either.

    Args:
        file: where it is kept.
    """

    def __init__(self, file: Path) -> None:
        self.file = file
        self.before = seconds_spent(file)
        self._starting, self._slow = 0.0, 0
        self._since = time.monotonic()

    @property
    def seconds(self) -> float:
        """So far."""
        return self.before + time.monotonic() - self._since

    def taken(self) -> Trained:
        """Until now."""
        return Trained(self.seconds, self._starting, self._slow)

    def note(self) -> None:
        """Keep it."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(self.file) as part:
            part.write_text(json.dumps({"seconds": self.seconds}))

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Notice when the first steps of this process are over."""
        if self._slow < SLOW_STEPS:
            self._slow += 1
            self._starting = time.monotonic() - self._since

    def on_save(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Keep it with the checkpoint."""
        self.note()


def seconds_spent(file: Path) -> float:
    """What `TimeSpent` kept; 0 where there is nothing."""
    return float(json.loads(file.read_text())["seconds"]) if file.is_file() else 0.0
