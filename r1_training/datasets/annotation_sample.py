"""`Sample`: one question (or description) about one scene, whatever file it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from r1_model.text.answer import Turn


@dataclass(frozen=True, slots=True)
class Sample:
    """One row of a data set.

    Attributes:
        dataset: name of the data set, e.g. `scanqa`.
        split: `train`, `val` or `test`.
        scene_id: the ScanNet scan (`scene0011_00`), synthetic room or Objaverse uid.
        id: unique within data set and split; what predictions refer to.
        task: one of `r1_model.text.answer.TASKS`.
        question: what is asked in this turn, without role markers.
        answers: the reference answers; empty where the split publishes none.
        object_ids: the objects meant, as in ScanNet's aggregation files (0-based).
        object_names: their names as the file gives them, parallel to `object_ids` or empty.
        turns: earlier turns of a dialogue, oldest first.
        situation: where the asker stands (SQA3D), else empty.
        details: what only this data set has; its reader documents the keys.
    """

    dataset: str
    split: str
    scene_id: str
    id: str
    task: str
    question: str
    answers: tuple[str, ...] = ()
    object_ids: tuple[int, ...] = ()
    object_names: tuple[str, ...] = ()
    turns: tuple[Turn, ...] = ()
    situation: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
