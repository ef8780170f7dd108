"""The point operators as plain loops: slow, and what every other path must reproduce exactly.

Squared distances are float32, ((dx*dx + dy*dy) + dz*dz), each operation rounded: with one order of
operations everywhere, indices agree to the last tie.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def squared_distance(p: np.ndarray, q: np.ndarray) -> np.float32:
    """(3,) float32, (3,) float32 -> float32."""
    dx, dy, dz = p[0] - q[0], p[1] - q[1], p[2] - q[2]
    return (dx * dx + dy * dy) + dz * dz


def furthest_point_sample(xyz: Tensor, npoint: int) -> Tensor:
    """See `pointnet2_utils.furthest_point_sample`."""
    index = torch.zeros(len(xyz), npoint, dtype=torch.int32)
    for b, cloud in enumerate(xyz.numpy()):
        nearest = [np.float32(np.inf)] * len(cloud)
        last = 0
        for step in range(1, npoint):
            best, best_distance = 0, np.float32(-1)
            for i, point in enumerate(cloud):
                nearest[i] = min(nearest[i], squared_distance(point, cloud[last]))
                if nearest[i] > best_distance:
                    best, best_distance = i, nearest[i]
            index[b, step] = last = best
    return index


def ball_query(radius: float, nsample: int, xyz: Tensor, new_xyz: Tensor) -> Tensor:
    """See `pointnet2_utils.ball_query`."""
    index = torch.zeros(*new_xyz.shape[:2], nsample, dtype=torch.int32)
    radius2 = np.float32(radius) * np.float32(radius)
    for b, (cloud, centers) in enumerate(zip(xyz.numpy(), new_xyz.numpy(), strict=True)):
        for j, center in enumerate(centers):
            found = 0
            for i, point in enumerate(cloud):
                if found < nsample and squared_distance(point, center) < radius2:
                    if found == 0:
                        index[b, j, :] = i
                    index[b, j, found] = i
                    found += 1
    return index


def three_nn(unknown: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """See `pointnet2_utils.three_nn`."""
    distance = torch.full((*unknown.shape[:2], 3), torch.inf)
    index = torch.zeros(*unknown.shape[:2], 3, dtype=torch.int32)
    for b, (queries, cloud) in enumerate(zip(unknown.numpy(), known.numpy(), strict=True)):
        for j, query in enumerate(queries):
            near = sorted((squared_distance(p, query), i) for i, p in enumerate(cloud))[:3]
            for rank, (squared, i) in enumerate(near):
                distance[b, j, rank] = float(np.sqrt(squared))
                index[b, j, rank] = i
    return distance, index


def gather_operation(features: Tensor, idx: Tensor) -> Tensor:
    """See `pointnet2_utils.gather_operation`."""
    return torch.stack(
        [torch.stack([f[:, int(i)] for i in row], 1) for f, row in zip(features, idx, strict=True)]
    )


def grouping_operation(features: Tensor, idx: Tensor) -> Tensor:
    """See `pointnet2_utils.grouping_operation`."""
    return gather_operation(features, idx.flatten(1)).unflatten(2, idx.shape[1:])


def three_interpolate(features: Tensor, idx: Tensor, weight: Tensor) -> Tensor:
    """See `pointnet2_utils.three_interpolate`."""
    clouds = []
    for f, rows, weights in zip(features, idx, weight, strict=True):
        points = [
            sum(w * f[:, int(i)] for i, w in zip(row, ws, strict=True))
            for row, ws in zip(rows, weights, strict=True)
        ]
        clouds.append(torch.stack(points, 1))
    return torch.stack(clouds)
