"""Nr3D (ReferIt3D, Achlioptas et al., ECCV 2020): the official CSV and its converted JSON."""

from __future__ import annotations

import ast
import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.datasets.rows import OnBad, RowReport, text, to_samples
from r1_training.datasets.scanrefer import ReferringTask, read_scanrefer, referring_sample
from r1_training.datasets.text_files import open_text

# As in ReferIt3D: an utterance with one of these words depends on the view.
VIEW_WORDS = frozenset(
    ("front", "behind", "back", "right", "left")
    + ("facing", "leftmost", "rightmost", "looking", "across")
)
# "Easy": at most this many objects of the target's class in the scene.
EASY_OBJECTS = 2
_COLUMNS = ("assignmentid", "stimulus_id", "utterance", "tokens", "instance_type", "scan_id")
_FLAGS = ("mentions_target_class", "correct_guess", "uses_object_lang", "uses_spatial_lang")


@dataclass(frozen=True, slots=True)
class Stimulus:
    """A stimulus id taken apart: `scene0525_00-plant-3-10-8-11`.

    Attributes:
        scene_id: the scan.
        label: the class of the target and of its distractors.
        objects: how many objects of the class there are.
        target_id: the object meant.
        distractor_ids: the others.
    """

    scene_id: str
    label: str
    objects: int
    target_id: int
    distractor_ids: tuple[int, ...]


def read_nr3d_csv(
    path: Path,
    split: str,
    *,
    task: ReferringTask = "grounding",
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """The official `nr3d.csv` (all splits in one file: rows of other splits are not yielded).

    `details`: `ann_id`, `token`, `easy` (at most two objects of the class), `view_dependent`,
    `distractor_ids`, and the flags of the CSV (`mentions_target_class`, `correct_guess`, ...) as
    booleans; ReferIt3D trains and scores rows whose `mentions_target_class` is true. Other
    arguments and errors as in `rows.to_samples`.
    """
    return to_samples(
        _csv_rows(path),
        partial(_build, split, task),
        path=path,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=held_out,
        by_scene=True,
    )


def read_nr3d_json(
    path: Path,
    split: str,
    *,
    task: ReferringTask = "grounding",
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """`nr3d_{train,val}.json`: ScanRefer's keys, one split a file. See `read_scanrefer`."""
    return read_scanrefer(
        path,
        split,
        task=task,
        dataset="nr3d",
        on_bad=on_bad,
        report=report,
        held_out=held_out,
    )


def parse_stimulus(stimulus_id: str) -> Stimulus:
    """Takes a stimulus id apart.

    Raises:
        RowError: not a stimulus id, or the numbers contradict each other.
    """
    parts = stimulus_id.split("-")
    try:
        scene_id, label, numbers = parts[0], parts[1], [int(part) for part in parts[2:] if part]
        objects, target_id, *distractors = numbers
    except (IndexError, ValueError) as error:
        raise RowError(f"not a stimulus id: {stimulus_id!r:.80}") from error
    if objects != len(distractors) + 1:
        raise RowError(
            f"stimulus {stimulus_id!r:.80} says {objects} objects and lists {len(distractors) + 1}"
        )
    return Stimulus(scene_id, label.replace("_", " "), objects, target_id, tuple(distractors))


def _csv_rows(path: Path) -> Iterator[tuple[int, Any]]:
    with open_text(path, newline="") as file:
        reader = csv.DictReader(file, strict=True)
        try:
            missing = set(_COLUMNS) - set(reader.fieldnames or ())
            if missing:
                raise FileFormatError(path, f"columns are missing: {', '.join(sorted(missing))}", 1)
            for row in reader:
                yield reader.line_num, row
        except UnicodeDecodeError as error:
            raise FileFormatError(path, f"not UTF-8: {error}") from error
        except csv.Error as error:
            raise FileFormatError(path, str(error), reader.line_num + 1) from error


def _build(split: str, task: ReferringTask, _: int, row: Mapping[str, Any]) -> Sample:
    stimulus = parse_stimulus(text(row, "stimulus_id"))
    if text(row, "scan_id") != stimulus.scene_id:
        raise RowError(f"scan_id {row['scan_id']} is not the stimulus' {stimulus.scene_id}")
    tokens = _tokens(text(row, "tokens"))
    ann_id = text(row, "assignmentid")
    flags = {flag: _flag(flag, row[flag]) for flag in _FLAGS if row.get(flag)}
    return referring_sample(
        task,
        dataset="nr3d",
        split=split,
        scene_id=stimulus.scene_id,
        id=f"{stimulus.scene_id}|{stimulus.target_id}|{ann_id}",
        description=text(row, "utterance"),
        object_id=stimulus.target_id,
        object_name=text(row, "instance_type"),
        details={
            "ann_id": ann_id,
            "token": tokens,
            "easy": stimulus.objects <= EASY_OBJECTS,
            "view_dependent": not VIEW_WORDS.isdisjoint(tokens),
            "distractor_ids": stimulus.distractor_ids,
            **flags,
        },
    )


def _flag(name: str, value: str) -> bool:
    # Spreadsheets write TRUE.
    if value.lower() not in ("true", "false"):
        raise RowError(f"`{name}` must be True or False, got {value!r:.60}")
    return value.lower() == "true"


def _tokens(value: str) -> tuple[str, ...]:
    try:
        tokens = ast.literal_eval(value)
    except (ValueError, SyntaxError, RecursionError, MemoryError) as error:
        raise RowError(f"`tokens` must be a list of words, got {value!r:.60}") from error
    if not isinstance(tokens, list) or not all(isinstance(token, str) for token in tokens):
        raise RowError(f"`tokens` must be a list of words, got {value!r:.60}")
    return tuple(tokens)
