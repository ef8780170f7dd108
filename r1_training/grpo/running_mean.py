"""A running mean of the weights that train: what a run delivers, and what is validated.

At a constant rate the policy wanders about what it has learned, and the step at which the time is
over is any step. The mean over the last steps wanders less (arXiv 2406.16768 has it for RL).
Answers are sampled from the policy itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from torch.nn import Parameter
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from r1_training.common.config import TrainingConfigError

FILE = "running_mean.safetensors"  # of a checkpoint


class RunningMean(TrainerCallback):
    """Exponential: a step counts `1 - decay`, those before it `decay` times what they did.

    Args:
        parameters: those that train, by name; the mean begins as what they are.
        decay: in (0, 1).
    """

    def __init__(self, parameters: Mapping[str, Parameter], decay: float) -> None:
        self._parameters, self._decay = dict(parameters), decay
        self._mean = {name: p.detach().clone().float() for name, p in self._parameters.items()}

    @torch.no_grad()
    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: object
    ) -> None:
        """Take in what a step has come to."""
        own = [p.detach().float() for p in self._parameters.values()]
        torch._foreach_lerp_(list(self._mean.values()), own, 1 - self._decay)

    @contextmanager
    def shown(self) -> Iterator[None]:
        """The parameters are the mean in here, and what they were behind it."""
        kept = {name: p.detach().clone() for name, p in self._parameters.items()}
        self._set(self._mean)
        try:
            yield
        finally:
            self._set(kept)

    def save(self, checkpoint: Path) -> None:
        """Write it into the folder of a checkpoint."""
        save_file({name: mean.cpu() for name, mean in self._mean.items()}, checkpoint / FILE)

    def load(self, checkpoint: Path) -> None:
        """Go on from a checkpoint.

        Raises:
            TrainingConfigError: it has none, or one of other parameters.
        """
        path = checkpoint / FILE
        if not path.is_file():
            raise TrainingConfigError(f"{checkpoint} has no {FILE}: its run had no mean_decay")
        found = load_file(path)
        for name, mean in self._mean.items():
            if name not in found or found[name].shape != mean.shape:
                raise TrainingConfigError(f"{path} is of another model: {name}")
            mean.copy_(found[name])

    @torch.no_grad()
    def _set(self, values: Mapping[str, Tensor]) -> None:
        for name, parameter in self._parameters.items():
            parameter.copy_(values[name])
