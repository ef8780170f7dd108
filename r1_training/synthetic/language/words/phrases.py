"""Phrases that several tasks share: subjects with boxes, thoughts, places, comparisons."""

from __future__ import annotations

from dataclasses import replace

from r1_training.common.present import present
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box, named
from r1_training.synthetic.language.facts import DIRECTIONS, FLAT, Thing, shut_away
from r1_training.synthetic.language.words.referring import Ref, anchor_ref, unique_ref

# kinds of description that single something out inside of another question
SUBJECT_KINDS = ("name", "name", "name", "colour", "colour", "relation", "ordinal", "shape")


def subject(ask: Asking, ref: Ref) -> str:
    """the chair <obj:3>"""
    return ask.say.definite(f"{ask.say.label(ref)} {box(ref.id)}")


def thought(ask: Asking, ref: Ref) -> str:
    """desk <obj:9>; mug <obj:3>: the anchors of a reference, then what it means."""
    parts = [named(ask.say, r) for r in (ref.anchor, ref.second, ref) if r is not None]
    return ask.say.semicolon.join(parts)


def random_subject(
    ask: Asking, things: list[Thing], *, color: bool = True, tries: int = 5
) -> tuple[Thing, Ref] | None:
    """Some thing with a description that fits nothing else.

    Args:
        things: to choose from.
        color: False where the description must not give the colour away.
    """
    if not things:
        return None
    kinds = SUBJECT_KINDS if color else ("name", "name", "relation", "ordinal", "nearest", "level")
    if ask.facts.several:
        kinds = (*kinds, "room", "room")
    for _ in range(tries):
        thing = ask.rng.choice(things)
        found = unique_ref(ask.facts, ask.rng, thing, kinds)
        if found is not None and (color or found[1].color is None):
            return thing, found[1]
    return None


def located(ask: Asking, thing: Thing) -> tuple[str, Ref] | None:
    """Where a thing is, as (relation, anchor): what it stands on, else what it stands next to."""
    facts = ask.facts
    if thing.parent is not None:
        parent = facts.things.get(thing.parent)
        anchor = parent and anchor_ref(facts, ask.rng, parent)
        return (thing.relation, replace(anchor, noun=0)) if anchor else None
    near = [
        t
        for t in facts.things.values()
        if t.id != thing.id
        and t.parent is None
        and t.kind in ("furniture", "wall")
        and t.category not in (*FLAT, thing.category, "curtain")
    ]
    near.sort(key=lambda t: facts.gap(t, thing))
    for other in near[:4]:
        anchor = _plain_anchor(ask, other)
        if anchor is None or facts.gap(other, thing) > 1.5:
            continue
        for direction in DIRECTIONS:
            if facts.direction(thing, other, direction):
                return direction, anchor
        if facts.next_to(thing, other):
            return "next_to", anchor
    return None


def _plain_anchor(ask: Asking, thing: Thing) -> Ref | None:
    """Its name, with its colour where there are several; None where that is not enough."""
    row = ask.facts.by_category[thing.category]
    if len(row) == 1:
        return Ref(thing.id, thing.category)
    if sum(t.color == thing.color for t in row) == 1:
        return Ref(thing.id, thing.category, color=thing.color)
    return None


def place_phrase(ask: Asking, relation: str, anchor: Ref, *, level: int | None = None) -> str:
    """on the desk"""
    place = ask.say.at(relation, ask.say.the(anchor))
    if place.endswith("桌子上") and ask.rng.random() < 0.5:
        return place.removesuffix("桌子上") + "桌上"  # as people say it
    return place


def could_carry(ask: Asking, thing: Thing) -> list[Thing]:
    """Furniture of another category than what a thing stands on, and on which it does not stand."""
    facts = ask.facts
    parent = present(facts.parent_of(thing), "what it stands on")
    return [
        t
        for t in ask.things()
        if t.category != parent.category
        and t.id != thing.id
        and t.kind != "small"
        and VOCABULARY[t.category].supports
        and not facts.supported_by(parent, t)
    ]


def in_the_room(ask: Asking) -> str:
    """in the room"""
    if ask.facts.several:
        return "in these rooms" if ask.family == "en" else "這些房間裡"
    return "in the room" if ask.family == "en" else "房間裡"


def mine(ask: Asking, place: str) -> str:
    """on my desk, for on the desk."""
    return place.replace("the ", "my ", 1) if ask.family == "en" else f"我的{place}"


def side_on(thing: Thing, host: Thing) -> str | None:
    """On which side of its support a thing stands; None in the middle or where it is small."""
    if min(host.size[:2]) < 0.35:
        return None
    dx = (thing.center[0] - host.center[0]) / host.size[0]
    dy = (thing.center[1] - host.center[1]) / host.size[1]
    if abs(dx) < 0.15 and abs(dy) < 0.15:
        return None
    if abs(dx) >= abs(dy):
        return "right" if dx > 0 else "left"
    return "behind" if dy > 0 else "front"


def all_seen(ask: Asking, anchor: Thing, relation: str = "on") -> bool:
    """Is everything that stands on (in, under) the thing visible?"""
    room = ask.facts.room
    return all(
        thing.id in ask.facts.things or shut_away(room, thing)
        for thing in room.objects
        if thing.parent == anchor.id and thing.parent_relation == relation
    )


def described_group(ask: Asking, things: list[Thing]) -> str:
    """a red mug and two books: equal things are counted together, in order of appearance."""
    groups: dict[tuple[str, str | None], int] = {}
    for thing in things:
        color = thing.color if thing.category != "puddle" else None
        groups[thing.category, color] = groups.get((thing.category, color), 0) + 1
    items = []
    for (category, color), count in groups.items():
        if count == 1:
            bare = ask.say.adjectives(ask.say.noun(category), color=color)
            items.append(ask.say.indefinite(bare, category))
        else:
            items.append(ask.say.counted(count, category, color))
    return ask.say.join(items)
