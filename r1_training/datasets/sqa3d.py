"""SQA3D (Ma et al., ICLR 2023): a questions file and an annotations file, joined by question id."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import iterate_array
from r1_training.datasets.rows import OnBad, RowReport, integer, number, text, texts, to_samples

# By the question's first letters, as the field reports them (LEO's evaluation); else `other`.
QUESTION_TYPES = ("what", "is", "how", "can", "which")


def read_sqa3d(
    questions: Path,
    annotations: Path,
    split: str,
    *,
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """Situated questions with one answer each.

    `v1_balanced_questions_*.json` and `v1_balanced_sqa_annotations_*.json` hold the same ids in
    the same order; other orders are read too, at the cost of memory for the rows that wait.
    `details`: `question_type` (what, is, how, can, which, other), `alternative_situations`,
    `position` (3,) metres and `rotation` (4,) quaternion x, y, z, w of the asker in the scan's
    frame. Arguments and errors as in `rows.to_samples`; lines are those of the questions file.
    """
    return to_samples(
        _joined(questions, annotations),
        partial(_build, split, annotations.name),
        path=questions,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=held_out,
    )


def question_type(question: str) -> str:
    """The type that the field reports a question under."""
    start = question.lstrip().lower()
    return next((kind for kind in QUESTION_TYPES if start.startswith(kind)), "other")


def _joined(questions: Path, annotations: Path) -> Iterator[tuple[int, Any]]:
    waiting_questions: dict[int, tuple[int, Any]] = {}
    waiting_annotations: dict[int, tuple[int, Any]] = {}
    pairs = zip_longest(
        iterate_array(questions, "questions"), iterate_array(annotations, "annotations")
    )
    for question, annotation in pairs:
        if question is not None:
            yield from _match(question, waiting_questions, waiting_annotations)
        if annotation is not None:
            yield from _match(annotation, waiting_annotations, waiting_questions, annotations.name)
    for key, (line, _) in waiting_questions.items():
        yield line, RowError(f"question {key} has no annotation in {annotations.name}")
    for key, (line, _) in waiting_annotations.items():
        yield line, RowError(f"annotation {key} ({annotations.name}) has no question")


def _match(
    entry: tuple[int, Any],
    waiting: dict[int, tuple[int, Any]],
    others: dict[int, tuple[int, Any]],
    name: str = "",
) -> Iterator[tuple[int, Any]]:
    """`name`: of the annotations file where the entry is an annotation; a question has none."""
    line, row = entry
    where = f"{name}:{line}: " if name else ""  # a problem has the questions' name by itself
    key = row.get("question_id") if isinstance(row, Mapping) else None
    if type(key) is not int:
        yield line, RowError(f"{where}`question_id` must be an integer, got {key!r:.60}")
    elif key in waiting:
        yield line, RowError(f"{where}question {key} comes twice")
    elif key in others:
        other = others.pop(key)
        first, second = (other, entry) if name else (entry, other)
        yield first[0], {"question": first[1], "annotation": second[1], "line": second[0]}
    else:
        waiting[key] = entry


def _build(split: str, annotations: str, _: int, row: Mapping[str, Any]) -> Sample:
    question, annotation = row["question"], row["annotation"]
    scene_id, asked = text(question, "scene_id"), text(question, "question")
    if annotation.get("scene_id") != scene_id:
        raise RowError(f"scene {scene_id} is {annotation.get('scene_id')!r} in the annotation")
    try:
        answers = annotation.get("answers")
        if not isinstance(answers, list) or not all(isinstance(item, Mapping) for item in answers):
            raise RowError(f"`answers` must be a list of objects, got {answers!r:.60}")
        said = tuple(text(answer, "answer") for answer in answers)
        position = _numbers(annotation, "position", ("x", "y", "z"))
        rotation = _numbers(annotation, "rotation", ("_x", "_y", "_z", "_w"))
    except RowError as error:
        raise RowError(f"its annotation, {annotations}:{row['line']}: {error}") from error
    return Sample(
        dataset="sqa3d",
        split=split,
        scene_id=scene_id,
        id=str(integer(question, "question_id")),
        task="reasoning",
        question=asked,
        answers=said,
        situation=text(question, "situation"),
        details={
            "question_type": question_type(asked),
            "alternative_situations": texts(question, "alternative_situation"),
            "position": position,
            "rotation": rotation,
        },
    )


def _numbers(row: Mapping[str, Any], key: str, names: tuple[str, ...]) -> tuple[float, ...]:
    value = row.get(key)
    if not isinstance(value, Mapping):
        raise RowError(f"`{key}` must be an object, got {value!r:.60}")
    return tuple(number(value, name) for name in names)
