"""The point operators on a GPU: kernels of `csrc/`, built by `r1_model.nvrtc`.

Gradients of gathering are sums in no fixed order: their last bits differ from run to run.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from r1_model import nvrtc
from r1_model.pointnet2_ops.sampling_schedule import (
    LARGE_CLUSTER,
    POINT_BYTES,
    THREADS,
    Processor,
    SamplingPlan,
    plan_sampling,
)

SOURCES = Path(__file__).parent / "csrc"
BALL_WARPS = 8
NEIGHBOUR_THREADS = GATHER_THREADS = 256
MAX_GRID_Y = 65_535
SAMPLING_OWN_BYTES = 2 << 10  # shared memory that sampling needs beside the points


def use_kernels(tensor: Tensor) -> bool:
    """Whether the tensor lies on a GPU for which the kernels can be built.

    Where they cannot, the operators copy to the CPU and back; that is said once, as a warning.
    """
    return tensor.is_cuda and nvrtc.available(
        "point operators of GPU tensors run on the CPU, slowly"
    )


def furthest_point_sample(xyz: Tensor, npoint: int, plan: SamplingPlan | None = None) -> Tensor:
    """(B, N, 3) float32 contiguous on a GPU -> (B, npoint) int32."""
    batch, count, _ = xyz.shape
    index = torch.empty(batch, npoint, dtype=torch.int32, device=xyz.device)
    if not batch:
        return index
    plan = plan or plan_sampling(batch, count, processor(xyz.device))
    scratch = None
    if plan.held < count:
        scratch = torch.empty(batch, count, dtype=torch.float32, device=xyz.device)
    _launch(
        "furthest_point_sample",
        xyz.device,
        grid=(batch * plan.cluster,),
        threads=plan.threads,
        arguments=(xyz, count, npoint, plan.in_shared, scratch, index),
        defines=_sampling_defines(plan),
        cluster=plan.cluster,
        shared_bytes=plan.in_shared * plan.threads * POINT_BYTES,
    )
    return index


def ball_query(radius: float, nsample: int, xyz: Tensor, new_xyz: Tensor) -> Tensor:
    """xyz (B, N, 3), new_xyz (B, M, 3) float32 contiguous -> (B, M, nsample) int32."""
    batch, queries, _ = new_xyz.shape
    index = torch.empty(batch, queries, nsample, dtype=torch.int32, device=xyz.device)
    if index.numel():
        _launch(
            "ball_query",
            xyz.device,
            grid=(-(-queries // BALL_WARPS), batch),
            threads=32 * BALL_WARPS,
            arguments=(xyz, new_xyz, xyz.shape[1], queries, float(radius), nsample, index),
        )
    return index


def three_nn(unknown: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """(B, n, 3), (B, m, 3) float32 contiguous -> distances and int32 indices (B, n, 3)."""
    batch, queries, _ = unknown.shape
    squared = torch.empty(batch, queries, 3, dtype=torch.float32, device=unknown.device)
    index = torch.empty(batch, queries, 3, dtype=torch.int32, device=unknown.device)
    if index.numel():
        _launch(
            "three_nn",
            unknown.device,
            grid=(-(-queries // NEIGHBOUR_THREADS), batch),
            threads=NEIGHBOUR_THREADS,
            arguments=(unknown, known, queries, known.shape[1], squared, index),
        )
    return squared.sqrt_(), index


def gather(features: Tensor, idx: Tensor) -> Tensor:
    """features (B, C, N), idx (B, P) -> (B, C, P), differentiable in features."""
    return _Gather.apply(features, idx)


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, features: Tensor, idx: Tensor) -> Tensor:
        features, idx = features.contiguous(), idx.int().contiguous()
        ctx.save_for_backward(idx)
        ctx.count = features.shape[2]
        batch, channels, count = features.shape
        out = features.new_empty(batch, channels, idx.shape[1])
        if out.numel():
            _launch(
                f"gather_{8 * features.element_size()}",
                features.device,
                grid=_gather_grid(batch, channels, idx.shape[1]),
                threads=GATHER_THREADS,
                arguments=(features, idx, channels, count, idx.shape[1], out),
            )
        return out

    @staticmethod
    def backward(ctx: Any, grad_out: Tensor) -> tuple[Tensor, None]:
        (idx,) = ctx.saved_tensors
        batch, channels, size = grad_out.shape
        # half-precision sums would lose what many neighbours add up to
        wide = torch.float64 if grad_out.dtype == torch.float64 else torch.float32
        grad_out_wide = grad_out.to(wide).contiguous()
        grad = grad_out_wide.new_zeros(batch, channels, ctx.count)
        if grad_out.numel():
            _launch(
                f"scatter_add_{8 * grad.element_size()}",
                grad.device,
                grid=_gather_grid(batch, channels, size),
                threads=GATHER_THREADS,
                arguments=(grad_out_wide, idx, channels, ctx.count, size, grad),
            )
        return grad.to(grad_out.dtype), None


def _gather_grid(batch: int, channels: int, size: int) -> tuple[int, int, int]:
    return -(-size // GATHER_THREADS), min(channels, MAX_GRID_Y), batch


def _sampling_defines(plan: SamplingPlan) -> nvrtc.Defines:
    return (
        ("THREADS", plan.threads),
        ("CLUSTER", plan.cluster),
        ("POINTS_PER_THREAD", plan.points_per_thread),
    )


@functools.cache
def processor(device: torch.device) -> Processor:
    """What sampling has to know of a GPU."""
    properties = torch.cuda.get_device_properties(device)
    shared = nvrtc.shared_bytes_of(device) - SAMPLING_OWN_BYTES
    large = 0
    if properties.major >= 9:
        plan = SamplingPlan(LARGE_CLUSTER, THREADS, 1, shared // (THREADS * POINT_BYTES))
        large = nvrtc.active_clusters(
            SOURCES / "furthest_point_sample.cu",
            "furthest_point_sample",
            device,
            threads=plan.threads,
            defines=_sampling_defines(plan),
            cluster=plan.cluster,
            shared_bytes=plan.in_shared * THREADS * POINT_BYTES,
        )
    return Processor(properties.multi_processor_count, properties.major >= 9, shared, large)


_FILES = {
    "furthest_point_sample": "furthest_point_sample",
    "ball_query": "neighbours",
    "three_nn": "neighbours",
    "gather_16": "gather",
    "gather_32": "gather",
    "gather_64": "gather",
    "scatter_add_32": "gather",
    "scatter_add_64": "gather",
}


def _launch(name: str, device: torch.device, **options: Any) -> None:
    nvrtc.launch(SOURCES / f"{_FILES[name]}.cu", name, device, **options)
