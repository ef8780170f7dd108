"""Axis-aligned boxes, as `boxes`, for torch tensors."""

from __future__ import annotations

import torch
from torch import Tensor

_LEAST = 1e-9  # cubic metres


def aabb_iou(center_a: Tensor, size_a: Tensor, center_b: Tensor, size_b: Tensor) -> Tensor:
    """Intersection over union of boxes, (..., 3) metres each, broadcast -> (...)."""
    shared, union = _shared_and_union(center_a, size_a, center_b, size_b)
    return shared / union.clamp(min=_LEAST)


def aabb_giou(
    center_a: Tensor, size_a: Tensor, center_b: Tensor, size_b: Tensor
) -> tuple[Tensor, Tensor]:
    """IoU and GIoU (arXiv 1902.09630) of boxes, (..., 3) each, broadcast -> (...) twice."""
    shared, union = _shared_and_union(center_a, size_a, center_b, size_b)
    iou = shared / union.clamp(min=_LEAST)
    high = torch.maximum(center_a + size_a / 2, center_b + size_b / 2)
    hull = (high - torch.minimum(center_a - size_a / 2, center_b - size_b / 2)).prod(-1)
    return iou, iou - (hull - union) / hull.clamp(min=_LEAST)


def _shared_and_union(
    center_a: Tensor, size_a: Tensor, center_b: Tensor, size_b: Tensor
) -> tuple[Tensor, Tensor]:
    high = torch.minimum(center_a + size_a / 2, center_b + size_b / 2)
    low = torch.maximum(center_a - size_a / 2, center_b - size_b / 2)
    shared = (high - low).clamp(min=0).prod(-1)
    return shared, size_a.prod(-1) + size_b.prod(-1) - shared
