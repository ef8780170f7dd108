"""How furthest point sampling is spread over a GPU."""

from __future__ import annotations

from dataclasses import dataclass

THREADS = 512
MAX_POINTS_PER_THREAD = 20  # coordinates and distance of each stay in registers
POINT_BYTES = 16  # of a point in shared memory: coordinates and distance
CLUSTERS = (1, 2, 4, 8)  # thread blocks that share one cloud; 8 is the portable maximum
LARGE_CLUSTER = 16


@dataclass(frozen=True)
class Processor:
    """What of a GPU a plan depends on.

    Attributes:
        count: its SMs.
        has_clusters: thread blocks can share their memory (compute capability 9.0 and later).
        shared_bytes: shared memory that one thread block can have for points.
        large_clusters: clusters of LARGE_CLUSTER blocks that run at a time; 0: it has none.
    """

    count: int
    has_clusters: bool
    shared_bytes: int
    large_clusters: int = 0


@dataclass(frozen=True)
class SamplingPlan:
    """Launch shape of one cloud.

    Attributes:
        cluster: thread blocks a cloud is split over.
        threads: threads of a block.
        points_per_thread: points held in registers.
        in_shared: further points of a thread, held in shared memory. What is left over stays in
            global memory.
    """

    cluster: int
    threads: int
    points_per_thread: int
    in_shared: int = 0

    @property
    def held(self) -> int:
        """Points of a cloud that need no global memory."""
        return self.cluster * self.threads * (self.points_per_thread + self.in_shared)


def plan_sampling(batch: int, count: int, gpu: Processor) -> SamplingPlan:
    """Launch shape for `batch` clouds of `count` points.

    A step costs a reduction over all points, so a cloud is spread as wide as the GPU has room for.
    """
    most_in_shared = gpu.shared_bytes // (THREADS * POINT_BYTES)
    sizes = CLUSTERS if gpu.has_clusters else (1,)
    if gpu.large_clusters >= batch and count > sizes[-1] * THREADS * MAX_POINTS_PER_THREAD:
        return _plan(LARGE_CLUSTER, count, most_in_shared)
    # registers are the fastest; where they do not suffice, shared memory; else the widest spread
    for points in (MAX_POINTS_PER_THREAD, MAX_POINTS_PER_THREAD + most_in_shared):
        fitting = [c for c in sizes if count <= c * THREADS * points]
        if fitting:
            useful = [
                c for c in fitting if c * batch <= gpu.count and c * THREADS <= max(count, THREADS)
            ]
            return _plan(max(useful, default=fitting[0]), count, most_in_shared)
    return _plan(sizes[-1], count, most_in_shared)


def _plan(cluster: int, count: int, most_in_shared: int) -> SamplingPlan:
    points = -(-count // (cluster * THREADS))
    in_registers = min(points, MAX_POINTS_PER_THREAD)
    return SamplingPlan(cluster, THREADS, in_registers, min(points - in_registers, most_in_shared))
