"""Which sighting is which known thing: at its place, or moved. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from r1_model.geometry.boxes import aabb_iou
from r1_model.objects.known_object import KnownObject, Sighting
from r1_model.objects.likeness import likeness, name_share, size_ratios

LEAST_IOU = 0.25  # at one place, whatever it is called
LEAST_IOU_ALIKE = 0.05  # at one place and called the same
NEAR_ALIKE = 0.35  # of the mean diagonal: small things called the same need not overlap
SAME_NAME = 0.2  # of a thing's votes: a label below this share is not its name
LEAST_SIZE = 0.5  # ratio of edge lengths of one thing in two maps
IN_PLACE = 6.0  # logs that lying at its place is worth, and
OVERLAP = 4.0  # as much again where the boxes are one
WORST_IN_PLACE = -6.0  # logs of what looks otherwise than what stood there
ALIKE = 1.5  # logs of what lies elsewhere must be above


@dataclass(frozen=True)
class Matches:
    """Pairs (known, seen), each at most once.

    Attributes:
        stayed: of things at their places.
        moved: of things that lie elsewhere now.
        ghosts: sightings that are only what an old map still shows; of nothing.
    """

    stayed: list[tuple[int, int]]
    moved: list[tuple[int, int]]
    ghosts: set[int]


def match(
    known: Sequence[KnownObject],
    seen: Sequence[Sighting],
    left: np.ndarray,
    shown: np.ndarray,
    movable: np.ndarray,
) -> Matches:
    """Which sightings are which things.

    All at once, by the largest sum of logs: what is as likely this thing moved as that one renamed
    goes where all others are explained best. A place counts for more than any look.

    Args:
        known: N things.
        seen: M sightings.
        left: (N,) bool, whose places were seen to be left, or that were gone.
        shown: (N, M) bool, may the sighting be the thing at its place again? False: views that are
            newer than the thing show that it is not there.
        movable: (M,) bool, good enough to be a thing that was moved.
    """
    if not (known and seen):
        return Matches([], [], set())
    look = likeness(known, seen)
    near, overlap = _in_place(known, seen)
    place = near & shown
    stayed = IN_PLACE + OVERLAP * overlap + np.maximum(look, WORST_IN_PLACE)
    replaced = near.any(1) & (~near | (look < 0)).all(1)  # something else stands there
    may = (left | replaced)[:, None] & movable & ~near
    moved = np.where(may, np.maximum(look - ALIKE, 0.0), 0.0)
    pairs = _assign(np.where(place, stayed, moved))
    ghosts = set(np.flatnonzero((near & ~shown).any(0)).tolist()) - {column for _, column in pairs}
    return Matches([p for p in pairs if place[p]], [p for p in pairs if not place[p]], ghosts)


def in_place(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> list[tuple[int, int]]:
    """Pairs (known, seen) of what lies at one place, whatever it looks like."""
    if not (known and seen):
        return []
    near, overlap = _in_place(known, seen)
    return _assign(np.where(near, 1 + overlap, 0.0))


def _in_place(
    known: Sequence[KnownObject], seen: Sequence[Sighting]
) -> tuple[np.ndarray, np.ndarray]:
    """(N, M) may a sighting be a thing that stayed; and how much they lie at one place, [0, 1]."""
    centers, sizes = (
        [np.array([getattr(thing, name) for thing in things]) for things in (known, seen)]
        for name in ("center", "size")
    )
    overlap = aabb_iou(centers[0][:, None], sizes[0][:, None], centers[1], sizes[1])
    distance = np.linalg.norm(centers[0][:, None] - centers[1], axis=-1)
    diagonals = [np.linalg.norm(size, axis=-1) for size in sizes]
    near = distance / ((diagonals[0][:, None] + diagonals[1]) / 2)
    names = np.array([[name_share(thing, s.label) for s in seen] for thing in known])
    alike = (names >= SAME_NAME) & (size_ratios(known, seen) >= LEAST_SIZE)
    place = (overlap >= LEAST_IOU) | (alike & ((overlap >= LEAST_IOU_ALIKE) | (near <= NEAR_ALIKE)))
    return place, np.maximum(overlap, np.clip(0.5 - near, 0, 1))


def _assign(value: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of the largest sum; those of value 0 are none."""
    rows, columns = linear_sum_assignment(-value)
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if value[row, column] > 0
    ]
