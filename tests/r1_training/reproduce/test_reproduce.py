from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.common.config import TrainingConfigError
from r1_training.reproduce.config import ReproduceConfig
from r1_training.reproduce.run import reproduce

SHIPPED = Path(__file__).resolve().parents[3] / "config" / "training" / "reproduce.yaml"
SFT = {
    "steps": 1,
    "rooms": 1,
    "distinct": 2,
    "conversations": 6,
    "sequence_length": 768,
    "scan_views": 5,
    "scan_size": [72, 96],
    "warmup": 0,
    "workers": 0,
    "dense_weight": 0.0,
    "language_alone": True,
    "precision": "fp32",
    "save_every": 1,
}
GRPO = {
    "steps": 1,
    "rooms": 1,
    "questions": 2,
    "group_size": 2,
    "answers_at_a_time": 4,
    "max_new_tokens": 4,
    "validate_every": 0,
    "reward_semantic": 0.0,
    "workers": 0,
    "precision": "fp32",
}


def settings(folder: Path, model: Path, **changes: object) -> ReproduceConfig:
    values = {
        "sft": SFT,
        "control": SFT,
        "grpo": {"all": GRPO, "format": {**GRPO, "loss": "gspo"}},
        "rooms": 1,
        "questions": 4,
        "seeds": 1,
    }
    return ReproduceConfig(output=str(folder), model=str(model), **{**values, **changes})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "model.safetensors")


def test_all_stages_run_and_are_not_run_twice(room_model, tmp_path, monkeypatch):
    config = settings(tmp_path, room_model)
    table = reproduce(config).read_text()
    names = ["sft", "control", "all", "format"]
    assert config.stages == names
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == names
    results = json.loads((tmp_path / "results.json").read_text())
    assert all(0 <= found["seeds"][0]["format"] <= 1 for found in results.values())
    # SFT and its control have seen the same rooms; what sees is as it was
    before, sft = weights(room_model), weights(tmp_path / "sft" / "final")
    for name, value in sft.items():
        assert torch.equal(value, before[name]) == ("language_model" not in name), name
    monkeypatch.setattr("r1_training.reproduce.run.train_sft", never)
    monkeypatch.setattr("r1_training.reproduce.run.train_grpo", never)
    assert reproduce(config).read_text().count("\n") == table.count("\n")


def never(*_: object, **__: object) -> None:
    raise AssertionError("a finished stage was run again")


def test_some_stages_alone(room_model, tmp_path):
    reproduce(settings(tmp_path, room_model), ["sft"])
    assert not (tmp_path / "control").exists()


def test_grpo_asks_in_the_rooms_of_sft(room_model, tmp_path):
    config = settings(tmp_path, room_model, seed=3, sft={**SFT, "rooms": 4, "distinct": 5})
    run = config.stage("all")
    assert (run.first_room, run.all_rooms, run.made_questions) == (12_000_000, 20, 6)
    assert run.model == str(tmp_path / "sft" / "final") and config.stage("control").seed == 3


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"sft": {**SFT, "distinct": 0}}, "distinct must be set"),
        ({"sft": {**SFT, "step": 5}}, "sft: .*step"),
        ({"control": {**SFT, "rooms": 0}}, "control: rooms must be at least 1"),
        ({"grpo": {"x": {**GRPO, "loss": "ppo"}}}, "x: loss must be one of"),
        ({"grpo": {"x": 5}}, "grpo x must hold settings"),
        ({"grpo": [GRPO]}, "grpo must hold settings"),
        ({"rooms": 0}, "rooms must be at least 1"),
        ({"seeds": "two"}, "seeds must be int"),
    ],
)
def test_bad_settings_are_named(tmp_path, changes, match):
    with pytest.raises(TrainingConfigError, match=match):
        settings(tmp_path, tmp_path, **changes)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--stages", "ppo"], "no stages ppo: there are sft, control, all-rewards"),
        (["--model", "no/such/folder"], "no model in no/such/folder"),
    ],
)
def test_the_command_names_what_is_wrong(tmp_path, arguments, reason):
    arguments = ["reproduce", "--output", str(tmp_path), *arguments]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert result.exit_code == 2 and reason in " ".join(result.output.replace("│", " ").split())


def test_what_ships_is_sound():
    config = ReproduceConfig.load(SHIPPED)
    sft, control = config.stage("sft"), config.stage("control")
    assert sft.distinct * sft.rooms == 1064 == config.stage("all-rewards").all_rooms
    assert (control.distinct, control.rooms, control.seed) == (sft.distinct, sft.rooms, sft.seed)
