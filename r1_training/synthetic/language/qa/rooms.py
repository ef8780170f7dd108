"""Questions about several rooms: which are there, what is in which, how many are in one of them."""

from __future__ import annotations

from r1_training.synthetic.language.context import Asking, box, row
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.forms.patterns import Forms
from r1_training.synthetic.language.forms.qa_forms import FORMS as QA
from r1_training.synthetic.language.qa.counting import MOST_COUNTED
from r1_training.synthetic.language.qa.qa_words import measure, tell, within
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import random_subject, subject, thought
from r1_training.synthetic.language.words.referring import sayable_color

_FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "which": Forms(
            "[|Tell me: |Excuse me, |Please tell me: |I wonder, ][which|what] room is {x} in?",
            "In [which|what] room [is|can I find|do you see] {x}?",
            "[Tell me|Can you tell me|I want to know] which room {x} is in.",
        ),
        "all": Forms(
            "[|Tell me: |Excuse me, |Please tell me: |I wonder, ][which|what] rooms are"
            " [there|these]?",
            "[Which|What] rooms [can you see|do you see|does the map show]?",
            "[Name|List] [the rooms|all rooms].",
        ),
    },
    "zh": {
        "which": Forms(
            "[|請問|請告訴我，|我想知道，|請問一下，]{x}在哪個房間？",
            "{x}[放在|擺在]哪個房間[裡？|？]",
            "[看一下|幫我看看]{x}在哪個房間。",
        ),
        "all": Forms(
            "[|請問|請告訴我，|我想知道，|請問一下，]這裡有哪些房間？",
            "[你看得到|可以看到|能看到]哪些房間？",
            "[列出|說出]所有的房間。",
        ),
    },
}
_ALL = {"en": "there is {rooms}.", "zh": "這裡有{rooms}。"}


def which(ask: Asking) -> Sample | None:
    """Which room is the lamp in?"""
    facts, say = ask.facts, ask.say
    things = [t for t in ask.things() if facts.type_around(t) in facts.room_clues]
    found = random_subject(ask, things)
    if found is None or any(r is not None and r.room for r in (found[1], found[1].anchor)):
        return None  # the question would tell it
    thing, ref = found
    kind = facts.type_around(thing)
    clues = [t for t in facts.room_clues[kind] if t.id != thing.id][:3]
    room = say.room(kind)
    seen = say.comma.join(f"{say.noun(t.category)} {box(t.id)}" for t in clues)
    think = f"{thought(ask, ref)}{say.semicolon}{seen}{say.colon if seen else ''}{room}"
    at = say.in_room(kind)
    return ask.sample(
        *("qa", "which_room", _FORMS[ask.family]["which"], {"x": say.the(ref)}, think),
        tell(ask, "location", x=subject(ask, ref), p=at),
        [*ask.needed(ref), *(t.id for t in clues)],
        {
            **{"type": "room", "value": kind, "ref": ref},
            "claim": ("in room", thing.id, kind),
        },
    )


def every(ask: Asking) -> Sample | None:
    """Which rooms are there? Only where each is known by what is in it."""
    facts, say = ask.facts, ask.say
    if len(facts.room_clues) < len(facts.room.parts):
        return None
    parts = [
        f"{say.room(kind)}{say.colon if clues else ''}"
        + say.comma.join(f"{say.noun(t.category)} {box(t.id)}" for t in clues[:2])
        for kind, clues in facts.room_clues.items()
    ]
    rooms = [say.room(kind) for kind in facts.room_clues]
    told = [say.indefinite(room, "") for room in rooms] if ask.family == "en" else rooms
    return ask.sample(
        *("qa", "rooms", _FORMS[ask.family]["all"], {}, say.semicolon.join(parts)),
        _ALL[ask.family].format(rooms=say.join(told)),
        [t.id for clues in facts.room_clues.values() for t in clues[:2]],
        {
            **{"type": "reason", "value": "rooms", "must": tuple(map(say.script, rooms))},
            "claim": ("rooms", tuple(facts.room_clues)),
        },
    )


def count(ask: Asking) -> Sample | None:
    """How many chairs are in the kitchen? Now and then there are none."""
    facts, rng, say = ask.facts, ask.rng, ask.say
    if not facts.room_clues:
        return None
    kind = rng.choice(list(facts.room_clues))
    inside = [t for t in ask.things() if facts.type_around(t) == kind]
    elsewhere = [t for t in ask.things() if facts.type_around(t) != kind]
    pool = inside if rng.random() < 0.8 else elsewhere
    pool = [t for t in pool if t.category not in ("puddle", "counter")]
    if not pool:
        return None
    category = rng.choice(pool).category
    things: list[Thing] = [t for t in inside if t.category == category]
    if not facts.certain(category) or len(things) > MOST_COUNTED:
        return None
    color = None
    if things and rng.random() < 0.25 and sayable_color(things[0]):
        color = rng.choice(things).color
        things = [t for t in things if t.color == color]
    at, number = say.in_room(kind), len(things)
    place = within(ask, at)
    noun = say.adjectives(say.plural(category), color=color)
    bare = say.adjectives(say.noun(category), color=color)
    clues = facts.room_clues[kind][:2]
    seen = say.comma.join(named_clue(ask, t) for t in clues)
    start = f"{say.room(kind)}{say.colon if seen else ''}{seen}{say.semicolon}"
    space = say.space + " " * (ask.family == "zh")
    listed = f"{noun}{space}{row(say, things)}{say.colon}{say.number(number, category)}"
    none = f"no {bare}" if ask.family == "en" else f"沒有{bare}"
    if ask.family == "en":
        told = say.counted(number, category, color)
        answer = tell(ask, "count", are="is" if number == 1 else "are", n=told, at=place)
    elif number:
        answer = tell(ask, "count", n=say.counted(number, category, color), at=place)
    else:
        answer = tell(ask, "count_none", x=bare, at=place)
    return ask.sample(
        *("qa", "count_in_room", QA[ask.family]["count"]),
        {"xs": noun, "cl": measure(ask, category), "at": place},
        start + (listed if number else none),
        answer,
        [t.id for t in (*things, *clues)],
        {
            **{"type": "count", "value": number},
            "claim": ("count in", category, color, kind, number),
        },
    )


def named_clue(ask: Asking, thing: Thing) -> str:
    """fridge <obj:3>"""
    return f"{ask.say.noun(thing.category)} {box(thing.id)}"


_MAKERS = ((which, 2.0), (every, 0.5), (count, 2.0))


def make(ask: Asking) -> Sample | None:
    """A question about rooms of a random kind, or None where they do not offer it."""
    [maker] = ask.rng.choices([m for m, _ in _MAKERS], [w for _, w in _MAKERS])
    return maker(ask)
