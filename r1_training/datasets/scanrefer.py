"""ScanRefer (Chen et al., ECCV 2020): `ScanRefer_filtered_{train,val}.json`.

Nr3D files converted to the same keys (`nr3d_{train,val}.json`, as LL3DA uses them) are read by
`nr3d.read_nr3d_json`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import iterate_rows
from r1_training.datasets.rows import OnBad, RowReport, integer, text, texts, to_samples

ReferringTask = Literal["grounding", "object_caption"]
CAPTION_QUESTION = "Describe this object."


def read_scanrefer(
    path: Path,
    split: str,
    *,
    task: ReferringTask = "grounding",
    dataset: str = "scanrefer",
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
    held_out: Collection[str] = (),
) -> Iterator[Sample]:
    """One description of one object a row.

    As `grounding` the description is the question and `object_ids` the answer; as
    `object_caption` the description is the answer. `details`: `ann_id`, and `token` (the words
    that captions are scored on) where the file has it. Other arguments and errors as in
    `rows.to_samples`.
    """
    return to_samples(
        iterate_rows(path),
        partial(_build, dataset, split, task),
        path=path,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=held_out,
    )


def referring_sample(
    task: ReferringTask,
    *,
    dataset: str,
    split: str,
    scene_id: str,
    id: str,
    description: str,
    object_id: int,
    object_name: str,
    details: Mapping[str, Any],
) -> Sample:
    """A description as a question (grounding) or as an answer (object_caption)."""
    if task not in ("grounding", "object_caption"):
        raise ValueError(f"task must be `grounding` or `object_caption`, got {task!r}")
    grounding = task == "grounding"
    return Sample(
        dataset=dataset,
        split=split,
        scene_id=scene_id,
        id=id,
        task=task,
        question=description if grounding else CAPTION_QUESTION,
        answers=() if grounding else (description,),
        object_ids=(object_id,),
        object_names=(object_name,),
        details=details,
    )


def _build(dataset: str, split: str, task: ReferringTask, _: int, row: Mapping[str, Any]) -> Sample:
    scene_id, object_id = text(row, "scene_id"), integer(row, "object_id")
    ann_id = row.get("ann_id")
    if not isinstance(ann_id, str | int) or isinstance(ann_id, bool):
        raise RowError(f"`ann_id` must be text or an integer, got {ann_id!r:.60}")
    details: dict[str, Any] = {"ann_id": str(ann_id)}
    if "token" in row:
        details["token"] = texts(row, "token")
    return referring_sample(
        task,
        dataset=dataset,
        split=split,
        scene_id=scene_id,
        id=f"{scene_id}|{object_id}|{ann_id}",
        description=text(row, "description"),
        object_id=object_id,
        object_name=text(row, "object_name").replace("_", " "),
        details=details,
    )
