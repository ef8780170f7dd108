"""Which sighting is which known thing: at its place, or moved. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from r1_model.geometry.boxes import aabb_iou
from r1_model.objects.known_object import KnownObject, Sighting

LEAST_IOU = 0.25  # at one place, whatever it is called
LEAST_IOU_ALIKE = 0.05  # at one place and called the same
NEAR_ALIKE = 0.35  # of the mean diagonal: small things called the same need not overlap
SAME_NAME = 0.2  # of a thing's votes: a label below this share is not its name
LEAST_SIZE = 0.5  # ratio of edge lengths of one thing in two maps
ALIKE_SIZE, ALIKE_COLOR = 0.7, 0.6  # what lies elsewhere and is called otherwise must look alike
COLOR_SPAN = 120.0  # RGB distance at which two things are surely different


def match_in_place(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> list[tuple[int, int]]:
    """Pairs (known, seen) of things that stayed, each at most once, of the largest agreement."""
    if not (known and seen):
        return []
    overlap = _overlaps(known, seen)
    distance = np.linalg.norm(_stack(known, "center")[:, None] - _stack(seen, "center"), axis=-1)
    diagonals = (
        np.linalg.norm(_stack(known, "size"), axis=-1),
        np.linalg.norm(_stack(seen, "size"), axis=-1),
    )
    near = distance / ((diagonals[0][:, None] + diagonals[1]) / 2)
    names = np.array([[name_share(thing, s.label) for s in seen] for thing in known])
    alike = (names >= SAME_NAME) & (size_ratios(known, seen) >= LEAST_SIZE)
    allowed = (overlap >= LEAST_IOU) | (
        alike & ((overlap >= LEAST_IOU_ALIKE) | (near <= NEAR_ALIKE))
    )
    value = overlap + np.maximum(0, 0.5 - near) + 0.5 * names
    return _assign(np.where(allowed, value, 0.0))


def match_moved(missing: Sequence[KnownObject], seen: Sequence[Sighting]) -> list[tuple[int, int]]:
    """Pairs (missing, seen) of things that lie elsewhere now: same name, size and colour.

    A name may be wrong, so one that looks much the same may be called otherwise.
    """
    if not (missing and seen):
        return []
    names = np.array([[name_share(thing, s.label) for s in seen] for thing in missing])
    ratio = size_ratios(missing, seen)
    color = color_likeness(missing, seen)
    named = (names >= SAME_NAME) & (ratio >= LEAST_SIZE) & (color > 0)
    allowed = named | ((ratio >= ALIKE_SIZE) & (color >= ALIKE_COLOR))
    return _assign(np.where(allowed, names + ratio + color, 0.0))


def name_share(thing: KnownObject, label: str) -> float:
    """Share of a thing's votes that a label has, in [0, 1]."""
    total = sum(thing.votes.values())
    return thing.votes.get(label, 0.0) / total if total else 0.0


def size_ratios(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    """(N, M) in (0, 1]: geometric mean of the ratios of edges, turned by quarters or not."""
    a, b = _stack(known, "size")[:, None], _stack(seen, "size")[None]
    # what lies across now has its edges swapped; height stays
    a, b = (np.concatenate((np.sort(s[..., :2], -1), s[..., 2:]), -1) for s in (a, b))
    logs = np.abs(np.log(np.maximum(a, 1e-3) / np.maximum(b, 1e-3)))
    return np.exp(-logs.mean(-1))


def color_likeness(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    """(N, M) in [0, 1]; one half where one has no colour."""
    distance = np.linalg.norm(_stack(known, "color")[:, None] - _stack(seen, "color"), axis=-1)
    likeness = np.clip(1 - distance / COLOR_SPAN, 0, 1)
    return np.where(np.isnan(distance), 0.5, likeness)


def _overlaps(known: Sequence[KnownObject], seen: Sequence[Sighting]) -> np.ndarray:
    return aabb_iou(
        _stack(known, "center")[:, None],
        _stack(known, "size")[:, None],
        _stack(seen, "center"),
        _stack(seen, "size"),
    )


def _stack(things: Sequence[KnownObject] | Sequence[Sighting], name: str) -> np.ndarray:
    return np.array([getattr(thing, name) for thing in things])


def _assign(value: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of the largest sum; those of value 0 are none."""
    rows, columns = linear_sum_assignment(-value)
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if value[row, column] > 0
    ]
