"""3D object detection: AP and recall by class, mAP and AR, as VoteNet's evaluation (VOC 2010)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from r1_training.metrics.errors import GroundTruthError
from r1_training.metrics.measures.boxes import pairwise_iou
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.visual_grounding import THRESHOLDS


@dataclass(frozen=True)
class SceneObjects:
    """Ground truth of one scene: (K, 6) boxes and their K class names."""

    boxes: np.ndarray
    labels: tuple[str, ...]


def detection_scores(
    predictions: Mapping[str, Prediction], scenes: Mapping[str, SceneObjects]
) -> dict[str, dict[str, float]]:
    """AP and recall in percent by class, and `overall`: mAP@k and AR@k over the classes.

    The mean is over classes with ground truth: one without has no recall (the reference gives
    NaN). Predictions of equal score rank in order of the file.

    Args:
        predictions: by scene: boxes with one label and one score each.
        scenes: ground truth by scene; a scene without prediction counts its objects as missed.

    Raises:
        GroundTruthError: there is no object at all.
    """
    classes = sorted({label for scene in scenes.values() for label in scene.labels})
    if not classes:
        raise GroundTruthError("the scenes hold no objects")
    groups: dict[str, dict[str, float]] = {"overall": {}}
    for k in THRESHOLDS:
        pairs = [class_ap(predictions, scenes, name, k) for name in classes]
        for name, (ap, recall) in zip(classes, pairs, strict=True):
            groups.setdefault(name, {}).update({f"AP@{k}": 100 * ap, f"recall@{k}": 100 * recall})
        groups["overall"][f"mAP@{k}"] = float(100 * np.mean([ap for ap, _ in pairs]))
        groups["overall"][f"AR@{k}"] = float(100 * np.mean([recall for _, recall in pairs]))
    return groups


def class_ap(
    predictions: Mapping[str, Prediction],
    scenes: Mapping[str, SceneObjects],
    label: str,
    threshold: float,
) -> tuple[float, float]:
    """AP and recall of one class at one IoU threshold (an IoU must exceed it), in [0, 1]."""
    total = sum(scene.labels.count(label) for scene in scenes.values())
    ranked: list[tuple[float, int, float]] = []
    taken: set[int] = set()
    offset = 0
    for scene_id, scene in scenes.items():
        targets = scene.boxes[[name == label for name in scene.labels]]
        if scene_id in predictions:
            prediction = predictions[scene_id]
            chosen = [name == label for name in prediction.labels]
            ious = pairwise_iou(prediction.boxes[chosen], targets)
            for score, row in zip(prediction.scores[chosen], ious, strict=True):
                best = int(row.argmax()) if len(row) else 0
                overlap = float(row[best]) if len(row) else 0.0
                ranked.append((float(score), offset + best, overlap))
        offset += len(targets)
    ranked.sort(key=lambda entry: -entry[0])
    hits = np.zeros(len(ranked), bool)
    for index, (_, target, overlap) in enumerate(ranked):
        if overlap > threshold and target not in taken:
            taken.add(target)
            hits[index] = True
    found = hits.cumsum()
    recall = found / total
    precision = found / np.arange(1, len(ranked) + 1)
    return average_precision(recall, precision), float(recall[-1]) if len(ranked) else 0.0


def average_precision(recall: np.ndarray, precision: np.ndarray) -> float:
    """Area under the precision envelope (VOC 2010) of (N,) recall and precision, best first."""
    recall = np.concatenate([[0.0], recall])
    envelope = np.maximum.accumulate(precision[::-1])[::-1]
    return float((np.diff(recall) * envelope).sum())
