"""What an evaluation says: one table for people, one JSON file for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

_UNLIMITED = 10_000  # columns: wider than any table


@dataclass(frozen=True)
class EvaluationReport:
    """Scores of one model on one split of one data set.

    Attributes:
        dataset: name of the data set.
        split: the split.
        checkpoint: what was evaluated.
        scores: metric values by group (`overall`, ...); percent, and counts where named so.
        samples: samples scored.
        missing: samples without a prediction, counted as empty.
        unused: predictions that belong to no sample.
        bad_rows: annotation rows that were skipped.
        notes: protocol and everything else that is needed to repeat the numbers.
    """

    dataset: str
    split: str
    checkpoint: str
    scores: Mapping[str, Mapping[str, float]]
    samples: int
    missing: int = 0
    unused: int = 0
    bad_rows: int = 0
    notes: Mapping[str, str] = field(default_factory=dict)

    def table(self) -> Table:
        """Groups as rows, metrics as columns."""
        columns = list(dict.fromkeys(name for group in self.scores.values() for name in group))
        table = Table(
            title=Text(f"{self.checkpoint} on {self.dataset} {self.split}"),
            caption=Text(self._caption()),
        )
        table.add_column("", no_wrap=True)
        for name in columns:
            table.add_column(name, justify="right", no_wrap=True)
        for group, values in self.scores.items():
            table.add_row(group, *(_cell(values.get(name)) for name in columns))
        return table

    def print(self) -> None:
        """Prints the table as wide as it is: Rich would cut its numbers at a pipe's 80 columns."""
        console, table = Console(), self.table()
        options = console.options.update(width=_UNLIMITED, max_width=_UNLIMITED)
        needed = Measurement.get(console, options, table).maximum
        Console(width=max(needed, console.width)).print(table)

    def write(self, path: Path) -> None:
        """Writes the report as JSON; values that do not exist are null."""
        scores = {
            group: {name: None if math.isnan(value) else value for name, value in values.items()}
            for group, values in self.scores.items()
        }
        text = json.dumps(asdict(self) | {"scores": scores}, indent=1, ensure_ascii=False)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n", encoding="utf-8")

    def _caption(self) -> str:
        parts = [f"{self.samples} samples"]
        for count, what in (
            (self.missing, "without prediction (counted as empty)"),
            (self.unused, "predictions without sample"),
            (self.bad_rows, "bad annotation rows skipped"),
        ):
            if count:
                parts.append(f"{count} {what}")
        return ", ".join([*parts, *(f"{key}: {value}" for key, value in self.notes.items())])


def _cell(value: float | None) -> str:
    if value is None:
        return ""
    return "none" if math.isnan(value) else f"{value:.2f}"
