"""From rows to samples: the one loop of all readers.

Bad rows are fatal or counted and skipped; held-out scenes never leave this loop as training data.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import BadRowError, RowError
from r1_training.datasets.scannet.splits import check_split, hold_out, may_train_on, official_split

OnBad = Literal["fatal", "skip"]
SHOWN_PROBLEMS = 100
# Of an integer written as text; Python converts no more than 4,300 digits.
MAX_DIGITS = 100
_INTEGER = re.compile(rf"\s*-?\d{{1,{MAX_DIGITS}}}\s*", re.ASCII)
_SURROGATES = re.compile("[\ud800-\udfff]")


@dataclass
class RowReport:
    """What became of the rows of one or more files.

    Attributes:
        rows: rows read.
        kept: samples yielded.
        bad: rows that broke the format.
        held_out: well-formed rows of held-out scenes that were kept out of training.
        other_split: rows of another split, in files that hold several.
        problems: the first bad rows (at most 100, so that memory stays flat).
    """

    rows: int = 0
    kept: int = 0
    bad: int = 0
    held_out: int = 0
    other_split: int = 0
    problems: list[BadRowError] = field(default_factory=list)

    def summary(self) -> str:
        """One line for people."""
        return (
            f"{self.rows} rows: {self.kept} kept, {self.bad} bad, {self.held_out} held out, "
            f"{self.other_split} of other splits"
        )


def to_samples(
    rows: Iterable[tuple[int, Any]],
    build: Callable[[int, Mapping[str, Any]], Sample],
    *,
    path: Path,
    split: str,
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
    by_scene: bool = False,
) -> Iterator[Sample]:
    """Builds a sample of every row, lazily.

    Args:
        rows: line and row; a row may be a `RowError` where the line could not be decoded.
        build: makes a sample of the row's 0-based number and the row; raises `RowError`.
        path: the file, for messages.
        split: the split that the file is read as.
        on_bad: `fatal` raises at the first bad row, `skip` counts it and goes on.
        report: counts are added to it.
        held_out: scenes to keep out of training beside the official lists.
        by_scene: the file holds all splits; drop the rows of scenes that are not officially in
            `split`. A scene that nobody has split is for training alone: the same row must not
            be served as training and as test.

    Raises:
        BadRowError: a bad row and `on_bad` is `fatal`.
        SplitError: no such split.
    """
    check_split(split)
    if on_bad not in ("fatal", "skip"):
        raise ValueError(f"on_bad must be `fatal` or `skip`, got {on_bad!r}")
    report = RowReport() if report is None else report
    held_out = hold_out(held_out)
    for number, (line, row) in enumerate(rows):
        report.rows += 1
        try:
            if isinstance(row, RowError):
                raise row
            if not isinstance(row, Mapping):
                raise RowError(f"a row must be an object, got {type(row).__name__}")
            sample = build(number, row)
            allowed = split != "train" or may_train_on(sample.scene_id, held_out)
            elsewhere = by_scene and (official_split(sample.scene_id) or "train") != split
        except RowError as error:
            problem = BadRowError(path, line, str(error))
            if on_bad == "fatal":
                raise problem from error
            report.bad += 1
            if len(report.problems) < SHOWN_PROBLEMS:
                report.problems.append(problem)
            continue
        if elsewhere or not allowed:
            report.other_split += elsewhere
            report.held_out += not elsewhere
            continue
        report.kept += 1
        yield sample


def text(row: Mapping[str, Any], key: str) -> str:
    """The text under `key`, which must not be blank."""
    value = row.get(key)
    if not isinstance(value, str) or not value.strip():
        raise RowError(f"`{key}` must be text, got {_shown(value)}")
    return _whole(value, key)


def texts(row: Mapping[str, Any], key: str) -> tuple[str, ...]:
    """The list of texts under `key`; an empty list is allowed, blank texts too."""
    value = row.get(key)
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RowError(f"`{key}` must be a list of texts, got {_shown(value)}")
    return tuple(_whole(item, key) for item in value)


def integer(row: Mapping[str, Any], key: str) -> int:
    """The integer under `key`, as a number or as text (ScanRefer writes text)."""
    value = row.get(key)
    if isinstance(value, str) and _INTEGER.fullmatch(value):
        return int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise RowError(f"`{key}` must be an integer, got {_shown(value)}")
    return value


def integers(row: Mapping[str, Any], key: str) -> tuple[int, ...]:
    """The list of integers under `key`."""
    value = row.get(key)
    if not isinstance(value, list) or not all(type(item) is int for item in value):
        raise RowError(f"`{key}` must be a list of integers, got {_shown(value)}")
    return tuple(value)


def number(row: Mapping[str, Any], key: str) -> float:
    """The number under `key`."""
    value = row.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise RowError(f"`{key}` must be a number, got {_shown(value)}")
    try:
        converted = float(value)
    except OverflowError as error:  # an integer of hundreds of digits
        raise RowError(f"`{key}` is too large a number: {_shown(value)}") from error
    if not math.isfinite(converted):
        raise RowError(f"`{key}` must be finite, got {_shown(value)}")
    return converted


def _whole(value: str, key: str) -> str:
    # JSON can escape half of a character; no tokenizer and no file can be given it.
    if _SURROGATES.search(value):
        raise RowError(f"`{key}` holds half of a character (a lone surrogate): {_shown(value)}")
    return value


def _shown(value: object) -> str:
    return "nothing" if value is None else f"{value!r:.60}"
