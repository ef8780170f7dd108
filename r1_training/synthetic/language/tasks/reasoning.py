"""Questions that need a conclusion: evidence in the room -> what probably happened."""

from __future__ import annotations

from collections.abc import Callable, Collection

from r1_training.synthetic.language.context import Asking, box, named, row
from r1_training.synthetic.language.facts import Facts, Thing
from r1_training.synthetic.language.forms.reasoning_forms import ANSWERS, FORMS
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.tasks.plan_requests import DEVICES, LAMPS, spilt
from r1_training.synthetic.language.words.referring import anchor_ref

_COMPUTERS = ("monitor", "laptop")
_CLUES = ("bed", "book", *LAMPS, "tv", *_COMPUTERS, "stove")


def evidence(ask: Asking, things: list[tuple[Thing, str]]) -> str:
    """lamp <obj:3>: on; bed <obj:4>: messy"""
    say = ask.say
    return say.semicolon.join(
        f"{say.noun(t.category)} {box(t.id)}{say.colon}"
        f"{say.state(t.category, (state, t.states[state]))}"
        for t, state in things
    )


def _conclude(
    ask: Asking,
    kind: str,
    cause: str,
    think: str,
    objects: list[int],
    words: dict[str, str] | None = None,
    slots: dict[str, str] | None = None,
    listed: tuple[Collection[str], Collection[str]] = ((), ()),
) -> Sample:
    """`listed`: categories that the answer must name, in any order, and those that it may not."""
    answer, must = ANSWERS[ask.family][cause]
    words = words or {}
    key = {
        "type": "reason",
        "value": cause,
        "must": tuple(ask.say.script(word.format_map(words)).lower() for word in must),
        "named": tuple(dict.fromkeys(listed[0])),
        "unnamed": tuple(c for c in dict.fromkeys(listed[1]) if c not in listed[0]),
    }
    return ask.sample(
        *("reasoning", kind, FORMS[ask.family][kind], slots or {}, think),
        answer.format_map(words),
        objects,
        key,
    )


def _first(facts: Facts, categories: tuple[str, ...], state: str, value: str) -> Thing | None:
    """The leftmost visible thing of some categories in a state."""
    return next(
        (
            t
            for t in facts.things.values()
            if t.category in categories and t.states.get(state) == value
        ),
        None,
    )


def reading_in_bed(facts: Facts) -> list[tuple[Thing, str]]:
    """A messy bed, an open book and a lamp that is on; nothing where one of them is missing."""
    bed = _first(facts, ("bed",), "bedding", "messy")
    book = _first(facts, ("book",), "opening", "open")
    lamp = _first(facts, LAMPS, "power", "on")
    if bed is None or book is None or lamp is None:
        return []
    return [(bed, "bedding"), (book, "opening"), (lamp, "power")]


def activity(ask: Asking) -> Sample | None:
    """What was the owner doing? The strongest clue decides."""
    facts, say = ask.facts, ask.say
    if facts.several or not all(facts.certain(category) for category in _CLUES):
        return None  # several rooms may tell several stories
    bed = _first(facts, ("bed",), "bedding", "messy")
    book = _first(facts, ("book",), "opening", "open")
    tv = _first(facts, ("tv",), "power", "on")
    computer = _first(facts, _COMPUTERS, "power", "on")
    stove = _first(facts, ("stove",), "power", "on")
    words: dict[str, str] = {}
    if clues := reading_in_bed(facts):
        cause, words["lamp"] = "reading_in_bed", say.noun(clues[2][0].category)
    elif stove:
        cause, clues, words["x"] = "cooking", [(stove, "power")], say.noun("stove")
    elif tv:
        cause, clues = "watching_tv", [(tv, "power")]
    elif computer:
        cause, clues = "working", [(computer, "power")]
        words["x"] = say.noun(computer.category)
    elif bed:
        cause, clues = "got_up", [(bed, "bedding")]
    elif book:
        cause, clues = "reading", [(book, "opening")]
    else:
        cause, clues = "nothing", _idle_clues(ask)
        if not clues:
            return None
    objects = [t.id for t, _ in clues]
    return _conclude(ask, "activity", cause, evidence(ask, clues), objects, words)


def _idle_clues(ask: Asking) -> list[tuple[Thing, str]]:
    """Up to three things that show that nothing goes on."""
    clues = [(t, "bedding") for t in ask.facts.by_category.get("bed", [])]
    clues += [(t, "power") for t in ask.things() if t.category in DEVICES and "power" in t.states]
    return clues[:3] if all(t.states[s] in ("made", "off") for t, s in clues) else []


def wet(ask: Asking) -> Sample | None:
    """Why is the floor wet?"""
    found = spilt(ask.facts)
    if found is None:
        return None
    puddle, vessel = found
    said = ask.say.adjectives(ask.say.noun(vessel.category), color=vessel.color)
    think = f"{ask.say.noun('puddle')} {box(puddle.id)}{ask.say.semicolon}"
    think += evidence(ask, [(vessel, "pose")])
    return _conclude(ask, "wet", "spilt", think, [puddle.id, vessel.id], {"x": said})


def _yes_no(kind: str, category: str, state: str, yes: str) -> Callable[[Asking], Sample | None]:
    """A question that one state of the only thing of its kind decides."""

    def make(ask: Asking) -> Sample | None:
        things = ask.facts.by_category.get(category, [])
        if len(things) != 1 or not ask.facts.certain(category):
            return None
        [thing] = things
        cause = kind if thing.states[state] == yes else f"not {kind}"
        words = {"x": ask.say.noun(category)}
        return _conclude(ask, kind, cause, evidence(ask, [(thing, state)]), [thing.id], words)

    return make


def work(ask: Asking) -> Sample | None:
    """Is someone working at the computer?"""
    computers = [t for t in ask.things() if t.category in _COMPUTERS]
    if not 0 < len(computers) <= 3 or not all(ask.facts.certain(c) for c in _COMPUTERS):
        return None
    on = next((t for t in computers if t.states["power"] == "on"), None)
    shown = on or computers[0]
    words = {"x": ask.say.noun(shown.category)}
    think = evidence(ask, [(t, "power") for t in computers])
    cause = "work" if on else "not work"
    return _conclude(ask, "work", cause, think, [t.id for t in computers], words)


def look_in(ask: Asking) -> Sample | None:
    """Can someone look in? One window with its curtain."""
    windows = ask.facts.by_category.get("window", [])
    curtains = ask.facts.by_category.get("curtain", [])
    known = ask.facts.certain("window") and ask.facts.certain("curtain")
    if not known or len(windows) != 1 or len(curtains) != 1:
        return None
    if ask.facts.gap(windows[0], curtains[0]) > 0.2:
        return None
    curtain = curtains[0]
    cause = "look_in" if curtain.states["opening"] == "open" else "not look_in"
    objects = [windows[0].id, curtain.id]
    return _conclude(ask, "look_in", cause, evidence(ask, [(curtain, "opening")]), objects)


def seats(ask: Asking) -> Sample | None:
    """How many people can sit at the table?"""
    facts, say = ask.facts, ask.say
    tables = facts.by_category.get("dining table", [])
    chairs = facts.by_category.get("chair", [])
    if len(tables) != 1 or not facts.certain("chair"):
        return None
    [table] = tables
    verdicts = [facts.around(t, table) for t in chairs]
    around = [t for t, verdict in zip(chairs, verdicts, strict=True) if verdict]
    ref = anchor_ref(facts, ask.rng, table)
    if None in verdicts or not 0 < len(around) <= 8 or ref is None:
        return None
    count = len(around)
    if ask.family == "en":
        people = f"{say.number(count, 'chair')} {'people' if count > 1 else 'person'}"
    else:
        people = say.number(count, "box") + "人"
    words = {
        "n": people,
        "x": say.label(ref),
        "are": "is" if count == 1 else "are",
        "chairs": say.counted(count, "chair"),
    }
    space = say.space + " " * (ask.family == "zh")
    think = f"{named(say, ref)}{say.semicolon}{say.plural('chair')}{space}{row(say, around)}"
    think += f"{say.colon}{say.number(count, 'chair')}"
    objects = [table.id, *(t.id for t in around)]
    return _conclude(ask, "seats", "seats", think, objects, words, {"x": say.the(ref)})


def safe(ask: Asking) -> Sample | None:
    """May one leave? Only if all is off and closed."""
    categories = (*DEVICES, "window")
    if not all(ask.facts.certain(c) for c in categories):
        return None
    things = [t for t in ask.things() if t.category in categories]
    if not 0 < len(things) <= 5:
        return None
    clues = [(t, "opening" if t.category == "window" else "power") for t in things]
    left = [t for t, state in clues if t.states[state] in ("on", "open")]
    think, objects = evidence(ask, clues), [t.id for t in things]
    if not left:
        return _conclude(ask, "safe", "safe", think, objects)
    nouns = dict.fromkeys(ask.say.definite(ask.say.noun(t.category)) for t in left)
    are = "is" if len(nouns) == 1 else "are"
    words = {"things": ask.say.join(list(nouns)), "are": are}
    listed = [t.category for t in left], [t.category for t in things]
    return _conclude(ask, "safe", "unsafe", think, objects, words, listed=listed)


def trip(ask: Asking) -> Sample | None:
    """Could one trip over something that lies on the floor?"""
    say = ask.say
    loose = ("book", "magazine", "ball", "box", "backpack", "cup", "mug", "bottle")
    if not all(ask.facts.certain(c) for c in loose):
        return None
    things = [t for t in ask.things() if t.category in loose and t.parent is None]
    if not things:
        none = "nothing on the floor" if ask.family == "en" else "地上沒有東西"
        return _conclude(ask, "trip", "not trip", none, [])
    if len(things) > 3:
        return None
    think = say.comma.join(f"{say.noun(t.category)} {box(t.id)}" for t in things)
    nouns = list(dict.fromkeys(say.definite(say.noun(t.category)) for t in things))
    words, ids = {"things": say.join(nouns)}, [t.id for t in things]
    listed = [t.category for t in things], loose
    return _conclude(ask, "trip", "trip", think, ids, words, listed=listed)


# kind -> (maker, weight where the room offers it)
MAKERS: dict[str, tuple[Callable[[Asking], Sample | None], float]] = {
    "activity": (activity, 6.0),
    "wet": (wet, 5.0),
    "slept": (_yes_no("slept", "bed", "bedding", "messy"), 2.0),
    "tv": (_yes_no("tv", "tv", "power", "on"), 1.5),
    "work": (work, 1.5),
    "cook": (_yes_no("cook", "stove", "power", "on"), 1.5),
    "look_in": (look_in, 1.0),
    "rain": (_yes_no("rain", "window", "opening", "open"), 0.7),
    "seats": (seats, 1.5),
    "safe": (safe, 1.2),
    "trip": (trip, 1.0),
}
_KINDS = tuple(MAKERS)
_WEIGHTS = tuple(weight for _, weight in MAKERS.values())


def make(ask: Asking) -> Sample | None:
    """A question of a random kind that the room offers; rare clues are not passed over."""
    if ask.rng.random() < 0.5 and reading_in_bed(ask.facts):
        return activity(ask)
    for _ in range(4):
        [kind] = ask.rng.choices(_KINDS, _WEIGHTS)
        sample = MAKERS[kind][0](ask)
        if sample is not None:
            return sample
    return None
