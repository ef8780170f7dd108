"""Forward and backward pass of a training step as one CUDA graph.

A step launches some thousand kernels, and Python needs longer to launch them than a fast GPU to run
them: how fast training was depended on the machine's CPU. A graph is launched as one. It holds
addresses, not tensors, so all batches have equal shapes and are copied into those of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn
from torch.nn.attention.flex_attention import BlockMask

WARM_UP = 4  # steps before: kernels are compiled and chosen, the optimizer has its state


Batch = TypeVar("Batch")


class StepGraph(Generic[Batch]):
    """Runs a step as it is for `WARM_UP` batches, then from a graph.

    Args:
        step: batch -> named values, with gradients added to the parameters. It must not wait for
            the GPU, and its shapes must not depend on what is in a batch.
        parameters: of the model; without gradients whenever a step begins.
        quiet: called before the graph is recorded; ends what other threads do on the GPU.
    """

    def __init__(
        self,
        step: Callable[[Batch], dict[str, Tensor]],
        parameters: Iterable[nn.Parameter],
        quiet: Callable[[], None] = lambda: None,
    ) -> None:
        self.step, self.parameters, self.quiet = step, list(parameters), quiet
        self._warm = 0
        self._graph: torch.cuda.CUDAGraph | None = None

    def __call__(self, batch: Batch) -> dict[str, Tensor]:
        """The step's values; the gradients are in the parameters.

        Raises:
            ValueError: the batch has other shapes than those before.
        """
        if self._graph is None and self._warm < WARM_UP:
            self._warm += 1
            return self.step(batch)
        if self._graph is None:
            self._graph = self._recorded(batch)
        else:
            copy_batch(self._batch, batch)
        self._graph.replay()
        for parameter, gradient in zip(self.parameters, self._gradients, strict=True):
            parameter.grad = gradient
        # the next replay writes where these are
        return {name: value.clone() for name, value in self._values.items()}

    def _recorded(self, batch: Batch) -> torch.cuda.CUDAGraph:
        self.quiet()
        self._batch, graph = batch, torch.cuda.CUDAGraph()
        # Other threads (those that pin memory) may go on with what a recording thread may not do.
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._values = self.step(batch)
        self._gradients = [parameter.grad for parameter in self.parameters]
        return graph


def copy_batch(into: object, batch: object) -> None:
    """Copy the tensors of a batch into those of another.

    Raises:
        ValueError: they have not the same shapes.
    """
    for old, new in zip(batch_tensors(into), batch_tensors(batch), strict=True):
        if old.shape != new.shape or old.dtype != new.dtype:
            raise ValueError(
                f"a batch has {tuple(new.shape)} {new.dtype} where the first had "
                f"{tuple(old.shape)} {old.dtype}"
            )
        old.copy_(new)


def batch_tensors(value: object) -> Iterator[Tensor]:
    """All tensors of a batch, in order; what else is in it is the same in all batches."""
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from batch_tensors(item)
    elif isinstance(value, BlockMask):
        # without the rule by which it was made: what that reads belongs to the batch as well
        yield from (item for item in value.as_tuple() if isinstance(item, Tensor))
    elif is_dataclass(value):
        for field in fields(value):
            yield from batch_tensors(getattr(value, field.name))
