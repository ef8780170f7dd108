"""A second opinion on what is true in a room, written apart from the generators: numpy, loops."""

from __future__ import annotations

import numpy as np

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.words.referring import Ref
from r1_training.synthetic.rooms.elements import Room, RoomObject

AXES = {"left": (0, -1), "right": (0, 1), "front": (1, -1), "behind": (1, 1)}
HYPERNYM_TABLE = {"dining table", "coffee table", "table", "desk"}
HYPERNYM_LAMP = {"lamp", "floor lamp", "ceiling lamp", "wall lamp"}
HYPERNYM_CUP = {"mug", "cup", "glass"}


def gap(a: RoomObject, b: RoomObject) -> float:
    apart = np.abs(a.center - b.center) - (a.size + b.size) / 2
    return float(np.linalg.norm(np.maximum(apart, 0)))


def flat_gap(a: RoomObject, b: RoomObject) -> float:
    apart = (np.abs(a.center - b.center) - (a.size + b.size) / 2)[:2]
    return float(np.linalg.norm(np.maximum(apart, 0)))


def relation(name: str, a: RoomObject, b: RoomObject) -> bool:
    """Could anybody deny it? A weaker test than the generators': no false claim may pass."""
    if name in AXES:
        axis, sign = AXES[name]
        offset = a.center - b.center
        return sign * offset[axis] > 0.07 and abs(offset[axis]) > abs(offset[1 - axis])
    if name == "next_to":
        return gap(a, b) < 0.5
    if name == "around":
        return flat_gap(a, b) < 0.5
    return a.parent == b.id and a.parent_relation == name


def nouns_of(thing: RoomObject, room: Room, visible: set[int], wider: bool) -> list[RoomObject]:
    group = {thing.category}
    if wider:
        groups = (HYPERNYM_TABLE, HYPERNYM_LAMP, HYPERNYM_CUP)
        [group] = [group for group in groups if thing.category in group]
    return [o for o in room.objects if o.id in visible and o.category in group]


def fits(ref: Ref, room: Room, visible: set[int]) -> list[int]:
    """Ids of all visible objects that a reference could mean."""
    found = []
    for thing in nouns_of(room.object(ref.id), room, visible, ref.noun == -1):
        said = {"color": ref.color, "material": ref.material, "shape": ref.shape}
        if any(value is not None and getattr(thing, k) != value for k, value in said.items()):
            continue
        if ref.not_color is not None and thing.color == ref.not_color:
            continue
        if ref.state is not None and thing.states.get(ref.state[0]) != ref.state[1]:
            continue
        if ref.room is not None and room_type_at(room, thing) != ref.room:
            continue
        if ref.anchor is not None and not related(ref, thing, room):
            continue
        found.append(thing)
    if ref.anchor is not None and ref.relation in ("nearest", "farthest"):
        anchor = room.object(ref.anchor.id)
        found = [thing for thing in found if thing.id != anchor.id]
        found.sort(key=lambda thing: gap(thing, anchor), reverse=ref.relation == "farthest")
        found = found[:1]
    if ref.ordinal is not None:
        found.sort(key=lambda thing: thing.center[0])
        found = [found[ref.ordinal - 1 if ref.ordinal > 0 else ref.ordinal]]
    if ref.superlative is not None:
        measure = (lambda o: o.size[2]) if ref.superlative == "tallest" else lambda o: o.size.prod()
        pick = min if ref.superlative == "smallest" else max
        found = [pick(found, key=measure)]
    return [thing.id for thing in found]


def room_type_at(room: Room, thing: RoomObject) -> str:
    """By geometry: the rectangle of the plan that holds the middle of the box, or most of it."""
    x, y, _, _ = np.linalg.inv(room.T_map_room) @ (*thing.center, 1)
    out = [
        np.linalg.norm(np.maximum(np.abs(np.array([x, y]) - p.center) - p.size[:2] / 2, 0))
        for p in room.parts
    ]
    return room.parts[int(np.argmin(out))].type


def related(ref: Ref, thing: RoomObject, room: Room) -> bool:
    anchor = room.object(ref.anchor.id)
    if ref.relation in ("nearest", "farthest"):
        return True
    if ref.relation == "between":
        second = room.object(ref.second.id)
        a, b, c = (o.center[:2] for o in (thing, anchor, second))
        detour = np.linalg.norm(a - b) + np.linalg.norm(a - c)
        return bool(detour < 1.2 * np.linalg.norm(b - c))
    holds = relation(ref.relation, thing, anchor) != ref.negated
    if ref.level is not None:
        level = thing.level if ref.level > 0 else (thing.level or 0) - (thing.levels or 0) - 1
        holds = holds and level == ref.level
    return holds


def claim_holds(claim: tuple, room: Room, visible: set[int]) -> bool:
    """Is what an answer rests on true?"""
    kind, *rest = claim
    if kind in ("color", "material", "shape", "motif"):
        id, value = rest
        return getattr(room.object(id), kind) == value
    if kind == "state":
        id, state, value = rest
        return room.object(id).states[state] == value
    if kind == "relation":
        id, name, anchor = rest
        return relation(name, room.object(id), room.object(anchor))
    if kind == "count":
        category, color, name, host, number = rest
        things = [o for o in room.objects if o.id in visible and o.category == category]
        things = [o for o in things if color is None or o.color == color]
        if name is not None:
            things = [o for o in things if relation(name, o, room.object(host))]
        return len(things) == number
    if kind == "in room":
        id, value = rest
        return room_type_at(room, room.object(id)) == value
    if kind == "rooms":
        return sorted(part.type for part in room.parts) == sorted(rest[0])
    if kind == "count in":
        category, color, value, number = rest
        things = [o for o in room.objects if o.id in visible and o.category == category]
        things = [o for o in things if color is None or o.color == color]
        return sum(room_type_at(room, o) == value for o in things) == number
    if kind == "of":
        ids, color, number = rest
        return sum(room.object(id).color == color for id in ids) == number
    if kind == "list":
        name, host, ids = rest
        there = {o.id for o in room.objects if o.id in visible and o.parent == host}
        return {id for id in there if room.object(id).parent_relation == name} == set(ids)
    if kind == "beside":
        name, host, nearest = rest[0], *(room.object(id) for id in rest[1:])
        nearer = [
            o
            for o in room.objects
            if o.id not in (host.id, nearest.id)
            and (o.parent, o.parent_relation) == (host.parent, host.parent_relation)
            and VOCABULARY[o.category].kind == VOCABULARY[host.category].kind
            and o.category not in ("rug", "puddle")
            and (o.id in visible or VOCABULARY[o.category].kind == "furniture")
            and relation(name, o, host)
            and gap(o, host) < gap(nearest, host)
        ]
        return relation(name, nearest, host) and not nearer
    if kind == "size":
        dimension, id, metres = rest
        sides = room.object(id).size
        return metres == (sides[2] if dimension == "tall" else sides[:2].max())
    if kind == "distance":
        a, b = (room.object(id) for id in rest[:2])
        return abs(gap(a, b) - rest[2]) < 1e-9
    if kind == "more":
        more, winner, loser = rest
        a, b = (room.object(id).size for id in (winner, loser))
        if more == "taller":
            return a[2] > b[2]
        return max(a[:2]) > max(b[:2]) if more == "wider" else a.prod() > b.prod()
    if kind == "nearer":
        winner, loser, anchor = (room.object(id) for id in rest)
        return gap(winner, anchor) < gap(loser, anchor)
    if kind == "more of":
        first, second, truth = rest
        count = [o.category for o in room.objects if o.id in visible].count
        return (count(first) > count(second)) is truth
    raise AssertionError(f"no second opinion on {kind}")


def cause_of_activity(room: Room, visible: set[int]) -> str:
    """What the strongest clue says that somebody was doing."""

    def any_in(categories: tuple[str, ...], state: str, value: str) -> bool:
        return any(
            o.category in categories and o.states.get(state) == value and o.id in visible
            for o in room.objects
        )

    messy = any_in(("bed",), "bedding", "messy")
    book = any_in(("book",), "opening", "open")
    if messy and book and any_in(("lamp", "floor lamp"), "power", "on"):
        return "reading_in_bed"
    for categories, cause in (
        (("stove",), "cooking"),
        (("tv",), "watching_tv"),
        (("monitor", "laptop"), "working"),
    ):
        if any_in(categories, "power", "on"):
            return cause
    return "got_up" if messy else ("reading" if book else "nothing")
