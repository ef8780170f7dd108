"""Two processes train as one does: the same answers, the same losses, the same weights."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

SCRIPT = "tests.r1_training.grpo.two_processes"
long_run = pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="long run: set R1_LONG=1")
ROOT = Path(__file__).resolve().parents[3]


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def run(output: Path, devices: int, loss: str) -> None:
    output.mkdir()
    shared = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "true",
    }
    if devices > 1:
        shared |= {"WORLD_SIZE": str(devices), "MASTER_ADDR": "127.0.0.1"}
        shared |= {"MASTER_PORT": str(free_port())}
    command = [sys.executable, "-m", SCRIPT, str(output), str(devices), loss]
    started = [
        subprocess.Popen(
            command,
            env=shared | ({"RANK": str(rank), "LOCAL_RANK": str(rank)} if devices > 1 else {}),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(devices)
    ]
    said = [process.communicate(timeout=170)[0] for process in started]
    assert all(process.returncode == 0 for process in started), "\n".join(said)[-3000:]


@pytest.mark.parametrize("loss", ["dapo", pytest.param("grpo", marks=long_run)])
def test_two_processes_equal_one(tmp_path, loss):
    run(tmp_path / "one", 1, loss)
    run(tmp_path / "two", 2, loss)
    one, two = load_file(tmp_path / "one" / "trained"), load_file(tmp_path / "two" / "trained")
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.allclose(value, two[name], atol=2e-5), name
    logs = [torch.tensor(torch.load(tmp_path / side / "log")) for side in ("one", "two")]
    assert logs[0][:, 1].min() > 0 and torch.allclose(*logs, rtol=1e-3, atol=1e-5)
