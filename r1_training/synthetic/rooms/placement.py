"""Where things go: at walls, around tables, on surfaces, on the free floor. Room frame, metres.

Walls are numbered 0..3: +y, -x, -y, +x; furniture at wall k has yaw k * 90 degrees.
"""

from __future__ import annotations

import math

from r1_training.synthetic.rooms.item_builder import Item, Surface
from r1_training.synthetic.rooms.room_builder import Bounds, RoomBuilder

_EPS = 0.01


def extent(w: float, d: float, yaw: float) -> tuple[float, float]:
    """Half extents along x and y of a w x d rectangle turned by yaw."""
    c, s = abs(math.cos(yaw)), abs(math.sin(yaw))
    return (c * w + s * d) / 2, (s * w + c * d) / 2


def footprint(item: Item, x: float, y: float, yaw: float, z: float = 0.0) -> Bounds:
    """The bounds that the item's nominal size takes there."""
    hx, hy = extent(item.w, item.d, yaw)
    return x - hx, y - hy, z, x + hx, y + hy, z + item.h


def wall_length(b: RoomBuilder, wall: int) -> float:
    """Inner length of a wall."""
    return b.width if wall % 2 == 0 else b.depth


def at_wall(b: RoomBuilder, wall: int, along: float, away: float) -> tuple[float, float, float]:
    """x, y, yaw of a point `away` from the wall, `along` it from its middle (local +x)."""
    distance = (b.depth if wall % 2 == 0 else b.width) / 2 - away
    yaw = wall * math.pi / 2
    c, s = round(math.cos(yaw)), round(math.sin(yaw))
    return c * along - s * distance, s * along + c * distance, yaw


def wall_place(item: Item) -> tuple[int, float]:
    """The wall that a placed item stands at, and where along it."""
    wall = round(item.yaw / (math.pi / 2))
    return wall, math.cos(item.yaw) * item.x + math.sin(item.yaw) * item.y


def put_at_wall(
    b: RoomBuilder,
    item: Item,
    *,
    walls: tuple[int, ...] = (0, 1, 2, 3),
    along: float | None = None,
    z: float = 0.0,
    aisle: float = 0.0,
    gap: float = 0.01,
    tries: int = 10,
    relation: str = "floor",
) -> bool:
    """Put the item against a wall where it fits, with free floor of depth `aisle` before it."""
    for _ in range(tries):
        wall = b.dice.pick(walls)
        spare = wall_length(b, wall) / 2 - item.w / 2 - 0.02
        if spare < 0:
            continue
        u = along if along is not None else b.dice.uniform(-spare, spare)
        if along is None and spare > 0.4 and b.dice.chance(0.25):
            u = math.copysign(spare, u)  # into the corner
        x, y, yaw = at_wall(b, wall, u, item.d / 2 + gap)
        box = footprint(item, x, y, yaw, z)
        if not b.is_free(box):
            continue
        front = None
        if aisle:
            fx, fy, _ = at_wall(b, wall, u, gap + item.d + aisle / 2)
            hx, hy = extent(item.w, aisle - _EPS, yaw)
            front = (fx - hx, fy - hy, 0.0, fx + hx, fy + hy, 2.0)
            if not b.is_free(front, aisle=True):
                continue
        b.occupied.append(box)
        if front:  # an open leaf fills it, else people pass
            is_open = item.states.get("opening") == "open"
            (b.occupied if is_open else b.aisles).append(front)
        b.add(item, x, y, z, yaw, relation=relation)
        return True
    return False


def put_on_floor(
    b: RoomBuilder,
    item: Item,
    *,
    tries: int = 12,
    near: tuple[float, float] | None = None,
    reach: float = 0.8,
    turn: bool = True,
    corner: bool = False,
) -> bool:
    """Put the item on the free floor: anywhere, near a point or in a corner."""
    for _ in range(tries):
        yaw = b.dice.uniform(-math.pi, math.pi) if turn else b.dice.integer(0, 3) * math.pi / 2
        hx, hy = extent(item.w, item.d, yaw)
        rx, ry = b.width / 2 - hx - 0.02, b.depth / 2 - hy - 0.02
        if rx < 0 or ry < 0:
            continue
        if corner:
            x, y = b.dice.pick((-1, 1)) * (rx - 0.06), b.dice.pick((-1, 1)) * (ry - 0.06)
        elif near is not None:
            x = near[0] + b.dice.uniform(-reach, reach)
            y = near[1] + b.dice.uniform(-reach, reach)
        else:
            x, y = b.dice.uniform(-rx, rx), b.dice.uniform(-ry, ry)
        box = footprint(item, x, y, yaw)
        if b.is_free(box):
            b.occupied.append(box)
            b.add(item, x, y, 0.0, yaw)
            return True
    return False


def put_under(b: RoomBuilder, item: Item, parent: Item) -> bool:
    """Put the item on the floor under a table."""
    if item.h > parent.h - 0.1:
        return False
    rx, ry = parent.w / 2 - item.w / 2 - 0.08, parent.d / 2 - item.d / 2 - 0.08
    if rx < 0 or ry < 0:
        return False
    x, y = parent.to_room(b.dice.uniform(-rx, rx) * 0.7, b.dice.uniform(-ry, ry))
    box = footprint(item, x, y, parent.yaw)
    if any(_overlap(box, other) for other in b.under):
        return False
    b.under.append(box)
    b.add(item, x, y, 0.0, parent.yaw, parent=parent, relation="under")
    return True


def _overlap(a: Bounds, b: Bounds) -> bool:
    return all(a[k] < b[k + 3] and b[k] < a[k + 3] for k in range(3))


def put_on(
    b: RoomBuilder,
    item: Item,
    parent: Item,
    *,
    surface: Surface | None = None,
    at: tuple[float, float] | None = None,
    turn: float | None = None,
    tries: int = 8,
) -> bool:
    """Put the item on (or in) a surface of its parent, clear of what is there.

    Args:
        surface: one of the parent's; a random one by default.
        at: local x, y relative to the surface's middle; random by default.
        turn: yaw relative to the parent; a little random by default.
    """
    if not parent.surfaces:
        return False
    for _ in range(tries):
        place = surface or b.dice.pick(parent.surfaces)
        yaw = turn if turn is not None else b.dice.normal(0.25)
        lying = item.states.get("pose") == "tipped"
        hx, hy = extent(item.w, item.h if lying else item.d, yaw)
        high = item.d if lying else item.h
        if item.shape == "standing":
            hx, hy = extent(item.h, item.w, yaw)
            high = item.d
        rx, ry = place.w / 2 - hx, place.d / 2 - hy
        if high > place.clear or (at is None and (rx < 0 or ry < 0)):
            continue
        u, v = at if at is not None else (b.dice.uniform(-rx, rx), b.dice.uniform(-ry, ry))
        if any(
            abs(u - ou) < hx + ohx + 0.004 and abs(v - ov) < hy + ohy + 0.004
            for ou, ov, ohx, ohy in place.taken
        ):
            continue
        place.taken.append((u, v, hx, hy))
        x, y = parent.to_room(place.x + u, place.y + v)
        b.add(
            *(item, x, y, parent.z + place.z, parent.yaw + yaw),
            parent=parent,
            relation=place.relation,
            surface=place,
        )
        return True
    return False


def seats_around(
    b: RoomBuilder, table: Item, count: int, category: str = "chair", model: Item | None = None
) -> list[Item]:
    """Put up to `count` seats of one make around a placed table, fronts towards it."""
    model = model or b.sample(category)
    w, d = table.w, table.d
    slots: list[tuple[float, float, float]] = []
    long_side = 1 if w < 1.3 else (2 if w < 1.9 else 3)
    for sign, turn in ((1, 0.0), (-1, math.pi)):
        for k in range(long_side):
            x = (k - (long_side - 1) / 2) * w / long_side
            slots.append((x, sign * d / 2, turn))
    slots += [(w / 2, 0.0, -math.pi / 2), (-w / 2, 0.0, math.pi / 2)]
    placed: list[Item] = []
    for x, y, turn in b.dice.shuffled(slots):
        if len(placed) == count:
            break
        seat = b.sample(category, like=model)
        out = b.dice.uniform(0.02, 0.3)  # from the table's edge to the middle of the seat
        dx, dy = -math.sin(turn) * out, math.cos(turn) * out
        rx, ry = table.to_room(x + dx, y + dy)
        yaw = table.yaw + turn + b.dice.normal(0.1)
        # only the part that is not pushed under the table needs free floor
        cx, cy = table.to_room(x - math.sin(turn) * (out + 0.15), y + math.cos(turn) * (out + 0.15))
        hx, hy = extent(seat.w, max(0.1, seat.d - 0.26), yaw)
        box = (cx - hx, cy - hy, 0.0, cx + hx, cy + hy, seat.h)
        if not b.is_free(box, aisle=True):
            continue
        b.occupied.append(footprint(seat, rx, ry, yaw))
        placed.append(b.add(seat, rx, ry, 0.0, yaw))
    return placed
