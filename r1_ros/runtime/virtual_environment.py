"""Executables that find their virtual environment: ROS starts them with the system's Python.

Standard library only: it runs before anything that might be missing is imported.
"""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from pathlib import Path

VARIABLE = "R1_VENV"
_TRIED = "_R1_VENV_TRIED"
_NAMES = ("venv", ".venv")


def enter(program: str, needed: Sequence[str]) -> None:
    """Go on in a virtual environment where this Python lacks a package.

    The process is replaced by the same program in the environment that $R1_VENV names, else in the
    active one, else in `venv` or `.venv` of a folder above the program: that of the workspace.
    Where there is none, it ends with one line.

    Args:
        program: name of the executable, for the line.
        needed: modules that it cannot do without.
    """
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if not missing:
        return
    what = f"{program}: {', '.join(missing)} is not installed for {sys.executable}"
    if os.environ.get(_TRIED):
        raise SystemExit(f"{what}, the environment that was found; install requirements there")
    python = find_python(Path(sys.argv[0]), os.environ)
    if python is None:
        raise SystemExit(
            f"{what}, and there is no virtual environment beside it: set {VARIABLE} to one "
            "(README: On a robot with ROS 2)"
        )
    os.environ[_TRIED] = "1"
    os.execv(python, [str(python), *sys.argv])


def find_python(program: Path, environment: os._Environ[str] | dict[str, str]) -> Path | None:
    """The Python of the virtual environment of a program; None where there is none.

    Args:
        program: the executable that runs.
        environment: variables.
    """
    named = [environment[name] for name in (VARIABLE, "VIRTUAL_ENV") if environment.get(name)]
    folders = [Path(name) for name in named]
    for above in program.absolute().parents:
        folders += [above / name for name in _NAMES]
    return next((p for folder in folders if (p := folder / "bin" / "python").is_file()), None)
