"""Training on several GPUs: a process for each, with batches of its own and one mean gradient.

Not by wrapping the model: a step that is replayed from a CUDA graph calls the parts of the model as
they are, and its gradients are there all at once when it ends.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
import torch.distributed
from accelerate import PartialState
from torch import Tensor, nn

from r1_training.common.config import TrainingConfigError


def require_devices(devices: int) -> None:
    """That as many processes run as a configuration says.

    Raises:
        TrainingConfigError: other batches would be seen than those of the run that was described.
    """
    running = PartialState().num_processes
    if running != devices:
        raise TrainingConfigError(
            f"devices is {devices}, but {running} processes run: "
            f"torchrun --nproc_per_node {devices} starts them"
        )


def average_gradients(parameters: Iterable[nn.Parameter]) -> None:
    """The mean over all processes of every gradient, in place; nothing with one process.

    All processes must have gradients of the same parameters.
    """
    processes = PartialState().num_processes
    if processes == 1:
        return
    gradients: list[Tensor] = [p.grad for p in parameters if p.grad is not None]
    # one message: there are hundreds of tensors, most of them small
    joined = torch.cat([gradient.flatten() for gradient in gradients])
    torch.distributed.all_reduce(joined)
    joined /= processes
    parts = joined.split([gradient.numel() for gradient in gradients])
    torch._foreach_copy_(gradients, [p.view_as(g) for p, g in zip(parts, gradients, strict=True)])
