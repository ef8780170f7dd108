"""Counts and lengths of a Scene-30K file, and a picture of them like the paper's Figure 2."""

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
        tasks, question_types, languages: name -> items; "" where a file does not say.
        lengths: part of an item (`question`, `think`, `answer`) -> words -> items.
    """

    scenes: Counter[str] = field(default_factory=Counter)
    tasks: Counter[str] = field(default_factory=Counter)
    question_types: Counter[str] = field(default_factory=Counter)
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
            "question_types": dict(self.question_types.most_common()),
            "languages": dict(self.languages.most_common()),
            "words": {
                part: {"mean": round(_mean(counts), 2), "median": _median(counts)}
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


def plot_statistics(statistics: Statistics, path: Path, title: str = "Scene-30K") -> None:
    """Draw tasks, question types and lengths into a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(13, 8), layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(f"{title}: {statistics.items:,} items in {len(statistics.scenes):,} scenes")
    grid = figure.add_gridspec(2, 3)
    _bars(figure.add_subplot(grid[0, 0]), statistics.tasks, "task")
    _bars(figure.add_subplot(grid[0, 1:]), statistics.question_types, "question type")
    for column, (part, color) in enumerate(
        {"question": "tab:gray", "think": "tab:blue", "answer": "tab:green"}.items()
    ):
        axes = figure.add_subplot(grid[1, column])
        _histogram(axes, statistics.lengths[part], color)
        axes.set_title(f"{part}: mean {_mean(statistics.lengths[part]):.1f} words")
        axes.set_xlabel("words (a CJK character is one, a box too)")
        axes.set_ylabel("items")
    figure.savefig(path, dpi=110)


def _count(record: Mapping[str, Any], statistics: Statistics) -> None:
    reply = parse_reply(record["cot"])
    if reply is None:
        raise ValueError("cot is not <think>...</think><answer>...</answer>")
    statistics.scenes[record["scene_id"]] += 1
    statistics.tasks[record.get("task", "")] += 1
    statistics.question_types[record.get("question_type", "")] += 1
    statistics.languages[record.get("language", "")] += 1
    parts = {"question": record["question"], "think": reply.think, "answer": reply.answer}
    for part, text in parts.items():
        statistics.lengths[part][count_words(text)] += 1


def _bars(axes: Any, counts: Mapping[str, int], title: str, most: int = 24) -> None:
    pairs = sorted(counts.items(), key=lambda pair: -pair[1])
    if len(pairs) > most:
        rest = sum(count for _, count in pairs[most - 1 :])
        pairs = [*pairs[: most - 1], ("(others)", rest)]
    names = [name or "(not said)" for name, _ in pairs]
    bars = axes.barh(range(len(pairs)), [count for _, count in pairs], color="tab:orange")
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=8, padding=2)
    axes.set_yticks(range(len(pairs)), names, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.15)
    axes.locator_params(axis="x", nbins=4)
    axes.set_title(f"items by {title}")


def _histogram(axes: Any, counts: Mapping[int, int], color: str) -> None:
    if not counts:
        return
    # The longest percent would squeeze everything else to the left: it goes into the last bin.
    top = max(_quantile(counts, 0.99), 1)
    step = -(-(top + 1) // 40)
    axes.hist(
        [min(length, top) for length in counts],
        bins=range(0, top + 1 + step, step),
        weights=list(counts.values()),
        color=color,
    )


def _mean(counts: Mapping[int, int]) -> float:
    total = sum(counts.values())
    return sum(length * count for length, count in counts.items()) / total if total else 0.0


def _median(counts: Mapping[int, int]) -> int:
    return _quantile(counts, 0.5)


def _quantile(counts: Mapping[int, int], fraction: float) -> int:
    """Smallest length that at least this fraction of the items does not exceed; 0 without items."""
    wanted, seen = fraction * sum(counts.values()), 0
    for length in sorted(counts):
        seen += counts[length]
        if seen >= wanted:
            return length
    return 0
