"""Small things, wall decoration and accidents: what makes two rooms of a kind differ."""

from __future__ import annotations

import math

from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.item_builder import Item
from r1_training.synthetic.rooms.placement import put_at_wall, put_on, put_on_floor, put_under
from r1_training.synthetic.rooms.room_builder import RoomBuilder
from r1_training.synthetic.rooms.structure import walls_of

_ON_FLOOR = ("box", "ball", "backpack", "basket", "trash can", "book", "magazine", "plant")
_UNDER = ("dining table", "table", "desk")
# large things that layouts put in their own places
_PLACED = {"tv", "monitor", "keyboard", "pillow", "cushion"}


def decorate_walls(b: RoomBuilder) -> None:
    """Pictures, a clock, a mirror, a radiator."""
    dice = b.dice
    for category, chance in (
        *(("picture", 0.6), ("picture", 0.4), ("clock", 0.35), ("mirror", 0.15)),
        *(("radiator", 0.25), ("curtain", 0.05)),
    ):
        if not dice.chance(chance):
            continue
        item = b.sample(category)
        z = 0.08 if category == "radiator" else dice.uniform(1.25, 1.6)
        z = min(z, b.height - item.h - 0.05)
        put_at_wall(b, item, walls=walls_of(b), z=z, gap=0.0, tries=5, relation="wall")


def scatter_small(b: RoomBuilder, count: int) -> None:
    """Up to `count` small things on surfaces that suit them; often several of a kind."""
    dice = b.dice
    hosts: dict[str, list[Item]] = {}
    for item in b.items:
        if item.surfaces:
            hosts.setdefault(item.category, []).append(item)
    possible = {
        name: [p for p in spec.parents if p in hosts]
        for name, spec in CATEGORIES.items()
        if spec.parents and name not in _PLACED and name != "counter"
    }
    names = [name for name, parents in possible.items() if parents]
    placed = 0
    while names and placed < count:
        name = dice.pick(names)
        host = dice.pick(hosts[dice.pick(possible[name])])
        repeat = dice.integer(2, 3) if dice.chance(0.25) and CATEGORIES[name].graspable else 1
        like = None
        for _ in range(repeat):
            item = small(b, name, like)
            if put_on(b, item, host):
                like = item if dice.chance(0.5) else None
                if item.surfaces and CATEGORIES[name].supports:
                    hosts.setdefault(name, []).append(item)
            placed += 1


def small(b: RoomBuilder, name: str, like: Item | None = None) -> Item:
    """A small thing in a form that stands on furniture."""
    item = b.sample(name, like=like)
    if name == "book":
        item.shape = "lying"
    elif name == "plant":
        item.h, item.w, item.d = (b.dice.uniform(0.28, 0.5), *(2 * (b.dice.uniform(0.2, 0.32),)))
    elif name == "box":
        item.w, item.d, item.h = (
            min(v, m) for v, m in ((item.w, 0.4), (item.d, 0.32), (item.h, 0.3))
        )
    return item


def scatter_floor(b: RoomBuilder, count: int) -> None:
    """Things that lie on the floor, some of them under tables."""
    for _ in range(count):
        name = b.dice.pick(_ON_FLOOR)
        item = b.sample(name, shape="lying" if name == "book" else None)
        tables = [t for t in b.items if t.category in _UNDER and t.shape != "round"]
        hides = tables and name not in ("plant", "magazine") and b.dice.chance(0.3)
        if not (hides and put_under(b, item, b.dice.pick(tables))):
            put_on_floor(b, item)


def spill(b: RoomBuilder) -> None:
    """A puddle with the tipped cup, mug or bottle that it came from."""
    puddle = b.sample("puddle")
    if not put_on_floor(b, puddle):
        return
    vessel = b.sample(b.dice.pick(("cup", "mug", "bottle")), states={"pose": "tipped"})
    angle = b.dice.uniform(-math.pi, math.pi)
    x, y = puddle.to_room(puddle.w * 0.4 * math.cos(angle), puddle.d * 0.4 * math.sin(angle))
    b.add(vessel, x, y, 0.0, b.dice.uniform(-math.pi, math.pi))
