"""Jobs in processes of their own: in order, side by side, and what a failure keeps back."""

from __future__ import annotations

import sys

import pytest

from r1_training.reproduce import launch
from r1_training.reproduce.jobs import Job
from r1_training.reproduce.launch import PAUSED, run_jobs

SAYS = "import os, time; print(os.environ.get('CUDA_VISIBLE_DEVICES'), time.time()); "


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(launch, "LOOKS_EVERY", 0.02)


def command(job: Job, left: float) -> list[str]:
    ends = {"bad": 1, "paused": PAUSED}.get(job.stage, 0)
    return [sys.executable, "-c", SAYS + f"exit({ends})"]


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


def test_what_is_paused_has_not_failed_and_nothing_starts_from_it(tmp_path):
    jobs = [Job(0, "paused", 9, None), Job(0, "all", 9, "paused")]
    assert run_jobs(jobs, command, ["0"], tmp_path, within=5) == []
    assert [path.name for path in tmp_path.iterdir()] == ["seed-0-paused.log"]


def test_each_knows_how_long_it_may_last(tmp_path):
    told = []

    def command(job: Job, left: float) -> list[str]:
        told.append(left)
        return [sys.executable, "-c", ""]

    run_jobs([Job(0, "sft", 1, None)], command, ["0"], tmp_path, within=5)
    run_jobs([Job(0, "sft", 1, None)], command, ["0"], tmp_path)
    assert told[0] == pytest.approx(5, abs=0.1) and told[1] == float("inf")


def test_what_does_not_pause_in_time_is_ended(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(launch, "GRACE", 0.0)
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    one = Job(0, "sft", 1e-3, None)
    assert run_jobs([one], lambda job, left: sleeper, ["0"], tmp_path, within=2e-3) == []
    assert "the time is over" in capsys.readouterr().err


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
        run_jobs([Job(0, "sft", 1, None)], lambda job, left: sleeper, ["0"], tmp_path)
    assert started[0].returncode == -15


def test_gpus_are_those_that_this_process_may_use(monkeypatch):
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,6")
    assert launch.visible_gpus() == ["4", "6"]
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    assert launch.visible_gpus() == ["0", "1"]
