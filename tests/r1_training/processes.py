"""Start a script as torchrun starts it: a process for each device, on the CPU."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def run_processes(module: str, devices: int, *arguments: object) -> None:
    """Run `python -m module arguments` in `devices` processes; all must end well."""
    shared = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1",
        "ACCELERATE_USE_CPU": "true",
    }
    if devices > 1:
        shared |= {"WORLD_SIZE": str(devices), "MASTER_ADDR": "127.0.0.1"}
        shared |= {"MASTER_PORT": str(_free_port())}
    started = [
        subprocess.Popen(
            [sys.executable, "-m", module, *map(str, arguments)],
            env=shared | ({"RANK": str(rank), "LOCAL_RANK": str(rank)} if devices > 1 else {}),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in range(devices)
    ]
    try:
        said = [process.communicate(timeout=170)[0] for process in started]
    finally:
        for process in started:
            process.kill()
    assert all(process.returncode == 0 for process in started), "\n".join(said)[-3000:]


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
