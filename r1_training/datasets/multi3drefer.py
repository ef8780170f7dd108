"""Multi3DRefer (Zhang et al., ICCV 2023): `multi3drefer_{train,val}.json`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import iterate_rows
from r1_training.datasets.rows import OnBad, RowReport, integer, integers, text, to_samples

# Zero, single or multiple targets; with or without distractors of the target's class.
EVAL_TYPES = ("zt_w_d", "zt_wo_d", "st_w_d", "st_wo_d", "mt")


def read_multi3drefer(
    path: Path,
    split: str,
    *,
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """One description of zero, one or several objects a row.

    `details`: `ann_id` and `eval_type` (one of `EVAL_TYPES`). Arguments and errors as in
    `rows.to_samples`.
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
    scene_id, ann_id = text(row, "scene_id"), integer(row, "ann_id")
    eval_type = row.get("eval_type")
    if eval_type not in EVAL_TYPES:
        raise RowError(f"`eval_type` must be one of {', '.join(EVAL_TYPES)}, got {eval_type!r:.60}")
    object_ids = integers(row, "object_ids")
    counts = {"zt": (0,), "st": (1,)}.get(eval_type[:2], range(2, len(object_ids) + 1))
    if len(object_ids) not in counts:
        raise RowError(f"`eval_type` is {eval_type}, but there are {len(object_ids)} objects")
    if len(set(object_ids)) != len(object_ids):
        raise RowError(f"`object_ids` names an object twice: {object_ids}")
    return Sample(
        dataset="multi3drefer",
        split=split,
        scene_id=scene_id,
        id=f"{scene_id}|{ann_id}",
        task="grounding",
        question=text(row, "description"),
        object_ids=object_ids,
        object_names=(text(row, "object_name").replace("_", " "),) * len(object_ids),
        details={"ann_id": ann_id, "eval_type": eval_type},
    )
