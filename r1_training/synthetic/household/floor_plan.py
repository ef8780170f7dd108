"""Where the rooms of a flat lie and how one gets from one into the next: `draw_plan`.

Rooms are rectangles in rows along x; rows follow each other along y. The frame of the plan is that
of all rooms together: its origin is the middle of the rectangle around them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.room import EXTENT

CORRIDOR = "corridor"
MOST_ROOMS = 4
WALL = 0.16  # metres between two rooms: each has half of the wall
_LEAST_SHARED = 1.25  # metres of a common wall that a way through needs
_TRIES = 60
# how often each kind of room occurs; no flat has a study and an office, which look alike
_TYPES = {
    **{"living room": 3.0, "kitchen": 3.0, "bedroom": 3.0, "bathroom": 2.0},
    **{"dining room": 1.5, "study": 1.5, "office": 0.7},
}
_OPEN = {"living room", "kitchen", "dining room", CORRIDOR}  # rooms that flow into each other


class PlanError(ValueError):
    """No plan was found; the message says of how many rooms."""


@dataclass(frozen=True)
class Opening:
    """A way through a wall, as one room has it.

    Attributes:
        wall: number of the wall (`placement`).
        along: metres from the wall's middle, as `placement.at_wall` has it.
        width, height: metres; as high as the room where rooms flow into each other.
        is_open: there is no wall between the rooms where they meet.
    """

    wall: int
    along: float
    width: float
    height: float
    is_open: bool


@dataclass(frozen=True)
class PlannedRoom:
    """A rectangle of the plan.

    Attributes:
        type: one of `catalog.ROOM_TYPES`, or "corridor".
        x, y: its middle in the frame of the plan; width (x), depth (y); metres.
        openings: the ways out of it.
        inner: walls that another room lies behind.
    """

    type: str
    x: float
    y: float
    width: float
    depth: float
    openings: tuple[Opening, ...] = ()
    inner: frozenset[int] = frozenset()


def draw_plan(dice: Dice, count: int, height: float) -> list[PlannedRoom]:
    """A flat of `count` connected rooms, all of one height.

    Args:
        count: 2 to MOST_ROOMS, a corridor included.
        height: metres.

    Raises:
        ValueError: another count.
        PlanError: no plan was found.
    """
    if not 2 <= count <= MOST_ROOMS:
        raise ValueError(f"a flat has 2 to {MOST_ROOMS} rooms, not {count}")
    for _ in range(_TRIES):
        rooms = _rectangles(dice, _rows(dice, count))
        links = _links(dice, rooms)
        if links is not None:
            return _connected(dice, rooms, links, height)
    raise PlanError(f"no plan of {count} rooms after {_TRIES} tries")


def _rows(dice: Dice, count: int) -> list[list[str]]:
    """Types of the rooms, in rows."""
    corridor = count > 2 and dice.chance(0.4)
    types: list[str] = []
    while len(types) < count - corridor:
        left = {t: w for t, w in _TYPES.items() if t not in types or t == "bedroom"}
        for one, other in (("study", "office"), ("office", "study")):
            if one in types:
                left.pop(other, None)
        types.append(dice.weighted(left))
    if corridor:
        split = dice.integer(0, len(types))
        rows = [types[:split], [CORRIDOR], types[split:]]
        return [row for row in rows if row]
    if count < 4 and dice.chance(0.5):
        return [types]
    split = 1 if count == 2 else 2
    return [types[:split], types[split:]]


def _rectangles(dice: Dice, rows: list[list[str]]) -> list[PlannedRoom]:
    sized = [[(t, *_size(dice, t)) for t in row] for row in rows]
    wide = [sum(w for _, w, _ in row) + WALL * (len(row) - 1) for row in sized]
    rooms: list[PlannedRoom] = []
    border = 0.0  # y of the wall below the row
    for number, row in enumerate(sized):
        if row[0][0] == CORRIDOR:  # as long as what it leads to
            others = [wide[k] for k in (number - 1, number + 1) if 0 <= k < len(wide)]
            row = [(CORRIDOR, max(others) * dice.uniform(0.8, 1.0), row[0][2])]
        total = sum(w for _, w, _ in row) + WALL * (len(row) - 1)
        x = -total / 2 + dice.uniform(-0.5, 0.5)
        deepest = max(d for _, _, d in row)
        for kind, w, d in row:
            # what lies below another row ends at their wall, what lies above begins there
            if number + 1 < len(sized) and number == 0:
                y = border + deepest - d / 2
            elif len(sized) == 1:
                y = dice.uniform(-0.4, 0.4)
            else:
                y = border + d / 2
            rooms.append(PlannedRoom(kind, x + w / 2, y, w, d))
            x += w + WALL
        border += deepest + WALL
    return _centred(rooms)


def _size(dice: Dice, kind: str) -> tuple[float, float]:
    if kind == CORRIDOR:
        return 0.0, dice.uniform(1.1, 1.9)
    low, high = EXTENT[kind]
    high = low + 0.6 * (high - low)  # a flat is not made of the largest rooms
    return dice.uniform(low, high), dice.uniform(low, high)


def _centred(rooms: list[PlannedRoom]) -> list[PlannedRoom]:
    low_x, high_x, low_y, high_y = bounds(rooms)
    x, y = (low_x + high_x) / 2, (low_y + high_y) / 2
    return [replace(room, x=room.x - x, y=room.y - y) for room in rooms]


def bounds(rooms: list[PlannedRoom]) -> tuple[float, float, float, float]:
    """Lowest and highest x, lowest and highest y of all rooms, metres."""
    return (
        min(r.x - r.width / 2 for r in rooms),
        max(r.x + r.width / 2 for r in rooms),
        min(r.y - r.depth / 2 for r in rooms),
        max(r.y + r.depth / 2 for r in rooms),
    )


# rooms a and b, whether b is to the right of a or above it, from where to where along the wall
Shared = tuple[int, int, bool, float, float]


def _shared_walls(rooms: list[PlannedRoom]) -> list[Shared]:
    """All pairs of rooms with a wall between them."""
    found: list[Shared] = []
    for i, a in enumerate(rooms):
        for j, b in enumerate(rooms):
            beside = abs(b.x - b.width / 2 - a.x - a.width / 2 - WALL) < 1e-6
            above = abs(b.y - b.depth / 2 - a.y - a.depth / 2 - WALL) < 1e-6
            if i == j or not (beside or above):
                continue
            at, extent = ("y", "depth") if beside else ("x", "width")
            low = max(getattr(r, at) - getattr(r, extent) / 2 for r in (a, b))
            high = min(getattr(r, at) + getattr(r, extent) / 2 for r in (a, b))
            if high > low:
                found.append((i, j, beside, low, high))
    return found


def _links(dice: Dice, rooms: list[PlannedRoom]) -> list[Shared] | None:
    """Which walls have a way through: all rooms can be reached; None where they cannot."""
    group = list(range(len(rooms)))
    chosen: list[Shared] = []
    passable = [s for s in _shared_walls(rooms) if s[4] - s[3] >= _LEAST_SHARED]
    order = dice.shuffled(passable)
    order.sort(key=lambda s: CORRIDOR not in (rooms[s[0]].type, rooms[s[1]].type))
    for shared in order:
        a, b = group[shared[0]], group[shared[1]]
        if a != b:
            group = [a if g == b else g for g in group]
            chosen.append(shared)
        elif dice.chance(0.2):
            chosen.append(shared)
    return chosen if len(set(group)) == 1 else None


def _connected(
    dice: Dice, rooms: list[PlannedRoom], links: list[Shared], height: float
) -> list[PlannedRoom]:
    openings: list[list[Opening]] = [[] for _ in rooms]
    for i, j, beside, low, high in links:
        flows = {rooms[i].type, rooms[j].type} <= _OPEN and dice.chance(0.5)
        flows = flows and not any(o.is_open for k in (i, j) for o in openings[k])
        width, tall = high - low, height
        middle = (low + high) / 2
        if not flows:
            wide = dice.chance(0.25)
            width = min(width - 0.3, dice.uniform(1.2, 2.2) if wide else dice.uniform(0.8, 1.0))
            tall = min(height - 0.1, dice.uniform(2.0, 2.3))
            spare = (high - low - width) / 2 - 0.1
            middle += dice.uniform(-spare, spare)
        for k, wall, along in _sides(rooms, i, j, beside, middle):
            openings[k].append(Opening(wall, along, width, tall, flows))
    inner: list[set[int]] = [set() for _ in rooms]
    for i, j, beside, _, _ in _shared_walls(rooms):
        for k, wall, _ in _sides(rooms, i, j, beside, 0.0):
            inner[k].add(wall)
    return [
        replace(room, openings=tuple(openings[k]), inner=frozenset(inner[k]))
        for k, room in enumerate(rooms)
    ]


def _sides(
    rooms: list[PlannedRoom], i: int, j: int, beside: bool, middle: float
) -> list[tuple[int, int, float]]:
    """Room, wall and place along it of a point of the wall between two rooms."""
    a, b = rooms[i], rooms[j]
    if beside:  # walls 3 (+x) and 1 (-x) run against and along y
        return [(i, 3, a.y - middle), (j, 1, middle - b.y)]
    return [(i, 0, middle - a.x), (j, 2, b.x - middle)]
