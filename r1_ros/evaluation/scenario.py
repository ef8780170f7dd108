"""What a replay asks and expects: the questions file, the objects file, and the scenario.

A questions file is a list of {question, task, id?, at?, answers?, objects?, steps?, session?}: `at`
is seconds after the beginning of the bag (its end where nothing is said), `objects` are ids of an
objects file ({"objects": [{id, label, center, size}]}), `steps` are [action, object id...] lists.
A scenario (YAML) may name the files and adds faults and expectations, see `docs/evaluation.md`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from r1_ros.configuration.text_files import TextFileError, read_json, read_text
from r1_ros.demo.questions import Question, QuestionsError, read_question
from r1_ros.evaluation.faults import Fault, FaultError

_EXPECTATIONS = {
    "no_errors": bool,
    "answer_seconds_p95": float,
    "map_points": float,
    "keyframes": float,
    "dropped": float,
    "lost": float,
    "scores": dict,
}


class ScenarioError(ValueError):
    """A file of a scenario cannot be used; the message names file, entry and value."""


@dataclass(frozen=True)
class TimedQuestion:
    """A question of a replay.

    Attributes:
        id: its name in the report.
        question: what is asked.
        at: seconds after the beginning of the bag; infinite: at its end.
        objects: ids of the objects that it is about, of the objects file.
        steps: the plan that is expected: (action, object ids...) each; empty: none is told.
    """

    id: str
    question: Question
    at: float = math.inf
    objects: tuple[str, ...] = ()
    steps: tuple[tuple[str, ...], ...] = ()


@dataclass(frozen=True)
class KnownObject:
    """An object that stands in the room: centre and size (3,) metres, in the scene frame."""

    label: str
    center: np.ndarray
    size: np.ndarray


@dataclass(frozen=True)
class Scenario:
    """What is asked, what is done to the bag, and what must come out.

    Attributes:
        questions: in the order of their times.
        objects: what stands in the room, by id.
        faults: what happens to the inputs on the way.
        expect: what must hold, by name (see `_EXPECTATIONS`); checked by `expectations`.
    """

    questions: tuple[TimedQuestion, ...]
    objects: Mapping[str, KnownObject] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    expect: Mapping[str, Any] = field(default_factory=lambda: {"no_errors": True})


def read_scenario(questions: Path | None, objects: Path | None, scenario: Path | None) -> Scenario:
    """The scenario of these files; what they do not say is taken from the scenario file.

    Args:
        questions: a questions file, or None: the one that the scenario names.
        objects: an objects file; None: the scenario's, or `objects.json` beside the questions.
        scenario: a scenario file, or None: no faults, and no ERROR in /diagnostics.

    Raises:
        ScenarioError: a file cannot be read, an entry is wrong, or an object is not known.
    """
    told = {} if scenario is None else _read_yaml(scenario)
    folder = Path() if scenario is None else scenario.parent
    if questions is None:
        if not isinstance(told.get("questions"), str):
            raise ScenarioError("no questions: give --questions, or `questions:` in the scenario")
        questions = folder / told["questions"]
    if objects is None:
        objects = (
            folder / told["objects"] if "objects" in told else questions.parent / "objects.json"
        )
        objects = objects if objects.is_file() or "objects" in told else None
    known = {} if objects is None else read_objects(objects)
    timed = read_timed_questions(questions, known)
    return Scenario(
        questions=tuple(sorted(timed, key=lambda item: item.at)),
        objects=known,
        faults=_faults(scenario, told.get("faults", [])),
        expect=_expectations(scenario, told.get("expect", {"no_errors": True})),
    )


def read_timed_questions(path: Path, objects: Mapping[str, KnownObject]) -> list[TimedQuestion]:
    """The questions of a file, in its order; errors as in `read_scenario`."""
    rows = _json(path)
    if not isinstance(rows, list) or not rows:
        raise ScenarioError(f"{path}: expected a list of questions")
    found: list[TimedQuestion] = []
    for index, row in enumerate(rows):
        where = f"{path}, entry {index}"
        try:
            question = read_question(row, where)
        except QuestionsError as error:
            raise ScenarioError(str(error)) from None
        name = str(row.get("id", f"q{index:03d}"))
        if name in {item.id for item in found}:
            raise ScenarioError(f"{where}: id {name!r} is there twice")
        at = row.get("at", math.inf)
        if isinstance(at, bool) or not isinstance(at, int | float) or not at >= 0:
            raise ScenarioError(f"{where}: at must be seconds from 0 on, got {at!r}")
        about = _texts(row.get("objects", []), f"{where}: objects")
        steps = row.get("steps", [])
        if not isinstance(steps, list):
            raise ScenarioError(f"{where}: steps must be a list of lists, got {steps!r}")
        plan = tuple(_texts(step, f"{where}: a step") for step in steps)
        for item in (*about, *(name for step in plan for name in step[1:])):
            if item not in objects:
                raise ScenarioError(f"{where}: no object {item!r} in the objects file")
        found.append(TimedQuestion(name, question, float(at), about, plan))
    return found


def read_objects(path: Path) -> dict[str, KnownObject]:
    """The objects of a file by id; errors as in `read_scenario`."""
    data = _json(path)
    rows = data.get("objects") if isinstance(data, dict) else None
    if not isinstance(rows, list):
        raise ScenarioError(f'{path}: expected {{"objects": [...]}}')
    found = {}
    for index, row in enumerate(rows):
        where = f"{path}, object {index}"
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise ScenarioError(f"{where}: expected id, label, center, size")
        center, size = (_vector(row.get(key), f"{where}: {key}") for key in ("center", "size"))
        found[row["id"]] = KnownObject(str(row.get("label", "")), center, size)
    return found


def _vector(value: object, where: str) -> np.ndarray:
    numbers = value if isinstance(value, list) else []
    if len(numbers) != 3 or not all(
        isinstance(n, int | float) and math.isfinite(n) for n in numbers
    ):
        raise ScenarioError(f"{where} must be three numbers, got {value!r}")
    return np.array(numbers, np.float64)


def _texts(value: object, where: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise ScenarioError(f"{where} must be a list of texts, got {value!r}")
    return tuple(value)


def _faults(path: Path | None, rows: object) -> tuple[Fault, ...]:
    if not isinstance(rows, list):
        raise ScenarioError(f"{path}: faults must be a list, got {rows!r}")
    try:
        return tuple(Fault.read(row) for row in rows)
    except FaultError as error:
        raise ScenarioError(f"{path}: {error}") from None


def _expectations(path: Path | None, told: object) -> Mapping[str, Any]:
    if not isinstance(told, dict):
        raise ScenarioError(f"{path}: expect must be a mapping, got {told!r}")
    for name, value in told.items():
        kind = _EXPECTATIONS.get(name)
        if kind is None:
            known = ", ".join(_EXPECTATIONS)
            raise ScenarioError(f"{path}: no expectation {name!r}; there are {known}")
        fits = isinstance(value, int | float) if kind is float else isinstance(value, kind)
        if not fits:
            raise ScenarioError(f"{path}: expect.{name} is {value!r}")
    return told


def _json(path: Path) -> Any:
    try:
        return read_json(path)
    except TextFileError as error:
        raise ScenarioError(str(error)) from None


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        content = yaml.safe_load(read_text(path))
    except TextFileError as error:
        raise ScenarioError(str(error)) from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict):
        raise ScenarioError(f"{path}: expected a mapping")
    if unknown := set(content) - {"questions", "objects", "faults", "expect"}:
        raise ScenarioError(f"{path}: no such entry: {', '.join(sorted(map(str, unknown)))}")
    return content
