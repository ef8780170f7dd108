"""The symbolic world of a room, for `r1_model.plans.simulator`; keys are object ids."""

from __future__ import annotations

from r1_model.plans.simulator import Key, Thing, World
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.rooms.elements import Room

UNDER, TOP = 10_000, 20_000  # keys of regions: these plus the id of the furniture


def world_of(room: Room) -> World:
    """All objects of a room, and the floor under each piece of furniture."""
    things: dict[Key, Thing] = {}
    for source in room.objects:
        category = VOCABULARY[source.category]
        things[source.id] = Thing(
            name=source.category,
            states=dict(source.states),
            parent=source.parent,
            relation=source.parent_relation,
            graspable=category.graspable,
            surface=category.supports,
            container=category.contains,
            brews=source.category == "coffee machine",
        )
        if category.kind == "furniture":
            things[UNDER + source.id] = Thing(
                f"floor under the {source.category}", parent=source.id, relation="under"
            )
    return World(things)
