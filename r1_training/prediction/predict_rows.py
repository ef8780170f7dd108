"""Lines of prediction files: what our model says as `r1 evaluate` reads it, and what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from r1_model.asking.question import Question
from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_model.text.boxes import extent
from r1_training.common.processes import Processes
from r1_training.common.shared_lines import SharedLines
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.class_labels import LabelTable
from r1_training.datasets.scanrefer import CAPTION_QUESTION
from r1_training.metrics.errors import PredictionError
from r1_training.metrics.protocols.scan2cap import caption_words

DESCRIBE = "Describe every object in the room."
# Detection ranks boxes by score; below this nothing is left to rank (VoteNet's evaluation).
LEAST_SCORE = 0.05
Captions = Literal["scene", "detected", "given"]
CAPTIONS_OF: tuple[str, ...] = get_args(Captions)


@dataclass
class Predicted:
    """What a run did.

    Attributes:
        earlier: predictions of earlier runs.
        made: predictions of this one.
        rows: what became of the annotation rows.
        unprepared: questions by scene that is not prepared, or objects without a cloud.
        problems: id -> why there is no prediction.
    """

    earlier: int = 0
    made: int = 0
    rows: RowReport = field(default_factory=RowReport)
    unprepared: Counter[str] = field(default_factory=Counter)
    problems: dict[str, str] = field(default_factory=dict)


def done_before(lines: SharedLines, origin: Mapping[str, Any]) -> set[str]:
    """Ids of the predictions that a file holds.

    Raises:
        PredictionError: a line has no id, or is of another model, data set or switches.
    """
    model, dataset = origin["model"], origin["dataset"]
    for number, row in enumerate(lines.rows, 1):
        where = f"{lines.path}:{number}"
        if not isinstance(row.get("id"), str):
            raise PredictionError(f"{where}: `id` must be text, got {row.get('id')!r:.60}")
        if row.get("model") != model:
            raise PredictionError(f"{where} is of the model {row.get('model')!r}, not of {model!r}")
        # Files from before lines named their data set can still be gone on with.
        if row.get("dataset", dataset) != dataset:
            raise PredictionError(
                f"{where} is of the data set {row['dataset']!r}, not of {dataset!r}"
            )
        if row.get("switches", "") != origin.get("switches", ""):
            raise PredictionError(
                f"{where} was made with {row.get('switches', '') or 'no switches'!r}, not with "
                f"{origin.get('switches', '') or 'none'!r}"
            )
    return {row["id"] for row in lines.rows}


def merged(lines: SharedLines, group: Processes, own: Predicted) -> Predicted:
    """What all processes did, in the first one, once it is in the file; `own` in the others."""
    lines.merge("id")
    shares = group.gather(own)
    if len(shares) < 2:
        return own
    whole = Predicted(rows=own.rows)
    for share in shares:
        whole.earlier += share.earlier
        whole.made += share.made
        whole.unprepared += share.unprepared
        whole.problems |= share.problems
    return whole


def detections(scene: Scene, reasoner: Reasoner, labels: LabelTable) -> dict[str, Any]:
    """What the model finds, under ScanNet's class names."""
    found = reasoner.detect(scene, LEAST_SCORE)
    names = [labels.class_of(box.label) for box in found]
    return {"boxes": numbers(found), "labels": names, "scores": [box.score for box in found]}


def scene_captions(scene: Scene, reasoner: Reasoner, max_new_tokens: int | None) -> dict[str, Any]:
    """The objects that the model describes when it is asked about all of them at once."""
    answer = reasoner.ask(scene, DESCRIBE, task="dense_caption", max_new_tokens=max_new_tokens)
    described = [box for box in answer.boxes if box.description]
    return {
        "boxes": numbers(described),
        "labels": [box.label for box in described],
        "captions": [caption_words(box.description) for box in described],
        "raw": answer.raw,
    }


def object_captions(
    scene: Scene, boxes: Sequence[Box], reasoner: Reasoner, max_new_tokens: int | None
) -> dict[str, Any]:
    """A caption of each of these boxes, one question a box; a box as it was given."""
    asked = [Question(scene, CAPTION_QUESTION, "object_caption", (), box) for box in boxes]
    answers = reasoner.ask_many(asked, max_new_tokens=max_new_tokens)
    return {
        "boxes": numbers(boxes),
        "scores": [1.0 if np.isnan(box.score) else box.score for box in boxes],
        "captions": [caption_words(answer.answer) for answer in answers],
    }


def given_boxes(boxes: Mapping[int, np.ndarray], described: Sequence[int]) -> list[Box]:
    """The boxes of the described objects, in order of their ids."""
    chosen = sorted(set(described) & boxes.keys())
    return [Box(boxes[number][:3], boxes[number][3:]) for number in chosen]


def numbers(boxes: Sequence[Box]) -> list[list[float]]:
    """Centre and size of each box, of the axis-aligned one around it."""
    return [[*box.center.tolist(), *extent(box).tolist()] for box in boxes]
