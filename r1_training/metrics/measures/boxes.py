"""Axis-aligned boxes: overlap, and boxes from corners."""

from __future__ import annotations

import numpy as np


def pairwise_iou(first: np.ndarray, second: np.ndarray, epsilon: float = 0.0) -> np.ndarray:
    """(N, 6) and (M, 6) boxes (centre, size) -> (N, M) intersection over union, float64.

    Two boxes without volume have an IoU of 0. `epsilon` is added to the union, in cubic metres,
    where a benchmark's own script does so: an IoU of exactly 0.5 is then below 0.5.
    """
    first, second = (np.asarray(boxes, np.float64).reshape(-1, 6) for boxes in (first, second))
    low = np.maximum(_low(first)[:, None], _low(second)[None])
    high = np.minimum(_high(first)[:, None], _high(second)[None])
    overlap = np.clip(high - low, 0, None).prod(-1)
    union = first[:, 3:].prod(-1)[:, None] + second[:, 3:].prod(-1)[None] - overlap + epsilon
    return np.divide(overlap, union, out=np.zeros_like(overlap), where=union > 0)


def boxes_from_corners(corners: np.ndarray) -> np.ndarray:
    """(K, 8, 3) corners -> (K, 6) centre and size of the axis-aligned boxes around them."""
    corners = np.asarray(corners, np.float64).reshape(-1, 8, 3)
    low, high = corners.min(1), corners.max(1)
    return np.concatenate([(low + high) / 2, high - low], axis=1)


def suppress_overlaps(
    boxes: np.ndarray, scores: np.ndarray, labels: np.ndarray, max_iou: float
) -> np.ndarray:
    """Class-wise greedy NMS: indices of the kept boxes, best first; ties in order of the input.

    Args:
        boxes: (K, 6).
        scores: (K,).
        labels: (K,) of any type.
        max_iou: a box that overlaps a better one of its class by more than this is dropped.
    """
    ious = pairwise_iou(boxes, boxes)
    same_class = np.asarray(labels)[:, None] == np.asarray(labels)[None]
    kept: list[int] = []
    for index in np.argsort(-np.asarray(scores), kind="stable"):
        if not (same_class[index, kept] & (ious[index, kept] > max_iou)).any():
            kept.append(int(index))
    return np.array(kept, np.int64)


def _low(boxes: np.ndarray) -> np.ndarray:
    return boxes[:, :3] - boxes[:, 3:] / 2


def _high(boxes: np.ndarray) -> np.ndarray:
    return boxes[:, :3] + boxes[:, 3:] / 2
