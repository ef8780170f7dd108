"""ScanQA (Azuma et al., CVPR 2022): `ScanQA_v1.0_{train,val,test_w_obj,test_wo_obj}.json`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import iterate_rows
from r1_training.datasets.rows import OnBad, RowReport, integers, text, texts, to_samples


def read_scanqa(
    path: Path,
    split: str,
    *,
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """Questions about a scene with one or more short answers (none in the test files).

    Arguments and errors as in `rows.to_samples`.
    """
    return to_samples(
        iterate_rows(path),
        partial(_build, split),
        path=path,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=held_out,
    )


def _build(split: str, _: int, row: Mapping[str, Any]) -> Sample:
    if split != "test" and "answers" not in row:
        raise RowError("no `answers`: ScanQA's test files have none in public (--split test)")
    answers = texts(row, "answers") if "answers" in row else ()
    return Sample(
        dataset="scanqa",
        split=split,
        scene_id=text(row, "scene_id"),
        id=text(row, "question_id"),
        task="qa",
        question=text(row, "question"),
        answers=answers,
        object_ids=integers(row, "object_ids") if "object_ids" in row else (),
        object_names=texts(row, "object_names") if "object_names" in row else (),
    )
