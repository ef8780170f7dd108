"""Questions about how many there are, and whether there is one."""

from __future__ import annotations

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box, named, row
from r1_training.synthetic.language.facts import SEATS, Thing
from r1_training.synthetic.language.qa.qa_words import measure, qa_sample, tell, within, yes_or_no
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import (
    all_seen,
    in_the_room,
    mine,
    place_phrase,
    side_on,
)
from r1_training.synthetic.language.words.referring import Ref, anchor_ref, name, sayable_color

MOST_COUNTED = 8


def count(ask: Asking) -> Sample | None:
    """How many of a category, perhaps of one colour, in the room or on or around something."""
    facts, rng = ask.facts, ask.rng
    dice = rng.random()
    if dice < 0.35:
        sample = _count_at(ask)
        if sample is not None:
            return sample
    several = [c for c, row in facts.by_category.items() if len(row) > 1]
    if dice < 0.9 and several and rng.random() < 0.75:
        category = rng.choice(several)
    elif dice < 0.9:
        category = rng.choice(list(facts.by_category))
    else:
        category = rng.choice([c for c in facts.vocabulary if c not in facts.by_category])
    if not facts.certain(category) or category in ("puddle", "counter"):
        return None
    things = facts.by_category.get(category, [])
    color = None
    if things and rng.random() < 0.4 and sayable_color(things[0]):
        color = rng.choice(things).color
        if rng.random() < 0.1:
            color = rng.choice(VOCABULARY[category].colors)
        things = [t for t in things if t.color == color]
    place = within(ask, in_the_room(ask))
    return _counted(ask, category, color, things, place, None, "count")


def _count_at(ask: Asking) -> Sample | None:
    facts, rng, say = ask.facts, ask.rng, ask.say
    tables = [t for t in facts.of_hypernym("table") if t.category != "table"]
    if tables and rng.random() < 0.5:
        table = rng.choice(tables)
        seats = [t for c in SEATS for t in facts.by_category.get(c, ())]
        verdicts = {t.id: facts.around(t, table) for t in seats}
        found = [t for t in seats if verdicts[t.id]]
        kinds = {t.category for t in found}
        anchor = anchor_ref(facts, rng, table)
        if None in verdicts.values() or len(kinds) != 1 or anchor is None:
            return None
        [category] = kinds
        if not facts.certain(category):
            return None
        place = f"around {say.the(anchor)}" if ask.family == "en" else f"{say.the(anchor)}周圍"
        found.sort(key=lambda t: (t.center[0], t.center[1], t.id))
        return _counted(ask, category, None, found, place, anchor, "count_around")
    hosts = [facts.things[id] for id in facts.children if id in facts.things]
    hosts = [h for h in hosts if len(facts.on(h)) > 1]
    if not hosts:
        return None
    host = rng.choice(hosts)
    anchor = anchor_ref(facts, rng, host)
    inside = facts.on(host)
    if anchor is None or not all_seen(ask, host):
        return None
    small = [c for c in facts.by_category if VOCABULARY[c].kind == "small"]
    if rng.random() < 0.85 or not small:
        category = rng.choice(inside).category
    else:  # perhaps none is there
        category = rng.choice(small)
    things = [t for t in inside if t.category == category]
    color = None
    if things and rng.random() < 0.3 and sayable_color(things[0]):
        color = rng.choice(things).color
        things = [t for t in things if t.color == color]
    place = place_phrase(ask, "on", anchor)
    return _counted(ask, category, color, things, within(ask, place), anchor, "count")


def _counted(
    ask: Asking,
    category: str,
    color: str | None,
    things: list[Thing],
    place: str,
    anchor: Ref | None,
    form: str,
) -> Sample | None:
    say, number = ask.say, len(things)
    relation = None
    if anchor is not None:
        relation = "around" if form == "count_around" else "on"
    if number > MOST_COUNTED:
        return None
    index = 1 if ask.rng.random() < 0.2 else 0
    noun = say.plural(category, index)
    words = {
        "xs": say.adjectives(noun, color=color),
        "cl": measure(ask, category, index),
        "at": place,
    }
    start = named(say, anchor) + say.semicolon if anchor else ""
    bare = say.adjectives(say.noun(category, index), color=color)
    if number:
        listed = say.adjectives(noun, color=color) + say.space + " " * (ask.family == "zh")
        think = f"{start}{listed}{row(say, things)}{say.colon}{say.number(number, category)}"
    else:
        none = f"no {bare}" if ask.family == "en" else f"沒有{bare}"
        think = f"{start}{none}"
    if ask.family == "en":
        at = place if place.startswith(" ") else " " + place
        answer = tell(
            *(ask, "count"),
            are="is" if number == 1 else "are",
            n=say.counted(number, category, color, index),
            at=at,
        )
    elif number:
        answer = tell(ask, "count", n=say.counted(number, category, color, index), at=place)
    else:
        answer = tell(ask, "count_none", x=bare, at=place)
    objects = [t.id for t in things] + ([anchor.id] if anchor else [])
    key = {
        "type": "count",
        "value": number,
        "claim": ("count", category, color, relation, anchor and anchor.id, number),
    }
    return qa_sample(ask, "count", form, words, think, answer, objects, key)


def existence(ask: Asking) -> Sample | None:
    """Is there a red chair (on the desk)?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    host, anchor, place = None, None, ""
    pool = ask.things()
    if rng.random() < 0.4:
        hosts = [facts.things[id] for id in facts.children if id in facts.things]
        hosts = [h for h in hosts if facts.on(h) and all_seen(ask, h)]
        if not hosts:
            return None
        host = rng.choice(hosts)
        anchor = anchor_ref(facts, rng, host)
        if anchor is None:
            return None
        pool, place = facts.on(host), place_phrase(ask, "on", anchor)
    truth = rng.random() < 0.5
    if truth:
        category = rng.choice(pool).category
    else:
        kinds = [c for c in facts.vocabulary if host is None or VOCABULARY[c].kind == "small"]
        present = [c for c in facts.by_category if c in kinds]
        category = rng.choice(present if present and rng.random() < 0.6 else kinds)
    if category in ("puddle", "counter"):
        return None
    things = [t for t in pool if t.category == category]
    color = None
    if rng.random() < 0.5 and category != "plant":
        colors = VOCABULARY[category].colors
        color = rng.choice(things).color if truth else rng.choice(colors)
        matching = [t for t in things if t.color == color]
    else:
        matching = things
    if bool(matching) != truth or (not truth and host is None and not facts.certain(category)):
        return None
    if len(things) > 5 or len(matching) > 3:
        return None
    index = name(rng, facts, things[0]) if things else 0
    index = max(index, 0)
    lamps = [t for t in (pool if host else ask.things()) if t.hypernym == "lamp"]
    if category == "lamp" and len(lamps) == len(things) and rng.random() < 0.4:
        index = -1  # no other kind of lamp is there
    bare = say.adjectives(say.noun(category, index), color=color)
    if anchor and rng.random() < 0.15:
        place = mine(ask, place)
    words = {
        "x": bare,
        "ax": say.indefinite(bare, category),
        "at": within(ask, place) if place or ask.family == "en" else in_the_room(ask),
    }
    start = named(say, anchor) + say.semicolon if anchor else ""
    listed = say.comma.join(f"{say.color(t.color)} {box(t.id)}" for t in things)
    noun = say.noun(category, index) if len(things) < 2 else say.plural(category, index)
    none = f"no {noun}" if ask.family == "en" else f"沒有{noun}"
    think = start + (f"{noun}{say.colon}{listed}" if things else none)
    seen = sorted({t.id for t in things} | ({anchor.id} if anchor else set()))
    host_id = host.id if host is not None else None
    claim = ("count", category, color, "on" if host else None, host_id, len(matching))
    key = {"type": "yes_no", "value": truth, "claim": claim}
    at = words["at"]
    if anchor:
        there = f"{say.the(anchor)} {box(anchor.id)}"
        beside = side_on(matching[0], host) if host and len(matching) == 1 else None
        at = within(ask, say.side_of(beside, there) if beside else say.at("on", there))
    if truth:
        answer = yes_or_no(ask, True) + _exists(ask, category, index, matching, at)
    else:
        no = "no, " if ask.family == "en" else "沒有，"
        answer = no + tell(ask, "missing", x=bare, at=at)
    return qa_sample(ask, "existence", "existence", words, think, answer, seen, key)


def _exists(ask: Asking, category: str, index: int, things: list[Thing], at: str) -> str:
    say = ask.say
    if len(things) == 1:
        color = things[0].color if sayable_color(things[0]) else None
        bare = say.adjectives(say.noun(category, index), color=color)
        told = f"{say.indefinite(bare, category)} {box(things[0].id)}"
        return tell(ask, "exists", ax=told, at=at)
    number = say.counted(len(things), category, None, index)
    if ask.family == "en":
        return f"there are {number}{at}."
    return tell(ask, "exists", ax=number, at=at)
