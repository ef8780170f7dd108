"""Grounding: a description in, the box of what it means out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from r1_training.common.present import present
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box, named, row
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.forms.grounding_forms import FORMS
from r1_training.synthetic.language.qa import pictures
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.symbolic_world import TOP, UNDER
from r1_training.synthetic.language.tasks import absent_things, uses
from r1_training.synthetic.language.words.referring import (
    MAKERS,
    Ref,
    anchor_ref,
    candidates,
    is_unique,
    matches,
    on_level,
    sayable_color,
)
from r1_training.synthetic.language.words.words_en import SHAPES

MOST_LISTED = 6

Tell = Callable[[Thing], str]

_UNDER = ("sofa", "bed", "armchair", "dining table", "coffee table", "desk", "table", "chair")
_TABLES = ("dining table", "coffee table", "desk", "table")

_WEIGHTS = {
    "name": 1.0,
    "colour": 3.5,
    "relation": 5.0,
    "ordinal": 2.0,
    "end": 1.5,
    "negation": 2.0,
    "negated_relation": 1.5,
    "level": 4.0,
    "nearest": 3.5,
    "between": 1.2,
    "superlative": 2.5,
    "shape": 1.0,
    "state": 1.2,
    "material": 0.5,
    "region": 0.8,
    "all": 2.0,
    "none": 2.0,
    "use": 0.6,
    "unknown": 0.6,
}


def think_candidates(ask: Asking, ref: Ref) -> str:
    """Anchors, then the candidates with what tells them apart, also where there is only one."""
    say = ask.say
    parts = [named(say, anchor) for anchor in (ref.anchor, ref.second) if anchor is not None]
    things = candidates(ask.facts, ref)
    if ref.relation in ("on", "in", "under") and not ref.negated:
        # what stands elsewhere need not be compared
        bare = replace(ref, color=None, material=None, level=None)
        things = matches(ask.facts, bare) or []
        if ref.level is not None and (levels := ask.facts.things[ref.id].levels) is not None:
            parts[0] += f"{say.colon}{say.ordinal(levels)}"  # how many shelves it has
            things = sorted(things, key=lambda t: (t.level or 0, t.center[0], t.id))
            if len(things) > MOST_LISTED:
                things = [t for t in things if on_level(t, ref.level)]
    if ref.superlative in ("largest", "smallest"):
        things = by_face(things, ref.superlative)
    if ref.relation in ("nearest", "farthest"):
        things = [t for t in things if t.id != present(ref.anchor, "anchor").id]
    tell = _telling(ask, ref)
    if len(things) <= MOST_LISTED and (len(things) > 1 or (things and tell is not None)):
        parts.append(listing(ask, ref, things, tell))
    elif not parts:
        parts.append(say.label(ref))
    return say.semicolon.join(parts)


def listing(ask: Asking, ref: Ref, things: list[Thing], tell: Tell | None) -> str:
    """mugs: blue <obj:1>, red <obj:2>; mugs: <obj:1> 0.4 m, <obj:2> 1.3 m"""
    say = ask.say
    plural = len(things) > 1
    noun = say.plural(ref.category, ref.noun) if plural else say.noun(ref.category, ref.noun)
    if tell is None:
        return f"{noun} {row(say, things)}"
    # a number follows from boxes that were said already, so it comes behind them
    pairs = [(box(t.id), tell(t)) if _measured(ref) else (tell(t), box(t.id)) for t in things]
    return noun + say.colon + say.comma.join(" ".join(pair) for pair in pairs)


def _measured(ref: Ref) -> bool:
    """Are the candidates told apart by metres?"""
    return ref.relation in ("nearest", "farthest") or ref.superlative == "tallest"


def by_face(things: list[Thing], superlative: str) -> list[Thing]:
    """What is asked for comes first: the largest or the smallest. No single number says which."""
    sign = 1 if superlative == "smallest" else -1
    return sorted(things, key=lambda t: (sign * t.face, t.id))


def _telling(ask: Asking, ref: Ref) -> Tell | None:
    """What is said of each candidate: what the description is about, or nothing."""
    say, things = ask.say, ask.facts.things
    if ref.negated:
        return lambda t: _support(ask, ref, ask.facts.parent_of(t))
    if ref.room is not None and ref.color is None:
        rooms = ask.facts.room_clues
        if all(ask.facts.type_around(t) in rooms for t in candidates(ask.facts, ref)):
            return lambda t: say.room(ask.facts.type_around(t))
    if ref.state is not None:
        name, _ = ref.state
        return lambda t: say.state(t.category, (name, t.states[name]))
    if ref.relation in ("nearest", "farthest"):
        anchor = present(ref.anchor, "anchor")
        return lambda t: say.metres(ask.facts.gap(t, things[anchor.id]))
    if ref.superlative == "tallest":
        return lambda t: say.centimetres(t.size[2])
    colored = ref.color is not None or ref.not_color is not None
    if ref.level is not None:
        return lambda t: (
            say.ordinal(present(t.level, "shelf")) + (f" {say.color(t.color)}" if colored else "")
        )
    if colored:
        return lambda t: say.color(t.color)
    if ref.material is not None:
        return lambda t: say.material(t.material)
    if ref.shape is not None:
        return lambda t: say.shape(t.shape) if t.shape in SHAPES else say.color(t.color)
    return None


def _support(ask: Asking, ref: Ref, host: Thing | None) -> str:
    """What a candidate stands on, in the words of the description where it is that."""
    say = ask.say
    if host is None:
        return "floor" if ask.family == "en" else "地板"
    anchor = present(ref.anchor, "anchor")
    if host.id == anchor.id:
        return say.label(anchor)
    return say.adjectives(say.noun(host.category), color=host.color)


def refer_to(ask: Asking, kind: str, thing: Thing) -> Ref | None:
    """A description of that kind that means the thing beyond doubt."""
    ref = MAKERS[kind](ask.facts, ask.rng, thing)
    return ref if ref is not None and is_unique(ask.facts, ref) else None


def one(ask: Asking, kind: str) -> Sample | None:
    """One object by a description of the kind."""
    facts, rng, say = ask.facts, ask.rng, ask.say
    several = [t for row in facts.by_category.values() if len(row) > 1 for t in row]
    for _ in range(4):
        pool = several if several and rng.random() < 0.7 else ask.things()
        if kind == "level":
            pool = [t for t in pool if t.level is not None]
        if not pool:
            continue
        thing = rng.choice(pool)
        ref = refer_to(ask, kind, thing)
        if ref is None:
            continue
        # by its own colour where it was described as not of another one
        color = ref.color if ref.not_color is None else thing.color
        label = say.adjectives(say.label(ref), color=color)
        form, words = "one", _said(ask, ref)
        predicate = say.predicate(ref) if rng.random() < 0.15 else None
        if predicate is not None:
            form, words = "which", _which(ask, ref, predicate)
        return ask.sample(
            *("grounding", kind, FORMS[ask.family][form]),
            words,
            think_candidates(ask, ref),
            f"{label} {box(thing.id)}",
            ask.needed(ref),
            {"type": "grounding", "value": (thing.id,), "category": thing.category, "ref": ref},
            is_label=True,
        )
    return None


def _which(ask: Asking, ref: Ref, predicate: str) -> dict[str, str]:
    """Which chair is closest to the door?"""
    say = ask.say
    return {
        "n": say.label(ref),
        "xs": say.plural(ref.category, ref.noun),
        "cl": say.measure(ref.category, ref.noun) if ask.family == "zh" else "",
        "p": predicate,
    }


def _said(ask: Asking, ref: Ref) -> dict[str, str]:
    """The description as people vary it."""
    say, rng = ask.say, ask.rng
    the = say.the(ref)
    if ask.family == "en":
        if ref.level is not None and rng.random() < 0.3:
            the = the.replace(
                f" of {say.the(present(ref.anchor, 'anchor'))}", ""
            )  # on the top shelf
        return {"x": the}
    if ref.category == "book" and ref.color is not None and rng.random() < 0.3:
        color, noun = say.color(ref.color), say.label(ref)
        the = the.removesuffix(noun).removesuffix("的")
        the = f"{the.removesuffix(color)}{color}封面的{noun}"
    lies = ref.relation in ("on", "in", "under") and not ref.negated
    if lies and ref.noun == 0 and rng.random() < 0.3:
        the = f"放在{the}"
    if ref.ordinal is not None:
        return {"x": the, "that": the}
    measure = "個" if rng.random() < 0.3 else say.measure(ref.category, ref.noun)
    return {"x": the, "that": f"那{measure}{the}"}


def every(ask: Asking) -> Sample | None:
    """All objects of a category, perhaps of one colour."""
    facts, rng, say = ask.facts, ask.rng, ask.say
    rows = [r for c, r in facts.by_category.items() if 2 <= len(r) <= 6 and facts.certain(c)]
    if not rows:
        return None
    things = group = rng.choice(rows)
    color, tell = None, None
    if rng.random() < 0.4 and sayable_color(things[0]):
        color = rng.choice(things).color
        things = [t for t in group if t.color == color]
        tell = lambda t: say.color(t.color)  # noqa: E731
    category = things[0].category
    label = say.adjectives(say.noun(category), color=color)
    words = {
        "xs": say.adjectives(say.plural(category), color=color),
        "cl": say.measure(category) if ask.family == "zh" else "",
    }
    return ask.sample(
        *("grounding", "all", FORMS[ask.family]["all"], words),
        listing(ask, Ref(things[0].id, category), group, tell),
        say.comma.join(f"{label} {box(t.id)}" for t in things),
        [t.id for t in group],
        {
            "type": "grounding",
            "value": tuple(t.id for t in things),
            "category": category,
            "claim": ("count", category, color, None, None, len(things)),
        },
        is_label=True,
    )


def region(ask: Asking) -> Sample | None:
    """The floor under a sofa, the top of a table."""
    facts, rng, say = ask.facts, ask.rng, ask.say
    things = [t for t in ask.things() if t.category in _UNDER]
    if not things:
        return None
    thing = rng.choice(things)
    anchor = anchor_ref(facts, rng, thing)
    if anchor is None:
        return None
    top = thing.category in _TABLES and rng.random() < 0.4
    id = (TOP if top else UNDER) + thing.id
    bare, full = say.definite(say.label(anchor)), say.the(anchor)
    if ask.family == "en":
        kind: tuple[str, ...] = ("area under", "floor under", "space under")
        kind = ("top of", "surface of") if top else kind
        label, words = f"{kind[0]} {bare}", {"x": f"the {rng.choice(kind)} {full}"}
    else:
        kind = ("桌面",) if top else ("底下", "下面的地板", "下方的空間")
        label, words = f"{bare}{kind[0]}", {"x": f"{full}{'的' * top}{rng.choice(kind)}"}
        words["that"] = words["x"]
    return ask.sample(
        *("grounding", "region", FORMS[ask.family]["one"], words),
        named(say, anchor),
        f"{label} {box(id)}",
        ask.needed(anchor),
        {"type": "grounding", "value": (id,), "category": "region"},
        is_label=True,
        extra_boxes={id: top_box(thing) if top else under_box(thing)},
    )


def under_box(thing: Thing) -> tuple[np.ndarray, np.ndarray]:
    """The space between the floor and a piece of furniture, (3,) centre and size, metres."""
    high = 0.9 * thing.size[2] if thing.category in _TABLES else 0.2
    base = thing.center[2] - thing.size[2] / 2
    return (
        np.array([thing.center[0], thing.center[1], base + high / 2]),
        np.array([thing.size[0], thing.size[1], high]),
    )


def top_box(thing: Thing) -> tuple[np.ndarray, np.ndarray]:
    """10 cm around the upper face of a table."""
    top = thing.center[2] + thing.size[2] / 2
    return np.array([*thing.center[:2], top]), np.array([*thing.size[:2], 0.1])


def none(ask: Asking) -> Sample | None:
    """A description that nothing fits: the answer says so."""
    facts, rng, say = ask.facts, ask.rng, ask.say
    category = rng.choice(list(facts.by_category) if rng.random() < 0.7 else facts.vocabulary)
    things = facts.by_category.get(category, [])
    if not facts.certain(category) or category in ("puddle", "plant", "counter"):
        return None
    alike = {t.color for t in things}
    alike |= {c for group in ALIKE if alike & group for c in group}
    colors = [c for c in VOCABULARY[category].colors if c not in alike]
    if not colors or len(things) > MOST_LISTED:
        return None
    color = rng.choice(colors)
    bare = say.adjectives(say.noun(category), color=color)
    words = {"x": say.definite(bare), "that": bare}
    if ask.family == "en":
        missing, think = f"there is no {bare} here.", f"no {say.noun(category)}"
    else:
        missing, think = f"這裡沒有{bare}。", f"沒有{say.noun(category)}"
    if things:
        ref = Ref(things[0].id, category)
        think = listing(ask, ref, things, lambda t: say.color(t.color))
    return ask.sample(
        *("grounding", "none", FORMS[ask.family]["one"], words, think, missing),
        [t.id for t in things],
        {
            "type": "grounding",
            "value": (),
            "category": category,
            "claim": ("count", category, color, None, None, 0),
        },
    )


# colours that people take for one another: whether a grey thing is silver is no fair question
ALIKE = (
    frozenset(("white", "silver", "grey", "beige")),
    frozenset(("beige", "light brown", "brown")),
    frozenset(("brown", "dark brown", "black")),
    frozenset(("red", "orange", "pink")),
    frozenset(("pink", "purple")),
    frozenset(("orange", "yellow")),
)
_PICTURED = 0.09  # share of what is found by what is printed on it, in rooms of meshes
_BY_ROOM = 0.12  # and by the room that it is in, where there are several
_SPECIAL = {
    "region": region,
    "all": every,
    "none": none,
    "use": uses.find,
    "unknown": absent_things.grounding,
}
_KINDS, _WEIGHT_LIST = tuple(_WEIGHTS), tuple(_WEIGHTS.values())


def make(ask: Asking) -> Sample | None:
    """A question of a random kind, or None where the room does not offer it."""
    if ask.facts.room.meshes is not None and ask.rng.random() < _PICTURED:
        return pictures.find(ask)
    if ask.facts.several and ask.rng.random() < _BY_ROOM:
        return one(ask, "room")
    [kind] = ask.rng.choices(_KINDS, _WEIGHT_LIST)
    return _SPECIAL[kind](ask) if kind in _SPECIAL else one(ask, kind)
