"""Functions of tensors as CUDA graphs: what they do without waiting for Python."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any, Generic, TypeVar

import torch
from torch import Tensor

Result = TypeVar("Result")


class Graphed(Generic[Result]):
    """A function, captured once for each set of shapes of its arguments.

    Args:
        function: of tensors on a GPU; waits for nothing, and does the same work whatever their
            values. It returns a tensor or a dataclass of such.
    """

    MOST = 4  # sets of shapes; each holds memory of its own

    def __init__(self, function: Callable[..., Result]) -> None:
        self._function = function
        self._graphs: dict[
            tuple[object, ...], tuple[torch.cuda.CUDAGraph, list[Tensor], Result]
        ] = {}

    @torch.inference_mode()
    def __call__(self, *arguments: Tensor) -> Result:
        """The function's result, in memory of its own."""
        key = tuple((tuple(a.shape), a.dtype, a.device) for a in arguments)
        if key not in self._graphs:
            if len(self._graphs) == self.MOST:
                self._graphs.pop(next(iter(self._graphs)))
            self._graphs[key] = self._capture(arguments)
        graph, inputs, result = self._graphs[key]
        for own, given in zip(inputs, arguments, strict=True):
            own.copy_(given)
        graph.replay()
        return _copied(result)

    def clear(self) -> None:
        """Give back the memory."""
        self._graphs.clear()

    def _capture(
        self, arguments: tuple[Tensor, ...]
    ) -> tuple[torch.cuda.CUDAGraph, list[Tensor], Result]:
        inputs = [argument.clone() for argument in arguments]
        stream = torch.cuda.Stream()
        stream.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(stream):
            self._function(*inputs)  # libraries set themselves up, which cannot be captured
        torch.cuda.current_stream().wait_stream(stream)
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            result = self._function(*inputs)
        return graph, inputs, result


def _copied(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.clone()
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _copied(getattr(value, f.name)) for f in fields(value)})
    raise TypeError(f"a graph returns tensors and dataclasses of them, not {type(value).__name__}")
