"""A mesh from posed depth images, as reconstruction leaves it: one vertex a voxel, holes unseen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Neighbouring pixels belong to one surface if their depths differ by less: metres, and a share.
STEP, SLOPE = 0.05, 0.04


@dataclass(frozen=True)
class ScanMesh:
    """A coloured mesh whose vertices know what they belong to.

    Attributes:
        points: (N, 3) float64, metres, in the frame of the poses.
        colors: (N, 3) uint8.
        triangles: (F, 3) int32, seen from outside counter-clockwise.
        instance: (N,) int64, the instance that most of the vertex' pixels show.
    """

    points: np.ndarray
    colors: np.ndarray
    triangles: np.ndarray
    instance: np.ndarray


def fuse_mesh(
    points: np.ndarray, colors: np.ndarray, instance: np.ndarray, depth: np.ndarray, voxel: float
) -> ScanMesh:
    """Fuse V images of one scene.

    Args:
        points: (V, H, W, 3) metres, where each pixel is in the scene.
        colors: (V, H, W, 3) uint8. instance: (V, H, W) int.
        depth: (V, H, W) metres; 0 where there is none.
        voxel: edge of a cell in metres; its pixels become one vertex, their mean.

    Raises:
        ValueError: no pixel has a depth.
    """
    seen = depth > 0
    if not seen.any():
        raise ValueError("no pixel has a depth")
    places = points[seen].astype(np.float64)
    cell = np.floor(places / voxel).astype(np.int64)
    cell -= cell.min(0)
    extent = cell.max(0) + 1
    key = (cell[:, 0] * extent[1] + cell[:, 1]) * extent[2] + cell[:, 2]
    _, vertex, count = np.unique(key, return_inverse=True, return_counts=True)
    index = np.full(depth.shape, -1, np.int64)
    index[seen] = vertex
    return ScanMesh(
        points=_means(places, vertex, count),
        colors=(_means(colors[seen], vertex, count) + 0.5).astype(np.uint8),
        triangles=_triangles(index, depth),
        instance=_majority(instance[seen].astype(np.int64), vertex, len(count)),
    )


def _means(values: np.ndarray, vertex: np.ndarray, count: np.ndarray) -> np.ndarray:
    sums = [np.bincount(vertex, values[:, k], len(count)) for k in range(values.shape[1])]
    return np.stack(sums, 1) / count[:, None]


def _majority(instance: np.ndarray, vertex: np.ndarray, vertices: int) -> np.ndarray:
    low = instance.min()
    span = instance.max() - low + 1
    pairs, votes = np.unique(vertex * span + instance - low, return_counts=True)
    order = np.lexsort((votes, pairs // span))  # of each vertex the most votes last
    chosen = np.empty(vertices, np.int64)
    chosen[pairs[order] // span] = pairs[order] % span + low
    return chosen


def _triangles(index: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """(V, H, W) vertex numbers, -1 for none -> (F, 3): two triangles a square of pixels."""
    corners = [(0, 0), (0, 1), (1, 0), (1, 1)]
    height, width = index.shape[1:]
    a, b, c, d = (index[:, y : y + height - 1, x : x + width - 1] for y, x in corners)
    za, zb, zc, zd = (depth[:, y : y + height - 1, x : x + width - 1] for y, x in corners)
    found = []
    for triangle, depths in (((a, c, b), (za, zc, zb)), ((b, c, d), (zb, zc, zd))):
        rows = np.stack([side.reshape(-1) for side in triangle], 1)
        z = np.stack([side.reshape(-1) for side in depths], 1)
        flat = z.max(1) - z.min(1) < STEP + SLOPE * z.min(1)
        one, two, three = rows.T
        distinct = (one != two) & (two != three) & (one != three)
        found.append(rows[(rows >= 0).all(1) & flat & distinct])
    triangles = np.concatenate(found)
    _, first = np.unique(np.sort(triangles, 1), axis=0, return_index=True)
    return triangles[np.sort(first)].astype(np.int32)
