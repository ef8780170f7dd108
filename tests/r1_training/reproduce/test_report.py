"""Tables, plots and JSON of results that were made up."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from r1_training.reproduce.comparison import Figure
from r1_training.reproduce.config import ReproduceConfig
from r1_training.reproduce.questions_plot import question_statistics
from r1_training.reproduce.report import write_report
from r1_training.reproduce.results import note_answers, note_training
from r1_training.reproduce.tables import LAYOUTS, best_control, lines_of, over_seeds, verdict
from tests.r1_training.reproduce.test_reproduce import GRPO, SFT, settings


def answers(right: float) -> list[dict]:
    """Of ten rooms, `right` of them right in everything."""
    return [
        {"room": room, "task": task, "verdict": {"format": 1.0, **checks}}
        for room in range(10)
        for value in [float(room < 10 * right)]
        for task, checks in {
            "qa": {"correct": value},
            "grounding": {"correct": value, "acc50": value},
            "planning": {"correct": value, "valid": value},
        }.items()
    ]


RIGHT = {"sft": 0.3, "control": 0.4, "control-slow": 0.5, "all-rewards": 0.7}


@pytest.fixture
def config(tmp_path) -> ReproduceConfig:
    """Two of three seeds are done, one reward alone for the first."""
    config = settings(
        tmp_path,
        tmp_path,
        replicates=3,
        controls={"control": SFT, "control-slow": SFT},
        grpo={"all-rewards": GRPO, "format": GRPO},
    )
    for seed in (0, 1):
        output = Path(config.at(seed).output)
        for name, right in RIGHT.items():
            note_training(output, name, seconds=60.0, steps=5, rate=1e-5)
            note_answers(output, name, answers(right + 0.1 * seed), evaluation_seconds=3.0)
        logged = {"accuracy": 0.5, "validation/mean": 0.3}
        rows = [{"step": n, "reward": n / 9, **logged} for n in (1, 2)]
        (output / "all-rewards.history.json").write_text(json.dumps(rows))
    output = Path(config.at(0).output)
    note_answers(output, "format", answers(0.3), evaluation_seconds=3.0)
    return config


def test_figures_are_over_the_seeds_that_there_are(config):
    lines = {line.stage: line for line in lines_of(config, LAYOUTS[0])}
    assert list(lines) == list(RIGHT) and lines["sft"].seeds == (0, 1)
    assert lines["sft"].figures["mean"].mean == pytest.approx(0.35)
    assert lines["sft"].figures["mean"].error == pytest.approx(0.05)  # of 0.3 and 0.4
    assert lines["all-rewards"].change["mean"].mean == pytest.approx(0.4)
    assert lines["all-rewards"].change["mean"].error == pytest.approx(0.0, abs=1e-9)
    assert lines["sft"].change == {} and lines["sft"].milliseconds == pytest.approx(100.0)


def test_grpo_is_measured_against_the_better_control(config):
    assert best_control(config)["mean"].mean == pytest.approx(0.2)


def test_what_is_told_right_from_wrong_has_goals_of_its_own(config, tmp_path):
    told = settings(
        tmp_path,
        tmp_path,
        replicates=3,
        controls={"control": SFT, "control-slow": SFT},
        grpo={"all-rewards": GRPO, "verified": GRPO},
    )
    text = write_report(told).read_text()
    assert "| sft | +0.400" in text and "right or wrong told |" not in text  # not run
    for seed in (0, 1):
        output = Path(told.at(seed).output)
        note_answers(output, "verified", answers(0.6 + 0.1 * seed), evaluation_seconds=3.0)
    assert best_control(told, "verified")["mean"].mean == pytest.approx(0.1)
    text = write_report(told).read_text()
    assert "| sft, right or wrong told | +0.300 ± 0.000, higher | +0.050 | yes |" in text
    assert "| control, right or wrong told | +0.100 ± 0.000, higher | +0.030 | yes |" in text
    assert "| sft | +0.400" in text and "| control | +0.200" in text


def test_one_seed_has_the_error_of_its_rooms():
    own = {"mean": Figure(0.5, 0.1, 10)}
    assert over_seeds([own]) == own and over_seeds([]) == {}
    both = over_seeds([own, {"mean": Figure(0.7, 0.1, 10)}])
    assert both["mean"].mean == pytest.approx(0.6) and both["mean"].error == pytest.approx(0.1)
    assert both["mean"].count == 20


def test_noise_is_called_noise():
    assert verdict(Figure(0.05, 0.01, 9)) == "+0.050 ± 0.010, higher"
    assert verdict(Figure(-0.05, 0.01, 9)) == "-0.050 ± 0.010, lower"
    assert verdict(Figure(0.05, 0.04, 9)).endswith("within noise")
    assert verdict(Figure(0.05, float("nan"), 9)).endswith("within noise")
    assert verdict(None) == "-"


def test_the_report_has_tables_plots_and_whence(config, tmp_path):
    report = write_report(config, tmp_path / "there", ["reproduce", "--output", "x"])
    text = report.read_text()
    assert "`r1 reproduce --output x`, seeds [0, 1, 2]" in text
    assert "| sft | +0.400 ± 0.000, higher | +0.050 | yes |" in text
    assert "| control | +0.200 ± 0.000, higher | +0.030 | yes |" in text
    assert "| + format * |" in text and "| + all | 0.750 ± 0.050" in text
    assert "Not run: + perception, + semantic, + plan (not the paper's), + all, right" in text
    assert "| SFT | 97.95 |" in text  # the paper's own
    for name in ("learning.png", "questions.png"):
        assert (tmp_path / "there" / name).read_bytes().startswith(b"\x89PNG")
    data = json.loads((tmp_path / "there" / "reproduce.json").read_text())
    assert data["seeds"] == [0, 1, 2] and data["commit"]
    assert data["stages"]["seed-1"]["sft"]["steps"] == 5


def test_a_report_of_nothing_says_so(tmp_path):
    config = settings(tmp_path, tmp_path)
    text = write_report(config).read_text()
    assert "| sft | - | +0.050 | not run |" in text and "learning.png" not in text


def test_questions_are_counted_as_the_runs_ask_them(config):
    run = config.stage("all-rewards")
    counted = question_statistics(run, 2)
    assert len(counted.scenes) == 2 and counted.items == sum(counted.tasks.values()) > 4
    assert set(counted.tasks) <= set(run.tasks)
    assert {language[:2] for language in counted.languages} <= {"en", "zh"}
    assert sum(counted.lengths["think"].values()) == counted.items
