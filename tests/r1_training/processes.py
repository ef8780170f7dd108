"""Start a script as torchrun starts it: a process for each device, on the CPU."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LONGEST_S = 600.0  # on cores that others fill
TRIES = 3  # another test may take the port in between


def run_processes(module: str, devices: int, *arguments: object) -> None:
    """Run `python -m module arguments` in `devices` processes; all must end well."""
    said = ""
    for _ in range(TRIES):
        said = _run(module, devices, *arguments)
        if "address already in use" not in said.lower():
            break
    assert not said, said[-3000:]


def _run(module: str, devices: int, *arguments: object) -> str:
    """What they said, where one of them did not end well; else nothing."""
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
    with ExitStack() as opened:
        logs = [opened.enter_context(tempfile.TemporaryFile("w+")) for _ in range(devices)]
        started = [
            subprocess.Popen(
                [sys.executable, "-m", module, *map(str, arguments)],
                env=shared | ({"RANK": str(rank), "LOCAL_RANK": str(rank)} if devices > 1 else {}),
                cwd=ROOT,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            for rank, log in enumerate(logs)
        ]
        try:
            deadline = time.monotonic() + LONGEST_S
            # who lost a partner waits for it for ever
            while not any(process.poll() for process in started) and time.monotonic() < deadline:
                if all(process.poll() == 0 for process in started):
                    return ""
                time.sleep(0.05)
        finally:
            for process in started:
                process.kill()
                process.wait(10.0)
        for log in logs:
            log.seek(0)
        codes = [process.returncode for process in started]
        return f"exit statuses {codes}\n" + "\n".join(log.read() for log in logs)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]
