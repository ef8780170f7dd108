"""Point operators on this machine's GPU: exactness against the CPU path, and times.

The CPU path is what the tests hold against the plain loops of `pointnet2_ops.reference`. The anchor
is the textbook loop in torch (one pass over all points a step; all distances of all pairs).

    python benchmarks/point_operators.py [--out output/point_operators.json] [--sweep]
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from r1_model.pointnet2_ops import cuda, pointnet2_utils
from r1_model.pointnet2_ops.sampling_schedule import POINT_BYTES, SamplingPlan, plan_sampling

SAMPLING = [
    (1, 40_000, 2_048, 2.5),
    (8, 40_000, 2_048, 2.6),
    (1, 81_920, 2_048, None),
    (1, 100_000, 2_048, 6.0),
    (8, 100_000, 2_048, None),
    (1, 200_000, 2_048, 15.0),
    (1, 1_000_000, 2_048, None),
    (64, 16_384, 1_024, None),
]
BALLS = [(1, 40_000, 2_048, 0.2, 64, 0.5), (64, 16_384, 1_024, 0.2, 64, None)]


def room(batch: int, count: int, seed: int = 0) -> Tensor:
    """(batch, count, 3) points on the walls of a room and of twelve boxes in it, random order."""
    rng = np.random.default_rng(seed)
    clouds = []
    for _ in range(batch):
        owner = rng.integers(0, 24, count)  # half of the points on the walls
        center = rng.uniform([-2.5, -2, 0], [2.5, 2, 1.5], (24, 3))
        size = rng.uniform(0.2, 1.5, (24, 3))
        center[12:], size[12:] = [0, 0, 1.25], [6, 5, 2.5]
        unit = rng.uniform(-0.5, 0.5, (count, 3))
        axis = rng.integers(0, 3, (count, 1))
        np.put_along_axis(unit, axis, rng.integers(0, 2, axis.shape) - 0.5, 1)
        clouds.append(center[owner] + unit * size[owner])
    return torch.from_numpy(np.stack(clouds).astype(np.float32))


def milliseconds(call: Callable[[], object], repeats: int = 20) -> float:
    """Median time of a call on the GPU."""
    for _ in range(3):
        call()
    times = []
    for _ in range(repeats):
        start, end = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        start.record()
        call()
        end.record()
        end.synchronize()
        times.append(start.elapsed_time(end))
    return float(np.median(times))


def torch_sampling(xyz: Tensor, npoint: int) -> Tensor:
    """The anchor: one pass a step."""
    index = torch.zeros(len(xyz), npoint, dtype=torch.long, device=xyz.device)
    nearest = torch.full(xyz.shape[:2], torch.inf, device=xyz.device)
    rows = torch.arange(len(xyz), device=xyz.device)
    for step in range(1, npoint):
        last = xyz[rows, index[:, step - 1]].unsqueeze(1)
        nearest = torch.minimum(nearest, ((xyz - last) ** 2).sum(2))
        index[:, step] = nearest.argmax(1)
    return index


def torch_ball(radius: float, nsample: int, xyz: Tensor, centers: Tensor) -> Tensor:
    """The anchor: all pairs, then the first indices by sorting (cloud by cloud for memory)."""
    count = xyz.shape[1]
    found = []
    for cloud, queries in zip(xyz, centers, strict=True):
        inside = torch.cdist(queries, cloud) < radius
        index = torch.where(inside, torch.arange(count, device=xyz.device), count)
        index = index.topk(nsample, 1, largest=False, sorted=True).values
        found.append(torch.where(index == count, index[:, :1], index) % count)
    return torch.stack(found)


def check() -> dict[str, bool]:
    """Each operator on the GPU against the CPU path: equal indices, equal gradients."""
    large = room(1, 250_000)
    xyz = room(2, 20_000)
    xyz = torch.cat((xyz, (xyz * 16).round() / 16))  # with duplicates and ties
    on_gpu = xyz.cuda()
    chosen = pointnet2_utils.furthest_point_sample(xyz, 600)
    centers = torch.stack([c[i.long()] for c, i in zip(xyz, chosen, strict=True)])
    ball = pointnet2_utils.ball_query(0.2, 32, xyz, centers)
    distance, near = pointnet2_utils.three_nn(xyz, centers)
    gpu_distance, gpu_near = pointnet2_utils.three_nn(on_gpu, centers.cuda())
    features, weight = torch.randn(4, 16, 20_000), torch.randn(4, 16, 600, 32)
    grads = []
    for device in ("cpu", "cuda"):
        leaf = features.to(device).requires_grad_()
        out = pointnet2_utils.grouping_operation(leaf, ball.to(device))
        grads.append(torch.autograd.grad(out, leaf, weight.to(device))[0].cpu())
    return {
        "furthest_point_sample": torch.equal(
            pointnet2_utils.furthest_point_sample(on_gpu, 600).cpu(), chosen
        ),
        "furthest_point_sample, 250,000 points": torch.equal(
            pointnet2_utils.furthest_point_sample(large.cuda(), 256).cpu(),
            pointnet2_utils.furthest_point_sample(large, 256),
        ),
        "ball_query": torch.equal(
            pointnet2_utils.ball_query(0.2, 32, on_gpu, centers.cuda()).cpu(), ball
        ),
        "three_nn": torch.equal(gpu_near.cpu(), near) and torch.equal(gpu_distance.cpu(), distance),
        "grouping_gradient": torch.allclose(*grads, rtol=1e-4, atol=1e-4),
    }


def times() -> list[dict]:
    """One row a figure: ours, the anchor, the ratio, the target."""
    rows = []
    gpu = cuda.processor(torch.device("cuda", 0))
    for batch, count, npoint, target in SAMPLING:
        xyz = room(batch, count).cuda()
        rows.append(
            {
                "name": f"FPS {batch}x{count}->{npoint}",
                "ours_ms": milliseconds(lambda x=xyz, n=npoint: cuda.furthest_point_sample(x, n)),
                "anchor_ms": milliseconds(lambda x=xyz, n=npoint: torch_sampling(x, n), 2),
                "target_ms": target,
                "plan": str(plan_sampling(batch, count, gpu)),
            }
        )
    for batch, count, queries, radius, nsample, target in BALLS:
        xyz = room(batch, count).cuda()
        centers = xyz[:, :queries].contiguous()
        call = (radius, nsample, xyz, centers)
        rows.append(
            {
                "name": f"ball {batch}x{count}@{queries} r{radius} k{nsample}",
                "ours_ms": milliseconds(lambda c=call: cuda.ball_query(*c)),
                "anchor_ms": milliseconds(lambda c=call: torch_ball(*c), 3),
                "target_ms": target,
            }
        )
    xyz = room(16, 40_000).cuda()
    centers = xyz[:, :2_048].contiguous()
    rows.append(
        {
            "name": "three_nn 16x40000@2048",
            "ours_ms": milliseconds(lambda: cuda.three_nn(xyz, centers)),
            "anchor_ms": milliseconds(
                lambda: [
                    torch.cdist(x, c).topk(3, largest=False)
                    for x, c in zip(xyz, centers, strict=True)
                ],
                3,
            ),
            "target_ms": None,
        }
    )
    index = cuda.ball_query(0.2, 32, xyz, centers).flatten(1)
    features = torch.randn(16, 64, 40_000, device="cuda", requires_grad=True)
    wide = index.long().unsqueeze(1).expand(-1, 64, -1)
    upstream = torch.randn(16, 64, index.shape[1], device="cuda")
    for name, ours, anchor in (
        (
            "gather 16x64x40000@65536",
            lambda: cuda.gather(features, index),
            lambda: features.gather(2, wide),
        ),
        (
            "gather with gradient",
            lambda: torch.autograd.grad(cuda.gather(features, index), features, upstream),
            lambda: torch.autograd.grad(features.gather(2, wide), features, upstream),
        ),
    ):
        rows.append(
            {
                "name": name,
                "ours_ms": milliseconds(ours),
                "anchor_ms": milliseconds(anchor),
                "target_ms": None,
            }
        )
    for row in rows:
        row["ratio"] = row["anchor_ms"] / row["ours_ms"]
    return rows


def sweep() -> list[dict]:
    """Furthest point sampling under every launch shape that fits."""
    rows, gpu = [], cuda.processor(torch.device("cuda", 0))
    for batch, count, npoint, _ in SAMPLING:
        xyz = room(batch, count).cuda()
        for threads in (256, 512, 1_024):
            for cluster in (1, 2, 4, 8, 16):
                points = -(-count // (threads * cluster))
                most = (65_536 // threads - 40) // 4
                shared = max(0, points - most)
                if shared * threads * POINT_BYTES > gpu.shared_bytes:
                    continue
                plan = SamplingPlan(cluster, threads, min(points, most), shared)
                time = milliseconds(
                    lambda x=xyz, n=npoint, p=plan: cuda.furthest_point_sample(x, n, p), 5
                )
                rows.append({"cloud": f"{batch}x{count}", "plan": str(plan), "ms": time})
                print(f"{batch}x{count}->{npoint}  {plan}  {time:.3f} ms", flush=True)
    return rows


def main() -> None:
    """Print the table, write the JSON; exit 1 where a result differs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("output/point_operators.json"))
    parser.add_argument("--sweep", action="store_true", help="time every launch shape")
    arguments = parser.parse_args()
    if not torch.cuda.is_available():
        print("skipped: no CUDA device")
        return
    exact = check()
    for name, equal in exact.items():
        print(f"{name:<40} {'equal' if equal else 'DIFFERS'}")
    rows = times()
    print(f"\n{'operator':<32}{'ours ms':>9}{'torch ms':>10}{'ratio':>8}{'target':>8}")
    for row in rows:
        target = "" if row["target_ms"] is None else f"{row['target_ms']:.1f}"
        print(
            f"{row['name']:<32}{row['ours_ms']:>9.3f}{row['anchor_ms']:>10.2f}"
            f"{row['ratio']:>7.0f}x{target:>8}"
        )
    report = {"device": torch.cuda.get_device_name(), "exact": exact, "times": rows}
    if arguments.sweep:
        report["sweep"] = sweep()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps(report, indent=2))
    print(f"\nwritten to {arguments.out}")
    if not all(exact.values()):
        sys.exit("results differ from the CPU path")


if __name__ == "__main__":
    main()
