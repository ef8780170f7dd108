"""Answers of several seeds as a table and as JSON, with baselines beside every figure."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from r1_training.evaluation.matched_controls import alike
from r1_training.evaluation.room_evaluator import Asked

Group = tuple[str, ...]
GROUPS: dict[str, Callable[[Asked], Group]] = {
    "task": lambda asked: (asked.sample.task,),
    "language": lambda asked: (asked.sample.task, asked.sample.language),
    "kind": lambda asked: (asked.sample.task, asked.sample.kind),
    "held out": lambda asked: (asked.sample.task, "held out" if asked.held_out else "seen"),
}


class ReportError(ValueError):
    """A file of figures does not belong beside these ones; the message says why."""


@dataclass(frozen=True)
class Settings:
    """What figures were made of; figures of equal rooms and questions can stand side by side.

    Attributes:
        model: preset or folder.
        rooms, questions, seeds, split, blind: as given to `r1 evaluate-rooms`.
        meshes: pack of the rooms; None for rooms of primitives.
        swap: what is another room's, one of `swaps.SWAPS`.
        views: name of `Switches` of the views that a question is answered with alone; empty: the
            map's own, as users ask.
        digest: of the rooms and questions of this version, see
            `room_evaluator.questions_digest`; empty in files from before there was one.
    """

    model: str
    rooms: int
    questions: int
    seeds: int
    split: str
    blind: bool
    digest: str = ""
    meshes: str | None = None
    swap: str = "true"
    views: str = ""


@dataclass(frozen=True)
class Score:
    """One figure.

    Attributes:
        mean: over the seeds' means.
        spread: largest minus smallest of them.
        count: questions in all.
    """

    mean: float
    spread: float
    count: int


Scores = dict[Group, dict[str, Score]]


def scores(runs: Sequence[Sequence[Asked]], group: Callable[[Asked], Group]) -> Scores:
    """Mean of every check, by group.

    Args:
        runs: the answers of each seed.
        group: what belongs together, e.g. the task.
    """
    values: dict[Group, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        own: dict[Group, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
        for asked in run:
            for name, value in asked.verdict.items():
                own[group(asked)][name].append(float(value))
        for key, checks in own.items():
            for name, numbers in checks.items():
                values[key][name].append(numbers)
    return _scored(values)


def by_group(runs: Sequence[Sequence[Asked]]) -> dict[str, Scores]:
    """`scores` by each of `GROUPS`; held-out combinations stand beside what is `alike`, too."""
    found = {name: scores(runs, group) for name, group in GROUPS.items()}
    values: dict[Group, dict[str, list[list[float]]]] = defaultdict(lambda: defaultdict(list))
    for run in runs:
        for task, checks in alike(run).items():
            for name, numbers in checks.items():
                values[task, "alike"][name].append(numbers)
    found["held out"] = dict(sorted((found["held out"] | _scored(values)).items()))
    return found


def table(found: Scores, beside: Mapping[str, Scores] | None = None) -> str:
    """One line a figure: group, check, questions, mean ± half of the spread, then the baselines.

    Args:
        found: the model's figures.
        beside: baseline -> its figures; a dash stands where it has none.
    """
    beside = beside or {}
    width = max([len(" / ".join(key)) for key in found], default=0)
    head = f"{'':{width}s}  {'':10s}  count  {'model':13s}"
    lines = [head + "".join(f"  {name:>8s}" for name in beside)]
    for key, checks in found.items():
        for name, score in checks.items():
            others = [other.get(key, {}).get(name) for other in beside.values()]
            cells = [f"{other.mean:8.3f}" if other else f"{'-':>8s}" for other in others]
            figure = f"{score.mean:.3f} ± {score.spread / 2:.3f}"
            line = f"{' / '.join(key):{width}s}  {name:10s}  {score.count:5d}  {figure:13s}"
            lines.append("  ".join([line, *cells]).rstrip())
    return "\n".join(lines)


def as_json(
    found: Scores, beside: Mapping[str, Scores] | None = None
) -> dict[str, dict[str, dict[str, float]]]:
    """The same numbers for a file; a baseline's mean stands under its name."""
    return {
        "/".join(key): {
            name: asdict(score)
            | {
                baseline: other[key][name].mean
                for baseline, other in (beside or {}).items()
                if name in other.get(key, {})
            }
            for name, score in checks.items()
        }
        for key, checks in found.items()
    }


def write(
    path: Path,
    settings: Settings,
    found: Mapping[str, Scores],
    beside: Mapping[str, Mapping[str, Scores]],
    detection: Sequence[Mapping[str, float]],
) -> None:
    """Everything as one JSON file.

    Args:
        path: its folder is made where it is missing.
        settings: what the figures were made of.
        found: group -> figures.
        beside: baseline -> group -> figures.
        detection: metrics of each seed.
    """
    numbers = {
        name: as_json(figures, {baseline: groups[name] for baseline, groups in beside.items()})
        for name, figures in found.items()
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    whole = {"settings": asdict(settings), **numbers, "detection": list(detection)}
    path.write_text(json.dumps(whole, indent=1) + "\n")


def read_blind(path: Path, settings: Settings) -> dict[str, Scores]:
    """Figures by group of an earlier blind run, to stand beside those of `settings`.

    Raises:
        ReportError: the file is no such report, is not blind, or is about other questions.
    """
    try:
        numbers = json.loads(path.read_text())
        made_of = Settings(**numbers["settings"])
        found = {
            name: {
                tuple(key.split("/")): {
                    check: Score(score["mean"], score["spread"], score["count"])
                    for check, score in checks.items()
                }
                for key, checks in numbers[name].items()
            }
            for name in GROUPS
        }
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReportError(f"{path} is no report of evaluate-rooms: {error!r}") from error
    if not made_of.blind:
        raise ReportError(f"{path} was made without --blind, by a model that sees")
    for name in ("rooms", "questions", "seeds", "split", "digest"):
        own, other = getattr(settings, name), getattr(made_of, name)
        if own != other:
            raise ReportError(f"{path} is about other questions: {name} is {other!r}, here {own!r}")
    return found


def _scored(values: Mapping[Group, Mapping[str, list[list[float]]]]) -> Scores:
    return {
        key: {name: _score(numbers) for name, numbers in checks.items()}
        for key, checks in sorted(values.items())
    }


def _score(numbers: list[list[float]]) -> Score:
    means = [float(np.mean(seed)) for seed in numbers]
    return Score(float(np.mean(means)), max(means) - min(means), sum(map(len, numbers)))
