"""What rooms of meshes hold beside all rooms' furniture: more of it, clutter, strange things."""

from __future__ import annotations

import math

from r1_training.synthetic.household.builder import HouseholdBuilder
from r1_training.synthetic.household.catalog import ADDED, VOCABULARY
from r1_training.synthetic.household.motifs import MOTIFS
from r1_training.synthetic.household.words import UNKNOWN_OBJECT
from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.clutter import small as primitive_small
from r1_training.synthetic.rooms.item_builder import Item
from r1_training.synthetic.rooms.placement import put_at_wall, put_on, put_on_floor, put_under
from r1_training.synthetic.rooms.structure import walls_of

LEAST_SMALL, LEAST_UNKNOWN = 6, 3
MOST_OBJECTS = 60  # a batch's tables have 64 rows

# chance of each in a room of the type; (place, category, chance)
_AT_WALL = (
    ("living room", {"piano": 0.15, "fireplace": 0.25, "bench": 0.1, "chest": 0.15}),
    ("bedroom", {"crib": 0.12, "bunk bed": 0.1, "chest": 0.2, "bench": 0.12, "clothes rack": 0.2}),
    ("kitchen", {"oven": 0.35, "bench": 0.1, "water cooler": 0.1}),
    ("dining room", {"fireplace": 0.15, "bench": 0.15, "piano": 0.08, "chest": 0.1}),
    ("study", {"filing cabinet": 0.35, "safe": 0.15, "whiteboard": 0.2, "piano": 0.08}),
    ("office", {"filing cabinet": 0.5, "whiteboard": 0.45, "water cooler": 0.35, "safe": 0.12}),
    ("bathroom", {"shower": 0.5, "bidet": 0.2}),
)
_ON_FLOOR = (
    ("living room", {"ottoman": 0.3, "exercise machine": 0.06}),
    ("bedroom", {"ottoman": 0.2, "suitcase": 0.25, "exercise machine": 0.08, "ladder": 0.04}),
    ("study", {"ottoman": 0.1, "ladder": 0.1, "suitcase": 0.08, "exercise machine": 0.06}),
    ("office", {"ladder": 0.08, "suitcase": 0.08}),
    ("kitchen", {"ladder": 0.06}),
)
_LITTER: tuple[str, ...] = (
    "shoes",
    "toy",
    "bag",
    "teddy bear",
    "box",
    "ball",
    "backpack",
    "basket",
    "trash can",
)
_LITTER += ("umbrella", "book", "plant")
_PLACED = {"tv", "monitor", "keyboard", "pillow", "cushion", "counter"}


def _small_on() -> dict[str, tuple[str, ...]]:
    """Category of furniture -> what may stand on it."""
    found: dict[str, list[str]] = {}
    for name, spec in VOCABULARY.items():
        loose = spec.kind == "small" or name == "plant"
        if loose and name not in _PLACED and name != UNKNOWN_OBJECT:
            for parent in spec.parents:
                found.setdefault(parent, []).append(name)
    return {parent: tuple(names) for parent, names in found.items()}


_SMALL_ON = _small_on()


def add_furniture(b: HouseholdBuilder) -> None:
    """Furniture that only meshes have."""
    dice = b.dice
    for kind, table in _AT_WALL:
        for category, chance in table.items() if kind == b.room_type else ():
            if dice.chance(chance) and b.pack.choices(category, b.split):
                put_at_wall(b, b.sample(category), walls=walls_of(b), aisle=0.4)
    for kind, table in _ON_FLOOR:
        for category, chance in table.items() if kind == b.room_type else ():
            if dice.chance(chance) and b.pack.choices(category, b.split):
                put_on_floor(b, b.sample(category), turn=False)


def decorate(b: HouseholdBuilder) -> None:
    """Sockets, switches, lamps and the like on the walls and at the ceiling."""
    dice, walls = b.dice, walls_of(b)

    def hang(category: str, z: float, chance: float) -> None:
        if dice.chance(chance) and b.pack.choices(category, b.split):
            item = b.sample(category)
            top = min(z, b.height - item.h - 0.05)
            put_at_wall(b, item, walls=walls, z=top, gap=0.0, tries=5, relation="wall")

    for _ in range(dice.integer(0, 3)):
        hang("socket", dice.uniform(0.2, 0.4), 0.8)
    hang("light switch", dice.uniform(1.0, 1.2), 0.6)
    hang("wall lamp", dice.uniform(1.5, 1.8), 0.15)
    hang("air conditioner", b.height - 0.45, 0.15)
    if b.room_type == "bathroom":
        hang("towel rack", dice.uniform(0.9, 1.3), 0.5)
    if b.room_type == "kitchen":
        hang("range hood", dice.uniform(1.5, 1.7), 0.3)
    if dice.chance(0.25):
        hang("blind", dice.uniform(0.9, 1.1), 0.5)
    if dice.chance(0.5) and b.pack.choices("ceiling lamp", b.split):
        lamp = b.sample("ceiling lamp")
        lamp.h = min(lamp.h, b.height - 1.9)
        x, y = b.width * dice.uniform(-0.15, 0.15), b.depth * dice.uniform(-0.15, 0.15)
        b.add(lamp, x, y, b.height - lamp.h, dice.uniform(-math.pi, math.pi), relation="wall")


def litter(b: HouseholdBuilder, count: int) -> None:
    """Things on the floor, some of them under tables."""
    for _ in range(count):
        name = b.dice.pick(_LITTER)
        if name in ADDED and not b.pack.choices(name, b.split):
            continue
        item = b.sample(name, shape="lying" if name == "book" else None)
        tables = [t for t in b.items if t.category in ("dining table", "desk", "table")]
        hides = tables and name != "plant" and b.dice.chance(0.25)
        if not (hides and put_under(b, item, b.dice.pick(tables))):
            put_on_floor(b, item)


def clutter(b: HouseholdBuilder, count: int) -> int:
    """Up to `count` small things on whatever they may stand on; how many found a place."""
    dice = b.dice
    placed = 0
    for _ in range(4 * count):
        hosts = [i for i in b.items if i.surfaces and i.category in _SMALL_ON]
        if not hosts or placed >= count or len(b.items) >= MOST_OBJECTS - LEAST_UNKNOWN:
            break
        wide = {i: sum(s.w * s.d for s in host.surfaces) for i, host in enumerate(hosts)}
        host = hosts[dice.weighted(wide)]
        name = dice.pick(_SMALL_ON[host.category])
        if name in ADDED and not b.pack.choices(name, b.split):
            continue
        repeat = dice.integer(2, 3) if dice.chance(0.2) and VOCABULARY[name].graspable else 1
        like = None
        for _ in range(repeat):
            item = primitive_small(b, name, like) if name in CATEGORIES else b.sample(name)
            turn = dice.uniform(-math.pi, math.pi) if dice.chance(0.4) else None
            if placed < count and put_on(b, item, host, turn=turn):
                placed += 1
                like = item if dice.chance(0.5) and name in CATEGORIES else None
    return placed


def strange_things(b: HouseholdBuilder, count: int) -> int:
    """Things that the vocabulary has no word for, on furniture and on the floor."""
    dice = b.dice
    numbers = b.pack.choices(UNKNOWN_OBJECT, b.split)
    placed = 0
    for _ in range(6 * count):
        if placed >= count or not numbers:
            break
        item = b.sample(UNKNOWN_OBJECT)
        hosts = [i for i in b.items if i.surfaces and VOCABULARY[i.category].kind == "furniture"]
        if max(item.w, item.d, item.h) > 0.45 or not hosts:
            placed += put_on_floor(b, item, tries=6)
        else:
            placed += put_on(b, item, dice.pick(hosts), turn=dice.uniform(-math.pi, math.pi))
    return placed


def count_small(items: list[Item]) -> int:
    """Small things that stand on or in something."""
    return sum(VOCABULARY[i.category].kind == "small" and i.parent is not None for i in items)


_LABELLED = {"box": 0.7, "book": 0.4, "filing cabinet": 0.6, "fridge": 0.4, "safe": 0.4}
_LABELLED |= {"chest": 0.3, "cabinet": 0.15, "wardrobe": 0.1, "tablet": 0.5, "magazine": 0.5}
_PAPERS = ((0.95, 0.95, 0.9), (0.95, 0.85, 0.35), (0.6, 0.85, 0.95), (0.95, 0.7, 0.7))


def label_things(b: HouseholdBuilder) -> None:
    """Motifs and digits on boxes, books, doors of cabinets: what only a camera can read."""
    dice = b.dice
    for item in list(b.items):
        if item.shape == "standing" or not dice.chance(_LABELLED.get(item.category, 0.0)):
            continue
        if item.states.get("opening") != "open":
            b.print_on(item, dice.pick(tuple(MOTIFS)), dice.pick(_PAPERS))


def hang_pictures(b: HouseholdBuilder) -> None:
    """Pictures that show something."""
    for _ in range(b.dice.integer(0, 2)):
        motif = b.dice.pick(tuple(MOTIFS)[:10])
        picture = b.picture(motif)
        z = min(b.dice.uniform(1.2, 1.6), b.height - picture.h - 0.05)
        if put_at_wall(b, picture, walls=walls_of(b), z=z, gap=0.0, tries=6, relation="wall"):
            b.motifs[picture.id] = motif
