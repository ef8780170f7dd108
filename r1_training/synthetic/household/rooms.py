"""A room of real meshes from a seed, or several in one frame: `make_household_room`."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from r1_training.common.present import present
from r1_training.synthetic.household.builder import HouseholdBuilder
from r1_training.synthetic.household.flats import build_flat
from r1_training.synthetic.household.floor_plan import MOST_ROOMS
from r1_training.synthetic.household.furnishing import (
    LEAST_SMALL,
    LEAST_UNKNOWN,
    MOST_OBJECTS,
    add_furniture,
    clutter,
    count_small,
    decorate,
    hang_pictures,
    label_things,
    litter,
    strange_things,
)
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.household.sensors import SENSORS
from r1_training.synthetic.household.shell import add_daylight, build_shell
from r1_training.synthetic.rooms.catalog import ROOM_TYPES, SPLITS
from r1_training.synthetic.rooms.clutter import decorate_walls, spill
from r1_training.synthetic.rooms.elements import Room, RoomObject
from r1_training.synthetic.rooms.layouts import FURNISH
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.room import EXTENT, random_pose
from r1_training.synthetic.rooms.structure import add_door, add_window

STREAM = 2  # beside the streams of rooms of primitives and of their cameras
COUNT_STREAM = 4  # and that of how many rooms there are
SHARES = {1: 0.70, 2: 0.15, 3: 0.10, 4: 0.05}  # of maps with so many rooms
EXTENTS = ("whole", "low", "high", "table")  # how much of a room is mapped
_SENSORS = dict(zip(SENSORS, (9.0, 4.0, 3.0, 2.0, 2.0), strict=True))
_TRIES = 20
_LEAST_SEEN = 0.4  # share of an object's box that must be mapped, or it is background
_LEAST_INSIDE = 0.04  # metres of each edge that must be mapped
_TABLES = ("dining table", "coffee table", "table", "desk", "counter", "dresser", "cabinet")


class RoomError(ValueError):
    """No room of a seed has all that rooms of meshes must have; the message says what it lacks."""


def make_household_room(
    seed: int,
    pack: MeshPack,
    split: str = "train",
    room_type: str | None = None,
    extent: str | None = None,
    rooms: int | None = 1,
) -> Room:
    """The room of meshes of a seed, or a flat of several; equal arguments give equal rooms.

    Args:
        seed: 0 or more; numbers the rooms of the split.
        pack: what it is made from; its held-out meshes come in val and test rooms only.
        split: train, val or test.
        room_type: one of `catalog.ROOM_TYPES`; drawn from the seed by default.
        extent: one of `EXTENTS`: all of it; the lower part, as a robot sees that looks down; all
            but the floor; a table and what is on it. Drawn from the seed by default.
        rooms: how many, 1 to 4, a corridor included; None draws them from the seed, as `SHARES`
            has it, and 1 where a room type or a table is asked for.

    Raises:
        ValueError: negative seed, unknown split, room type or extent, or too many rooms.
        RoomError: the pack is too poor for a room of this kind.
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    if split not in SPLITS:
        raise ValueError(f"split must be one of {sorted(SPLITS)}, got {split!r}")
    if room_type is not None and room_type not in ROOM_TYPES:
        raise ValueError(f"room_type must be one of {ROOM_TYPES}, got {room_type!r}")
    if extent is not None and extent not in EXTENTS:
        raise ValueError(f"extent must be one of {EXTENTS}, got {extent!r}")
    single = room_type is not None or extent == "table"
    if rooms is not None and not 1 <= rooms <= (1 if single else MOST_ROOMS):
        raise ValueError(
            f"rooms must lie in 1 to {MOST_ROOMS}, 1 with a room_type or a table, got {rooms}"
        )
    count = rooms or (1 if single else draw_count(seed, split))
    dice = Dice(np.random.default_rng([SPLITS[split], seed, STREAM]))
    drawn = dice.weighted({"whole": 0.6, "low": 0.18, "high": 0.08, "table": 0.14})
    extent = extent or drawn
    if count > 1:
        return _flat(seed, split, "whole" if extent == "table" else extent, dice, pack, count)
    lacks = ""
    for _ in range(_TRIES):  # now and then a room is too full, or too empty
        b = _furnished(seed, split, room_type or dice.pick(ROOM_TYPES), dice, pack)
        lacks = _lacks(b, extent)
        if not lacks:
            break
    else:
        raise RoomError(f"{split} room {seed} has {lacks}")
    ambient = add_daylight(b)
    return _scanned(b.finish(random_pose(dice), ambient), extent, dice)


def draw_count(seed: int, split: str) -> int:
    """How many rooms the map of a seed covers."""
    return Dice(np.random.default_rng([SPLITS[split], seed, COUNT_STREAM])).weighted(SHARES)


def _flat(seed: int, split: str, extent: str, dice: Dice, pack: MeshPack, count: int) -> Room:
    lacks = ""
    for _ in range(_TRIES):
        b, ambient = build_flat(seed, split, dice, pack, count)
        lacks = _lacks(b, extent)
        if not lacks:
            break
    else:
        raise RoomError(f"{split} flat {seed} has {lacks}")
    pose = random_pose(dice)
    pose[:2, 3] /= 2  # the cloud's cells reach 10 m from the origin
    return _scanned(replace(b.finish(pose, ambient), parts=tuple(b.parts)), extent, dice)


def _scanned(room: Room, extent: str, dice: Dice) -> Room:
    """The room with its sensor and map, cut to what is mapped."""
    room = replace(
        room,
        map_yaw=dice.uniform(-math.pi, math.pi),
        sensor=dice.weighted(_SENSORS),
        voxel=dice.weighted({0.01: 2, 0.02: 5, 0.03: 2, 0.05: 1}),
    )
    return cropped(room, _crop(room, extent, dice))


def _furnished(
    seed: int, split: str, room_type: str, dice: Dice, pack: MeshPack
) -> HouseholdBuilder:
    low, high = EXTENT[room_type]
    width, depth = dice.uniform(low, high), dice.uniform(low, high)
    tall = dice.uniform(2.8, 3.4) if dice.chance(0.15) else dice.uniform(2.35, 2.8)
    b = HouseholdBuilder(seed, split, room_type, dice, width, depth, tall, pack)
    build_shell(b)
    if dice.chance(0.85):
        add_door(b)
    for _ in range(dice.weighted({0: 2, 1: 5, 2: 2})):
        add_window(b)
    FURNISH[room_type](b)
    add_furniture(b)
    hang_pictures(b)
    decorate_walls(b)
    decorate(b)
    if dice.chance(0.1):
        spill(b)
    litter(b, dice.weighted({0: 2, 1: 3, 2: 3, 3: 2}))
    clutter(b, dice.integer(LEAST_SMALL + 2, 22))
    strange_things(b, dice.integer(LEAST_UNKNOWN, LEAST_UNKNOWN + 2))
    label_things(b)
    return b


def _lacks(b: HouseholdBuilder, extent: str) -> str:
    unknown = sum(item.category == "unknown object" for item in b.items)
    if count_small(b.items) < LEAST_SMALL:
        return f"{count_small(b.items)} small things, not {LEAST_SMALL}"
    if unknown < LEAST_UNKNOWN:
        return f"{unknown} unknown objects, not {LEAST_UNKNOWN}"
    if len(b.items) > MOST_OBJECTS:
        return f"{len(b.items)} objects, more than {MOST_OBJECTS}"
    if extent == "table" and not _laid_tables(b.items):
        return "no table with things on it"
    return ""


def _laid_tables(things: list) -> list:
    """Tables that carry two things or more; of items or of objects."""
    carried: dict[int, int] = {}
    for thing in things:
        parent = thing.parent if not hasattr(thing.parent, "id") else thing.parent.id
        if parent is not None:
            carried[parent] = carried.get(parent, 0) + 1
    return [t for t in things if t.category in _TABLES and carried.get(t.id, 0) >= 2]


def _crop(room: Room, extent: str, dice: Dice) -> np.ndarray | None:
    """(2, 3) metres, what the map covers; None for all."""
    if extent == "whole":
        return None
    crop = np.array([[-np.inf] * 3, [np.inf] * 3])
    if extent == "low":
        crop[1, 2] = dice.uniform(0.9, 1.9)
    elif extent == "high":
        crop[0, 2] = dice.uniform(0.2, 0.55)
        if dice.chance(0.5):
            crop[1, 2] = dice.uniform(1.4, 2.2)
    else:
        table = dice.pick(_laid_tables(room.objects))
        half = table.size[:2] / 2 + [dice.uniform(0.03, 0.4), dice.uniform(0.03, 0.4)]
        crop[:, :2] = table.center[:2] - half, table.center[:2] + half
        top = table.center[2] + table.size[2] / 2
        crop[0, 2] = top - (dice.uniform(0.05, 0.3) if dice.chance(0.5) else 2.0)
        crop[1, 2] = top + dice.uniform(0.35, 0.9)
    return crop


def cropped(room: Room, crop: np.ndarray | None) -> Room:
    """The room with what is mapped of its objects: boxes end at the crop, the rest is background.

    Args:
        crop: (2, 3) metres, map frame.
    """
    if crop is None:
        return room
    kept: list[RoomObject] = []
    number: dict[int, int] = {}
    for thing in room.objects:
        low, high = thing.center - thing.size / 2, thing.center + thing.size / 2
        inside = np.minimum(high, crop[1]) - np.maximum(low, crop[0])
        share = inside / thing.size
        if thing.category in _TABLES:  # it is the table still when only its top is mapped
            share = share[:2]
        if (inside < np.minimum(thing.size, _LEAST_INSIDE)).any() or share.prod() < _LEAST_SEEN:
            continue
        low, high = np.maximum(low, crop[0]), np.minimum(high, crop[1])
        number[thing.id] = len(kept) + 1
        kept.append(replace(thing, center=(low + high) / 2, size=high - low, id=len(kept) + 1))
    for thing in kept:
        if thing.parent is not None and thing.parent not in number:
            thing.parent, thing.parent_relation = None, "floor"
            thing.level = thing.levels = None
        elif thing.parent is not None:
            thing.parent = number[thing.parent]
    renumber = np.zeros(len(room.objects) + 1, np.int32)
    for old, new in number.items():
        renumber[old] = new
    primitives = replace(room.primitives, instance=renumber[room.primitives.instance])
    known = present(room.meshes, "the meshes of the room")
    meshes = replace(known, instance=renumber[known.instance])
    return replace(room, objects=kept, primitives=primitives, meshes=meshes, crop=crop)
