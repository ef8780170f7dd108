from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch
import yaml
from safetensors.torch import load_file

from r1_model.pretrained import load_pretrained
from r1_model.reasoner import Reasoner
from r1_training.tiny import recipe, sft
from tests.r1_training.tiny_model import small_run

STAGES = ("r1-tiny-dense", "r1-tiny-sft")


@pytest.fixture
def configs(tmp_path) -> Path:
    """Settings of two steps a stage."""
    folder = tmp_path / "configs"
    folder.mkdir()
    run = vars(small_run(tmp_path, steps=2)) | {"scan_size": [72, 96]}
    for stage in STAGES:
        own = run | {"conversations": 0 if stage.endswith("dense") else run["conversations"]}
        (folder / f"{stage}.yaml").write_text(yaml.safe_dump(own))
    clip = {"model": "x", "output": "x", "steps": 2, "rooms": 2, "texts": 3, "views": 3}
    clip |= {"view_size": [30, 40], "warmup": 1, "evaluation_rooms": 2}
    (folder / "clip.yaml").write_text(yaml.safe_dump(clip))
    return folder


def test_stages_follow_each_other_and_are_done_once(room_model, configs, tmp_path, monkeypatch):
    started: list[str] = []
    train = sft.train

    def watched(folder: str, config, resume: bool) -> Path:
        started.append(folder)
        assert resume
        return train(folder, config, resume)

    monkeypatch.setattr(sft, "train", watched)
    output = tmp_path / "out"
    shutil.copytree(room_model, output / "start")
    final = recipe.train_tiny(configs, output, workers=0)
    assert final == output / "r1-tiny"
    files = list(final.glob("model*.safetensors"))
    assert {value.dtype for file in files for value in load_file(file).values()} == {torch.bfloat16}
    assert max(file.stat().st_size for file in files) < 16 * 2**20
    assert started == [str(output / name) for name in ("start", "dense/final")]
    reasoner = Reasoner.from_pretrained(str(final), device="cpu")  # with its SceneClip
    assert reasoner.trained
    assert (output / "clip" / "retrieval.json").is_file()

    # killed before view selection was trained: the stages before it stay as they are
    shutil.rmtree(output / "clip")
    assert recipe.train_tiny(configs, output, workers=0) == final
    assert len(started) == 2
    assert (output / "clip" / "retrieval.json").is_file()


def test_start_is_made_once_and_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(recipe, "CORPUS_ROOMS", 3)
    monkeypatch.setattr(recipe, "VOCABULARY", 1_400)
    folder, config = tmp_path / "run" / "start", small_run(tmp_path, seed=3)
    half = tmp_path / "run" / "start.part"
    half.mkdir(parents=True)  # a killed run's
    (half / "config.json").write_text("{")
    assert recipe.start_tiny(folder, config) == folder
    loaded = load_pretrained(folder, device="cpu", dtype="float32")
    count = sum(parameter.numel() for parameter in loaded.model.parameters())
    assert 10e6 < count < 14e6 and not loaded.model.config.trained
    before = (folder / "model.safetensors").stat().st_mtime_ns
    recipe.start_tiny(folder, config)
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    assert not half.exists()
