"""Executables find their virtual environment, or say in one line that there is none."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from r1_ros.runtime.virtual_environment import find_python

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = f"""\
import sys
sys.path.insert(0, {str(ROOT)!r})
from r1_ros.runtime.virtual_environment import enter
enter("scene_mapper", ["sys", "a_module_that_nobody_has"])
"""


def make_environment(folder: Path) -> Path:
    python = folder / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\necho "entered $0 with $@"\n')
    python.chmod(0o755)
    return python


def run(program: Path, **variables: str) -> subprocess.CompletedProcess:
    environment = {k: v for k, v in os.environ.items() if k not in ("VIRTUAL_ENV", "R1_VENV")}
    return subprocess.run(
        [sys.executable, str(program), "--ros-args"],
        env=environment | variables, capture_output=True, text=True,
    )  # fmt: skip


@pytest.fixture
def program(tmp_path: Path) -> Path:
    file = tmp_path / "ws" / "install" / "r1_ros" / "lib" / "r1_ros" / "scene_mapper"
    file.parent.mkdir(parents=True)
    file.write_text(PROGRAM)
    return file


@pytest.mark.parametrize("name", ["venv", ".venv"])
def test_the_environment_of_the_workspace(tmp_path: Path, program: Path, name: str) -> None:
    python = make_environment(tmp_path / "ws" / name)
    assert run(program).stdout.strip() == f"entered {python} with {program} --ros-args"


def test_the_one_that_is_named_comes_first(tmp_path: Path, program: Path) -> None:
    make_environment(tmp_path / "ws" / "venv")
    named = make_environment(tmp_path / "elsewhere")
    for variable in ("R1_VENV", "VIRTUAL_ENV"):
        result = run(program, **{variable: str(tmp_path / "elsewhere")})
        assert f"entered {named}" in result.stdout


def test_without_one_there_is_one_line(program: Path) -> None:
    result = run(program)
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "a_module_that_nobody_has is not installed" in result.stderr
    assert "set R1_VENV" in result.stderr


def test_an_environment_that_lacks_it_too_is_no_loop(tmp_path: Path, program: Path) -> None:
    python = tmp_path / "ws" / "venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    result = run(program)
    assert result.returncode == 1 and "the environment that was found" in result.stderr


def test_nothing_is_looked_for_where_nothing_is_missing(tmp_path: Path) -> None:
    assert find_python(tmp_path / "x", {}) is None


def test_the_executables_use_it() -> None:
    for name in ("scene_mapper", "scene_reasoner", "plan_executor", "r1"):
        lines = (ROOT / "scripts" / name).read_text().splitlines()
        entered = next(i for i, line in enumerate(lines) if line.startswith("enter("))
        imported = next(
            i
            for i, line in enumerate(lines)
            if ".main import main" in line or "import main" in line
        )
        assert entered < imported, name
