"""What is true in a room, for those objects that can be seen. Directions: docs/text_format.md.

A relation is True, False, or None where a person might see it either way; nothing is asked about
what is None. Plain floats: the objects are few and the calls are many.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.words import UNKNOWN_OBJECT
from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.elements import Room, RoomObject

DIRECTIONS = ("left", "right", "front", "behind")
BINARY = (*DIRECTIONS, "next_to", "on", "in", "under", "around")
_AXIS = {"left": (0, -1), "right": (0, 1), "front": (1, -1), "behind": (1, 1)}

NEAR, FAR = 0.35, 0.7  # metres between boxes: next to each other; not next to each other
CLEARLY = 0.25  # metres that the nearest must be nearer than the next
AROUND, APART = 0.4, 0.8  # metres between a seat and the table that it belongs to; not its table
SEATS = ("chair", "office chair", "stool", "armchair")
FLAT = ("rug", "puddle")
CORRIDOR = "corridor"
EYES = 1.5  # metres: what is higher shows its top to few cameras
STEPS = 256  # of a coordinate in the text
# type of a room -> what one knows it by
CLUES: dict[str, tuple[str, ...]] = {
    "living room": ("sofa", "tv", "coffee table"),
    "bedroom": ("bed", "nightstand", "wardrobe"),
    "kitchen": ("counter", "fridge", "stove", "cupboard"),
    "dining room": ("dining table", "chair"),
    "study": ("desk", "bookshelf"),
    "bathroom": ("toilet", "bathtub", "sink"),
    "office": ("desk", "office chair", "printer"),
}
# what else a room of a type may look like without being it: a kitchen has a dining table
WEAKER: dict[str, set[str]] = {
    "kitchen": {"dining room", "living room", "bathroom"},
    "bedroom": {"study", "living room", "office"},
    "living room": {"dining room", "study"},
    "study": {"office"},
    "office": {"study"},
}


@dataclass(frozen=True)
class Thing:
    """A visible object as plain numbers; attributes as in `RoomObject`, metres."""

    id: int
    category: str
    shape: str
    color: str
    material: str
    states: dict[str, str]
    center: tuple[float, float, float]
    size: tuple[float, float, float]
    parent: int | None
    relation: str
    level: int | None
    levels: int | None
    motif: str = ""
    part: int = 0

    @property
    def volume(self) -> float:
        """Of its box, cubic metres."""
        return self.size[0] * self.size[1] * self.size[2]

    @property
    def top(self) -> float:
        """Metres above the floor."""
        return self.center[2] + self.size[2] / 2

    @property
    def face(self) -> float:
        """Area of its largest face, square metres: how large it looks, however thin it is."""
        low, middle, high = sorted(self.size)
        return middle * high

    @property
    def kind(self) -> str:
        """As in the catalog: furniture, wall, small, region."""
        return VOCABULARY[self.category].kind

    @property
    def hypernym(self) -> str:
        """The catalog's wider word."""
        return VOCABULARY[self.category].hypernym


class Facts:
    """The visible part of a room.

    Args:
        room: with exact annotations.
        visible: ids of objects that may be asked about; what is shut away never is.
        readable: id -> can what is printed on it be read in the views that the model gets? What is
            not in it may neither be asked about nor called unreadable; None where the views are
            not known yet.
        topped: id -> does the cloud show its top? What is not in it is hard to say; None where the
            cloud is not known yet.

    Attributes:
        things: the visible objects by id, from left to right.
        hidden: categories of which an object is neither visible nor shut away: what is said of
            all objects of such a category would be a guess.
    """

    def __init__(
        self,
        room: Room,
        visible: Collection[int],
        readable: Mapping[int, bool] | None = None,
        topped: Mapping[int, bool] | None = None,
    ) -> None:
        self.room = room
        self.readable, self.topped = readable, topped
        seen = {id for id in visible if not shut_away(room, room.objects[id - 1])}
        things = [_thing(room.objects[id - 1]) for id in seen]
        things.sort(key=lambda thing: (thing.center[0], thing.center[1], thing.id))
        self.things = {thing.id: thing for thing in things}
        self.by_category: dict[str, list[Thing]] = {}
        self.children: dict[int, list[Thing]] = {}
        for thing in things:
            self.by_category.setdefault(thing.category, []).append(thing)
            if thing.parent is not None:
                self.children.setdefault(thing.parent, []).append(thing)
        self.hidden = {
            thing.category
            for thing in room.objects
            if thing.id not in seen and not shut_away(room, thing)
        }
        self._gaps: dict[tuple[int, int], float] = {}

    def reads(self, thing: Thing, readable: bool) -> bool:
        """May its print be readable (or not be, as asked), as far as the views are known?"""
        return self.readable is None or self.readable.get(thing.id) is readable

    def shows_top(self, thing: Thing) -> bool | None:
        """Does the cloud show what is on top of it? None: hard to say.

        Where the cloud is not known yet it is what is likely: nobody looks down on a wardrobe.
        """
        if self.topped is None:
            return thing.top < EYES
        return self.topped.get(thing.id)

    def parent_of(self, thing: Thing) -> Thing | None:
        """What a thing stands on, in or under; None for the floor, and for what is not visible."""
        return None if thing.parent is None else self.things.get(thing.parent)

    def certain(self, category: str) -> bool:
        """May something be said about all objects of the category?"""
        return category not in self.hidden

    def of_hypernym(self, hypernym: str) -> list[Thing]:
        """Visible objects with this wider word, from left to right."""
        return [thing for thing in self.things.values() if thing.hypernym == hypernym]

    def on(self, thing: Thing, relation: str = "on") -> list[Thing]:
        """What stands on (or in, under) a thing, from left to right."""
        return [c for c in self.children.get(thing.id, ()) if c.relation == relation]

    def gap(self, a: Thing, b: Thing) -> float:
        """Metres between the boxes; 0 where they touch."""
        key = (a.id, b.id) if a.id < b.id else (b.id, a.id)
        if key not in self._gaps:
            self._gaps[key] = box_gap(a, b)
        return self._gaps[key]

    def direction(self, a: Thing, b: Thing, direction: str) -> bool | None:
        """Is a to the left of (right of, in front of, behind) b?"""
        axis, sign = _AXIS[direction]
        along = sign * (a.center[axis] - b.center[axis])
        across = abs(a.center[1 - axis] - b.center[1 - axis])
        if a.part != b.part or self.supported_by(a, b) or self.supported_by(b, a):
            return None  # nobody looks at two rooms at once
        # beside a wide thing means beside its box, not its middle
        small = max(a.size[axis], b.size[axis]) < 0.6
        apart = along - (a.size[axis] + b.size[axis]) / 2
        if along > (0.08 if small else 0.2) and apart > -0.1 and along > 1.3 * across:
            return True
        return False if along < -0.02 or along < 0.4 * across else None

    def next_to(self, a: Thing, b: Thing) -> bool | None:
        """Do the boxes stand close to each other?"""
        if self.supported_by(a, b) or self.supported_by(b, a):
            return None
        gap = self.gap(a, b)
        if a.part != b.part:  # a wall stands between them, or an open way
            return False if gap > FAR else None
        return True if gap < NEAR else (False if gap > FAR else None)

    def between(self, a: Thing, b: Thing, c: Thing) -> bool | None:
        """Is a between b and c?"""
        ab, ac, bc = flat_distance(a, b), flat_distance(a, c), flat_distance(b, c)
        if bc < 0.8 or min(ab, ac) < 0.2 * bc:
            return None if ab + ac < 1.3 * bc else False
        detour = (ab + ac) / bc
        if len({a.part, b.part, c.part}) > 1 and detour <= 1.3:
            return None
        return True if detour < 1.1 else (False if detour > 1.3 else None)

    def around(self, seat: Thing, table: Thing) -> bool | None:
        """Does the seat stand at the table?"""
        gap = max(self._flat_gap(seat, table), 0.0)
        if gap >= APART:
            return False
        if seat.part != table.part:
            return None
        others = [t for t in self.of_hypernym("table") if t.id != table.id]
        if any(self._flat_gap(seat, other) < gap + 0.25 for other in others):
            return None
        return True if gap < AROUND else None

    def relation(self, name: str, a: Thing, b: Thing) -> bool | None:
        """One of the binary relations by name."""
        if name in _AXIS:
            return self.direction(a, b, name)
        if name == "next_to":
            return self.next_to(a, b)
        if name == "around":
            return self.around(a, b)
        return a.parent == b.id and a.relation == name

    def supported_by(self, a: Thing, b: Thing) -> bool:
        """Does a stand on, in or under b, directly or not?"""
        parent, steps = a.parent, 0
        while parent is not None and steps < 8:
            if parent == b.id:
                return True
            parent, steps = self.room.objects[parent - 1].parent, steps + 1
        return False

    def nearest(self, candidates: list[Thing], anchor: Thing) -> Thing | None:
        """The candidate that is clearly nearest to the anchor, if any."""
        ranked = sorted(candidates, key=lambda thing: self.gap(thing, anchor))
        if not ranked or any(self.supported_by(thing, anchor) for thing in ranked[:2]):
            return None
        if len(ranked) > 1 and self.gap(ranked[1], anchor) < self.gap(ranked[0], anchor) + CLEARLY:
            return None
        if ranked[0].part != anchor.part:  # through a wall, or a long way round
            return None
        return ranked[0]

    @cached_property
    def vocabulary(self) -> list[str]:
        """Categories that rooms of this kind can hold: what is not here may be asked about."""
        if self.room.meshes is None:
            return list(CATEGORIES)
        return [category for category in VOCABULARY if category != UNKNOWN_OBJECT]

    @property
    def several(self) -> bool:
        """Are there several rooms?"""
        return bool(self.room.parts)

    def type_around(self, thing: Thing) -> str:
        """The type of the room that a thing is in."""
        return self.room.parts[thing.part].type if self.room.parts else self.room.type

    @cached_property
    def room_clues(self) -> dict[str, list[Thing]]:
        """Rooms that can be called by their type, and by which things one knows each.

        Empty where there is one room. No other room is of the type, and nothing that one sees in
        it speaks for another type.
        """
        types = [part.type for part in self.room.parts]
        found: dict[str, list[Thing]] = {}
        for number, kind in enumerate(types):
            inside = [t for t in self.things.values() if t.part == number]
            clues = known_by(inside, kind)
            rivals = {other for other in CLUES if known_by(inside, other)} - {kind}
            if kind == CORRIDOR and not rivals and types.count(kind) == 1:
                found[kind] = []
            elif clues and rivals <= WEAKER.get(kind, set()) and types.count(kind) == 1:
                found[kind] = clues
        return found

    @cached_property
    def _room_from_map(self) -> np.ndarray:
        return np.linalg.inv(self.room.T_map_room)

    def place(self, thing: Thing) -> str | None:
        """Where a piece of furniture stands: corner, wall, middle; None where none of these."""
        x, y, _, _ = self._room_from_map @ (*thing.center, 1.0)
        # sizes are those of the map frame, turned by about a multiple of 90 degrees
        turned = abs(self._room_from_map[0, 0]) < 0.7071
        w, d = (thing.size[1], thing.size[0]) if turned else thing.size[:2]
        half_w, half_d = self.room.size[0] / 2, self.room.size[1] / 2
        if self.room.parts:
            part = self.room.parts[thing.part]
            x, y = x - part.center[0], y - part.center[1]
            half_w, half_d = part.size[0] / 2, part.size[1] / 2
        to_x, to_y = half_w - abs(x) - w / 2, half_d - abs(y) - d / 2
        if to_x < 0.3 and to_y < 0.3:
            return "corner" if max(w, d) < 1.2 else None
        if min(to_x, to_y) < 0.15:
            return "wall"
        if abs(x) < 0.35 * half_w and abs(y) < 0.35 * half_d and min(to_x, to_y) > 0.3:
            return "middle"
        return None

    def _flat_gap(self, a: Thing, b: Thing) -> float:
        dx = abs(a.center[0] - b.center[0]) - (a.size[0] + b.size[0]) / 2
        dy = abs(a.center[1] - b.center[1]) - (a.size[1] + b.size[1]) / 2
        return (max(dx, 0.0) ** 2 + max(dy, 0.0) ** 2) ** 0.5


def known_by(things: Collection[Thing], room_type: str) -> list[Thing]:
    """The first thing of each kind that one knows a room of the type by; empty: one does not."""
    first = {t.category: t for t in reversed(list(things))}
    clues = [first[c] for c in CLUES.get(room_type, ()) if c in first]
    if len(clues) < 2 and room_type not in ("bathroom", "bedroom"):
        return []
    if room_type == "office" and sum(t.category == "desk" for t in things) < 2:
        return []
    return clues


def box_gap(a: Thing, b: Thing) -> float:
    """Metres between two boxes."""
    total = 0.0
    for k in range(3):
        apart = abs(a.center[k] - b.center[k]) - (a.size[k] + b.size[k]) / 2
        if apart > 0:
            total += apart * apart
    return total**0.5


def flat_distance(a: Thing, b: Thing) -> float:
    """Metres between the centres, seen from above."""
    return ((a.center[0] - b.center[0]) ** 2 + (a.center[1] - b.center[1]) ** 2) ** 0.5


def too_small(room: Room, thing: RoomObject) -> bool:
    """Is it so small that its box is lost in the steps of the text, in a map as large as this?

    Boxes are said in STEPS steps of the map's extent: in 13 m a step is 5 cm. In one room nothing
    is: no box is thinner than 3 cm.
    """
    return bool(room.parts) and bool(thing.size.min() < 1.2 * (max(room.size) + 0.3) / STEPS)


def shut_away(room: Room, thing: RoomObject) -> bool:
    """Is it inside of something that is closed?"""
    parent = room.objects[thing.parent - 1] if thing.parent is not None else None
    return (
        parent is not None
        and thing.parent_relation == "in"
        and parent.states.get("opening") == "closed"
    )


def _thing(source: RoomObject) -> Thing:
    return Thing(
        id=source.id,
        category=source.category,
        shape=source.shape,
        color=source.color,
        material=source.material,
        states=source.states,
        center=tuple(source.center.tolist()),
        size=tuple(source.size.tolist()),
        parent=source.parent,
        relation=source.parent_relation,
        level=source.level,
        levels=source.levels,
        motif=source.motif,
        part=source.part,
    )
