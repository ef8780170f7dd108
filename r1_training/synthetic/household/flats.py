"""Several rooms in one frame: furnished one by one, then put where the plan has them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from r1_training.synthetic.household.builder import HouseholdBuilder
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.floor_plan import CORRIDOR, PlannedRoom, bounds, draw_plan
from r1_training.synthetic.household.furnishing import (
    MOST_OBJECTS,
    add_furniture,
    clutter,
    decorate,
    hang_pictures,
    label_things,
    litter,
    strange_things,
)
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.household.shell import (
    Surfaces,
    add_lamps,
    ambient_light,
    build_part,
    draw_cast,
    draw_surfaces,
)
from r1_training.synthetic.rooms.clutter import decorate_walls, spill
from r1_training.synthetic.rooms.elements import RoomPart
from r1_training.synthetic.rooms.item_builder import RGB, Item
from r1_training.synthetic.rooms.layouts import FURNISH
from r1_training.synthetic.rooms.placement import put_at_wall
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.structure import add_door, add_window, walls_of

_MOST_LIGHTS = 7  # of a flat: every pixel is lit by each


def build_flat(
    seed: int, split: str, dice: Dice, pack: MeshPack, count: int
) -> tuple[FlatBuilder, RGB]:
    """All rooms of a flat in one builder, not yet finished, and the ambient light.

    Args:
        count: rooms.
    """
    height = dice.uniform(2.35, 2.8)
    plan = draw_plan(dice, count, height)
    low_x, high_x, low_y, high_y = bounds(plan)
    flat = FlatBuilder(
        *(seed, split, plan[0].type, dice, high_x - low_x, high_y - low_y, height, pack)
    )
    common, cast, strength = draw_surfaces(flat), draw_cast(dice), dice.uniform(0.3, 1.3)
    share = MOST_OBJECTS // count
    spills = dice.integer(0, 10 * count)
    for number, planned in enumerate(plan):
        room = _furnished(flat, planned, common)
        if number == spills:
            spill(room)
        _prune(room, share)
        label_things(room)
        windows, room.lights = room.lights, []
        add_lamps(room, cast, strength, 1)
        room.lights = (room.lights + windows)[: _MOST_LIGHTS // count]
        flat.absorb(room, planned.x, planned.y, number)
        size = np.array([planned.width, planned.depth, height])
        flat.parts.append(RoomPart(planned.type, np.array([planned.x, planned.y]), size))
    return flat, ambient_light(dice, cast)


class FlatBuilder(HouseholdBuilder):
    """The builder of all rooms of a flat together; arguments are those of `HouseholdBuilder`."""

    @cached_property
    def parts(self) -> list[RoomPart]:
        """The rooms, in the order of the items' `part`."""
        return []

    def type_around(self, item: Item) -> str:
        """The type of the room that an item stands in."""
        return self.parts[item.part].type


def _furnished(flat: FlatBuilder, planned: PlannedRoom, common: Surfaces) -> HouseholdBuilder:
    dice = flat.dice
    b = HouseholdBuilder(
        *(flat.seed, flat.split, planned.type, dice, planned.width, planned.depth),
        *(flat.height, flat.pack),
    )
    build_part(b, common, planned.openings)
    b.open_wall = next((o.wall for o in planned.openings if o.is_open), -1)
    outer = [k for k in range(4) if k not in planned.inner]
    if dice.chance(0.3):
        add_door(b)
    for wall in outer:
        if planned.type != CORRIDOR and dice.chance(0.4):
            add_window(b, wall=wall)
    if planned.type == CORRIDOR:
        _furnish_corridor(b)
    else:
        FURNISH[planned.type](b)
        add_furniture(b)
    if dice.chance(0.6):
        hang_pictures(b)
    if dice.chance(0.6):
        decorate_walls(b)
    if dice.chance(0.6):
        decorate(b)
    litter(b, dice.weighted({0: 4, 1: 3, 2: 2}))
    clutter(b, dice.integer(3, 9))
    strange_things(b, dice.integer(1, 3))
    return b


def _furnish_corridor(b: HouseholdBuilder) -> None:
    dice = b.dice
    for category, chance in (("cabinet", 0.5), ("bench", 0.2), ("dresser", 0.2), ("chest", 0.15)):
        if dice.chance(chance) and b.pack.choices(category, b.split):
            put_at_wall(b, b.sample(category), walls=walls_of(b), aisle=0.6)


def _prune(b: HouseholdBuilder, most: int) -> None:
    """Take away things that nothing stands on until `most` are left: a flat's table has 60 rows."""
    while len(b.items) > most:
        carriers = {id(item.parent) for item in b.items if item.parent is not None}
        loose = [i for i in b.items if id(i) not in carriers and i.category != "unknown object"]
        loose = b.dice.shuffled(loose)
        loose.sort(key=lambda item: VOCABULARY[item.category].kind == "furniture")
        b.remove({item.id for item in loose[: len(b.items) - most]})
