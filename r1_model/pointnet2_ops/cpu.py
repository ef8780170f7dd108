"""The point operators on a CPU: numpy for sampling, k-d trees for neighbours. One cloud a call.

Trees measure in float64; what they find is measured again in float32, in the reference's order of
operations, so that indices come out the same.
"""

from __future__ import annotations

import numpy as np
import torch
from scipy.spatial import KDTree

# float32 squared distances differ from exact ones by less than this factor
ROUNDING = 1e-6
POINT_CHUNK, QUERY_CHUNK = 4_096, 2_048


def furthest_point_sample(cloud: np.ndarray, npoint: int) -> np.ndarray:
    """(N, 3) float32 -> (npoint,) int32."""
    x, y, z = np.ascontiguousarray(cloud.T)
    nearest = np.full(len(cloud), np.inf, np.float32)
    squared, term = np.empty_like(nearest), np.empty_like(nearest)
    index = np.zeros(npoint, np.int32)
    for step in range(1, npoint):
        last = index[step - 1]
        np.subtract(x, x[last], out=squared)
        np.multiply(squared, squared, out=squared)
        for axis in (y, z):
            np.subtract(axis, axis[last], out=term)
            np.multiply(term, term, out=term)
            np.add(squared, term, out=squared)
        np.minimum(nearest, squared, out=nearest)
        index[step] = nearest.argmax()  # the first of equals
    return index


def ball_query(radius: float, nsample: int, cloud: np.ndarray, centers: np.ndarray) -> np.ndarray:
    """cloud (N, 3), centers (M, 3) float32 -> (M, nsample) int32.

    Only the first `nsample` points in index order count, so the cloud is searched in chunks of
    growing size and a full ball drops out.
    """
    index = np.zeros((len(centers), nsample), np.int32)
    count = np.zeros(len(centers), np.int64)
    start, size = 0, POINT_CHUNK
    while start < len(cloud):
        chunk = cloud[start : start + size]
        tree = KDTree(chunk)
        waiting = np.flatnonzero(count < nsample)
        for part in np.array_split(waiting, -(-len(waiting) // QUERY_CHUNK) or 1):
            query, point = _within(radius, tree, chunk, centers[part])
            total = np.bincount(query, minlength=len(part))
            rank = np.arange(len(query)) - np.repeat(total.cumsum() - total, total)
            place = count[part][query] + rank
            fits = place < nsample
            index[part[query[fits]], place[fits]] = point[fits] + start
            count[part] += total
        start, size = start + size, size * 2
    padding = np.arange(nsample) >= count[:, None]
    return np.where(padding, index[:, :1], index)


def three_nn(queries: np.ndarray, cloud: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """queries (n, 3), cloud (m, 3) float32 -> distances (n, 3) float32, indices (n, 3) int32."""
    distance = np.full((len(queries), 3), np.inf, np.float32)
    index = np.zeros((len(queries), 3), np.int32)
    found = min(3, len(cloud))
    candidates = min(found + 1, len(cloud))
    threads = torch.get_num_threads()  # those of the layers before and after
    exact, near = KDTree(cloud).query(queries, k=[*range(1, candidates + 1)], workers=threads)
    squared, near = _ranked(_squared(queries[:, None], cloud[near]), near)
    distance[:, :found], index[:, :found] = np.sqrt(squared[:, :found]), near[:, :found]
    if candidates < len(cloud):
        # where the runner-up is as near as the third, points that the tree left out may be too;
        # squares below float32's normal range are equal there and differ in the tree's float64
        limit = exact[:, -1] ** 2 * (1 - ROUNDING) - 4 * np.finfo(np.float32).tiny
        for row in np.flatnonzero(limit <= squared[:, found - 1]):
            all_squared = _squared(queries[row], cloud)
            best = np.argsort(all_squared, kind="stable")[:found]
            distance[row, :found], index[row, :found] = np.sqrt(all_squared[best]), best
    return distance, index


def _within(
    radius: float, tree: KDTree, chunk: np.ndarray, centers: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Pairs (query, point) nearer than radius, by query, then point: two (P,) int64."""
    pairs = KDTree(centers).sparse_distance_matrix(
        tree, radius * (1 + ROUNDING), output_type="ndarray"
    )
    order = np.sort(pairs["i"] * len(chunk) + pairs["j"])
    query, point = np.divmod(order, len(chunk))
    inside = _squared(chunk[point], centers[query]) < np.float32(radius) * np.float32(radius)
    return query[inside], point[inside]


def _squared(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """(..., 3), (..., 3) float32 -> (...) float32, in the reference's order of operations."""
    d = p - q
    d *= d
    return (d[..., 0] + d[..., 1]) + d[..., 2]


def _ranked(squared: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both (n, k), sorted along k by distance, then index."""
    # the bits of non-negative floats sort like the floats
    key = (squared.view(np.int32).astype(np.int64) << 32) | index
    order = key.argsort(1)
    return np.take_along_axis(squared, order, 1), np.take_along_axis(index, order, 1)
