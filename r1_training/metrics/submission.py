"""Files that the servers of ScanQA, ScanRefer and Scan2Cap score, made of our prediction files.

Their formats, as their own readers take them apart:

- ScanQA: a list of `{"scene_id", "question_id", "answer_top10": 10 texts, "bbox": 8 corners or
  none}`;
- ScanRefer: a list of `{"scene_id", "object_id", "ann_id", "bbox": 8 corners, "unique_multiple": 0
  or 1, "others": 0 or 1}`;
- Scan2Cap: `{scene_id: [{"caption": "sos .. eos", "box": 8 corners, "sem_prob": 18 numbers,
  "obj_prob": [no, yes]}]}` with every scene of the annotation file.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from r1_training.common.whole_files import written_whole
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.class_labels import CLASSES, OTHERS, LabelTable, read_labels
from r1_training.metrics.errors import EvaluationInputError, MissingPredictionsError
from r1_training.metrics.evaluate import read_samples
from r1_training.metrics.inputs import EvaluationInputs
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.predictions import Aligned, align, read_predictions
from r1_training.metrics.protocols.visual_grounding import unique_objects

SUBMITTED = ("scanqa", "scanrefer", "scan2cap")
TOP = 10
NO_BOX = [[0.0, 0.0, 0.0]] * 8  # overlaps nothing


def write_submission(inputs: EvaluationInputs, out: Path) -> int:
    """Writes the file that the benchmark's server takes.

    Args:
        inputs: as for the evaluation: predictions, annotations, for ScanRefer the label table.
        out: the file.

    Returns:
        how many predictions it holds.

    Raises:
        EvaluationInputError: the data set has no such server, or a file is not named.
        MissingPredictionsError: a sample has none, and `on_missing` is `fatal`.
        DatasetError, EvaluationError: a file is broken.
    """
    if inputs.dataset not in SUBMITTED:
        raise EvaluationInputError(
            f"submissions are for {', '.join(SUBMITTED)}, not for {inputs.dataset}"
        )
    predictions = read_predictions(inputs.predictions, inputs.needs)
    samples = list(read_samples(inputs, RowReport()))
    content: Any
    if inputs.dataset == "scan2cap":
        content = scan2cap_rows(samples, predictions, missing_is_empty=inputs.on_missing == "empty")
        count = sum(map(len, content.values()))
    else:
        aligned = align(samples, predictions, on_missing=inputs.on_missing)
        if inputs.dataset == "scanqa":
            content = scanqa_rows(aligned)
        else:
            content = scanrefer_rows(aligned, read_labels(inputs.required("labels")))
        count = len(content)
    with written_whole(out) as part:
        part.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return count


def scanqa_rows(aligned: Aligned) -> list[dict[str, Any]]:
    """ScanQA's entries; fewer than ten answers are filled up with the last."""
    rows = []
    for sample, prediction in zip(aligned.samples, aligned.predictions, strict=True):
        said = [" ".join(text.split()) for text in prediction.answers[:TOP]] or [""]
        box = corners(prediction.boxes[0]) if len(prediction.boxes) else []
        rows.append(
            {
                "scene_id": sample.scene_id,
                "question_id": sample.id,
                "answer_top10": said + said[-1:] * (TOP - len(said)),
                "bbox": box,
            }
        )
    return rows


def scanrefer_rows(aligned: Aligned, labels: LabelTable) -> list[dict[str, Any]]:
    """ScanRefer's entries. Whether an object is unique is told from the file, as its authors do."""
    unique = unique_objects(aligned.samples, labels)
    rows = []
    for sample, prediction, alone in zip(aligned.samples, aligned.predictions, unique, strict=True):
        boxes = prediction.boxes
        rows.append(
            {
                "scene_id": sample.scene_id,
                "object_id": str(sample.object_ids[0]),
                "ann_id": sample.details["ann_id"],
                "bbox": corners(boxes[0]) if len(boxes) else NO_BOX,
                "unique_multiple": 0 if alone else 1,
                "others": int(labels.class_of(sample.object_names[0]) == OTHERS),
            }
        )
    return rows


def scan2cap_rows(
    samples: Sequence[Sample],
    predictions: Mapping[str, Prediction],
    *,
    missing_is_empty: bool = False,
) -> dict[str, list[dict[str, Any]]]:
    """Scan2Cap's entries by scene: every scene of the file is there.

    Raises:
        MissingPredictionsError: a scene has none.
    """
    scenes = sorted({sample.scene_id for sample in samples})
    missing = [scene for scene in scenes if scene not in predictions]
    if missing and not missing_is_empty:
        raise MissingPredictionsError(
            f"{len(missing)} of {len(scenes)} scenes have no prediction, first: "
            f"{', '.join(missing[:3])}; --missing empty leaves them empty"
        )
    return {
        scene: _captioned(predictions[scene]) if scene in predictions else [] for scene in scenes
    }


def corners(box: np.ndarray) -> list[list[float]]:
    """(6,) centre and size -> 8 corners, in the order of VoteNet's boxes."""
    signs = [(1, 1, 1), (1, -1, 1), (-1, -1, 1), (-1, 1, 1)]
    half = box[3:] / 2
    points = [
        box[:3] + half * (x, y, z * side) for side, (x, y, z) in itertools.product((1, -1), signs)
    ]
    return [point.tolist() for point in points]


def _captioned(prediction: Prediction) -> list[dict[str, Any]]:
    labels = prediction.labels or ("",) * len(prediction.boxes)
    return [
        {
            "caption": f"sos {' '.join(caption.split())} eos",
            "box": corners(box),
            "sem_prob": _one_hot(label),
            "obj_prob": [1 - float(np.clip(score, 0, 1)), float(np.clip(score, 0, 1))],
        }
        for box, caption, label, score in zip(
            prediction.boxes, prediction.captions, labels, prediction.scores, strict=True
        )
    ]


def _one_hot(label: str) -> list[float]:
    name = label if label in CLASSES else OTHERS
    return [float(name == other) for other in CLASSES]
