"""The six point operators: what they compute, and which path computes it.

Clouds on a GPU go to CUDA kernels (`cuda`), all others to `cpu`; both give the indices of
`reference`, ties included. Coordinates are float32 (other types are converted), indices int32.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from r1_model.pointnet2_ops import cpu, cuda


def furthest_point_sample(xyz: Tensor, npoint: int) -> Tensor:
    """Choose points that lie far apart: each is the furthest from those before it.

    Starts at point 0; the lowest index wins a tie; once all points lie on chosen ones, index 0
    repeats. Points near the origin count like all others (the original package leaves them out).

    Args:
        xyz: (B, N, 3) coordinates, finite, N >= 1.
        npoint: how many to choose.

    Returns:
        (B, npoint) int32. Not differentiable.

    Raises:
        ValueError: a shape is wrong or there is nothing to choose from.
    """
    xyz = _coordinates("xyz", xyz)
    _positive("npoint", npoint)
    if not xyz.shape[1]:
        raise ValueError(f"xyz holds no points: shape {tuple(xyz.shape)}")
    return _furthest_point_sample(xyz, npoint)


def ball_query(radius: float, nsample: int, xyz: Tensor, new_xyz: Tensor) -> Tensor:
    """For each centre the first points, in index order, nearer than `radius`.

    Args:
        radius: metres (the unit of xyz); the ball is open.
        nsample: how many to keep; fewer are padded with the first one, none at all with index 0.
        xyz: (B, N, 3) cloud, finite.
        new_xyz: (B, M, 3) centres, finite.

    Returns:
        (B, M, nsample) int32. Not differentiable.

    Raises:
        ValueError: a shape is wrong or radius is not positive.
    """
    xyz, new_xyz = _coordinates("xyz", xyz), _coordinates("new_xyz", new_xyz)
    _same_batch("xyz", xyz, "new_xyz", new_xyz)
    _positive("nsample", nsample)
    if not radius > 0:
        raise ValueError(f"radius must be positive, got {radius}")
    return _ball_query(radius, nsample, xyz, new_xyz)


def three_nn(unknown: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """The three nearest known points of each unknown one, nearest first, ties by index.

    Args:
        unknown: (B, n, 3) coordinates, finite.
        known: (B, m, 3) coordinates, finite.

    Returns:
        Distances (B, n, 3) float32 and indices (B, n, 3) int32; where m < 3 the missing ones have
        distance infinity and index 0. Not differentiable.

    Raises:
        ValueError: a shape is wrong.
    """
    unknown, known = _coordinates("unknown", unknown), _coordinates("known", known)
    _same_batch("unknown", unknown, "known", known)
    if not known.shape[1]:
        raise ValueError(f"known holds no points: shape {tuple(known.shape)}")
    return _three_nn(unknown, known)


def gather_operation(features: Tensor, idx: Tensor) -> Tensor:
    """Columns of features.

    Args:
        features: (B, C, N) floating point.
        idx: (B, npoint) int32, each in 0..N-1 (checked on a CPU only).

    Returns:
        (B, C, npoint), differentiable in features.
    """
    _indexable(features, idx, 2)
    if cuda.use_kernels(features):
        return cuda.gather(features, idx)
    index = idx.long().unsqueeze(1).expand(-1, features.shape[1], -1)
    return features.gather(2, index)


def grouping_operation(features: Tensor, idx: Tensor) -> Tensor:
    """Columns of features, in groups.

    Args:
        features: (B, C, N) floating point.
        idx: (B, npoint, nsample) int32, each in 0..N-1 (checked on a CPU only).

    Returns:
        (B, C, npoint, nsample), differentiable in features.
    """
    _indexable(features, idx, 3)
    return gather_operation(features, idx.flatten(1)).unflatten(2, idx.shape[1:])


def three_interpolate(features: Tensor, idx: Tensor, weight: Tensor) -> Tensor:
    """Weighted sums of three columns of features.

    Args:
        features: (B, C, m) floating point.
        idx: (B, n, 3) int32, from `three_nn`.
        weight: (B, n, 3) floating point.

    Returns:
        (B, C, n), differentiable in features and weight.
    """
    if weight.shape != idx.shape:
        raise ValueError(f"weight has shape {tuple(weight.shape)}, idx {tuple(idx.shape)}")
    return (grouping_operation(features, idx) * weight.unsqueeze(1)).sum(3)


# As operators of torch, so that torch.compile goes through code that calls them. What they are
# given is checked above; the functions named `_` say only what shape comes out.


@torch.library.custom_op("r1::furthest_point_sample", mutates_args=())
def _furthest_point_sample(xyz: Tensor, npoint: int) -> Tensor:
    if cuda.use_kernels(xyz):
        return cuda.furthest_point_sample(xyz, npoint)
    found = [cpu.furthest_point_sample(cloud, npoint) for cloud in xyz.cpu().numpy()]
    return _stack(found, xyz, (npoint,))


@_furthest_point_sample.register_fake
def _(xyz: Tensor, npoint: int) -> Tensor:
    return xyz.new_empty(len(xyz), npoint, dtype=torch.int32)


@torch.library.custom_op("r1::ball_query", mutates_args=())
def _ball_query(radius: float, nsample: int, xyz: Tensor, new_xyz: Tensor) -> Tensor:
    if cuda.use_kernels(xyz):
        return cuda.ball_query(radius, nsample, xyz, new_xyz)
    pairs = zip(xyz.cpu().numpy(), new_xyz.cpu().numpy(), strict=True)
    found = [cpu.ball_query(radius, nsample, cloud, centers) for cloud, centers in pairs]
    return _stack(found, xyz, (new_xyz.shape[1], nsample))


@_ball_query.register_fake
def _(radius: float, nsample: int, xyz: Tensor, new_xyz: Tensor) -> Tensor:
    return xyz.new_empty(*new_xyz.shape[:2], nsample, dtype=torch.int32)


@torch.library.custom_op("r1::three_nn", mutates_args=())
def _three_nn(unknown: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    if cuda.use_kernels(unknown):
        return cuda.three_nn(unknown, known)
    clouds = zip(unknown.cpu().numpy(), known.cpu().numpy(), strict=True)
    pairs = [cpu.three_nn(queries, cloud) for queries, cloud in clouds]
    shape = (unknown.shape[1], 3)
    distance = _stack([d for d, _ in pairs], unknown, shape, torch.float32)
    return distance, _stack([i for _, i in pairs], unknown, shape)


@_three_nn.register_fake
def _(unknown: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    return torch.empty_like(unknown), torch.empty_like(unknown, dtype=torch.int32)


def _coordinates(name: str, xyz: Tensor) -> Tensor:
    if xyz.ndim != 3 or xyz.shape[2] != 3 or not xyz.is_floating_point():
        raise ValueError(
            f"{name} must be floating point (B, N, 3), got {xyz.dtype} {tuple(xyz.shape)}"
        )
    return xyz.detach().float().contiguous()


def _same_batch(name: str, tensor: Tensor, other_name: str, other: Tensor) -> None:
    if len(tensor) != len(other) or tensor.device != other.device:
        raise ValueError(
            f"{name} {tuple(tensor.shape)} on {tensor.device} and {other_name} "
            f"{tuple(other.shape)} on {other.device} do not belong together"
        )


def _positive(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")


def _indexable(features: Tensor, idx: Tensor, ndim: int) -> None:
    if features.ndim != 3 or idx.ndim != ndim or len(features) != len(idx):
        raise ValueError(
            f"features must be (B, C, N) and idx have {ndim} dimensions and the same B, "
            f"got {tuple(features.shape)} and {tuple(idx.shape)}"
        )


def _stack(
    arrays: list[np.ndarray], like: Tensor, shape: tuple[int, ...], dtype: torch.dtype = torch.int32
) -> Tensor:
    if not arrays:
        return torch.empty(0, *shape, dtype=dtype, device=like.device)
    return torch.stack([torch.from_numpy(a) for a in arrays]).to(like.device)
