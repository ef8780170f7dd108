"""How furthest point sampling is spread over a GPU."""

from __future__ import annotations

from dataclasses import dataclass

THREADS = 512
MAX_POINTS_PER_THREAD = 20  # coordinates and distance of each stay in registers
CLUSTERS = (1, 2, 4, 8)  # thread blocks that share one cloud; 8 is the portable maximum


@dataclass(frozen=True)
class SamplingPlan:
    """Launch shape of one cloud.

    Attributes:
        cluster: thread blocks a cloud is split over.
        threads: threads of a block.
        points_per_thread: points held in registers; 0 keeps distances in global memory.
    """

    cluster: int
    threads: int
    points_per_thread: int


def plan_sampling(batch: int, count: int, processors: int, has_clusters: bool) -> SamplingPlan:
    """Launch shape for `batch` clouds of `count` points on a GPU with `processors` SMs.

    A step costs a reduction over all points, so a cloud is spread as wide as the GPU has room for.
    """
    sizes = CLUSTERS if has_clusters else (1,)
    fitting = [c for c in sizes if count <= c * THREADS * MAX_POINTS_PER_THREAD]
    if not fitting:
        return SamplingPlan(cluster=1, threads=1024, points_per_thread=0)
    useful = [c for c in fitting if c * batch <= processors and c * THREADS <= max(count, THREADS)]
    cluster = max(useful, default=fitting[0])
    return SamplingPlan(cluster, THREADS, -(-count // (cluster * THREADS)))
