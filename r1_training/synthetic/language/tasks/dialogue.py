"""Dialogues: a first question, then turns that refer to what was spoken of, then perhaps a request.

A sample is the last turn; the ones before it are its history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from r1_model.text.tasks import detect_language
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box, row
from r1_training.synthetic.language.facts import Facts, Thing
from r1_training.synthetic.language.forms.dialogue_forms import ONLY, PROMISES
from r1_training.synthetic.language.forms.qa_forms import ANSWERS
from r1_training.synthetic.language.qa import counting
from r1_training.synthetic.language.qa.attributes import askable_states
from r1_training.synthetic.language.sample import Sample, placeholders
from r1_training.synthetic.language.tasks import grounding, plan_steps
from r1_training.synthetic.language.tasks.plan_requests import (
    DEVICES,
    OPENABLE,
    TABLES,
    UNFIT_FOR_TABLES,
)
from r1_training.synthetic.language.tasks.plan_steps import Plan
from r1_training.synthetic.language.tasks.talk import Talk
from r1_training.synthetic.language.words.phrases import all_seen, described_group, located
from r1_training.synthetic.language.words.referring import (
    anchor_ref,
    sayable_color,
    telling_material,
)
from r1_training.synthetic.language.words.words_en import MATERIALS
from r1_training.synthetic.rooms.catalog import STATES

MOST_TURNS = 5
# Chance that a turn is in another language than the one before it; the last question decides what
# is answered in.
MIXED = 0.12


Turn = Callable[[Talk], Sample | None]


def _answer(talk: Talk, key: str, **words: str) -> str:
    return ANSWERS[talk.ask.family][key].format_map(words)


def _others(talk: Talk) -> list[Thing]:
    return [t for t in talk.ask.facts.by_category[talk.it.category] if t.id != talk.it.id]


def _colour_of(talk: Talk, thing: Thing, kind: str) -> Sample | None:
    if not sayable_color(thing):
        return None
    said = talk.ask.say.color(thing.color)
    answer = _answer(talk, "colour", x=talk.subject(thing), c=said)
    key = {"type": "colour", "value": thing.color, "claim": ("color", thing.id, thing.color)}
    return talk.reply(kind, talk.think(thing, said), answer, key, objects=(thing.id,))


def colour(talk: Talk) -> Sample | None:
    """What colour is it?"""
    return _colour_of(talk, talk.it, "colour")


def material(talk: Talk) -> Sample | None:
    """What is it made of?"""
    thing = talk.it
    offered = VOCABULARY[thing.category].materials
    if thing.material not in MATERIALS or len(offered) < 2:
        return None
    if not telling_material(thing.material, offered):
        return None
    said = talk.ask.say.material(thing.material)
    answer = _answer(talk, "material", x=talk.subject(thing), m=said)
    key = {
        "type": "material",
        "value": thing.material,
        "claim": ("material", thing.id, thing.material),
    }
    return talk.reply("material", talk.think(thing, said), answer, key)


def _state_of(talk: Talk, thing: Thing, kind: str) -> Sample | None:
    pairs = askable_states(thing)
    if not pairs:
        return None
    say = talk.ask.say
    pair = talk.ask.rng.choice(pairs)
    values = list(STATES[pair[0]])
    talk.ask.rng.shuffle(values)
    asked, other = (
        say.asked_state(talk.ask.rng, thing.category, (pair[0], value)) for value in values
    )
    said = say.state(thing.category, pair)
    answer = _answer(talk, "state", x=talk.subject(thing), s=said)
    claim = ("state", thing.id, *pair)
    sample = talk.reply(
        *(kind, talk.think(thing, said), answer, {"type": "state", "value": pair, "claim": claim}),
        {"s": asked, "t": other},
        (thing.id,),
    )
    if "{t}" in sample.form:
        return sample
    truth = values[0] == pair[1]
    yes = ANSWERS[talk.ask.family]["yes" if truth else "no"]
    key = {"type": "yes_no", "value": truth, "claim": claim, "asked": values[0]}
    return replace(sample, answer=say.finish(yes + answer), answer_key=key)


def state(talk: Talk) -> Sample | None:
    """Is it on?"""
    return _state_of(talk, talk.it, "state")


def _location_of(talk: Talk, thing: Thing, kind: str) -> Sample | None:
    place = located(talk.ask, thing)
    if place is None or thing.category == "counter":
        return None
    relation, anchor = place
    say = talk.ask.say
    at = say.at(relation, f"{say.the(anchor)} {box(anchor.id)}")
    think = talk.think(thing) + say.semicolon + f"{say.noun(anchor.category)} {box(anchor.id)}"
    answer = _answer(talk, "location", x=talk.subject(thing), p=at)
    key = {
        "type": "location",
        "value": (relation, anchor.category),
        "claim": ("relation", thing.id, relation, anchor.id),
        "open": True,
    }
    return talk.reply(kind, think, answer, key, objects=(thing.id, *anchor.ids()))


def location(talk: Talk) -> Sample | None:
    """Where is it?"""
    return _location_of(talk, talk.it, "location")


def on_it(talk: Talk) -> Sample | None:
    """What is on it?"""
    thing, ask = talk.it, talk.ask
    things = ask.facts.on(thing)
    if not VOCABULARY[thing.category].supports or not all_seen(ask, thing) or len(things) > 4:
        return None
    if any(t.category == "counter" for t in things):
        return None
    say = ask.say
    there = say.at("on", talk.subject(thing))
    key = {
        "type": "list",
        "value": [(t.category, t.color) for t in things],
        "claim": ("list", "on", thing.id, tuple(t.id for t in things)),
    }
    if not things:
        nothing = "nothing" if ask.family == "en" else "沒有東西"
        return talk.reply(
            "on_it", talk.think(thing, nothing), _answer(talk, "nothing", p=there), key
        )
    listed = say.comma.join(f"{say.noun(t.category)} {box(t.id)}" for t in things)
    answer = _answer(
        *(talk, "what"),
        things=described_group(ask, things),
        are="are" if len(things) > 1 else "is",
        p=there,
    )
    think = talk.think(thing) + say.semicolon + listed
    return talk.reply("on_it", think, answer, key, objects=tuple(t.id for t in things))


def more(talk: Talk) -> Sample | None:
    """Is there another one?"""
    ask, category = talk.ask, talk.it.category
    things = ask.facts.by_category[category]
    if not ask.facts.certain(category) or len(things) > 6:
        return None
    say = ask.say
    words = {"x": say.noun(category), "n": say.counted(len(things), category)}
    words["cl"] = say.measure(category) if ask.family == "zh" else ""
    answer = ONLY[ask.family]["more" if len(things) > 1 else "only"].format_map(words)
    space = say.space + " " * (ask.family == "zh")
    think = f"{say.plural(category)}{space}{row(say, things)}{say.colon}"
    think += say.number(len(things), category)
    key = {
        "type": "count",
        "value": len(things),
        "claim": ("count", category, None, None, None, len(things)),
    }
    sample = talk.reply("more", think, answer, key, objects=tuple(t.id for t in things))
    only = ("only", "只有")
    if any(word in sample.form for word in only):  # "is it the only one?" turns the answer round
        return None
    return sample


def _two(talk: Talk) -> Thing | None:
    """The other one, where there are exactly two."""
    others = _others(talk)
    certain = talk.ask.facts.certain(talk.it.category)
    return others[0] if len(others) == 1 and certain else None


def other_colour(talk: Talk) -> Sample | None:
    """What colour is the other one?"""
    other = _two(talk)
    return _colour_of(talk, other, "other_colour") if other is not None else None


def other_location(talk: Talk) -> Sample | None:
    """Where is the other one?"""
    other = _two(talk)
    return _location_of(talk, other, "other_location") if other is not None else None


def other_state(talk: Talk) -> Sample | None:
    """Is the other one on?"""
    other = _two(talk)
    return _state_of(talk, other, "other_state") if other is not None else None


def _found(talk: Talk, kind: str, thing: Thing, words: dict[str, str] | None = None) -> Sample:
    say = talk.ask.say
    color = thing.color if kind == "they_find" else None
    label = say.adjectives(say.noun(thing.category), color=color)
    listed = talk.ask.facts.by_category[thing.category][:MOST_TURNS]
    space = say.space + " " * (talk.ask.family == "zh")
    if kind == "they_find":
        think = say.comma.join(f"{say.color(t.color)} {box(t.id)}" for t in talk.focus)
    else:
        think = f"{say.plural(thing.category)}{space}{row(say, listed)}"
    key = {"type": "grounding", "value": (thing.id,), "category": thing.category}
    objects = tuple(t.id for t in listed)
    return talk.reply(kind, think, f"{label} {box(thing.id)}", key, words, objects, is_label=True)


def find_other(talk: Talk) -> Sample | None:
    """Show me the other one."""
    other = _two(talk)
    return _found(talk, "find_other", other) if other is not None else None


def they_colour(talk: Talk) -> Sample | None:
    """What colour are they?"""
    colors = {t.color for t in talk.focus}
    if len(colors) != 1 or not sayable_color(talk.it):
        return None
    say, [color] = talk.ask.say, colors
    said, noun = say.color(color), say.plural(talk.it.category)
    answer = _answer(talk, "colour_all", xs=noun, c=said)
    space = say.space + " " * (talk.ask.family == "zh")
    think = f"{noun}{space}{row(say, talk.focus)}{say.colon}{said}"
    key = {"type": "colour", "value": color, "claim": ("color", talk.it.id, color)}
    return talk.reply("they_colour", think, answer, key)


def they_count(talk: Talk) -> Sample | None:
    """How many of them are red?"""
    if not sayable_color(talk.it):
        return None
    say, rng, category = talk.ask.say, talk.ask.rng, talk.it.category
    color = rng.choice(talk.focus).color
    if rng.random() < 0.25:
        color = rng.choice(VOCABULARY[category].colors)
    number = sum(t.color == color for t in talk.focus)
    if talk.ask.family == "en":
        told = say.number(number, category) if number else "none"
        answer = f"{told} of them {'is' if number == 1 else 'are'} {say.color(color)}."
    else:
        told = say.number(number, category) if number else "沒有"
        answer = f"有{told}是{say.color(color)}的。" if number else f"沒有{say.color(color)}的。"
    listed = say.comma.join(f"{say.color(t.color)} {box(t.id)}" for t in talk.focus)
    think = f"{listed}{say.semicolon}{say.color(color)}{say.colon}{told}"
    ids = tuple(t.id for t in talk.focus)
    key = {"type": "count", "value": number, "claim": ("of", ids, color, number)}
    return talk.reply("they_count", think, answer, key, {"c": say.color(color)})


def they_find(talk: Talk) -> Sample | None:
    """Show me the red one."""
    thing = talk.ask.rng.choice(talk.focus)
    if sum(t.color == thing.color for t in talk.focus) != 1 or not sayable_color(thing):
        return None
    return _found(talk, "they_find", thing, {"c": talk.ask.say.color(thing.color)})


def they_side(talk: Talk) -> Sample | None:
    """Show me the one on the far left."""
    xs = [t.center[0] for t in talk.focus]
    side = talk.ask.rng.choice(("left", "right"))
    clear = xs[1] - xs[0] > 0.15 if side == "left" else xs[-1] - xs[-2] > 0.15
    if not clear or len(talk.focus) != len(talk.ask.facts.by_category[talk.it.category]):
        return None
    thing = talk.focus[0] if side == "left" else talk.focus[-1]
    said = side if talk.ask.family == "en" else {"left": "左", "right": "右"}[side]
    return _found(talk, "they_side", thing, {"side": said})


def request(talk: Talk) -> Sample | None:
    """Turn it off; open it; bring it; put it there: answered by a plan."""
    ask, thing, rng = talk.ask, talk.it, talk.ask.rng
    words: dict[str, str] = {}
    options: list[str] = []
    if thing.category in DEVICES:
        options += ["switch"] * 4
    if thing.category in OPENABLE:
        options += ["opening"] * 2
    if thing.states.get("bedding") == "messy":
        options += ["make"] * 4
    if VOCABULARY[thing.category].graspable:
        options += ["fetch"] + ["put"] * 2 * (thing.category not in UNFIT_FOR_TABLES)
    if not options:
        return None
    kind, plan = rng.choice(options), None
    if kind == "switch":
        kind = "turn_off" if thing.states["power"] == "on" else "turn_on"
        plan = plan_steps.switch(ask, [thing], kind.removeprefix("turn_"))
    elif kind == "opening":
        kind = "close" if thing.states["opening"] == "open" else "open"
        plan = plan_steps.set_opening(ask, [thing], "closed" if kind == "close" else "open")
    elif kind == "make":
        plan = plan_steps.make_bed(ask, thing)
    elif kind == "fetch":
        plan = plan_steps.fetch(ask, thing)
    else:
        plan = _put(talk, words)
    if plan is None:
        return None
    answer = PROMISES[ask.family][kind].format(x=ask.say.noun(thing.category), **words)
    answer = f"{ask.say.finish(answer)}\n{plan.text()}"
    objects = tuple(plan.objects())
    return talk.reply(kind, plan.think(), answer, plan.key(), words, objects, is_label=True)


def _put(talk: Talk, words: dict[str, str]) -> Plan | None:
    ask, thing = talk.ask, talk.it
    hosts = [t for t in ask.things() if t.category in TABLES and t.id != thing.parent]
    hosts = [t for t in hosts if not ask.facts.supported_by(thing, t)]
    if not hosts:
        return None
    host = ask.rng.choice(hosts)
    target = anchor_ref(ask.facts, ask.rng, host)
    if target is None:
        return None
    words |= {"y": ask.say.the(target), "p": ask.say.at("on", ask.say.the(target))}
    return plan_steps.put(ask, [thing], host)


SINGLE: dict[str, tuple[Turn, float]] = {
    "state": (state, 3.0),
    "colour": (colour, 2.0),
    "location": (location, 1.5),
    "material": (material, 0.7),
    "on_it": (on_it, 0.8),
    "more": (more, 0.8),
    "other_colour": (other_colour, 1.2),
    "other_location": (other_location, 1.0),
    "other_state": (other_state, 1.2),
    "find_other": (find_other, 1.0),
}
GROUP: dict[str, tuple[Turn, float]] = {
    "they_colour": (they_colour, 1.0),
    "they_count": (they_count, 1.5),
    "they_find": (they_find, 2.0),
    "they_side": (they_side, 2.0),
}
_MOVES_FOCUS = frozenset(
    ("other_colour", "other_location", "other_state", "find_other", "they_find", "they_side")
)


def begin(ask: Asking) -> Talk | None:
    """A first question that brings something into focus."""
    dice, facts = ask.rng.random(), ask.facts
    if dice < 0.45:
        first = counting.existence(ask)
        if first is None or first.answer_key["value"] is not True:
            return None
        focus = _existing(first, facts)
    elif dice < 0.75:
        kind = ask.rng.choice(("name", "colour", "relation", "ordinal"))
        first = grounding.one(ask, kind)
        if first is None:
            return None
        focus = [facts.things[first.answer_key["value"][0]]]
    else:
        first = counting.count(ask)
        if first is None or not 2 <= first.answer_key["value"] <= 5:
            return None
        category = first.answer_key["claim"][1]
        focus = [facts.things[id] for id in first.objects if id in facts.things]
        focus = [t for t in focus if t.category == category]
        focus.sort(key=lambda t: (t.center[0], t.center[1], t.id))
        if len(focus) != first.answer_key["value"]:
            return None
    if not focus:
        return None
    return Talk(ask, focus, [(first.question, first.raw)], list(first.objects), set())


def _existing(first: Sample, facts: Facts) -> list[Thing]:
    """What an existence answer says is there: the thing on top, not its host."""
    things = [facts.things[id] for id in placeholders(first.answer)]
    tops = [t for t in things if not any(facts.supported_by(o, t) for o in things if o is not t)]
    return tops if len(tops) == 1 else []


def follow(talk: Talk) -> Sample | None:
    """A later turn about the focus that was not asked yet."""
    table = SINGLE if len(talk.focus) == 1 else GROUP
    kinds = [kind for kind in table if kind not in talk.asked]
    for _ in range(4):
        if not kinds:
            return None
        [kind] = talk.ask.rng.choices(kinds, [table[k][1] for k in kinds])
        sample = table[kind][0](talk)
        if sample is not None:
            return sample
        kinds.remove(kind)
    return None


def advance(talk: Talk, sample: Sample) -> None:
    """Make a turn part of the history; some turns bring another thing into focus."""
    talk.turns.append((sample.question, sample.raw))
    talk.objects = list(dict.fromkeys([*talk.objects, *sample.objects]))
    talk.asked.add(sample.kind)
    if sample.kind in _MOVES_FOCUS:
        facts = talk.ask.facts
        if sample.answer_key["type"] == "grounding":
            talk.focus = [facts.things[sample.answer_key["value"][0]]]
        else:
            talk.focus = [_others(talk)[0]]
        talk.asked = {sample.kind.removeprefix("other_")}


def make(ask: Asking) -> Sample | None:
    """A dialogue of 2 to 5 turns; the sample is the last."""
    talk = begin(ask)
    if talk is None:
        return None
    length = ask.rng.choice((2, 2, 3, 3, 4, MOST_TURNS))
    ends_in_request = ask.rng.random() < 0.4
    while True:
        last = len(talk.turns) == length - 1
        if ask.mixed and ask.rng.random() < MIXED:
            talk = talk.in_another_language()
        if last and ends_in_request and len(talk.focus) == 1:
            sample = request(talk) or follow(talk)
        else:
            sample = follow(talk)
        if sample is None:
            return None
        if talk.ask is not ask and detect_language(sample.question) != sample.language:
            return None  # nobody could tell what to answer in
        if last:
            return sample
        advance(talk, sample)
