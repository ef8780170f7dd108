from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor

from r1_model.network.graphed import Graphed


@dataclass(frozen=True)
class Two:
    one: Tensor
    other: Tensor


def both(a: Tensor, b: Tensor) -> Two:
    return Two(a * b, (a - b).sort().values)


@pytest.mark.gpu
def test_a_graph_does_what_its_function_does() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    graphed, kept = Graphed(both), []
    for size in (5, 9, 5, 7, 3, 2, 5, 9):
        a, b = torch.randn(2, size, device="cuda")
        kept.append((graphed(a, b), both(a, b)))
    for found, expected in kept:  # later calls leave earlier results alone
        assert torch.equal(found.one, expected.one) and torch.equal(found.other, expected.other)


@pytest.mark.gpu
def test_what_a_graph_cannot_return_is_refused() -> None:
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    with pytest.raises(TypeError, match="list"):
        Graphed(lambda a: [a])(torch.ones(1, device="cuda"))
