from __future__ import annotations

from dataclasses import dataclass

import pytest
import torch
from torch import Tensor, nn

from r1_training.tiny.packing import block_mask
from r1_training.tiny.step_graph import WARM_UP, StepGraph, batch_tensors, copy_batch

cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")


@dataclass(frozen=True)
class Batch:
    x: Tensor
    more: dict[str, object]
    nothing: None = None


def make_batch(seed: int, rows: int = 3, device: str = "cpu") -> Batch:
    generator = torch.Generator().manual_seed(seed)
    x, y = torch.randn(rows, 2, generator=generator), torch.randn(rows, generator=generator)
    return Batch(x.to(device), {"y": y.to(device), "grids": [(1, 2)]})


def segments(seed: int) -> Tensor:
    return torch.randint(0, 3, (1, 256), generator=torch.Generator().manual_seed(seed)).int()


def test_a_copied_batch_is_the_other_one_in_its_own_memory():
    into, batch = make_batch(0), make_batch(1)
    places = [tensor.data_ptr() for tensor in batch_tensors(into)]
    copy_batch(into, batch)
    assert torch.equal(into.x, batch.x)
    assert torch.equal(into.more["y"], batch.more["y"])
    assert [tensor.data_ptr() for tensor in batch_tensors(into)] == places
    assert not set(places) & {tensor.data_ptr() for tensor in batch_tensors(batch)}


def test_a_copied_mask_is_the_other_one():
    """Its rule reads the segments, which belong to the batch."""
    old, new = segments(0), segments(1)
    into, batch = {"segment": old, "mask": block_mask(old)}, {"segment": new}
    batch["mask"] = block_mask(new)
    copy_batch(into, batch)
    assert torch.equal(into["mask"].to_dense(), batch["mask"].to_dense())
    at = (torch.tensor(0), torch.tensor(0), torch.tensor(200))
    for key in range(256):
        where = (*at, torch.tensor(key))
        assert into["mask"].mask_mod(*where) == batch["mask"].mask_mod(*where)


def test_a_batch_of_another_shape_is_refused():
    with pytest.raises(ValueError, match=r"\(4, 2\).*\(3, 2\)"):
        copy_batch(make_batch(0), make_batch(1, rows=4))


def test_a_row_is_not_spread_over_all():
    with pytest.raises(ValueError, match=r"\(1, 2\)"):
        copy_batch(make_batch(0), make_batch(1, rows=1))


def test_the_first_steps_run_as_they_are():
    seen = []
    graph = StepGraph(lambda batch: seen.append(batch) or {"loss": torch.tensor(1.0)}, [])
    for seed in range(WARM_UP):
        assert graph(seed) == {"loss": torch.tensor(1.0)}
    assert seen == list(range(WARM_UP))


def train(graphed: bool, steps: int) -> tuple[list[float], list[Tensor]]:
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1)).cuda()
    spare = nn.Linear(2, 2).cuda()  # it never gets a gradient
    parameters = [*model.parameters(), *spare.parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=0.05)

    def step(batch: Batch) -> dict[str, Tensor]:
        loss = (model(batch.x).squeeze(-1) - batch.more["y"]).square().mean()
        loss.backward()
        return {"loss": loss.detach()}

    run = StepGraph(step, parameters) if graphed else step
    losses = []
    for seed in range(steps):
        losses.append(run(make_batch(seed, device="cuda"))["loss"])
        optimizer.step()
        optimizer.zero_grad()
    return [loss.item() for loss in losses], [p.detach() for p in parameters]


@pytest.mark.gpu
@cuda
def test_a_replayed_step_is_the_step():
    """Losses are read at the end: no replay writes over those before."""
    plain, graphed = (train(graphed, 3 * WARM_UP) for graphed in (False, True))
    assert graphed[0] == pytest.approx(plain[0], rel=1e-5)
    for ours, reference in zip(graphed[1], plain[1], strict=True):
        assert torch.allclose(ours, reference, atol=1e-5)


@pytest.mark.gpu
@cuda
def test_the_graph_is_recorded_when_the_other_threads_are_quiet():
    weight, calls = nn.Parameter(torch.ones(3, device="cuda")), []

    def step(batch: Tensor) -> dict[str, Tensor]:
        calls.append("step")
        loss = (weight * batch).sum()
        loss.backward()
        return {"loss": loss.detach()}

    graph = StepGraph(step, [weight], lambda: calls.append("quiet"))
    for n in range(WARM_UP + 3):
        assert graph(torch.full((3,), float(n), device="cuda"))["loss"].item() == 3.0 * n
        assert weight.grad.tolist() == [n, n, n]
        weight.grad = None
    assert calls == ["step"] * WARM_UP + ["quiet", "step"]
