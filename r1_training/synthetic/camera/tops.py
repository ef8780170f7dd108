"""Does a cloud show the tops of things? Nobody has seen what lies on one that it does not show."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from r1_training.synthetic.rooms.elements import RoomObject

NEAR_TOP_M = 0.06
INNER = 0.35  # of a box's sides from its middle: beyond begin its faces
SHOWN = 6  # points; with none the top was not seen, between the two it is hard to say


def top_points(points: Tensor, instance: Tensor, center: Tensor, size: Tensor) -> Tensor:
    """Points of each object on its top, away from the edges.

    Args:
        points: (B, N, 3) metres.
        instance: (B, N) number of the object, from 1; 0 and less: none.
        center, size: (B, O, 3) metres, boxes along the axes.

    Returns:
        (B, O) int32.
    """
    row = (instance.long() - 1).clamp(0, center.shape[1] - 1)

    def own(values: Tensor) -> Tensor:
        return values.gather(1, row.unsqueeze(-1).expand(-1, -1, values.shape[-1]))

    away, sides = points - own(center), own(size)
    inner = (away[..., :2].abs() <= INNER * sides[..., :2]).all(-1)
    high = (away[..., 2] - sides[..., 2] / 2).abs() <= NEAR_TOP_M
    on_top = inner & high & (instance > 0) & (instance <= center.shape[1])
    counts = torch.zeros(center.shape[:2], dtype=torch.int32, device=points.device)
    return counts.scatter_add_(1, row, on_top.int())


def shown_tops(things: Sequence[RoomObject], points: np.ndarray) -> dict[int, bool]:
    """Id of a thing -> does a cloud show its top? Without those of which it is hard to say.

    `top_points` one by one, for a cloud that does not say which point is whose.

    Args:
        things: whose boxes lie along the axes.
        points: (N, 3) metres.
    """
    found = {}
    points = points[np.argsort(points[:, 2])]  # of a whole map only what is as high is looked at
    heights = np.ascontiguousarray(points[:, 2])
    for thing in things:
        top = thing.center[2] + thing.size[2] / 2
        first = np.searchsorted(heights, top - NEAR_TOP_M)
        last = np.searchsorted(heights, top + NEAR_TOP_M, side="right")
        away = np.abs(points[first:last, :2] - thing.center[:2])
        count = (away <= INNER * thing.size[:2]).all(1).sum()
        if count >= SHOWN or not count:
            found[thing.id] = bool(count)
    return found
