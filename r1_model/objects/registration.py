"""How a known place lies in the frame of a new map: turned about z, and shifted.

Every yaw is tried: the known place, turned, is laid over the new map where most of its cells, seen
from above, meet (one correlation by FFT a yaw). The best few are brought into place by the nearest
points (ICP), at last by how far they are from the surfaces there: points, one a cell of 10 cm,
would hold each other by their cells. What then lies on the new map is a suggestion: all rooms have
four walls, so the things in it must confirm it (`reposed.found_again`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.spatial import KDTree

from r1_model.geometry.oriented_boxes import turn
from r1_model.objects.place import LOW, Place

LEAST_POINTS = 600  # of both places, about a third of a small room: fewer lie on anything
YAWS = 90  # that are tried, so each is off by 2 degrees at most
COARSE = 0.2  # metres, cells of the correlation
BANDS = (0.6, 1.1)  # metres above `LOW`: seats and tables, what stands on them, walls
MOST_TRIED = 6  # suggestions of the correlation that are brought into place
APART = 0.5, math.radians(9)  # metres and radians between two suggestions
GATES = (0.5, 0.4, 0.3, 0.25, 0.2, 0.15, 0.12)  # metres; each twice
LAST_GATE, LAST_STEPS = 0.1, 15  # to the surfaces
NEIGHBOURS, FLAT = 10, 0.1  # points that a surface is laid through; least to middle spread of one
MOST_POINTS = 2000  # that are brought into place
NEAR = 0.08  # metres between points that lie on each other
FITS = 0.4  # of the smaller place's points must lie on the larger one's


@dataclass(frozen=True)
class Turn:
    """From one frame into another: turned about z, then shifted.

    Attributes:
        yaw: radians, counter-clockwise.
        shift: (3,) metres.
    """

    yaw: float
    shift: np.ndarray

    def points(self, xyz: np.ndarray) -> np.ndarray:
        """(..., 3) points in the other frame."""
        return xyz @ turn(self.yaw)[:3, :3].T + self.shift


def find_turns(known: Place, new: Place) -> list[Turn]:
    """Ways in which a known place may lie in a new map, best first; none where too little fits."""
    if min(len(known), len(new)) < LEAST_POINTS:
        return []
    surface = _surface(new.points)
    found: list[tuple[float, Turn]] = []
    for suggestion in _suggestions(known, new):
        turned = _brought_into_place(known.points, suggestion, surface)
        fit, both = _fits(turned.points(known.points), surface)
        if fit >= FITS:
            found.append((both, turned))
    return [turned for _, turned in sorted(found, key=lambda item: -item[0])]


def _suggestions(known: Place, new: Place) -> list[Turn]:
    """The best places of the correlations, best first."""
    middles = known.points.mean(0), new.points.mean(0)
    known_xyz, new_xyz = known.points - middles[0], new.points - middles[1]
    heights = [p.points[:, 2] - p.floor - LOW for p in (known, new)]
    reach = sum(float(np.linalg.norm(xyz[:, :2], axis=1).max()) for xyz in (known_xyz, new_xyz))
    edge = 1 << math.ceil(math.log2(2 * reach / COARSE + 2))
    target = np.fft.rfft2(_seen_from_above(new_xyz, heights[1], edge))
    found: list[tuple[float, Turn]] = []
    for yaw in np.arange(YAWS) * (math.tau / YAWS):
        R = turn(yaw)[:3, :3]
        source = np.fft.rfft2(_seen_from_above(known_xyz @ R.T, heights[0], edge))
        meet = np.fft.irfft2((target * source.conj()).sum(0), s=(edge, edge))
        best = np.unravel_index(int(meet.argmax()), meet.shape)
        cells = np.array([index - edge if index > edge // 2 else index for index in best])
        shift = middles[1] - R @ middles[0]
        shift[:2] += cells * COARSE
        shift[2] = new.floor - known.floor
        found.append((float(meet[best]), Turn(float(yaw), shift)))
    kept: list[Turn] = []
    for _, one in sorted(found, key=lambda item: -item[0]):
        centers = one.points(middles[0])
        if all(
            np.linalg.norm(centers - other.points(middles[0])) > APART[0]
            or abs(math.remainder(one.yaw - other.yaw, math.tau)) > APART[1]
            for other in kept
        ):
            kept.append(one)
    return kept[:MOST_TRIED]


def _seen_from_above(xyz: np.ndarray, height: np.ndarray, edge: int) -> np.ndarray:
    """(3, edge, edge) float32, which cells are occupied in each of three bands of height."""
    seen = np.zeros((len(BANDS) + 1, edge, edge), np.float32)
    cells = np.floor(xyz[:, :2] / COARSE).astype(np.int64) % edge
    seen[np.digitize(height, BANDS), cells[:, 0], cells[:, 1]] = 1.0
    return seen


@dataclass(frozen=True)
class _Surface:
    """Points (N, 3), their neighbours, and unit normals (N, 3), NaN where they lie in no plane."""

    points: np.ndarray
    tree: KDTree
    normals: np.ndarray


def _surface(points: np.ndarray) -> _Surface:
    tree = KDTree(points)
    around = points[tree.query(points, NEIGHBOURS)[1]]
    around = around - around.mean(1, keepdims=True)
    spread, axes = np.linalg.eigh(np.einsum("nki,nkj->nij", around, around))
    flat = spread[:, 0] < FLAT * spread[:, 1]
    return _Surface(points, tree, np.where(flat[:, None], axes[:, :, 0], np.nan))


def _brought_into_place(points: np.ndarray, start: Turn, surface: _Surface) -> Turn:
    """Turned and shifted until each point lies on the nearest of the surface, if that is near."""
    points = points[:: max(1, len(points) // MOST_POINTS)]
    now = start
    for gate in (*np.repeat(GATES, 2), *[LAST_GATE] * LAST_STEPS):
        placed = now.points(points)
        distance, nearest = surface.tree.query(placed, distance_upper_bound=gate)
        near = np.isfinite(distance)
        if not near.any():
            return now
        if gate > LAST_GATE:
            now = _best_turn(points[near], surface.points[nearest[near]])
        else:
            partners = surface.points[nearest[near]], surface.normals[nearest[near]]
            now = _then(now, _turn_to_planes(placed[near], *partners))
    return now


def _best_turn(a: np.ndarray, b: np.ndarray) -> Turn:
    """The turn of least squares from points (N, 3) to their partners (N, 3)."""
    middle_a, middle_b = a.mean(0), b.mean(0)
    p, q = (a - middle_a)[:, :2], (b - middle_b)[:, :2]
    yaw = math.atan2(float((p[:, 0] * q[:, 1] - p[:, 1] * q[:, 0]).sum()), float((p * q).sum()))
    return Turn(yaw, middle_b - turn(yaw)[:3, :3] @ middle_a)


def _turn_to_planes(a: np.ndarray, b: np.ndarray, normals: np.ndarray) -> Turn:
    """The small turn that brings points (N, 3) into the planes through partners (N, 3)."""
    flat = np.isfinite(normals[:, 0])
    a, b, normals = a[flat], b[flat], normals[flat]
    middle = a.mean(0) if len(a) else np.zeros(3)
    x, y = (a - middle)[:, :2].T
    rows = np.column_stack((normals[:, 1] * x - normals[:, 0] * y, normals))  # yaw, shift
    # what no plane tells, such as the height where only walls are seen, stays
    steps = (
        np.linalg.lstsq(rows, ((b - a) * normals).sum(1), rcond=1e-3)[0] if len(a) else np.zeros(4)
    )
    return Turn(float(steps[0]), steps[1:] + middle - turn(float(steps[0]))[:3, :3] @ middle)


def _then(first: Turn, second: Turn) -> Turn:
    return Turn(math.remainder(first.yaw + second.yaw, math.tau), second.points(first.shift))


def _fits(placed: np.ndarray, new: _Surface) -> tuple[float, float]:
    """Share of points on each other, in [0, 1]: of the smaller place's, and the mean of both."""
    shares = [
        float((new.tree.query(placed)[0] < NEAR).mean()),
        float((KDTree(placed).query(new.points)[0] < NEAR).mean()),
    ]
    return shares[0] if len(placed) <= len(new.points) else shares[1], sum(shares) / 2
