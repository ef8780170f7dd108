"""Referring expressions: what singles one object out among all that can be seen."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from random import Random

from r1_training.common.present import present
from r1_training.synthetic.household.colors import COLOURFUL
from r1_training.synthetic.language.facts import DIRECTIONS, FLAT, SEATS, Facts, Thing
from r1_training.synthetic.language.words.words_en import MATERIALS, SHAPES
from r1_training.synthetic.language.words.words_zh import HYPERNYMS

# things whose material is that of all their kind
OBVIOUS = (
    *("picture", "book", "magazine", "window", "mirror", "towel", "curtain", "rug", "cushion"),
    *("pillow", "backpack", "ball", "clock", "monitor", "tv", "remote control", "gamepad"),
)
# materials that look alike at the distance of a scan
PLAIN = ("plastic", "metal", "ceramic", "cardboard", "rubber", "paper", "leather")


@dataclass(frozen=True)
class Ref:
    """A description without a language; all that is set must hold.

    Attributes:
        id: the object that is meant.
        category: of the catalog.
        noun: which of its names; -1 is the wider word.
        color, material, shape: attributes that are said.
        state: (state, value) that is said.
        not_color: a colour that it has not.
        relation: one of BINARY, "nearest", "farthest" or "between", to the anchors.
        negated: the relation does not hold.
        anchor, second: the things that it is described by.
        level: shelf of the anchor, 1 is the top, -1 the bottom.
        ordinal: place in a row, 1 is the leftmost, -1 the rightmost.
        superlative: largest, smallest or tallest.
        room: type of the room that it is in, where there are several.
    """

    id: int
    category: str
    noun: int = 0
    color: str | None = None
    material: str | None = None
    shape: str | None = None
    state: tuple[str, str] | None = None
    not_color: str | None = None
    relation: str | None = None
    negated: bool = False
    anchor: Ref | None = None
    second: Ref | None = None
    level: int | None = None
    ordinal: int | None = None
    superlative: str | None = None
    room: str | None = None

    def ids(self) -> tuple[int, ...]:
        """The object and all anchors."""
        anchors = [a.ids() for a in (self.anchor, self.second) if a is not None]
        return (self.id, *(id for group in anchors for id in group))

    def is_simple(self) -> bool:
        """Does it say a colour, a state, a relation or a superlative, one of them and no more?"""
        said = (self.color, self.state, self.relation, self.superlative)
        others = (self.material, self.shape, self.not_color, self.level, self.ordinal, self.room)
        return sum(map(bool, said)) == 1 and not any(others) and not self.negated

    def plain(self) -> Ref:
        """Category and name only."""
        return Ref(self.id, self.category, self.noun)


def needed(facts: Facts, ref: Ref) -> tuple[int, ...]:
    """Ids of all that must be seen to understand a reference: what is compared, too."""
    known = [t.id for t in facts.room_clues.get(ref.room, ())] if ref.room is not None else []
    compared = ref.ordinal is not None or ref.superlative is not None
    if not compared and ref.relation not in ("nearest", "farthest"):
        return (*ref.ids(), *known)
    return (*ref.ids(), *known, *(thing.id for thing in candidates(facts, ref)))


def candidates(facts: Facts, ref: Ref) -> list[Thing]:
    """Objects that the noun of a reference could mean, from left to right."""
    if ref.noun == -1:
        return facts.of_hypernym(facts.things[ref.id].hypernym)
    return facts.by_category[ref.category]


def matches(facts: Facts, ref: Ref) -> list[Thing] | None:
    """All objects that fit, from left to right; None where one could be seen either way."""
    fitting = []
    row = candidates(facts, ref)
    for thing in row:
        if not (
            (ref.color is None or thing.color == ref.color)
            and (ref.material is None or thing.material == ref.material)
            and (ref.shape is None or thing.shape == ref.shape)
            and (ref.not_color is None or thing.color != ref.not_color)
            and (ref.state is None or thing.states.get(ref.state[0]) == ref.state[1])
        ):
            continue
        fitting.append(thing)
    if ref.room is not None:
        if any(facts.type_around(t) not in facts.room_clues for t in fitting):
            return None  # who knows what that room is?
        fitting = [t for t in fitting if facts.type_around(t) == ref.room]
    found = _related(facts, ref, fitting) if ref.relation is not None else fitting
    if found is None or not found:
        return found
    if ref.ordinal is not None:
        if len({thing.part for thing in found}) > 1:
            return None  # nobody sees a row through a wall
        return _ordinal(found, ref.ordinal)
    if ref.superlative is not None:
        return _superlative(found, ref.superlative, facts.room.meshes is not None)
    return found


def is_unique(facts: Facts, ref: Ref) -> bool:
    """Does the reference fit its object and nothing else, beyond doubt?"""
    found = matches(facts, ref)
    return found is not None and len(found) == 1 and found[0].id == ref.id


def _related(facts: Facts, ref: Ref, row: list[Thing]) -> list[Thing] | None:
    anchor = facts.things[present(ref.anchor, "anchor").id]
    row = [thing for thing in row if thing.id != anchor.id]
    if ref.relation == "nearest":
        best = facts.nearest(row, anchor)
        return None if best is None else [best]
    if ref.relation == "farthest":
        if len({thing.part for thing in (*row, anchor)}) > 1:
            return None  # as the crow flies, or on foot?
        ranked = sorted(row, key=lambda thing: -facts.gap(thing, anchor))
        if len(ranked) > 1 and facts.gap(ranked[0], anchor) < facts.gap(ranked[1], anchor) + 0.4:
            return None
        return ranked[:1]
    if ref.relation == "between":
        second = facts.things[present(ref.second, "second anchor").id]
        row = [thing for thing in row if thing.id != second.id]
        verdicts = [facts.between(thing, anchor, second) for thing in row]
    else:
        relation = present(ref.relation, "relation")
        verdicts = [facts.relation(relation, thing, anchor) for thing in row]
    if None in verdicts:
        return None
    found = [t for t, verdict in zip(row, verdicts, strict=True) if verdict != ref.negated]
    if ref.level is not None:
        found = [t for t in found if on_level(t, ref.level)]
    return found


def on_level(thing: Thing, level: int) -> bool:
    """Does it stand on this shelf? 1 is the top, -1 the bottom."""
    if thing.level is None:
        return False
    levels = present(thing.levels, "the number of shelves")
    return thing.level == (level if level > 0 else levels + 1 + level)


def _ordinal(row: list[Thing], ordinal: int) -> list[Thing] | None:
    """The n-th of a row, where the row can be told apart from left to right."""
    xs = [thing.center[0] for thing in row]
    if any(b - a < 0.15 for a, b in zip(xs, xs[1:], strict=False)):
        return None
    index = ordinal - 1 if ordinal > 0 else len(row) + ordinal
    return [row[index]] if 0 <= index < len(row) else []


def _superlative(row: list[Thing], superlative: str, meshes: bool) -> list[Thing] | None:
    key: Callable[[Thing], float] = {
        "largest": lambda t: t.face,
        "smallest": lambda t: -t.face,
        "tallest": lambda t: t.size[2],
    }[superlative]
    ranked = sorted(row, key=key, reverse=True)
    if len(ranked) > 1:
        first, second = abs(key(ranked[0])), abs(key(ranked[1]))
        ratio = max(first, second) / max(min(first, second), 1e-6)
        if ratio < (1.2 if superlative == "tallest" else 1.4):
            return None
        # things of one category differ in more than size where they are meshes: flat, or thick
        pick = {"largest": max, "smallest": min}.get(superlative)
        if meshes and pick and pick(row, key=lambda t: t.volume) is not ranked[0]:
            return None
    return ranked[:1]


# --- choosing a description -----------------------------------------------------------------

Maker = Callable[[Facts, Random, Thing], Ref | None]


def name(rng: Random, facts: Facts, thing: Thing, *, synonyms: bool = True) -> int:
    """Which name to use: mostly the first; the wider word only where it means one thing."""
    if not synonyms:
        return 0
    dice = rng.random()
    if (
        dice < 0.2
        and thing.hypernym in HYPERNYMS
        and len(facts.of_hypernym(thing.hypernym)) == 1
        and thing.category != "table"
    ):
        return -1
    return 1 if dice > 0.8 else 0


def anchor_ref(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """A short description of a thing that others are described by: its name, or with its colour."""
    ref = Ref(thing.id, thing.category, name(rng, facts, thing))
    if is_unique(facts, ref):
        return ref
    colored = replace(ref, color=thing.color)
    if sayable_color(thing) and is_unique(facts, colored):
        return colored
    placed = in_room(facts, ref)
    return placed if placed is not None and is_unique(facts, placed) else None


def in_room(facts: Facts, ref: Ref) -> Ref | None:
    """The same with the room that the thing is in; None where that has no clear name."""
    kind = facts.type_around(facts.things[ref.id])
    return replace(ref, room=kind) if kind in facts.room_clues else None


def sayable_color(thing: Thing) -> bool:
    """Not those that nobody says: a puddle's, a plant's, that of a thing of many colours."""
    return thing.category not in ("puddle", "plant") and thing.color != COLOURFUL


def anchors(facts: Facts, thing: Thing) -> list[Thing]:
    """Things that may serve as anchors for another one: large or close by."""
    return [
        t
        for t in facts.things.values()
        if t.id != thing.id
        and t.category != thing.category
        and t.category not in FLAT
        and (t.kind != "small" or (t.parent is not None and t.parent == thing.parent))
    ]


def by_name(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the fridge"""
    return Ref(thing.id, thing.category, name(rng, facts, thing))


def by_color(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the red chair"""
    if not sayable_color(thing):
        return None
    return Ref(thing.id, thing.category, name(rng, facts, thing), color=thing.color)


def by_material(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the wooden chair; the white metal chair"""
    row = facts.by_category[thing.category]
    if thing.material not in MATERIALS or thing.category in OBVIOUS or len(row) < 2:
        return None
    if not telling_material(thing.material, {t.material for t in row}):
        return None
    color = thing.color if rng.random() < 0.5 and sayable_color(thing) else None
    return Ref(thing.id, thing.category, color=color, material=thing.material)


def telling_material(material: str, others: Iterable[str]) -> bool:
    """Can one see that it is made of this material and of none of the others?"""
    return material not in PLAIN or not any(o in PLAIN and o != material for o in others)


def by_shape(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the round table"""
    if thing.shape not in SHAPES:
        return None
    color = thing.color if rng.random() < 0.5 and sayable_color(thing) else None
    return Ref(thing.id, thing.category, color=color, shape=thing.shape)


def by_state(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the open door"""
    states = [
        (key, value)
        for key, value in thing.states.items()
        if not (thing.category == "laptop" and key == "opening")
    ]
    if not states or len(facts.by_category[thing.category]) < 2:
        return None
    return Ref(thing.id, thing.category, state=rng.choice(states))


def by_negated_color(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the chair that is not white"""
    others = [t for t in facts.by_category[thing.category] if t.color != thing.color]
    if not others or not sayable_color(thing):
        return None
    return Ref(thing.id, thing.category, not_color=rng.choice(others).color)


def by_relation(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the mug on the desk; the red chair to the left of the table"""
    return _by_relation(facts, rng, thing, negated=False)


def by_negated_relation(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the mug that is not on the desk"""
    if len(facts.by_category[thing.category]) < 2:
        return None
    return _by_relation(facts, rng, thing, negated=True)


def _by_relation(facts: Facts, rng: Random, thing: Thing, *, negated: bool) -> Ref | None:
    options: list[tuple[str, Thing]] = []
    parent = facts.parent_of(thing)
    if negated:
        options = [
            (other.relation, carrier)
            for other in facts.by_category[thing.category]
            if (carrier := facts.parent_of(other)) is not None and other.parent != thing.parent
        ]
    else:
        if parent is not None:
            options += [(thing.relation, parent)] * 6
        near = sorted(anchors(facts, thing), key=lambda t: facts.gap(t, thing))[:4]
        for other in near:
            options += [
                (relation, other)
                for relation in (*DIRECTIONS, "next_to")
                if facts.relation(relation, thing, other)
            ]
        if thing.category in SEATS:
            tables = [t for t in near if t.hypernym == "table"]
            options += [("around", t) for t in tables if facts.around(thing, t)]
    if not options:
        return None
    relation, anchor_thing = rng.choice(options)
    anchor = anchor_ref(facts, rng, anchor_thing)
    if anchor is None:
        return None
    ref = Ref(
        *(thing.id, thing.category, name(rng, facts, thing)),
        relation=relation,
        anchor=anchor,
        negated=negated,
    )
    if negated:
        return ref
    if thing.material in MATERIALS and thing.category not in OBVIOUS and rng.random() < 0.1:
        return replace(ref, material=thing.material)
    if sayable_color(thing) and (rng.random() < 0.35 or not is_unique(facts, ref)):
        ref = replace(ref, color=thing.color)
    return ref


def by_level(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the blue book on the top shelf of the bookshelf"""
    if thing.level is None or thing.parent not in facts.things:
        return None
    anchor = anchor_ref(facts, rng, facts.things[thing.parent])
    if anchor is None:
        return None
    level = -1 if thing.level == thing.levels else thing.level
    if level > 3:
        return None
    ref = Ref(thing.id, thing.category, relation=thing.relation, anchor=anchor, level=level)
    if rng.random() < 0.5 or not is_unique(facts, ref):
        ref = replace(ref, color=thing.color)
    return ref


def by_ordinal(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the second chair from the left"""
    row = facts.by_category[thing.category]
    if not 2 <= len(row) <= 6 or not facts.certain(thing.category):
        return None
    index = [t.id for t in row].index(thing.id)
    ordinal = index + 1 if rng.random() < 0.5 else index - len(row)
    if not -5 <= ordinal <= 5:
        return None
    return Ref(thing.id, thing.category, name(rng, facts, thing), ordinal=ordinal)


def by_end(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the chair at the left end of the table"""
    if thing.category not in SEATS or not facts.certain(thing.category):
        return None
    tables = [t for t in facts.of_hypernym("table") if facts.around(thing, t)]
    anchor = anchor_ref(facts, rng, tables[0]) if len(tables) == 1 else None
    if anchor is None:
        return None
    seats = [t for t in facts.by_category[thing.category] if facts.around(t, tables[0])]
    if len(seats) < 2 or thing.id not in (seats[0].id, seats[-1].id):
        return None
    ordinal = 1 if thing.id == seats[0].id else -1
    return Ref(thing.id, thing.category, relation="around", anchor=anchor, ordinal=ordinal)


def by_superlative(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the largest plant"""
    if len(facts.by_category[thing.category]) < 2 or not facts.certain(thing.category):
        return None
    kind = rng.choice(("largest", "smallest", "tallest"))
    return Ref(thing.id, thing.category, name(rng, facts, thing), superlative=kind)


def by_nearest(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the chair closest to the door"""
    row = facts.by_category[thing.category]
    options = [t for t in anchors(facts, thing) if t.kind != "small"]
    if not 2 <= len(row) <= 8 or not options or not facts.certain(thing.category):
        return None
    anchor = anchor_ref(facts, rng, rng.choice(options))
    if anchor is None:
        return None
    relation = "nearest" if rng.random() < 0.75 else "farthest"
    return Ref(
        *(thing.id, thing.category, name(rng, facts, thing)), relation=relation, anchor=anchor
    )


def by_between(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the table between the sofa and the tv cabinet"""
    if thing.kind == "small" and thing.parent is not None:
        return None
    near = sorted(
        (t for t in anchors(facts, thing) if t.kind != "small" and t.parent is None),
        key=lambda t: facts.gap(t, thing),
    )[:5]
    pairs = [
        (a, b)
        for k, a in enumerate(near)
        for b in near[k + 1 :]
        if facts.between(thing, a, b) and a.category != b.category
    ]
    if not pairs:
        return None
    first, second = (anchor_ref(facts, rng, t) for t in rng.choice(pairs))
    if first is None or second is None:
        return None
    return Ref(
        *(thing.id, thing.category, name(rng, facts, thing)),
        relation="between",
        anchor=first,
        second=second,
    )


def by_room(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """the lamp in the kitchen; the red chair in the bedroom"""
    if facts.type_around(thing) not in facts.room_clues:
        return None
    color = thing.color if rng.random() < 0.35 and sayable_color(thing) else None
    return in_room(facts, Ref(thing.id, thing.category, name(rng, facts, thing), color=color))


# kind of grounding question -> maker
MAKERS: dict[str, Maker] = {
    "name": by_name,
    "colour": by_color,
    "material": by_material,
    "shape": by_shape,
    "state": by_state,
    "negation": by_negated_color,
    "negated_relation": by_negated_relation,
    "relation": by_relation,
    "level": by_level,
    "ordinal": by_ordinal,
    "end": by_end,
    "superlative": by_superlative,
    "nearest": by_nearest,
    "between": by_between,
    "room": by_room,
}


def unique_ref(
    facts: Facts, rng: Random, thing: Thing, kinds: tuple[str, ...], tries: int = 4
) -> tuple[str, Ref] | None:
    """A description of one of the kinds that fits this thing only, with its kind."""
    for _ in range(tries):
        kind = rng.choice(kinds)
        ref = MAKERS[kind](facts, rng, thing)
        if ref is not None and is_unique(facts, ref):
            return kind, ref
    return None


def short_ref(facts: Facts, rng: Random, thing: Thing) -> Ref | None:
    """The shortest unique description: name, then colour, then a relation."""
    for kind in ("name", "colour", "relation", "relation", "state", "ordinal", "room"):
        ref = MAKERS[kind](facts, rng, thing)
        if ref is not None and is_unique(facts, ref):
            return ref
    return None
