from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from typer.testing import CliRunner

from r1_training.cli import app
from r1_training.common.config import TrainingConfigError
from r1_training.common.time_limit import PausedError, seconds_spent
from r1_training.reproduce.config import ReproduceConfig
from r1_training.reproduce.jobs import OVERHEAD
from r1_training.reproduce.results import note_training, read_results
from r1_training.reproduce.run import control_steps, reproduce
from r1_training.reproduce.stage import SPENT, train_sft_stage, trial_score
from r1_training.reproduce.tables import LAYOUTS

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
        "controls": {"control": SFT},
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
    names = ["sft", "all", "format", "control"]
    assert config.stages == names
    lines = [line.split("|")[1].strip() for line in table.splitlines()[2:]]
    assert [line for line in lines if not line.endswith(" - sft")] == names
    results = json.loads((tmp_path / "results.json").read_text())
    assert all(0 <= found["figures"]["format"]["mean"] <= 1 for found in results.values())
    assert "change" not in results["sft"] and "change" in results["all"]
    assert results["all"]["steps"] == 1 and results["all"]["rate"] == 1e-6
    # SFT and its control have seen the same rooms; what sees is as it was
    before, sft = weights(room_model), weights(tmp_path / "sft" / "final")
    for name, value in sft.items():
        assert torch.equal(value, before[name]) == ("language_model" not in name), name
    monkeypatch.setattr("r1_training.reproduce.run._train", never)
    monkeypatch.setattr("r1_training.reproduce.run.evaluate", never)
    assert reproduce(config).read_text() == table


def never(*_: object, **__: object) -> None:
    raise AssertionError("a finished stage was run again")


def test_some_stages_alone(room_model, tmp_path):
    reproduce(settings(tmp_path, room_model), ["sft"])
    assert not (tmp_path / "control").exists()


def test_the_best_of_some_rates_goes_on_from_its_trial(room_model, tmp_path):
    run = {**GRPO, "steps": 3, "save_every": 50}
    config = settings(
        tmp_path, room_model, grpo={"all": run}, rates={"all": [1e-6, 2e-6]}, trial_steps=1
    )
    reproduce(config, ["sft", "all"])
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["all"]["steps"] == 3 and results["all"]["rate"] in (1e-6, 2e-6)
    folders = {folder.name: folder for folder in (tmp_path / "all").glob("rate-*")}
    assert set(folders) == {"rate-1e-06", "rate-2e-06"}
    assert all((folder / "checkpoint-1").is_dir() for folder in folders.values())
    steps = [row["step"] for row in json.loads((tmp_path / "all.history.json").read_text())]
    assert steps[0] == 1 and steps[-1] == 3


def test_a_trial_is_judged_by_its_end():
    rows = [{"step": n, "reward": value} for n, value in enumerate([9.0, 9.0, 1.0, 1.0, 2.0, 4.0])]
    assert trial_score([*rows, {"step": 6, "train_loss": 0.0}]) == 3.0
    assert trial_score([{"step": 1, "train_loss": 0.0}]) == float("-inf")


def test_a_control_is_as_long_as_what_it_controls():
    results = {"sft": {"seconds": 100.0, "steps": 1000}, "all": {"seconds": 300.0}}
    assert control_steps(results, "all", None) == 3000
    assert (
        control_steps(results, "all", 2.0) == 1200 and control_steps(results, "all", 20.0) == 3000
    )
    assert control_steps({"sft": results["sft"]}, "all", 2.0) == 1200
    assert control_steps({"sft": results["sft"]}, "all", None) is None
    assert control_steps({}, "all", 2.0) is None
    # 40 seconds and 20 steps of the 100 and 1,000 were SFT's start, which the control has again
    started = {**results["sft"], "starting": 40.0, "slow": 20}
    assert control_steps({**results, "sft": started}, "all", None) == 4266
    # where its kernels are there already, 25 of the 300 seconds go by before it is at its pace
    assert control_steps({**results, "sft": started}, "all", None, warm=True) == 4511
    quick = {**results, "sft": {**started, "starting": 10.0}}
    assert control_steps(quick, "all", None, True) == control_steps(quick, "all", None)
    assert control_steps({"sft": started}, "all", 0.5) == 1


def test_a_control_is_of_the_grpo_that_was_run(room_model, tmp_path):
    config = settings(tmp_path, room_model, controls={"control": {**SFT, "steps": 50}})
    reproduce(config, ["sft", "format"])
    known = read_results(tmp_path)
    note_training(tmp_path, "sft", seconds=10.0, starting=0.0, slow=0, steps=1, rate=1e-3)
    note_training(tmp_path, "format", seconds=20.0, steps=1, rate=1e-6)
    assert "all" not in known and list(config.grpo) == ["all", "format"]
    reproduce(config, ["control"])
    assert read_results(tmp_path)["control"]["steps"] == 2


def test_a_control_has_the_batches_that_sft_would_have_had_next(room_model, tmp_path, monkeypatch):
    runs = []

    def noted(run, source, limits):
        runs.append(run)
        return train_sft_stage(run, source, limits)

    monkeypatch.setattr("r1_training.reproduce.run.train_sft_stage", noted)
    config = settings(tmp_path, room_model, sft={**SFT, "steps": 3, "new_frames": True})
    reproduce(config, ["sft", "control"])
    assert [run.first_batch for run in runs] == [0, 3]
    assert [run.distinct for run in runs] == [2, 2]  # of the same rooms


def test_a_stage_ends_when_its_time_is_over(room_model, tmp_path):
    long = {**SFT, "steps": 1000}
    config = settings(tmp_path, room_model, sft=long, minutes={"sft": 1e-6})
    reproduce(config, ["sft"])
    results = json.loads((tmp_path / "results.json").read_text())
    assert results["sft"]["steps"] == 1 and (tmp_path / "sft" / "final").is_dir()


def test_a_stage_that_was_paused_goes_on(room_model, tmp_path):
    config = settings(tmp_path, room_model, sft={**SFT, "steps": 2})
    with pytest.raises(PausedError, match="after step 1"):
        reproduce(config, ["sft"], pause_at=0.0)
    assert not (tmp_path / "sft" / "final").exists() and not read_results(tmp_path)
    before = seconds_spent(tmp_path / "sft" / SPENT)
    reproduce(config, ["sft"])
    found = read_results(tmp_path)["sft"]
    assert found["steps"] == 2 and found["seconds"] > before > 0


def test_grpo_that_was_paused_in_a_trial_goes_on(room_model, tmp_path):
    run = {**GRPO, "steps": 2, "save_every": 50}
    config = settings(tmp_path, room_model, grpo={"all": run}, rates={"all": [1e-6, 2e-6]})
    with pytest.raises(PausedError):
        reproduce(config, ["sft", "all"], pause_at=0.0)
    reproduce(config, ["sft"])
    with pytest.raises(PausedError):
        reproduce(config, ["all"], pause_at=0.0)
    reproduce(config, ["all"])
    assert read_results(tmp_path)["all"]["steps"] == 2


def test_weights_from_another_machine_are_taken(room_model, tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    reproduce(settings(here, room_model), ["sft"])
    there.mkdir()
    shutil.copy2(here / "sft.safetensors", there)
    monkeypatch.setattr("r1_training.reproduce.run.train_sft_stage", never)
    reproduce(settings(there, room_model), ["sft"])
    brought, own = weights(there / "sft" / "final"), weights(here / "sft" / "final")
    for name, value in own.items():
        assert torch.equal(brought[name], value.bfloat16().float()) or "language" not in name
        assert torch.allclose(brought[name], value, rtol=1e-2, atol=1e-6), name


def test_sft_is_as_long_as_it_gains_in_rooms_of_another_split(room_model, tmp_path, monkeypatch):
    splits = []

    def evaluated(model, config, split="test"):
        splits.append(split)
        verdict = {"correct": 1.0, "acc50": 1.0, "valid": 1.0, "format": 1.0}
        # of three tasks, which the mean is made of; the second length is no better
        return [
            {"room": 0, "task": task, "verdict": verdict}
            for task in ("qa", "grounding", "planning")
        ]

    monkeypatch.setattr("r1_training.reproduce.run.evaluate", evaluated)
    reproduce(settings(tmp_path, room_model, lengths=[1, 2, 3]), ["sft"])
    tried = {folder.name for folder in (tmp_path / "sft").glob("steps-*")}
    assert tried == {"steps-1", "steps-2"} and splits == ["val", "val", "test"]
    assert read_results(tmp_path)["sft"]["steps"] == 1


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
        ({"controls": {"c": {**SFT, "rooms": 0}}}, "c: rooms must be at least 1"),
        ({"grpo": {"x": {**GRPO, "loss": "ppo"}}}, "x: loss must be one of"),
        ({"grpo": {"x": 5}}, "grpo x must hold settings"),
        ({"controls": {"c": 5}}, "controls c must hold settings"),
        ({"rates": {"control": [1e-5]}}, "rates: there is no stage 'control'"),
        ({"grpo": [GRPO]}, "grpo must hold settings"),
        ({"rooms": 0}, "rooms must be at least 1"),
        ({"trial_steps": 0}, "trial_steps must be at least 1"),
        ({"rates": {"ppo": [1e-5]}}, "rates: there is no stage 'ppo'"),
        ({"rates": {"all": 1e-5}}, "rates all: a list of numbers, not 1e-05"),
        ({"rates": {"all": [0.0]}}, "rates all must be above 0, not 0.0"),
        ({"minutes": {"all": "ten"}}, "minutes all must be above 0, not 'ten'"),
        ({"minutes": 5}, "minutes must hold settings"),
        ({"seeds": "two"}, "seeds must be int"),
        ({"minutes": {"all": 21}}, "minutes all: at most 20, not 21"),
        ({"replicates": 0}, "replicates must be at least 1"),
        ({"lengths": [2, 1]}, "lengths must be ascending steps, not .2, 1."),
        ({"lengths": [0, 1]}, "lengths must be ascending steps"),
        ({"lengths": "12"}, "lengths must be ascending steps, not '12'"),
        ({"replicated": "sft"}, "replicated must be a list of stages: 'sft'"),
        ({"replicated": ["sft", "ppo"]}, "replicated must be a list of stages"),
        ({"replicated": ["all"]}, "all starts from sft, which is not replicated"),
        ({"starts": {"x": {**SFT, "rooms": 0}}}, "x: rooms must be at least 1"),
        ({"shown": {"x": {"stage": "ppo"}}}, "x: there is no stage 'ppo' to be asked"),
        ({"shown": {"x": {"stage": "sft", "policy": "best"}}}, "x: views must be chosen by"),
        ({"shown": {"x": {"stage": "sft", "colour": 1}}}, "x: .*colour"),
        ({"shown": {"x": {"stage": "sft", "modalities": "image"}}}, "x: modalities must be a list"),
        ({"shown": {"x": {"stage": "sft", "views": "six"}}}, "x: views must be int"),
    ],
)
def test_bad_settings_are_named(tmp_path, changes, match):
    with pytest.raises(TrainingConfigError, match=match):
        settings(tmp_path, tmp_path, **changes)


def test_a_stage_is_asked_again_and_shown_less(room_model, tmp_path):
    starts = {"parts": {**SFT, "modality_dropout": 0.9}}
    shown = {"text": {"stage": "parts", "modalities": []}}
    config = settings(tmp_path, room_model, starts=starts, shown=shown)
    reproduce(config, ["parts", "text"])
    results = json.loads((tmp_path / "results.json").read_text())
    assert set(results) == {"parts", "text"}  # neither needs the first SFT
    assert results["text"]["steps"] == 0 and results["text"]["evaluation_seconds"] > 0
    rooms = [json.loads((tmp_path / "answers" / f"{n}.json").read_text()) for n in results]
    assert [row["room"] for row in rooms[0]] == [row["room"] for row in rooms[1]]


def test_without_a_pack_nothing_is_asked_about_prints(tmp_path):
    changes = {
        "starts": {"printed": {**SFT, "meshes": True}},
        "shown": {"even": {"stage": "printed", "prints": True}, "here": {"stage": "sft"}},
    }
    assert settings(tmp_path, tmp_path, **changes).stages[-2:] == ["control", "here"]
    config = settings(tmp_path, tmp_path, meshes="pack.npz", **changes)
    assert config.stages[-3:] == ["printed", "even", "here"]
    assert config.stage("printed").meshes == "pack.npz" and config.before("even") == "printed"


def test_seeds_have_folders_of_their_own(tmp_path):
    config = settings(tmp_path, tmp_path, replicates=3, seed=4)
    assert config.all_seeds == [4, 5, 6]
    other = config.at(6)
    assert other.output == str(tmp_path / "seed-6") and other.stage("sft").seed == 6
    assert other.stage("all").model == str(tmp_path / "seed-6" / "sft" / "final")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--stages", "ppo"], "no stages ppo: there are sft, all-rewards, verified, format"),
        (["--model", "no/such/folder"], "no model in no/such/folder"),
    ],
)
def test_the_command_names_what_is_wrong(tmp_path, arguments, reason):
    arguments = ["reproduce", "--output", str(tmp_path), *arguments]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert result.exit_code == 2 and reason in " ".join(result.output.replace("│", " ").split())


def test_a_plan_starts_nothing(tmp_path, room_model):
    arguments = ["--output", str(tmp_path / "new"), "--model", str(room_model), "--plan"]
    run = CliRunner().invoke(app, ["reproduce", *arguments, "--gpus", "4", "--within", "24"])
    assert run.exit_code == 0, run.output
    assert " 0    0.0    8.5  seed-0-sft" in run.output and "(goes on another time)" in run.output
    assert not list((tmp_path / "new").glob("seed-*"))


def test_the_plan_of_one_seed_starts_nothing_either(tmp_path, room_model):
    output = tmp_path / "new"
    arguments = ["--output", str(output), "--model", str(room_model), "--plan", "--seed", "1"]
    stages = ["--stages", "sft", "--stages", "all-rewards", "--gpus", "1"]
    run = CliRunner().invoke(app, ["reproduce", *arguments, *stages])
    assert run.exit_code == 0, run.output
    assert "seed-1-sft" in run.output and "seed-1-all-rewards" in run.output
    assert "seed-0" not in run.output and not list(output.glob("seed-*"))


def test_what_ships_is_sound():
    config = ReproduceConfig.load(SHIPPED, meshes="pack.npz")
    shown = {stage for layout in LAYOUTS for stage in layout.stages}
    assert shown == set(config.stages) - {"sft-modalities", "sft-meshes"}
    sft, control, grpo = map(config.stage, ("sft", "control", "all-rewards"))
    assert sft.distinct * sft.rooms == 4256 == grpo.all_rooms
    assert sft.conversations == grpo.made_questions and 4256 * sft.conversations == 29_792
    assert (control.distinct, control.rooms, control.seed) == (sft.distinct, sft.rooms, sft.seed)
    assert grpo.new_frames == sft.new_frames == control.new_frames
    assert grpo.questions < grpo.made_questions  # some of a room's are of no task, or not seen
    # a session of half an hour has one seed, evaluations counted
    for stage in ("all-rewards", "verified"):
        limits = [config.limit(one) + OVERHEAD for one in ("sft", stage, "control-slow")]
        assert sum(limits) <= 28
    told = config.stage("verified")
    assert told == replace(grpo, output=told.output, reward_correct=1.0, least_spread=0.03)
