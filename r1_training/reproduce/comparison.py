"""Figures of a stage with their standard errors, and how far two stages are apart.

Questions about one room are not independent, so errors are of rooms (cluster-robust), and two
stages are compared question by question, which takes the questions' own difficulty out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

import numpy as np

from r1_training.evaluation.room_evaluator import Asked
from r1_training.grpo.watch import HEADLINE


class Row(TypedDict):
    """What is kept of one question: its room, its task, and what the checker said."""

    room: int
    task: str
    verdict: dict[str, float]


@dataclass(frozen=True)
class Figure:
    """A mean with its standard error, of `count` questions."""

    mean: float
    error: float
    count: int


def rows_of(asked: Sequence[Asked]) -> list[Row]:
    """What is kept of an evaluation."""
    return [
        Row(
            room=one.room.seed,
            task=one.sample.task,
            verdict={name: float(value) for name, value in one.verdict.items()},
        )
        for one in asked
    ]


def summary(rows: Sequence[Row], before: Sequence[Row] | None = None) -> dict[str, Figure]:
    """Figures by name: `format` and `correct` of all, `TASK/CHECK`, and the mean of `HEADLINE`.

    Args:
        rows: of a stage.
        before: of another stage on the same questions; the figures are then of the differences.

    Raises:
        ValueError: the two were asked different questions.
    """
    if before is not None:
        rows = _differences(rows, before)
    names = {"format", "correct"} | {f"{r['task']}/{check}" for r in rows for check in r["verdict"]}
    names -= {name for name in names if name.endswith("/format")}
    shares = {name: _shares(rows, name) for name in sorted(names)}
    found = {name: _figure(own) for name, own in shares.items()}
    headline = [f"{task}/{check}" for task, check in HEADLINE.items()]
    if all(name in found for name in headline):
        # each room adds to all three figures, so their errors are not independent either
        together: dict[int, float] = {}
        for name in headline:
            for room, share in _deviations(shares[name]).items():
                together[room] = together.get(room, 0.0) + share / len(headline)
        found["mean"] = Figure(
            float(np.mean([found[name].mean for name in headline])),
            float(np.sqrt(sum(share**2 for share in together.values()))),
            sum(found[name].count for name in headline),
        )
    return found


def _shares(rows: Sequence[Row], name: str) -> list[tuple[int, float]]:
    """(room, value) of the questions that have a figure."""
    task, _, check = name.rpartition("/")
    return [
        (row["room"], row["verdict"][check])
        for row in rows
        if check in row["verdict"] and (not task or row["task"] == task)
    ]


def _figure(own: Sequence[tuple[int, float]]) -> Figure:
    error = float(np.sqrt(sum(share**2 for share in _deviations(own).values())))
    return Figure(float(np.mean([value for _, value in own])), error, len(own))


def _deviations(own: Sequence[tuple[int, float]]) -> Mapping[int, float]:
    """What each room adds to a mean, beyond what it would with the mean itself."""
    mean = float(np.mean([value for _, value in own]))
    rooms: dict[int, float] = {}
    for room, value in own:
        rooms[room] = rooms.get(room, 0.0) + (value - mean) / len(own)
    return rooms


def _differences(rows: Sequence[Row], before: Sequence[Row]) -> list[Row]:
    same = [(row["room"], row["task"]) for row in rows]
    if same != [(row["room"], row["task"]) for row in before]:
        raise ValueError("the two stages were not asked the same questions")
    return [
        Row(
            room=row["room"],
            task=row["task"],
            verdict={
                check: value - old["verdict"][check]
                for check, value in row["verdict"].items()
                if check in old["verdict"]
            },
        )
        for row, old in zip(rows, before, strict=True)
    ]
