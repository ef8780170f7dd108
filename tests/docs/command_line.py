"""The words of a documented command, held against the program that they call."""

from __future__ import annotations

import ast
import re
import shlex
from functools import cache
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import typer.main

from r1_ros.cli.evaluate_bag import app as evaluate_bag
from r1_ros.cli.main import app as robot
from r1_training.cli import app as training
from tests.docs.markdown import ROOT

get_command = cache(typer.main.get_command)
# of torchrun, before -m
_TORCHRUN = {
    "--standalone": 0,
    "--nproc_per_node": 1,
    "--nnodes": 1,
    "--rdzv_backend": 1,
    "--rdzv_endpoint": 1,
}


def complaint(text: str) -> str:
    """What is wrong with a command; empty: nothing that can be told without running it."""
    words = shlex.split(text)
    while words and re.fullmatch(r"[A-Z_0-9]+=.*", words[0]):  # variables of the environment
        words = words[1:]
    if words[:1] == ["do"]:
        words = words[1:]
    if not words:
        return ""
    program = words[0].removeprefix(".venv/bin/")
    if program == "r1":
        return r1_complaint(words[1:])
    if program == "torchrun":
        return _torchrun(words[1:])
    if program == "make":
        return _make(words[1:])
    if words[:3] == ["ros2", "launch", "r1_ros"]:
        return _launch(words[3:])
    if program in ("python", "python3") and words[1].endswith(".py"):
        return "" if (ROOT / words[1]).is_file() else f"no file {words[1]}"
    if program.startswith(("tools/", "benchmarks/")):
        return "" if (ROOT / program).is_file() else f"no file {program}"
    if words[:2] == ["docker", "build"]:
        file = words[words.index("-f") + 1]
        return "" if (ROOT / file).is_file() else f"no file {file}"
    return ""


def r1_complaint(words: list[str]) -> str:
    """Of `r1 WORDS`."""
    if words[:2] == ["evaluate", "bag"]:
        return _parsed(get_command(evaluate_bag), words[2:])
    own = get_command(robot).commands
    if words and words[0] in own and own[words[0]].params:
        return _parsed(own[words[0]], words[1:])
    if words[:1] and not words[0].startswith("-") and words[0] not in own:
        return f"r1 has no command {words[0]}"
    if words and words[0].startswith("-"):
        return _parsed(get_command(robot), words)
    return training_complaint(words)


def training_complaint(words: list[str]) -> str:
    """Of `python -m r1_training.cli WORDS`."""
    command: Any = get_command(training)
    while hasattr(command, "commands") and words:
        if words[0].startswith("-"):
            break
        if words[0] not in command.commands:
            return f"{command.name or 'r1'} has no command {words[0]}"
        command, words = command.commands[words[0]], words[1:]
    return _parsed(command, words)


def _parsed(command: Any, words: list[str]) -> str:
    """Options must exist and have their values, arguments must not be too many or too few.

    Values are not looked at beside choices: FOLDER stands for a folder.
    """
    flags: dict[str, Any] = {}
    for parameter in command.params:
        for name in (*parameter.opts, *parameter.secondary_opts):
            flags[name] = parameter
    given, positional = set(), []
    rest = [word for word in words if word not in ("[FOLDER", "...]")]
    while rest:
        word = rest.pop(0)
        name, has_value, value = word.partition("=")
        if not re.match(r"--?[a-zA-Z]", word):
            positional.append(word)
            continue
        if name in ("--help", "-h"):
            return ""
        if name not in flags:
            return f"{command.name} has no option {name}"
        parameter = flags[name]
        given.add(parameter.name)
        if parameter.is_flag:
            continue
        values = [value] if has_value else [rest.pop(0) for _ in range(parameter.nargs) if rest]
        if len(values) != parameter.nargs:
            return f"{command.name} {name} wants {parameter.nargs} value(s)"
        choices = [str(value) for value in get_args(parameter.type_descriptor.annotation)]
        is_choice = get_origin(parameter.type_descriptor.annotation) is Literal
        if is_choice and values[0].islower() and values[0] not in choices:
            return f"{command.name} {name}: {values[0]} is none of {', '.join(choices)}"
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    least = sum(p.nargs if p.nargs > 0 else 1 for p in arguments if p.required)
    most = sum(p.nargs for p in arguments) if all(p.nargs > 0 for p in arguments) else 10**6
    if not least <= len(positional) <= most:
        return f"{command.name} takes {least} to {most} arguments, got {positional}"
    missing = [p.opts[0] for p in options if p.required and p.name not in given]
    return f"{command.name} needs {', '.join(missing)}" if missing else ""


def _torchrun(words: list[str]) -> str:
    while words and words[0] != "-m":
        if words[0] not in _TORCHRUN:
            return f"torchrun: {words[0]}?"
        words = words[1 + _TORCHRUN[words[0]] :]
    return training_complaint(words[2:]) if words[1:2] == ["r1_training.cli"] else "which module?"


def _make(words: list[str]) -> str:
    text = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w-]+):", text, re.MULTILINE))
    variables = set(re.findall(r"\$\((?:if \$\()?([A-Z]+)\)|\$\(or \$\(([A-Z]+)\)", text))
    known = {name for pair in variables for name in pair if name} | {"PYTHON"}
    for word in words:
        name, is_variable, _ = word.partition("=")
        if (name not in known) if is_variable else (name not in targets):
            return f"make knows no {name}"
    return ""


def _launch(words: list[str]) -> str:
    file = ROOT / "launch" / words[0]
    if not file.is_file():
        return f"no launch file {words[0]}"
    declared = launch_arguments(file)
    for word in words[1:]:
        name, is_argument, _ = word.partition(":=")
        if is_argument and name not in declared:
            return f"{words[0]} has no argument {name}"
    return ""


def launch_arguments(file: Path) -> set[str]:
    """Every name that a launch file declares, also those that it makes of a table."""
    tree = ast.parse(file.read_text())
    names = {
        call.args[0].value
        for call in ast.walk(tree)
        if isinstance(call, ast.Call)
        and getattr(call.func, "id", "") == "DeclareLaunchArgument"
        and isinstance(call.args[0], ast.Constant)
    }
    tables = [node for node in tree.body if isinstance(node, ast.Assign)]
    for table in tables:
        if isinstance(table.value, ast.Dict):
            names |= {key.value for key in table.value.keys if isinstance(key, ast.Constant)}
    return names
