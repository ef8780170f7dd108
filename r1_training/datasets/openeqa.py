"""OpenEQA (Majumdar et al., CVPR 2024): `open-eqa-v0.json`. A benchmark: never trained on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError, SplitError
from r1_training.datasets.json_stream import iterate_rows
from r1_training.datasets.rows import OnBad, RowReport, text, texts, to_samples

CATEGORIES = (
    "object recognition",
    "attribute recognition",
    "object state recognition",
    "object localization",
    "spatial understanding",
    "functional reasoning",
    "world knowledge",
)


def read_openeqa(
    path: Path, split: str = "test", *, on_bad: OnBad = "fatal", report: RowReport | None = None
) -> Iterator[Sample]:
    """Questions about an episode, whose name (`scannet-v0/002-scannet-scene0709_00`) is the scene.

    `answers` starts with the reference answer, then `extra_answers` where there are any.
    `details`: `category`, one of `CATEGORIES`. Other arguments and errors as in `rows.to_samples`.

    Raises:
        SplitError: `split` is not `test`.
    """
    if split != "test":
        raise SplitError(f"OpenEQA is a benchmark: its only split is test, got {split!r}")
    return to_samples(
        iterate_rows(path), _build, path=path, split=split, on_bad=on_bad, report=report
    )


def _build(_: int, row: Mapping[str, Any]) -> Sample:
    category = text(row, "category")
    if category not in CATEGORIES:
        raise RowError(f"unknown category {category!r:.60}")
    extra = texts(row, "extra_answers") if row.get("extra_answers") is not None else ()
    return Sample(
        dataset="openeqa",
        split="test",
        scene_id=text(row, "episode_history"),
        id=text(row, "question_id"),
        task="qa",
        question=text(row, "question"),
        answers=(text(row, "answer"), *extra),
        details={"category": category},
    )
