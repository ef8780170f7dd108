"""Multi3DRefer: F1@kIoU of zero, one or several boxes (Zhang et al., ICCV 2023)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.multi3drefer import EVAL_TYPES
from r1_training.metrics.errors import GroundTruthError
from r1_training.metrics.prediction_entries import Prediction
from r1_training.metrics.protocols.visual_grounding import THRESHOLDS, SceneBoxes


def multi3drefer_scores(
    samples: Sequence[Sample], predictions: Sequence[Prediction], boxes: SceneBoxes
) -> dict[str, dict[str, float]]:
    """F1@0.25 and F1@0.5 in percent, `overall` and by evaluation type.

    All boxes of a prediction count. `boxes`: (6,) box by scene and object id.

    Raises:
        GroundTruthError: an object has no box.
    """
    f1 = np.array(
        [
            # A prediction that is not there does not say that there is nothing.
            f1_scores(prediction.boxes, _targets(sample, boxes))
            if not prediction.missing
            else (0.0,) * len(THRESHOLDS)
            for sample, prediction in zip(samples, predictions, strict=True)
        ]
    ).reshape(-1, len(THRESHOLDS))
    kinds = np.array([sample.details["eval_type"] for sample in samples])
    groups = {"overall": np.ones(len(samples), bool)}
    groups |= {kind: kinds == kind for kind in EVAL_TYPES if (kinds == kind).any()}
    return {
        name: {
            f"F1@{k}": float(100 * f1[chosen, column].mean()) for column, k in enumerate(THRESHOLDS)
        }
        for name, chosen in groups.items()
    }


def f1_scores(predicted: np.ndarray, targets: np.ndarray) -> tuple[float, ...]:
    """F1 at each threshold of (P, 6) boxes against (T, 6), matched for the largest total IoU.

    Without targets it is 1 if nothing is predicted and 0 otherwise.
    """
    if not len(targets) or not len(predicted):
        return (float(len(targets) == len(predicted)),) * len(THRESHOLDS)
    ious = _official_iou(predicted, targets)
    matched = ious[linear_sum_assignment(ious, maximize=True)]
    count = len(predicted) + len(targets)
    return tuple(2 * float((matched >= k).sum()) / count for k in THRESHOLDS)


def _official_iou(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """(N, 6), (M, 6) -> (N, M), in single precision as the official script: it decides ties."""
    (low1, high1), (low2, high2) = (
        (
            (boxes[:, :3] - boxes[:, 3:] / 2).astype(np.float32),
            (boxes[:, :3] + boxes[:, 3:] / 2).astype(np.float32),
        )
        for boxes in (first, second)
    )
    overlap = np.minimum(high1[:, None], high2) - np.maximum(low1[:, None], low2)
    shared = overlap.clip(0).prod(-1)
    union = (high1 - low1).prod(-1)[:, None] + (high2 - low2).prod(-1) - shared
    return shared / (union + np.finfo(np.float32).eps)


def _targets(sample: Sample, boxes: SceneBoxes) -> np.ndarray:
    scene = boxes.get(sample.scene_id, {})
    missing = [number for number in sample.object_ids if number not in scene]
    if missing:
        raise GroundTruthError(f"{sample.id}: {sample.scene_id} has no box for object {missing[0]}")
    return np.array([scene[number] for number in sample.object_ids]).reshape(-1, 6)
