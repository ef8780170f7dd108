"""Furniture of the seven room types, in plausible groups."""

from __future__ import annotations

import math

from r1_training.synthetic.rooms.item_builder import Item, Surface
from r1_training.synthetic.rooms.placement import (
    footprint,
    put_at_wall,
    put_on,
    put_on_floor,
    put_under,
    seats_around,
    wall_length,
    wall_place,
)
from r1_training.synthetic.rooms.room_builder import RoomBuilder
from r1_training.synthetic.rooms.structure import walls_of


def sofa_group(b: RoomBuilder) -> None:
    """Sofa, coffee table before it, a rug below, the television opposite."""
    dice = b.dice
    sofa = b.sample("sofa")
    wall = dice.pick(walls_of(b))
    room = b.depth if wall % 2 == 0 else b.width
    away = dice.uniform(0.6, 1.2) if room > 4.6 and dice.chance(0.4) else 0.02
    if not put_at_wall(b, sofa, walls=(wall,), gap=away, tries=8):
        return
    table = b.sample("coffee table")
    clearance = dice.uniform(0.28, 0.45)
    out = sofa.d / 2 + clearance + table.d / 2
    tx, ty = sofa.to_room(dice.uniform(-0.2, 0.2), -out)
    box = footprint(table, tx, ty, sofa.yaw)
    if b.is_free(box):
        b.occupied.append(box)
        b.add(table, tx, ty, 0.0, sofa.yaw + dice.normal(0.04))
        if dice.chance(0.55):
            rug = b.sample("rug")
            b.add(rug, *sofa.to_room(0, -out * 0.9), 0.0, sofa.yaw)
    if dice.chance(0.8):
        tv_group(b, ((wall + 2) % 4,))
    for _ in range(dice.integer(0, 2)):
        armchair = b.sample("armchair")
        x, y = sofa.to_room(dice.pick((-1, 1)) * (sofa.w / 2 + 0.5), -1.5)
        put_on_floor(b, armchair, near=(x, y), turn=False)
    for _ in range(dice.integer(0, 3)):
        put_cushion(b, sofa)
    for armchair in [i for i in b.items if i.category == "armchair"]:
        if dice.chance(0.3):
            put_cushion(b, armchair)


def put_cushion(b: RoomBuilder, seat: Item, color: str | None = None) -> bool:
    """A cushion that leans against the back of a sofa, armchair or bed."""
    cushion = b.sample("cushion", color=color)
    surface = seat.surfaces[0]
    spare = (surface.w - cushion.w) / 2
    if spare < 0:
        return False
    v = surface.d / 2 - cushion.d / 2
    for _ in range(6):
        if put_on(
            *(b, cushion, seat),
            surface=surface,
            at=(b.dice.uniform(-spare, spare), v),
            turn=b.dice.normal(0.06),
            tries=1,
        ):
            return True
    return False


def tv_group(b: RoomBuilder, walls: tuple[int, ...] | None = None) -> None:
    """A tv cabinet with a television on it."""
    cabinet = b.sample("tv cabinet")
    walls = tuple(w for w in walls or walls_of(b) if w in walls_of(b)) or walls_of(b)
    if put_at_wall(b, cabinet, walls=walls, aisle=0.3):
        tv = b.sample("tv")
        tv.w = min(tv.w, cabinet.w)
        put_on(b, tv, cabinet, at=(b.dice.uniform(-0.05, 0.05), 0.0), turn=0.0)


def desk_group(b: RoomBuilder, seat: str = "office chair") -> Item | None:
    """A desk at a wall with its seat, lamp and computer."""
    dice = b.dice
    desk = b.sample("desk")
    if not put_at_wall(b, desk, walls=walls_of(b), aisle=0.5):
        return None
    chair = b.sample(seat)
    x, y = desk.to_room(dice.uniform(-0.15, 0.15), -desk.d / 2 - dice.uniform(0.05, 0.25))
    yaw = desk.yaw + math.pi + dice.normal(0.25)
    if dice.chance(0.85):
        b.occupied.append(footprint(chair, x, y, yaw))
        b.add(chair, x, y, 0.0, yaw)
    if dice.chance(0.65):
        lamp = b.sample("lamp")
        side = dice.pick((-1, 1)) * (desk.w / 2 - 0.22)
        put_on(b, lamp, desk, at=(side, 0.08), turn=dice.normal(0.2))
    if dice.chance(0.6):
        monitor = b.sample("monitor")
        put_on(b, monitor, desk, at=(dice.uniform(-0.1, 0.1), desk.d * 0.2), turn=0.0)
        if dice.chance(0.7):
            put_on(b, b.sample("keyboard"), desk, at=(0.0, -desk.d * 0.22), turn=0.0)
    elif dice.chance(0.8):
        put_on(b, b.sample("laptop"), desk, at=(dice.uniform(-0.1, 0.1), -0.05), turn=0.0)
    if dice.chance(0.35):
        put_under(b, b.sample(dice.pick(("trash can", "box", "basket", "backpack"))), desk)
    return desk


def dining_group(b: RoomBuilder, seats: int | None = None) -> Item | None:
    """A dining table with chairs around it."""
    dice = b.dice
    table = b.sample("dining table")
    if table.shape != "rectangular":
        table.w = table.d = dice.uniform(0.85, 1.2)
    margin = 0.55
    for _ in range(12):
        yaw = dice.pick((0.0, math.pi / 2)) + dice.normal(0.03)
        box = footprint(table, 0, 0, yaw)
        rx, ry = b.width / 2 - box[3] - margin, b.depth / 2 - box[4] - margin
        if rx < 0 or ry < 0:
            margin = 0.3
            continue
        x, y = dice.uniform(-rx, rx), dice.uniform(-ry, ry)
        box = footprint(table, x, y, yaw)
        if b.is_free(box, aisle=True):
            b.occupied.append(box)
            b.add(table, x, y, 0.0, yaw)
            if dice.chance(0.3):
                rug = b.sample("rug")
                if min(rug.w, rug.d) < min(b.width, b.depth) - 0.4:
                    b.add(rug, x * 0.8, y * 0.8, 0.0, 0.0)
            seats_around(b, table, seats or dice.integer(2, 6), "chair")
            if dice.chance(0.2):
                put_under(b, b.sample(dice.pick(("ball", "box", "basket"))), table)
            return table
    return None


def bed_group(b: RoomBuilder) -> Item | None:
    """A bed with its head at a wall, pillows, nightstands with lamps."""
    dice = b.dice
    reading = dice.chance(0.3)  # somebody was: what one can tell from it is asked about
    bed = b.sample("bed", states={"bedding": "messy"} if reading else None)
    bed.w = dice.uniform(0.95, 1.15) if bed.shape == "single" else dice.uniform(1.5, 1.9)
    if not put_at_wall(b, bed, walls=walls_of(b), aisle=0.3, tries=16):
        return None
    surface = bed.surfaces[0]
    pillows = 1 if bed.shape == "single" else dice.integer(1, 2)
    model = b.sample("pillow")
    for k in range(pillows):
        u = 0.0 if pillows == 1 else (k - 0.5) * bed.w * 0.5
        turn = dice.normal(0.05 if bed.states["bedding"] == "made" else 0.35)
        put_on(
            b,
            b.sample("pillow", like=model),
            bed,
            surface=surface,
            at=(u, 0.04),
            turn=turn,
            tries=1,
        )
    if dice.chance(0.25):
        put_on(b, b.sample("cushion"), bed, surface=surface, at=(0.0, -0.18), turn=0.0, tries=1)
    stand = b.sample("nightstand")
    for side in dice.shuffled((-1, 1))[: dice.integer(1, 2)]:
        item = b.sample("nightstand", like=stand)
        x, y = bed.to_room(side * (bed.w / 2 + item.w / 2 + 0.06), bed.d / 2 - item.d / 2)
        box = footprint(item, x, y, bed.yaw)
        if b.is_free(box):
            b.occupied.append(box)
            b.add(item, x, y, 0.0, bed.yaw)
            if dice.chance(0.75):
                lamp = b.sample("lamp", states={"power": "on"} if reading else None)
                put_on(b, lamp, item, at=(0.0, 0.03), turn=0.0)
    if reading:
        book = b.sample("book", shape="lying", states={"opening": "open"})
        if dice.chance(0.5):
            put_on_floor(b, book)
        else:
            put_on(b, book, bed, surface=surface)
    return bed


def kitchen_row(b: RoomBuilder, wall: int, *, with_stove: bool = True) -> None:
    """Base cabinets under worktops, a stove between them, fridge at one end, cupboards above."""
    dice = b.dice
    model = b.sample("cabinet", states={"opening": "closed"})
    model.h, model.d = dice.uniform(0.8, 0.88), dice.uniform(0.56, 0.62)
    top = b.sample("counter")
    fridge, stove = b.sample("fridge"), b.sample("stove")
    length = wall_length(b, wall) - 0.04
    left = -length / 2 + (0.0 if dice.chance(0.6) else dice.uniform(0.0, 0.4))
    end = length / 2 - dice.uniform(0.0, 0.3)
    parts: list[str] = ["cabinet"]
    if with_stove and dice.chance(0.8):
        parts += ["stove", "cabinet"]
    if dice.chance(0.75):
        parts.insert(dice.pick((0, len(parts))), "fridge")
    fixed = sum({"stove": stove.w, "fridge": fridge.w + 0.03}.get(p, 0.0) for p in parts)
    cabinets = parts.count("cabinet")
    each = min((end - left - fixed) / cabinets, 2.1)
    if each < 0.6:
        parts, each = ["cabinet"], min(end - left, 2.1)
    tops: list[Item] = []
    for part in parts:
        if part == "cabinet":
            item = b.sample("cabinet", like=model)
            item.w = each
            if dice.chance(0.25):
                item.states["opening"] = "open"
        else:
            item = stove if part == "stove" else fridge
        step = item.w + (0.03 if part == "fridge" else 0.004)
        middle = left + item.w / 2
        ok = put_at_wall(b, item, walls=(wall,), along=middle, aisle=0.5, tries=1)
        if ok and part == "cabinet":
            slab = b.sample("counter", like=top)
            slab.w, slab.d = item.w, item.d + 0.015
            tops.append(_cover(b, slab, item))
        left += step
    if tops and dice.chance(0.7):
        sink = b.sample("sink")
        sink.h, sink.d = dice.uniform(0.1, 0.14), min(sink.d, 0.44)
        put_on(b, sink, dice.pick(tops), turn=0.0)
    for slab in tops:
        if dice.chance(0.75):
            cupboard_above(b, wall, slab)
    for category in dice.shuffled(("microwave", "coffee machine", "kettle", "toaster")):
        if tops and dice.chance(0.6):
            put_on(b, b.sample(category), dice.pick(tops), turn=dice.normal(0.06))
    if fridge.surfaces and dice.chance(0.12):
        put_on(b, b.sample("microwave"), fridge, surface=fridge.surfaces[0], turn=0.0)


def _cover(b: RoomBuilder, slab: Item, cabinet: Item) -> Item:
    cabinet.surfaces[0].taken.append((0.0, 0.0, cabinet.w, cabinet.d))
    x, y = cabinet.to_room(0.0, -0.005)
    return b.add(slab, x, y, cabinet.h, cabinet.yaw, parent=cabinet, relation="on")


def cupboard_above(b: RoomBuilder, wall: int, slab: Item) -> Item | None:
    """A wall cupboard over a worktop, with dishes in it."""
    cupboard = b.sample("cupboard")
    cupboard.w = min(cupboard.w, slab.w)
    cupboard.h = min(cupboard.h, b.height - 1.45)
    _, along = wall_place(slab)
    z = b.dice.uniform(1.38, max(1.39, b.height - cupboard.h - 0.05))
    if not put_at_wall(
        *(b, cupboard), walls=(wall,), along=along, z=z, gap=0.0, tries=1, relation="wall"
    ):
        return None
    for _ in range(b.dice.integer(1, 3)):
        category = b.dice.pick(("mug", "mug", "cup", "bowl", "bottle"))
        states = {} if category == "bowl" else {"pose": "upright"}
        put_on(b, b.sample(category, states=states), cupboard)
    return cupboard


def shelf(b: RoomBuilder) -> Item | None:
    """A bookshelf with books and other things on its levels."""
    dice = b.dice
    item = b.sample("bookshelf")
    if item.shape == "narrow":
        item.w = dice.uniform(0.6, 0.8)
    if not put_at_wall(b, item, walls=walls_of(b), aisle=0.45):
        return None
    for surface in item.surfaces:
        if surface.z > 1.75:
            continue
        for _ in range(dice.weighted({0: 3, 1: 3, 2: 2, 3: 1})):
            if dice.chance(0.72):
                put_standing_book(b, item, surface)
            else:
                category = dice.pick(("vase", "box", "plant", "speaker", "clock"))
                if category in ("vase", "speaker", "box"):
                    thing = b.sample(
                        category, states={"opening": "closed"} if category == "box" else None
                    )
                    thing.w, thing.d = min(thing.w, 0.3), min(thing.d, surface.d)
                    thing.h = min(thing.h, surface.clear)
                    put_on(b, thing, item, surface=surface, turn=0.0)
    return item


def put_standing_book(
    b: RoomBuilder, item: Item, surface: Surface, color: str | None = None
) -> bool:
    """A book that stands on a shelf with its spine to the front."""
    book = b.sample("book", color=color, shape="standing", states={"opening": "closed"})
    book.h = b.dice.uniform(0.04, 0.07)
    book.w = min(book.w, surface.d)
    return put_on(b, book, item, surface=surface, turn=0.0)


def cupboard_group(b: RoomBuilder, category: str) -> Item | None:
    """Wardrobe, cabinet or dresser at a wall."""
    item = b.sample(category)
    aisle = 0.75 if item.states["opening"] == "open" else 0.4
    return item if put_at_wall(b, item, walls=walls_of(b), aisle=aisle) else None


def living_room(b: RoomBuilder) -> None:
    """Sofa group and what goes with it."""
    sofa_group(b)
    if b.dice.chance(0.55):
        shelf(b)
    if b.dice.chance(0.4):
        cupboard_group(b, "cabinet")
    if b.dice.chance(0.25) and b.width * b.depth > 20:
        dining_group(b)
    for category in ("floor lamp", "plant", "table", "stool"):
        if b.dice.chance(0.45):
            put_on_floor(b, b.sample(category), corner=category != "stool", turn=False)


def bedroom(b: RoomBuilder) -> None:
    """Bed group, wardrobe, dresser, perhaps a desk."""
    bed = bed_group(b)
    if b.dice.chance(0.75):
        cupboard_group(b, "wardrobe")
    if b.dice.chance(0.5):
        cupboard_group(b, "dresser")
    if b.dice.chance(0.35):
        desk_group(b, b.dice.pick(("office chair", "chair")))
    if b.dice.chance(0.25):
        shelf(b)
    if bed is not None and b.dice.chance(0.4):
        rug = b.sample("rug")
        b.add(rug, *bed.to_room(0, -0.7), 0.0, bed.yaw)
    for category in ("armchair", "floor lamp", "plant", "table", "stool"):
        if b.dice.chance(0.25):
            put_on_floor(b, b.sample(category), corner=True, turn=False)


def kitchen(b: RoomBuilder) -> None:
    """One or two rows of cabinets and a table."""
    walls = b.dice.shuffled(walls_of(b))
    kitchen_row(b, walls[0])
    if b.dice.chance(0.4):
        kitchen_row(b, walls[1], with_stove=False)
    if b.dice.chance(0.85):
        dining_group(b)
    if b.dice.chance(0.2):
        put_at_wall(b, b.sample("washing machine"), walls=walls_of(b), aisle=0.6)
    if b.dice.chance(0.3):
        sofa_group(b)
    if b.dice.chance(0.3):
        put_on_floor(b, b.sample(b.dice.pick(("stool", "plant"))), corner=True)


def dining_room(b: RoomBuilder) -> None:
    """A dining table in the middle, storage at the walls."""
    dining_group(b, b.dice.integer(2, 8))
    for category in ("cabinet", "dresser"):
        if b.dice.chance(0.5):
            cupboard_group(b, category)
    if b.dice.chance(0.3):
        kitchen_row(b, b.dice.pick(walls_of(b)))
    elif b.dice.chance(0.35):
        put_at_wall(b, b.sample("fridge"), walls=walls_of(b), aisle=0.6)
    if b.dice.chance(0.2):
        tv_group(b)
    for category in ("floor lamp", "plant", "plant", "armchair", "table"):
        if b.dice.chance(0.35):
            put_on_floor(b, b.sample(category), corner=True, turn=False)


def study(b: RoomBuilder) -> None:
    """A desk and books."""
    desk_group(b)
    for _ in range(b.dice.integer(1, 3)):
        shelf(b)
    if b.dice.chance(0.4):
        put_on_floor(b, b.sample("armchair"), corner=True, turn=False)
    if b.dice.chance(0.3):
        cupboard_group(b, "cabinet")
    if b.dice.chance(0.3):
        sofa_group(b)
    for category in ("floor lamp", "plant", "table", "table", "stool"):
        if b.dice.chance(0.35):
            put_on_floor(b, b.sample(category), corner=True, turn=False)


def bathroom(b: RoomBuilder) -> None:
    """Toilet, sink with a mirror, bathtub, perhaps a washing machine."""
    dice = b.dice
    put_at_wall(b, b.sample("bathtub"), walls=walls_of(b), aisle=0.4, tries=16)
    put_at_wall(b, b.sample("toilet"), walls=walls_of(b), aisle=0.4, tries=16)
    sink = b.sample("sink")
    high = dice.uniform(0.62, 0.72)
    hung = put_at_wall(b, sink, walls=walls_of(b), z=high, aisle=0.4, tries=16, relation="wall")
    if hung and dice.chance(0.8):
        wall, along = wall_place(sink)
        mirror = b.sample("mirror")
        put_at_wall(
            *(b, mirror), walls=(wall,), along=along, z=1.25, gap=0.0, tries=1, relation="wall"
        )
    if dice.chance(0.55):
        put_at_wall(b, b.sample("washing machine"), walls=walls_of(b), aisle=0.5)
    if dice.chance(0.4):
        cupboard_group(b, dice.pick(("cabinet", "cabinet", "wardrobe")))
    for _ in range(dice.integer(1, 2)):
        put_at_wall(b, b.sample("towel"), walls=walls_of(b), z=0.9, gap=0.0, relation="wall")
    for category in ("basket", "trash can", "stool", "plant"):
        if dice.chance(0.45):
            put_on_floor(b, b.sample(category))
    if dice.chance(0.4):
        put_on_floor(b, b.sample("rug", size=(0.8, 0.55, 0.02)), turn=False)


def office(b: RoomBuilder) -> None:
    """Several desks of the same kind of work."""
    for _ in range(b.dice.integer(2, 4)):
        desk_group(b)
    if b.dice.chance(0.3):
        table = dining_group(b)
        if table is not None and b.dice.chance(0.5):
            put_on(b, b.sample("printer"), table)
    for category in ("cabinet", "cabinet", "dresser"):
        if b.dice.chance(0.4):
            item = cupboard_group(b, category)
            if item is not None and b.dice.chance(0.5):
                put_on(b, b.sample("printer"), item, surface=item.surfaces[0])
    if b.dice.chance(0.4):
        shelf(b)
    if b.dice.chance(0.2):
        sofa_group(b)
    if b.dice.chance(0.2):
        put_at_wall(b, b.sample("fridge"), walls=walls_of(b), aisle=0.6)
    for category in ("plant", "trash can", "floor lamp", "table", "backpack"):
        if b.dice.chance(0.5):
            put_on_floor(b, b.sample(category), corner=category != "backpack")


FURNISH = {
    "living room": living_room,
    "bedroom": bedroom,
    "kitchen": kitchen,
    "dining room": dining_room,
    "study": study,
    "bathroom": bathroom,
    "office": office,
}
