"""A home of primitives: one room, or two with a way through the wall between them.

Two rooms are furnished anew until one can walk about in them, as people make sure of at home.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy import ndimage

from r1_model.motion.free_space import RobotShape, free_space
from r1_training.synthetic.household.floor_plan import PlannedRoom, bounds, draw_plan
from r1_training.synthetic.rooms.catalog import SPLITS
from r1_training.synthetic.rooms.clutter import decorate_walls, scatter_floor, scatter_small
from r1_training.synthetic.rooms.elements import Room, RoomPart
from r1_training.synthetic.rooms.item_builder import RGB
from r1_training.synthetic.rooms.layouts import FURNISH
from r1_training.synthetic.rooms.placement import at_wall, extent
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.room import make_room, random_pose
from r1_training.synthetic.rooms.room_builder import RoomBuilder
from r1_training.synthetic.rooms.structure import add_light, add_window, build_structure
from r1_training.synthetic.rooms.surfaces import surface_points

STREAM = 5  # beside those of rooms, of their cameras and of rooms of meshes
_BEFORE_M, _AISLE_M = 0.5, 0.9  # before a way through: always free; free for people
_LEAF_M = 0.05
_TRIES = 30
_PERSON = RobotShape(radius=0.25, height=1.2, clearance=0.0)
_WALKABLE = 0.85  # of all free floor that is in one piece


class HomeError(ValueError):
    """A home could not be made; the message says which."""


def make_home(seed: int, split: str = "test", rooms: int = 1, *, shut: bool = False) -> Room:
    """The home of a seed; equal arguments give equal homes.

    Args:
        seed: 0 or more; numbers the homes of the split.
        split: "train", "val" or "test".
        rooms: 1 or 2.
        shut: a door closes the way between two rooms: the last object; all else is the same. Rooms
            that flow into each other have none.

    Raises:
        ValueError: negative seed or unknown split.
        HomeError: another number of rooms, or no home of this seed can be walked about in.
    """
    if rooms == 1:
        return make_room(seed, split)
    if rooms != 2:
        raise HomeError(f"a home has 1 or 2 rooms, got {rooms}")
    if seed < 0 or split not in SPLITS:
        raise HomeError(f"there is no home {seed} of the split {split!r}")
    dice = Dice(np.random.default_rng([SPLITS[split], seed, STREAM]))
    for _ in range(_TRIES):
        home, plan, pose, ambient = _built(seed, split, dice)
        if _is_walkable(home.finish(pose, ambient)):
            break
    else:
        raise HomeError(f"no home {seed} of the split {split!r} has room to walk about")
    if shut:
        _shut(home, plan[0], Dice(np.random.default_rng([SPLITS[split], seed, STREAM, 1])))
    room = home.finish(pose, ambient)
    parts = tuple(
        RoomPart(p.type, np.array([p.x, p.y]), np.array([p.width, p.depth, home.height]))
        for p in plan
    )
    objects = [
        replace(thing, part=item.part) for thing, item in zip(room.objects, home.items, strict=True)
    ]
    return replace(room, objects=objects, parts=parts)


def _built(
    seed: int, split: str, dice: Dice
) -> tuple[RoomBuilder, list[PlannedRoom], np.ndarray, RGB]:
    """Builder, plan, pose (4, 4) and ambient light of two furnished rooms."""
    height = dice.uniform(2.4, 2.8)
    plan = draw_plan(dice, 2, height)
    low_x, high_x, low_y, high_y = bounds(plan)
    home = RoomBuilder(seed, split, plan[0].type, dice, high_x - low_x, high_y - low_y, height)
    for number, planned in enumerate(plan):
        _absorb(home, _furnished(home, planned), planned, number)
    ambient = add_light(home)
    pose = random_pose(dice)
    pose[:2, 3] /= 2  # a cloud's cells reach 10 m from the origin
    return home, plan, pose, ambient


def _is_walkable(room: Room) -> bool:
    points = surface_points(room.primitives, 0.05, -0.02, _PERSON.height + 0.1)
    areas, count = ndimage.label(free_space(points, _PERSON, 0.05, floor=0.0).free)
    sizes = np.bincount(areas.ravel())[1:]
    return bool(count) and float(sizes.max() / sizes.sum()) >= _WALKABLE


def _furnished(home: RoomBuilder, planned: PlannedRoom) -> RoomBuilder:
    dice = home.dice
    b = RoomBuilder(
        *(home.seed, home.split, planned.type, dice, planned.width, planned.depth, home.height)
    )
    ways = [(o.wall, o.along, o.width, o.height) for o in planned.openings]
    build_structure(b, all_walls=True, gaps=ways)
    for wall, along, width, _ in ways:
        for deep, kept in ((_BEFORE_M, b.occupied), (_AISLE_M, b.aisles)):
            x, y, yaw = at_wall(b, wall, along, deep / 2)
            hx, hy = extent(width, deep, yaw)
            kept.append((x - hx, y - hy, 0.0, x + hx, y + hy, b.height))
    for wall in range(4):
        if wall not in planned.inner and dice.chance(0.4):
            add_window(b, wall=wall)
    FURNISH[planned.type](b)
    decorate_walls(b)
    scatter_floor(b, dice.weighted({0: 3, 1: 3, 2: 2, 3: 1}))
    scatter_small(b, dice.integer(3, 9))
    return b


def _absorb(home: RoomBuilder, b: RoomBuilder, planned: PlannedRoom, number: int) -> None:
    """Take over what stands in one room, moved to its place."""
    first, x, y = len(home.items), planned.x, planned.y
    for item in b.items:
        item.id, item.part = item.id + first, number
        item.x, item.y = item.x + x, item.y + y
    home.items += b.items
    for row in b.rows:
        owner = row.instance + first if row.instance else 0
        home.rows.append(row._replace(x=row.x + x, y=row.y + y, instance=owner))
    home.lights += [(lx + x, ly + y, z, color) for lx, ly, z, color in b.lights]


def _shut(home: RoomBuilder, planned: PlannedRoom, dice: Dice) -> None:
    """A closed door in the first way out of a room."""
    opening = next((o for o in planned.openings if not o.is_open), None)
    if opening is None:
        return
    b = RoomBuilder(*(0, home.split, planned.type, dice, planned.width, planned.depth, home.height))
    size = (opening.width, _LEAF_M, opening.height)
    leaf = b.sample("door", states={"opening": "closed"}, size=size)
    x, y, yaw = at_wall(b, opening.wall, opening.along, -_LEAF_M)
    home.dice, kept = dice, home.dice
    home.add(leaf, x + planned.x, y + planned.y, 0.0, yaw, relation="wall")
    home.dice = kept
