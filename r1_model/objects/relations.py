"""How things lie to each other, by the geometry of their boxes and of the map's points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from r1_model.objects.known_object import KnownObject

ON, IN, NEXT_TO = "on", "in", "next_to"
CONTACT = 0.08  # metres between what stands on something and its top
ABOVE = 0.6  # of its footprint must lie over what it stands on
INSIDE = 0.75  # of its volume must lie in the box of what holds it
LARGER = 1.5  # times its volume, what holds it
NEAR = 0.4  # metres between the sides of neighbours
MOST_NEIGHBOURS = 3
_SIDES = 3  # of four that must be closed around what is in something
_WALL_POINTS = 3  # of a side


@dataclass(frozen=True)
class Relation:
    """`subject` is on, in or next to `other`; both are ids."""

    subject: str
    name: str
    other: str


def find_relations(things: Sequence[KnownObject], points: np.ndarray) -> list[Relation]:
    """Relations of things that are there.

    What holds a thing is one other thing, the smallest that does. "in" has something of its holder
    above or around it, "on" has not: a cup on a sofa lies in the sofa's box too.

    Args:
        things: without those that are gone.
        points: (N, 3) of the map, metres; they tell shelves from seats.
    """
    relations, held = [], {}
    for thing in things:
        holders = [
            (float(np.prod(other.size)), name, other)
            for other in things
            if other is not thing and (name := _holding(thing, other, points))
        ]
        if holders:
            _, name, holder = min(holders, key=lambda item: item[:2])
            held[thing.id] = holder.id
            relations.append(Relation(thing.id, name, holder.id))
    for thing in things:
        others = [
            (gap, other.id)
            for other in things
            if other is not thing
            and held.get(thing.id) != other.id
            and held.get(other.id) != thing.id
            and (gap := _gap(thing, other)) <= NEAR
        ]
        relations += [
            Relation(thing.id, NEXT_TO, other) for _, other in sorted(others)[:MOST_NEIGHBOURS]
        ]
    return relations


def _holding(a: KnownObject, b: KnownObject, points: np.ndarray) -> str:
    """ON, IN, or empty: b does not hold a."""
    (a_low, a_high), (b_low, b_high) = _corners(a), _corners(b)
    shared = np.clip(np.minimum(a_high, b_high) - np.maximum(a_low, b_low), 0, None)
    footprint = float(np.prod(a.size[:2]))
    over = float(np.prod(shared[:2])) / footprint if footprint else 0.0
    if over >= ABOVE and abs(a_low[2] - b_high[2]) <= CONTACT:
        return ON
    volume_a, volume_b = float(np.prod(a.size)), float(np.prod(b.size))
    if volume_b < LARGER * volume_a or float(np.prod(shared)) < INSIDE * volume_a:
        return ""
    return IN if _enclosed(a, b, points) else ON


def _enclosed(a: KnownObject, b: KnownObject, points: np.ndarray) -> bool:
    """Has b something above a, or around it on most sides?"""
    (a_low, a_high), (b_low, b_high) = _corners(a), _corners(b)
    margin = 0.02
    own = points[((points >= b_low - margin) & (points <= b_high + margin)).all(1)]
    within = ((own[:, :2] >= a_low[:2]) & (own[:, :2] <= a_high[:2])).all(1)
    if (within & (own[:, 2] > a_high[2] + margin)).sum() >= _WALL_POINTS:
        return True
    beside = own[(own[:, 2] >= a_low[2] + margin) & (own[:, 2] <= a_high[2])]
    closed = 0
    for axis in (0, 1):
        across = 1 - axis
        level = (beside[:, across] >= a_low[across]) & (beside[:, across] <= a_high[across])
        closed += (level & (beside[:, axis] < a_low[axis] - margin)).sum() >= _WALL_POINTS
        closed += (level & (beside[:, axis] > a_high[axis] + margin)).sum() >= _WALL_POINTS
    return closed >= _SIDES


def _gap(a: KnownObject, b: KnownObject) -> float:
    """Metres between the sides of two boxes that share some height; infinite for others."""
    (a_low, a_high), (b_low, b_high) = _corners(a), _corners(b)
    apart = np.maximum(np.maximum(a_low - b_high, b_low - a_high), 0)
    return float(np.linalg.norm(apart[:2])) if apart[2] == 0 else float("inf")


def _corners(thing: KnownObject) -> tuple[np.ndarray, np.ndarray]:
    return thing.center - thing.size / 2, thing.center + thing.size / 2
