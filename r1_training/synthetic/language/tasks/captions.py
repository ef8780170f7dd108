"""Descriptions: one given object, or every important object of the scene."""

from __future__ import annotations

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.forms.caption_forms import DENSE, OBJECT
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import all_seen, described_group, located, side_on
from r1_training.synthetic.language.words.referring import Ref, anchor_ref, on_level, short_ref

MOST_DESCRIBED = 12
MOST_ON_TOP = 4
_PLACES = {
    "en": {
        "corner": "in a corner of the room",
        "wall": "against the wall",
        "middle": "in the middle of the room",
        "hangs": "on the wall",
        "floor": "on the floor",
    },
    "zh": {
        "corner": "位於房間的角落",
        "wall": "靠牆擺放",
        "middle": "位於房間中央",
        "hangs": "在牆上",
        "floor": "在地上",
    },
}
_LEVELS = {
    "en": {1: "top shelf", 2: "second shelf", 3: "third shelf", -1: "bottom shelf"},
    "zh": {1: "最上層", 2: "第二層", 3: "第三層", -1: "最下層"},
}


def place(ask: Asking, thing: Thing) -> tuple[list[str], list[Ref]]:
    """Where it is: phrases that follow each other, and the things that they name."""
    facts, say = ask.facts, ask.say
    words = _PLACES[ask.family]
    if thing.parent is not None:
        return _supported(ask, thing)
    start: list[str] = []
    if thing.kind == "wall":
        start = [words["hangs"]] if thing.category not in ("door", "window") else []
    elif thing.kind == "furniture":
        where = facts.place(thing)
        start = [words[where]] if where else []
    else:
        start = [words["floor"]]
    found = located(ask, thing)
    if found is None:
        return start, []
    relation, anchor = found
    at = say.at(relation, say.the(anchor))
    return [*start, at if ask.family == "en" else f"在{at}"], [anchor]


def _supported(ask: Asking, thing: Thing) -> tuple[list[str], list[Ref]]:
    facts, say = ask.facts, ask.say
    host = facts.parent_of(thing)
    anchor = anchor_ref(facts, ask.rng, host) if host is not None else None
    if host is None or anchor is None:
        return [], []
    anchor = Ref(anchor.id, anchor.category, color=anchor.color)
    the_host = say.the(anchor)
    level = next((n for n in (1, -1, 2, 3) if on_level(thing, n)), None)
    if thing.relation != "on":
        phrase = say.at(thing.relation, the_host)
    elif level is not None:
        shelf = _LEVELS[ask.family][level]
        phrase = f"on the {shelf} of {the_host}" if ask.family == "en" else the_host + shelf
    else:
        side = side_on(thing, host) if thing.category != "counter" else None
        phrase = say.side_of(side, the_host) if side else say.at("on", the_host)
    phrases = [phrase if ask.family == "en" else f"放在{phrase}"]
    neighbours = [t for t in facts.children[host.id] if t.id != thing.id]
    neighbours = [t for t in neighbours if t.level == thing.level and t.category != thing.category]
    near = facts.nearest(neighbours, thing) if neighbours else None
    if near is None or facts.gap(near, thing) > 0.3 or near.category == "counter":
        return phrases, [anchor]
    other = Ref(near.id, near.category)
    beside = say.at("next_to", say.the(other))
    return [*phrases, beside if ask.family == "en" else f"在{beside}"], [anchor, other]


def on_top(ask: Asking, thing: Thing) -> list[Thing]:
    """What is worth saying about its upper face."""
    things = [t for t in ask.facts.on(thing) if t.category != "counter"]
    if not VOCABULARY[thing.category].supports or len(things) > MOST_ON_TOP:
        return []
    return things if all_seen(ask, thing) else []


def _state(thing: Thing) -> tuple[str, str] | None:
    """Its state, where that is worth a word."""
    for pair in thing.states.items():
        if pair != ("pose", "upright") and thing.category not in ("box", "laptop", "dresser"):
            return pair
    return None


def object_caption(ask: Asking, thing: Thing) -> str:
    """Two or three sentences: looks and state, place, what is on it."""
    say = ask.say
    told = say.indefinite(say.described(thing), thing.category) + say.detail(thing.shape)
    pair, (phrases, _), above = _state(thing), place(ask, thing), on_top(ask, thing)
    state = say.state(thing.category, pair) if pair else ""
    if ask.family == "en":
        text = f"this is {told}"
        text += f". it is {state}" if state else ""
        text += f". it is {', '.join(phrases)}" if phrases else ""
        if above:
            verb = "is" if len(above) == 1 else "are"
            text += f". {described_group(ask, above)} {verb} on it"
        return text + "."
    text = f"這是{told}"
    text += f"，是{state}的" if state else ""
    text += f"。它{'，'.join(phrases)}" if phrases else ""
    text += f"，上面有{described_group(ask, above)}" if above else ""
    return text + "。"


def line(ask: Asking, thing: Thing) -> str:
    """One sentence about one object of a dense caption."""
    say = ask.say
    (phrases, _), above, pair = place(ask, thing), on_top(ask, thing), _state(thing)
    state = say.state(thing.category, pair) if pair else ""
    if ask.family == "en":
        bare = say.described(thing)
        if state in ("open", "closed", "made", "messy"):
            bare, state = f"{state} {bare}", ""
        text = say.indefinite(bare, thing.category) + (f" that is {state}" if state else "")
        # a comma keeps "that is on" and "on the desk" apart
        text += (", " if state else " ") + ", ".join(phrases) if phrases else ""
        return text + (f", with {described_group(ask, above)} on it." if above else ".")
    told = say.indefinite(say.described(thing), thing.category)
    text = f"這是{told}" + (f"，是{state}的" if state else "")
    text += "，" + "，".join(phrases) if phrases else ""
    return text + (f"，上面有{described_group(ask, above)}。" if above else "。")


def given(ask: Asking) -> Sample | None:
    """An object given by its box."""
    return _object(ask, ask.rng.choice(ask.things()), None)


def by_name(ask: Asking) -> Sample | None:
    """An object given by its description."""
    thing = ask.rng.choice(ask.things())
    ref = short_ref(ask.facts, ask.rng, thing)
    return None if ref is None else _object(ask, thing, ref)


def _object(ask: Asking, thing: Thing, ref: Ref | None) -> Sample | None:
    say = ask.say
    phrases, anchors = place(ask, thing)
    if not phrases:
        return None
    head = say.noun(thing.category)
    head += f" {box(thing.id)}" if ref is not None else ""
    listed = [head, *(f"{say.noun(a.category)} {box(a.id)}" for a in anchors)]
    above = on_top(ask, thing)
    words = {"t": box(thing.id), "x": say.the(ref) if ref is not None else ""}
    objects = [
        thing.id,
        *ask.needed(*anchors),
        *(t.id for t in above),
    ]
    objects += ask.needed(ref) if ref is not None else ()
    return ask.sample(
        *("object_caption", "given" if ref is None else "named"),
        OBJECT[ask.family]["given" if ref is None else "named"],
        words,
        say.semicolon.join(listed),
        object_caption(ask, thing),
        objects,
        {"type": "caption", "id": thing.id, "category": thing.category, "color": thing.color},
    )


def important(ask: Asking) -> list[Thing]:
    """Up to 12 objects: furniture and what is on walls first, large before small; left to right."""
    order = {"furniture": 0, "wall": 1, "region": 1, "small": 2}
    things = [t for t in ask.things() if t.category != "radiator"]
    things.sort(key=lambda t: (order[t.kind], -t.volume, t.id))
    chosen = things[:MOST_DESCRIBED]
    return sorted(chosen, key=lambda t: (t.center[0], t.center[1], t.id))


def dense(ask: Asking) -> Sample | None:
    """Every important object, a line each."""
    say, things = ask.say, important(ask)
    if len(things) < 2:
        return None
    lines = [f"{say.noun(t.category)} {box(t.id)}{say.colon}{say.finish(line(ask, t))}"
             for t in things]  # fmt: skip
    number = say.number(len(things), "box")
    rooms = [say.room(kind) for kind in ask.facts.room_clues]
    if not ask.facts.several:
        rooms = [say.room(ask.facts.room.type)]
    return ask.sample(
        *("dense_caption", "all", DENSE[ask.family], {}),
        say.comma.join((*rooms, number)),
        "\n".join(lines),
        [t.id for t in things],
        {"type": "dense", "value": tuple(t.id for t in things)},
        is_label=True,
    )


MAKERS = {"given": (given, 2.0), "named": (by_name, 1.0)}


def make(ask: Asking) -> Sample | None:
    """A description of one object."""
    return given(ask) if ask.rng.random() < 0.7 else by_name(ask)
