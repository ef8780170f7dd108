"""Answers of several seeds as a table and as JSON."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from r1_training.synthetic.language.sample import Sample

from .synthetic import Asked

Group = tuple[str, ...]


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


def scores(
    runs: Sequence[Sequence[Asked]], group: Callable[[Asked], Group]
) -> dict[Group, dict[str, Score]]:
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
    return {
        key: {name: _score(numbers) for name, numbers in checks.items()}
        for key, checks in sorted(values.items())
    }


def majority_baseline(train: Iterable[Sample], test: Iterable[Sample]) -> dict[Group, float]:
    """Share of test questions whose truth is the most common one of their kind in training.

    For questions with a single value as their truth (yes or no, a colour, a number ...).
    """
    common: dict[Group, Counter] = defaultdict(Counter)
    for sample in train:
        if "value" in sample.answer_key:
            common[sample.task, sample.kind][repr(sample.answer_key["value"])] += 1
    hits: dict[Group, list[bool]] = defaultdict(list)
    for sample in test:
        counter = common.get((sample.task, sample.kind))
        if counter and "value" in sample.answer_key:
            best = counter.most_common(1)[0][0]
            hits[(sample.task,)].append(repr(sample.answer_key["value"]) == best)
    return {key: float(np.mean(found)) for key, found in sorted(hits.items())}


def table(found: dict[Group, dict[str, Score]]) -> str:
    """Lines of text: group, count, and every check as mean +- half of the spread."""
    lines = []
    for key, checks in found.items():
        count = max(score.count for score in checks.values())
        cells = "  ".join(
            f"{name} {score.mean:.3f}±{score.spread / 2:.3f}" for name, score in checks.items()
        )
        lines.append(f"{' / '.join(key):32s} {count:6d}  {cells}")
    return "\n".join(lines)


def as_json(found: dict[Group, dict[str, Score]]) -> dict[str, dict[str, dict[str, float]]]:
    """The same numbers for a file."""
    return {
        "/".join(key): {name: vars(score) for name, score in checks.items()}
        for key, checks in found.items()
    }


def _score(numbers: list[list[float]]) -> Score:
    means = [float(np.mean(seed)) for seed in numbers]
    return Score(float(np.mean(means)), max(means) - min(means), sum(map(len, numbers)))
