"""Axis-aligned boxes: overlap, and boxes from corners."""

from __future__ import annotations

import numpy as np

from r1_model.geometry.boxes import aabb_iou


def pairwise_iou(first: np.ndarray, second: np.ndarray, epsilon: float = 0.0) -> np.ndarray:
    """(N, 6) and (M, 6) boxes (centre, size) -> (N, M) intersection over union, float64.

    `epsilon` as in `aabb_iou`.
    """
    first, second = (np.asarray(boxes, np.float64).reshape(-1, 6) for boxes in (first, second))
    (centers, sizes), (others, other_sizes) = (np.hsplit(boxes, 2) for boxes in (first, second))
    return aabb_iou(centers[:, None], sizes[:, None], others[None], other_sizes[None], epsilon)


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
