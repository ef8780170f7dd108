"""The newest weights of a run that is under way, and the part of one that a shell script runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import torch

from r1_model.pretrained import load_pretrained
from r1_training.tiny.newest import newest_weights, pack_newest

PART = Path(__file__).resolve().parents[3] / "tools" / "train_part.sh"
# what training leaves: a checkpoint at once, the finished model after a while
TRAINS = """#!/usr/bin/env bash
while [ "$1" != --output ]; do shift; done
mkdir -p "$2/sft"; cp -r "{model}" "$2/sft/checkpoint-2"
echo "made a checkpoint"; {then}
"""


@pytest.fixture
def checkpoint(room_model, tmp_path) -> Path:
    """A model as the trainer leaves it."""
    folder = tmp_path / "made"
    shutil.copytree(room_model, folder)
    for name in ("optimizer.pt", "scheduler.pt", "rng_state_0.pth"):
        torch.save({}, folder / name)
    (folder / "trainer_state.json").write_text('{"global_step": 1}')
    return folder


def test_the_furthest_model_is_the_newest(checkpoint, tmp_path):
    output = tmp_path / "out"
    assert newest_weights(output) is None and pack_newest(output, tmp_path / "packed") is None
    places = ("dense/final", "sft/checkpoint-10", "sft/checkpoint-20", "sft/final", "r1-tiny")
    for place in places:
        shutil.copytree(checkpoint, output / place)
        assert newest_weights(output) == output / place
    (output / "sft/checkpoint-30").mkdir()  # the trainer is just writing it
    shutil.rmtree(output / "r1-tiny")
    shutil.rmtree(output / "sft/final")
    assert newest_weights(output) == output / "sft/checkpoint-20"
    assert (output / "sft/checkpoint-30").is_dir()


def test_what_is_packed_is_the_model_and_nothing_else(checkpoint, tmp_path):
    shutil.copytree(checkpoint, tmp_path / "out/sft/checkpoint-1")
    for _ in range(2):  # a later part takes the place of an earlier one
        packed = pack_newest(tmp_path / "out", tmp_path / "packed")
        assert load_pretrained(str(packed)).model.config.scene_config.categories
    assert not [file for file in packed.iterdir() if file.suffix in (".pt", ".pth", ".bin")]
    assert not (packed / "trainer_state.json").exists()


@pytest.mark.parametrize(
    ("minutes", "then", "status", "said"),
    [
        ("0.2", 'sleep 60; cp -r "{model}" "$2/r1-tiny"', 75, ""),
        ("5", 'cp -r "{model}" "$2/r1-tiny"', 0, ""),
        ("5", "echo out of memory; exit 3", 1, "out of memory"),
    ],
    ids=["goes on", "finished", "failed"],
)
def test_a_part_packs_what_there_is(checkpoint, tmp_path, minutes, then, status, said):
    command = tmp_path / "bin" / "torchrun"
    command.parent.mkdir()
    command.write_text(TRAINS.format(model=checkpoint, then=then.format(model=checkpoint)))
    command.chmod(0o755)
    output, packed = tmp_path / "out", tmp_path / "packed"
    environment = {
        **os.environ,
        "PATH": f"{command.parent}{os.pathsep}{os.environ['PATH']}",
        "TRAIN_OUTPUT": str(output),
        "PYTHON": sys.executable,
        "PYTHONPATH": str(PART.parents[1]),
    }
    try:
        done = subprocess.run(
            ["bash", str(PART), minutes, str(packed), "--gpus", "2"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    finally:
        with suppress(ProcessLookupError, FileNotFoundError):
            os.killpg(int((output / "train.pid").read_text()), signal.SIGKILL)
    assert done.returncode == status, done.stderr
    assert said in done.stderr
    assert load_pretrained(str(packed / "r1-tiny")).model is not None
    assert "made a checkpoint" in (packed / "train.log").read_text()
