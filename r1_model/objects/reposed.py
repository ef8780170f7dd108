"""A place that is known comes again in another frame: a map that was made anew, or posed anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from r1_model.geometry.oriented_boxes import turn
from r1_model.objects.known_object import KnownObject, OrientedBox, Sighting
from r1_model.objects.matching import in_place
from r1_model.objects.memory import BIRTH_SCORE, ObjectMemory
from r1_model.objects.place import Place
from r1_model.objects.registration import Turn, find_turns

LEAST_AGREED = 3  # things that stand where things of their names stood
AGREED = 0.5  # of the fewer of what is known and what is seen


def found_again(
    memory: ObjectMemory, place: Place, new: Place, seen: Sequence[Sighting]
) -> tuple[ObjectMemory, Place] | None:
    """A known place in the frame of a new map, with its things; None: it is another place.

    Args:
        memory: what is known of the place.
        place: what stands there, in the memory's frame.
        new: what stands in the new map.
        seen: in the new map.
    """
    best, best_share = None, 0.0
    for turned in find_turns(place, new):
        moved = turned_memory(memory, turned)
        share = agreed(moved, seen)
        if share >= AGREED and share > best_share:
            best, best_share = (moved, Place(turned.points(place.points), new.floor)), share
    return best


def agreed(memory: ObjectMemory, seen: Sequence[Sighting]) -> float:
    """Share of sure things that stand where things of their names stood; 0 for too few of them."""
    things = [thing for thing in memory.present if thing.score >= BIRTH_SCORE]
    sure = [sighting for sighting in seen if sighting.score >= BIRTH_SCORE]
    found = sum(things[row].label == sure[index].label for row, index in in_place(things, sure))
    return found / min(len(things), len(sure)) if found >= LEAST_AGREED else 0.0


def turned_memory(memory: ObjectMemory, into: Turn) -> ObjectMemory:
    """The same things in another frame."""
    return replace(memory, objects=tuple(_turned(thing, into) for thing in memory.objects))


def _turned(thing: KnownObject, into: Turn) -> KnownObject:
    yaw = thing.turned.yaw + into.yaw
    box = OrientedBox(
        into.points(thing.turned.center),
        thing.turned.size,
        float(np.pi / 2 - (np.pi / 2 - yaw) % np.pi),  # in (-pi/2, pi/2]
    )
    return replace(
        thing,
        center=into.points(thing.center),
        size=np.abs(turn(box.yaw)[:3, :3]) @ box.size,
        turned=box,
        previous=None if thing.previous is None else into.points(thing.previous),
    )
