"""Jobs in processes of their own: in order, side by side, and what a failure keeps back."""

from __future__ import annotations

import subprocess
import sys

import pytest

from r1_training.reproduce import launch
from r1_training.reproduce.jobs import Job
from r1_training.reproduce.launch import run_jobs

SAYS = "import os, time; print(os.environ.get('CUDA_VISIBLE_DEVICES'), time.time()); "


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(launch, "LOOKS_EVERY", 0.02)


def command(job: Job) -> list[str]:
    return [sys.executable, "-c", SAYS + f"exit({int(job.stage == 'bad')})"]


def test_each_runs_on_a_gpu_after_what_it_starts_from(tmp_path):
    jobs = [Job(0, "all", 1, "sft"), Job(0, "sft", 1, None), Job(1, "sft", 1, None)]
    assert run_jobs(jobs, command, ["5", "7"], tmp_path) == []
    said = {job.name: (tmp_path / f"{job.name}.log").read_text().split() for job in jobs}
    assert {gpu for gpu, _ in said.values()} == {"5", "7"}
    assert float(said["seed-0-all"][1]) > float(said["seed-0-sft"][1])


def test_what_starts_from_a_failure_is_not_begun(tmp_path, capsys):
    jobs = [Job(0, "bad", 1, None), Job(0, "all", 1, "bad"), Job(1, "sft", 1, None)]
    assert run_jobs(jobs, command, [], tmp_path) == jobs[:1]
    assert {path.name for path in tmp_path.iterdir()} == {"seed-0-bad.log", "seed-1-sft.log"}
    assert "seed-0-bad failed" in capsys.readouterr().err


def test_what_could_last_too_long_is_not_begun(tmp_path):
    run_jobs([Job(0, "sft", 9, None), Job(1, "sft", 1, None)], command, ["0"], tmp_path, within=5)
    assert [path.name for path in tmp_path.iterdir()] == ["seed-1-sft.log"]


def test_an_end_ends_what_it_started(tmp_path, monkeypatch):
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(launch, "_show", interrupted)
    started = []
    popen = launch.subprocess.Popen
    monkeypatch.setattr(
        launch.subprocess, "Popen", lambda *a, **k: started.append(popen(*a, **k)) or started[-1]
    )
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(KeyboardInterrupt):
        run_jobs([Job(0, "sft", 1, None)], lambda job: sleeper, ["0"], tmp_path)
    assert started[0].returncode == -15


def test_gpus_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert launch.visible_gpus() == ["4", "6"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert launch.visible_gpus() == ["0", "1"]


def test_a_kill_ends_a_run_as_an_error_would():
    """So that the processes of a pool end, too."""
    body = """
import os, signal, time
from r1_training.reproduce.launch import end_with_parts
end_with_parts()
try:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(20)
finally:
    print("cleaned up")
"""
    done = subprocess.run([sys.executable, "-c", body], capture_output=True, text=True, timeout=60)
    assert done.returncode == 143 and done.stdout == "cleaned up\n"
