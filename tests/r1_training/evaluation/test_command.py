"""`evaluate-rooms` from the command line, with a small random model."""

from __future__ import annotations

import json

import pytest
from PIL import Image
from typer.testing import CliRunner

from r1_model.asking import reading
from r1_training.cli import app

FEW = ["--rooms", "2", "--questions", "3", "--seeds", "1", "--device", "cpu"]


def run(*arguments: object):
    return CliRunner().invoke(
        app,
        ["evaluate-rooms", *map(str, arguments)],
        env={"COLUMNS": "300", "NO_COLOR": "1"},
    )


@pytest.fixture(autouse=True)
def brief(monkeypatch):
    """A random model never ends by itself."""
    monkeypatch.setattr(reading, "MAX_NEW_TOKENS", {})
    monkeypatch.setattr(reading, "DEFAULT_NEW_TOKENS", 12)


def test_figures_baselines_and_pictures(room_model, tmp_path):
    blind, seeing, pictures = (tmp_path / name for name in ("blind.json", "see.json", "pictures"))
    done = run(room_model, *FEW, "--blind", "--output", blind)
    assert done.exit_code == 0, done.output
    done = run(room_model, *FEW, "--baselines", "--output", seeing, "--pictures", pictures)
    assert done.exit_code == 0, done.output
    assert "blind  majority" in done.output
    assert "mAP@0.25" in done.output
    found, alone = json.loads(seeing.read_text()), json.loads(blind.read_text())
    assert found["settings"]["blind"] is False and alone["settings"]["blind"] is True
    figures = [check for group in found["task"].values() for check in group.values()]
    assert figures and all("blind" in figure and "majority" in figure for figure in figures)
    # the run beside it is the blind run
    for task, checks in found["task"].items():
        for name, figure in checks.items():
            assert figure["blind"] == alone["task"][task][name]["mean"]
    files = sorted(pictures.iterdir())
    assert files and all(Image.open(file).width > 1_000 for file in files)

    # the same from the file
    done = run(room_model, *FEW, "--blind-json", blind, "--output", tmp_path / "again.json")
    assert done.exit_code == 0, done.output
    again = json.loads((tmp_path / "again.json").read_text())
    for task, checks in again["task"].items():
        for name, figure in checks.items():
            assert figure == {k: v for k, v in found["task"][task][name].items() if k != "majority"}


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--blind", "--baselines"], "a blind run has no blind baseline"),
        (["--blind-json", "nowhere.json"], "nowhere.json is no report"),
        (["--blind", "--views", "even"], "who sees nothing sees no other views"),
        (["--blind", "--swap", "no depth"], "who sees nothing sees no other views"),
        (["--swap", "my cloud"], "my cloud"),
        (["--views", "best"], "best"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_asked(room_model, options, reason):
    done = run(room_model, *FEW, *options)
    assert done.exit_code == 2
    assert reason in " ".join(done.output.replace("│", " ").split())


@pytest.mark.parametrize(
    ("options", "settings"),
    [
        (["--swap", "other points"], {"swap": "other points", "views": ""}),
        (["--views", "even"], {"swap": "true", "views": "even alone"}),
    ],
)
def test_what_is_shown_instead_is_said(room_model, tmp_path, options, settings):
    done = run(room_model, *FEW, *options, "--output", tmp_path / "out.json")
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "out.json").read_text())
    assert settings.items() <= found["settings"].items()
    assert found["task"] and not found["detection"] and "mAP" not in done.output


def test_a_missing_model_is_named(tmp_path):
    done = run(tmp_path / "none", *FEW)
    assert done.exit_code == 2 and "no such folder" in done.output
