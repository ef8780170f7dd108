"""The rooms of the seven examples that the software must get right, built to the letter.

In all of them the map axes are the room's: right is +x, left is -x, behind is +y. Each function
takes a seed for everything that the example leaves open (sizes, textures, walls, light).
"""

from __future__ import annotations

import math

import numpy as np

from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.item_builder import Item
from r1_training.synthetic.rooms.layouts import put_cushion, put_standing_book
from r1_training.synthetic.rooms.placement import (
    footprint,
    put_at_wall,
    put_on,
    seats_around,
)
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.room_builder import RoomBuilder
from r1_training.synthetic.rooms.structure import add_light, build_structure

BACK, LEFT, FRONT, RIGHT = 0, 1, 2, 3  # walls


def _start(example: int, seed: int, room_type: str, width: float, depth: float) -> RoomBuilder:
    dice = Dice(np.random.default_rng([3, example, seed]))
    b = RoomBuilder(seed, "test", room_type, dice, width, depth, 2.6)
    build_structure(b, all_walls=True)
    return b


def _finish(b: RoomBuilder) -> Room:
    ambient = add_light(b)
    T_map_room = np.eye(4)
    T_map_room[:2, 3] = b.dice.uniform(-1, 1), b.dice.uniform(-1, 1)
    return b.finish(T_map_room, ambient)


def _stand(b: RoomBuilder, item: Item, x: float, y: float, yaw: float = 0.0) -> Item:
    b.occupied.append(footprint(item, x, y, yaw))
    return b.add(item, x, y, 0.0, yaw)


def _wall(
    b: RoomBuilder, item: Item, wall: int, along: float, z: float = 0.0, relation: str = "floor"
) -> Item:
    placed = put_at_wall(b, item, walls=(wall,), along=along, z=z, tries=1, relation=relation)
    return _checked(item, placed)


def _on(b: RoomBuilder, item: Item, parent: Item, x: float, y: float, *, level: int = 0) -> Item:
    surface = parent.surfaces[level]
    return _checked(item, put_on(b, item, parent, surface=surface, at=(x, y), turn=0.0, tries=1))


def _checked(item: Item, placed: bool) -> Item:
    if not placed:
        raise RuntimeError(f"the example has no place for its {item.category}")
    return item


def living_room(seed: int = 0) -> Room:
    """Dense and object captioning: the L-shaped grey sofa and what is around it.

    Two yellow cushions on the sofa; before it a dark rectangular wooden coffee table with a remote
    control and, right of that, a white mug; a white tv cabinet with a large black tv at the wall;
    a green broad-leaved plant in the corner by the window.
    """
    b = _start(1, seed, "living room", 5.2, 5.0)
    size = (2.3, 1.55, 0.8)
    sofa = b.sample("sofa", color="grey", shape="L-shaped", material="fabric", size=size)
    _stand(b, sofa, -0.2, 0.8)
    spot = sofa.surfaces[0]
    for u in (-0.5, 0.5):
        cushion = b.sample("cushion", color="yellow")
        at = u * (spot.w - cushion.w), (spot.d - cushion.d) / 2
        _checked(cushion, put_on(b, cushion, sofa, surface=spot, at=at, turn=0.0, tries=1))
    table = b.sample(
        *("coffee table",), color="dark brown", shape="rectangular", material="wood",
        size=(1.1, 0.6, 0.42),
    )  # fmt: skip
    _stand(b, table, -0.2, -0.8)
    _on(b, b.sample("remote control", color="black"), table, -0.1, 0.0)
    mug = b.sample("mug", color="white", material="ceramic", states={"pose": "upright"})
    _on(b, mug, table, 0.2, 0.0)
    cabinet = _wall(b, b.sample("tv cabinet", color="white", size=(1.7, 0.42, 0.5)), FRONT, 0.2)
    tv = b.sample("tv", color="black", states={"power": "off"}, size=(1.35, 0.2, 0.8))
    _on(b, tv, cabinet, 0.0, 0.0)
    _wall(b, b.sample("window", states={"opening": "closed"}), BACK, 1.3, 0.95, "wall")
    plant = b.sample("plant", shape="broad-leaved", size=(0.6, 0.6, 1.1))
    _stand(b, plant, 2.2, 2.1)
    _wall(b, b.sample("door", states={"opening": "closed"}), LEFT, 1.5, 0.0, "wall")
    return _finish(b)


def bookshelf_room(seed: int = 0) -> Room:
    """Grounding: a blue book on the top shelf, a red one beside it, another blue one lower."""
    b = _start(2, seed, "study", 3.6, 3.4)
    shelf = b.sample("bookshelf", shape="wide", material="wood", size=(1.2, 0.32, 1.6))
    _wall(b, shelf, BACK, 0.0)
    top, lower = shelf.surfaces[0], shelf.surfaces[2]
    for surface, color in ((top, "blue"), (top, "red"), (lower, "blue"), (lower, "green")):
        done = any(put_standing_book(b, shelf, surface, color) for _ in range(20))
        _checked(shelf, done)
    _stand(b, b.sample("armchair"), 1.1, -0.9, 0.4)
    _wall(b, b.sample("door", states={"opening": "closed"}), FRONT, -1.0, 0.0, "wall")
    return _finish(b)


def dining_kitchen(seed: int = 0) -> Room:
    """Question answering: four chairs around the dining table, a silver fridge, a microwave.

    The microwave stands on the counter.
    """
    b = _start(3, seed, "kitchen", 4.6, 4.2)
    _kitchen_row(b)
    _stand(b, b.sample("fridge", color="silver", states={"opening": "closed"}), 1.9, 1.72)
    table = b.sample("dining table", shape="rectangular", size=(1.5, 0.85, 0.75))
    _stand(b, table, 0.0, -0.5)
    chairs = seats_around(b, table, 4)
    if len(chairs) != 4:
        raise RuntimeError("the example has no place for its four chairs")
    _wall(b, b.sample("window", states={"opening": "closed"}), LEFT, -0.5, 0.95, "wall")
    return _finish(b)


def _kitchen_row(b: RoomBuilder, *, microwave: bool = True) -> Item:
    """Two base cabinets with a worktop at the back wall; gives the worktop."""
    cabinet = b.sample("cabinet", states={"opening": "closed"}, size=(2.0, 0.6, 0.86))
    _wall(b, cabinet, BACK, -0.6)
    counter = b.sample("counter", size=(2.0, 0.62, 0.05))
    b.add(
        *(counter, *cabinet.to_room(0.0, -0.005), cabinet.h, cabinet.yaw),
        parent=cabinet,
        relation="on",
    )
    if microwave:
        _on(b, b.sample("microwave", states={"opening": "closed"}), counter, -0.6, 0.02)
    return counter


def desk_room(seed: int = 0) -> Room:
    """Dialogue: a desk with a black lamp on its left side, and the lamp is on."""
    b = _start(4, seed, "study", 3.6, 3.2)
    desk = b.sample("desk", size=(1.5, 0.7, 0.75))
    _wall(b, desk, BACK, 0.0)
    lamp = b.sample("lamp", color="black", states={"power": "on"})
    _on(b, lamp, desk, -0.55, 0.05)
    _on(b, b.sample("laptop", states={"opening": "open", "power": "off"}), desk, 0.1, 0.0)
    chair = b.sample("office chair")
    _stand(b, chair, 0.1, desk.y - desk.d / 2 - 0.2, math.pi)
    _wall(b, b.sample("door", states={"opening": "closed"}), RIGHT, 0.8, 0.0, "wall")
    return _finish(b)


def bedroom(seed: int = 0) -> Room:
    """Reasoning: a messy bed, an open book on the floor, the bedside lamp on."""
    b = _start(5, seed, "bedroom", 4.0, 3.8)
    bed = b.sample("bed", states={"bedding": "messy"}, size=(1.6, 2.05, 0.95))
    _wall(b, bed, BACK, 0.0)
    pillow = b.sample("pillow", color="white")
    _on(b, pillow, bed, -0.3, 0.0)
    stand = b.sample("nightstand", size=(0.45, 0.4, 0.52))
    _stand(b, stand, 1.12, bed.y + bed.d / 2 - 0.22)
    _on(b, b.sample("lamp", shape="with shade", states={"power": "on"}), stand, 0.0, 0.0)
    book = b.sample("book", shape="lying", states={"opening": "open"})
    _stand(b, book, 1.2, 0.1, 0.4)
    _wall(b, b.sample("wardrobe", states={"opening": "closed"}), LEFT, -0.9)
    _wall(b, b.sample("door", states={"opening": "closed"}), FRONT, -1.2, 0.0, "wall")
    return _finish(b)


def spill_room(seed: int = 0) -> Room:
    """Reasoning: water on the floor beside a tipped cup."""
    b = _start(6, seed, "dining room", 4.0, 3.8)
    table = b.sample("dining table", shape="rectangular", size=(1.4, 0.85, 0.75))
    _stand(b, table, 0.0, 0.5)
    seats_around(b, table, 2)
    puddle = b.sample("puddle", size=(0.6, 0.5, 0.018))
    _stand(b, puddle, 0.9, -0.9)
    b.add(b.sample("cup", states={"pose": "tipped"}), 1.12, -0.78, 0.0, 0.7)
    _wall(b, b.sample("cabinet", states={"opening": "closed"}), LEFT, 0.0)
    _wall(b, b.sample("window", states={"opening": "closed"}), BACK, 0.0, 0.95, "wall")
    return _finish(b)


def coffee_kitchen(seed: int = 0) -> Room:
    """Planning: a coffee machine, mugs in a closed cupboard, a coffee table by a sofa."""
    b = _start(7, seed, "kitchen", 5.0, 5.0)
    counter = _kitchen_row(b, microwave=False)
    _on(b, b.sample("coffee machine"), counter, 0.5, 0.05)
    cupboard = b.sample("cupboard", states={"opening": "closed"}, size=(0.9, 0.36, 0.6))
    _wall(b, cupboard, BACK, -1.1, 1.45, "wall")
    for x in (-0.15, 0.1):
        place = cupboard.surfaces[0]
        place.x, place.w = 0.0, cupboard.w - 0.1
        mug = b.sample("mug", color="white", states={"pose": "upright"})
        _on(b, mug, cupboard, x, 0.0)
    _wall(b, b.sample("fridge", states={"opening": "closed"}), BACK, 1.2)
    table = b.sample("coffee table", shape="rectangular", size=(1.0, 0.55, 0.42))
    _stand(b, table, 0.2, -0.7)
    sofa = b.sample("sofa", shape="straight", size=(1.9, 0.9, 0.8))
    _stand(b, sofa, 0.2, -1.75, math.pi)
    put_cushion(b, sofa)
    return _finish(b)


EXAMPLES = (
    living_room,
    bookshelf_room,
    dining_kitchen,
    desk_room,
    bedroom,
    spill_room,
    coffee_kitchen,
)
