"""Two processes train as one does: the same answers, the same losses, the same weights."""

from __future__ import annotations

import os

import pytest
import torch
from safetensors.torch import load_file

from tests.r1_training.processes import run_processes

SCRIPT = "tests.r1_training.grpo.two_processes"
long_run = pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="long run: set R1_LONG=1")


@pytest.mark.timeout(700)
@pytest.mark.parametrize("loss", ["dapo", pytest.param("grpo", marks=long_run)])
def test_two_processes_equal_one(tmp_path, loss):
    for side, devices in (("one", 1), ("two", 2)):
        (tmp_path / side).mkdir()
        run_processes(SCRIPT, devices, tmp_path / side, devices, loss)
    one, two = load_file(tmp_path / "one" / "trained"), load_file(tmp_path / "two" / "trained")
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=2e-5), name
    logs = [torch.tensor(torch.load(tmp_path / side / "log")) for side in ("one", "two")]
    assert logs[0][:, 1].min() > 0 and torch.allclose(*logs, rtol=1e-3, atol=1e-5)
