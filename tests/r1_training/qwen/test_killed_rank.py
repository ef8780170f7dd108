"""A data-parallel run of which one process is killed ends, and goes on to the same model."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from r1_model.pretrained import load_pretrained
from r1_training.common.checkpoints import newest_checkpoint
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.grpo import SceneQuestions, train_full_size_grpo
from r1_training.qwen.train import TRAINED, train_full_size
from tests.r1_training.qwen import grpo_process

ROOT = Path(__file__).resolve().parents[3]
needs_long = pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="long; R1_LONG=1 runs it")


SFT = ("r1_training.cli", "train-full", "--config")
GRPO = ("tests.r1_training.qwen.grpo_process",)


def started(module: tuple[str, ...], path: Path, *more: str) -> subprocess.Popen:
    """`torchrun` of two processes on the CPU."""
    environment = {
        **os.environ,
        **{"PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"},
        "ACCELERATE_USE_CPU": "true",
    }
    starter = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "-m")
    return subprocess.Popen(
        [sys.executable, *starter, *module, str(path), *more], env=environment, cwd=ROOT
    )


def children(process: int) -> list[int]:
    tasks = Path(f"/proc/{process}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def killed_and_resumed(module: tuple[str, ...], config: FullSizeConfig, folder: Path) -> None:
    """A run of two processes, of which one is killed behind a checkpoint; then the rest of it."""
    path = folder / "run.yaml"
    path.write_text(yaml.safe_dump(asdict(config) | {"lora_targets": list(config.lora_targets)}))
    run = started(module, path)
    deadline = time.monotonic() + 240
    while newest_checkpoint(Path(config.output), clean=False) is None:
        assert time.monotonic() < deadline and run.poll() is None
        time.sleep(0.05)
    ranks = children(run.pid)
    assert len(ranks) >= 2
    os.kill(ranks[-1], signal.SIGKILL)
    assert run.wait(120) != 0
    assert not (Path(config.output) / "final").exists()
    assert started(module, path, "--resume").wait(240) == 0


@needs_long
@pytest.mark.timeout(900)
def test_a_killed_process_ends_the_run_and_resume_goes_on(config, tmp_path):
    config = replace(config, batch_size=2, epochs=4, devices=2, output=str(tmp_path / "two"))
    killed_and_resumed(SFT, config, tmp_path)
    alone = replace(config, devices=1, output=str(tmp_path / "one"))
    train_full_size(alone)
    ours, theirs = (
        load_file(Path(folder) / "checkpoint-12" / TRAINED)
        for folder in (config.output, alone.output)
    )
    for name, weight in theirs.items():
        torch.testing.assert_close(ours[name], weight, atol=1e-5, rtol=1e-3)


@needs_long
@pytest.mark.timeout(900)
def test_a_killed_process_of_grpo_ends_it_and_resume_goes_on(config, tmp_path, monkeypatch):
    config = replace(
        *(config,),
        stage="grpo",
        output=str(tmp_path / "two"),
        batch_size=2,
        epochs=4,
        devices=2,
        group_size=4,
        answers_at_a_time=2,
        max_new_tokens=5,
        learning_rate=1e-3,
        final_learning_rate=1e-3,
        embeddings=None,
    )
    killed_and_resumed(GRPO, config, tmp_path)
    monkeypatch.setattr(R1GRPOTrainer, "_sample", grpo_process.sample)
    monkeypatch.setattr(SceneQuestions, "judge", grpo_process.judge)
    alone = train_full_size_grpo(replace(config, devices=1, output=str(tmp_path / "one")))
    start, ours, theirs = (
        load_pretrained(folder, device="cpu").model.state_dict()
        for folder in (config.model, Path(config.output) / "final", alone)
    )
    moved = sum(float((theirs[name] - value).square().sum()) for name, value in start.items())
    apart = sum(float((theirs[name] - value).square().sum()) for name, value in ours.items())
    assert moved > 0 and apart < 1e-4 * moved
