"""Counts and lengths of a Scene-30K file."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from r1_training.engine.errors import InputFileError
from r1_training.engine.filters import count_words, parse_reply


@dataclass
class Statistics:
    """Of the kept items of one file.

    Attributes:
        scenes: scene id -> items.
        tasks, languages: name -> items; "" where a file does not say.
        question_types: (task, type) -> items; one type may occur in several tasks.
        lengths: part of an item (`question`, `think`, `answer`) -> words -> items.
    """

    scenes: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    question_types: Counter[tuple[str, str]] = field(default_factory=Counter)
    languages: Counter[str] = field(default_factory=Counter)
    lengths: dict[str, Counter[int]] = field(
        default_factory=lambda: {part: Counter() for part in ("question", "think", "answer")}
    )

    @property
    def items(self) -> int:
        """How many items there are."""
        return sum(self.scenes.values())

    def as_json(self) -> dict[str, Any]:
        """Counts, and mean and median lengths in words."""
        return {
            "items": self.items,
            "scenes": len(self.scenes),
            "tasks": dict(self.tasks.most_common()),
            "question_types": {
                task: {
                    name: count
                    for (of, name), count in self.question_types.most_common()
                    if of == task
                }
                for task, _ in self.tasks.most_common()
            },
            "languages": dict(self.languages.most_common()),
            "words": {
                part: {"mean": round(mean(counts), 2), "median": quantile(counts, 0.5)}
                for part, counts in self.lengths.items()
            },
        }


def read_statistics(path: Path) -> Statistics:
    """Count a kept-items file, ours or the released one, line by line.

    Raises:
        InputFileError: unreadable, or a line is not of the released schema.
    """
    statistics = Statistics()
    try:
        with path.open(encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                try:
                    _count(json.loads(line), statistics)
                except (ValueError, KeyError, TypeError, AttributeError) as error:
                    problem = f"{type(error).__name__}: {error}"
                    raise InputFileError(f"{path}:{number}: {problem}") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputFileError(f"cannot read {path}: {error}") from error
    return statistics


def mean(counts: Mapping[int, int]) -> float:
    """Mean of lengths; 0 without items."""
    total = sum(counts.values())
    return sum(length * count for length, count in counts.items()) / total if total else 0.0


def quantile(counts: Mapping[int, int], fraction: float) -> int:
    """Smallest length that at least this fraction of the items does not exceed; 0 without items."""
    wanted, seen = fraction * sum(counts.values()), 0
    for length in sorted(counts):
        seen += counts[length]
        if seen >= wanted:
            return length
    return 0


def _count(record: Mapping[str, Any], statistics: Statistics) -> None:
    reply = parse_reply(record["cot"])
    if reply is None:
        raise ValueError("cot is not <think>...</think><answer>...</answer>")
    statistics.scenes[record["scene_id"]] += 1
    task = record.get("task", "")
    statistics.tasks[task] += 1
    statistics.question_types[task, record.get("question_type", "")] += 1
    statistics.languages[record.get("language", "")] += 1
    parts = {"question": record["question"], "think": reply.think, "answer": reply.answer}
    for part, text in parts.items():
        statistics.lengths[part][count_words(text)] += 1
