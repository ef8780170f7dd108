"""Synthetic rooms with a share of their things elsewhere, for `benchmarks/objects.py`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from r1_training.synthetic.rooms.elements import Room, RoomObject

LEAST_WAY, TRIES = 0.6, 200  # metres a thing is moved at least
FLAT = 0.03  # metres between the top of what holds things and their bottoms


def moved_room(room: Room, visible: list[int], share: float, seed: int) -> tuple[Room, set[int]]:
    """The room with a share of its visible things elsewhere, and what was moved.

    What stands on a thing moves with it, and is not counted as moved itself but as carried: it is
    in the set as well.
    """
    rng = np.random.default_rng([seed, room.seed])
    things = [thing for thing in room.objects if thing.id in visible]
    movable = [t for t in things if _movable(t)]
    rng.shuffle(movable)
    wanted, moved = max(1, round(share * len(things))), set[int]()
    for thing in movable:
        if len(moved) >= wanted or thing.id in moved:
            break
        family = _family(room, thing.id)
        if len(moved) + len(family) > wanted + 1:
            continue
        way = _free_way(room, thing, family, rng)
        if way is not None:
            room = _shifted(room, family, way)
            moved |= family
    return room, moved


def _movable(thing: RoomObject) -> bool:
    """What people carry or push: no shelves' contents, which stand there like nowhere else."""
    free = thing.parent_relation in ("on", "floor") and thing.level is None
    return free and thing.category != "rug" and float(thing.size.max()) < 1.6


def _family(room: Room, id: int) -> set[int]:
    """A thing and all that stands on or in it."""
    family, size = {id}, 0
    while len(family) > size:
        size = len(family)
        family |= {t.id for t in room.objects if t.parent in family}
    return family


def _free_way(
    room: Room, thing: RoomObject, family: set[int], rng: np.random.Generator
) -> np.ndarray | None:
    """Where a thing may go: free floor, or a free place on what holds other things."""
    others = [t for t in room.objects if t.id not in family and t.category != "rug"]
    R, t = room.T_map_room[:3, :3], room.T_map_room[:3, 3]
    for _ in range(TRIES):
        target = thing.center.copy()
        if thing.parent_relation == "floor":
            where = (rng.random(3) - 0.5) * (room.size - 0.9) * [1, 1, 0]
            target[:2] = (R @ where + t)[:2]
        else:
            held = [o for o in (*others, thing) if o.parent_relation == "on" and o.level is None]
            tops = {o.parent: o.center[2] - o.size[2] / 2 for o in held if o.parent is not None}
            tops = {id: top for id, top in tops.items() if _is_flat(room.object(id), top)}
            if not tops:
                return None
            parent = int(rng.choice(sorted(tops)))
            support = room.object(parent)
            free = support.size[:2] - thing.size[:2] - 0.1
            if (free <= 0).any():
                continue
            target[:2] = support.center[:2] + (rng.random(2) - 0.5) * free
            target[2] = tops[parent] + thing.size[2] / 2 + 0.001
            family = family | {parent}
        apart = [
            (np.abs(target - o.center) >= (thing.size + o.size) / 2 - 1e-3).any()
            for o in room.objects
            if o.id not in family and o.category != "rug"
        ]
        if all(apart) and np.linalg.norm(target - thing.center) >= LEAST_WAY:
            return target - thing.center
    return None


def _is_flat(support: RoomObject, top: float) -> bool:
    """A table, not a chair or a sofa: what stands on it stands on its top."""
    return abs(support.center[2] + support.size[2] / 2 - top) < FLAT


def _shifted(room: Room, family: set[int], way: np.ndarray) -> Room:
    objects = [replace(o, center=o.center + way) if o.id in family else o for o in room.objects]
    unit = room.primitives.unit_from_map.copy()
    own = np.isin(room.primitives.instance, list(family))
    unit[own, :, 3] -= (unit[own, :, :3] @ way).astype(np.float32)
    return replace(room, objects=objects, primitives=replace(room.primitives, unit_from_map=unit))
