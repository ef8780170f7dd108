"""Every command of `python -m r1_training.cli` explains itself and names wrong settings."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from typer.main import get_command
from typer.testing import CliRunner

from r1_training.cli import app


def commands(command, path: tuple[str, ...] = ()) -> list[tuple[tuple[str, ...], object]]:
    if not hasattr(command, "commands"):
        return [(path, command)]
    return [
        found
        for name, below in command.commands.items()
        for found in commands(below, (*path, name))
    ]


EVERY = commands(get_command(app))
OF_ROOMS = ("train", "evaluate-rooms", "synthesize-room")  # here every option is explained, too


def test_every_stage_of_r1_tiny_is_a_command():
    names = {path for path, _ in EVERY}
    assert {("train", s) for s in ("tiny", "dense", "sft", "grpo", "clip")} <= names


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[" ".join(path) for path, _ in EVERY])
def test_help(path, command):
    result = CliRunner().invoke(app, [*path, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert len(command.help) > 20
    for parameter in command.params if path[0] in OF_ROOMS else ():
        assert getattr(parameter, "help", None), f"{' '.join(path)} {parameter.name} has no help"


@pytest.mark.parametrize(
    ("stage", "settings", "reason"),
    [
        ("dense", {"output": "x", "rooms": 0}, "rooms must be at least 1"),
        ("sft", {"output": "x", "step": 5}, "unknown settings step"),
        ("sft", {"output": "x", "init": "no/such/folder"}, "no model in no/such/folder"),
        ("clip", {"model": "no/such/folder", "output": "x"}, "no/such/folder"),
        ("clip", {"model": "a", "output": "x", "views": 0}, "views must be at least 1"),
    ],
)
def test_wrong_settings_are_named(tmp_path: Path, stage, settings, reason):
    file = tmp_path / "run.yaml"
    file.write_text(yaml.safe_dump(settings))
    arguments = ["train", stage, "--config", str(file)]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "300", "NO_COLOR": "1"})
    assert result.exit_code == 2
    assert reason in " ".join(result.output.replace("│", " ").split())
