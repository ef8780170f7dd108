"""Questions with a short answer: counts, attributes, states, relations, existence, comparison."""

from __future__ import annotations

from r1_training.synthetic.catalog import CATEGORIES, STATES
from r1_training.synthetic.language.asking import Asking, box, named, row
from r1_training.synthetic.language.facts import DIRECTIONS, SEATS, Thing
from r1_training.synthetic.language.forms_qa import ANSWERS, FORMS
from r1_training.synthetic.language.phrases import (
    all_seen,
    described_group,
    located,
    mine,
    place_phrase,
    random_subject,
    side_on,
    subject,
    thought,
)
from r1_training.synthetic.language.refer import (
    Ref,
    anchor_ref,
    name,
    sayable_color,
)
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words_en import MATERIALS

MOST_COUNTED = 8
_SHAPES = ("round", "rectangular", "square", "L-shaped")
_MORE = {
    "en": {"taller": "taller", "wider": "wider", "bigger": "bigger"},
    "zh": {"taller": "高", "wider": "寬", "bigger": "大"},
}
_OPPOSITE = {"left": "right", "right": "left", "front": "behind", "behind": "front"}


def _qa(ask: Asking, kind: str, form: str, words, think, answer, objects, key) -> Sample:
    return ask.sample("qa", kind, FORMS[ask.family][form], words, think, answer, objects, key)


def _say(ask: Asking, key: str, **words: str) -> str:
    return ANSWERS[ask.family][key].format_map(words)


def _yes(ask: Asking, truth: bool) -> str:
    return ANSWERS[ask.family]["yes" if truth else "no"]


def _cl(ask: Asking, category: str, index: int = 0) -> str:
    return ask.say.measure(category, index) if ask.family == "zh" else ""


def _at(ask: Asking, place: str) -> str:
    """A place inside of a sentence: behind in English, in front in Chinese."""
    return " " + place if ask.family == "en" and place else place


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
        category = rng.choice([c for c in CATEGORIES if c not in facts.by_category])
    if not facts.certain(category) or category in ("puddle", "counter"):
        return None
    things = facts.by_category.get(category, [])
    color = None
    if things and rng.random() < 0.4 and sayable_color(things[0]):
        color = rng.choice(things).color
        if rng.random() < 0.1:
            color = rng.choice(CATEGORIES[category].colors)
        things = [t for t in things if t.color == color]
    place = "in the room" if ask.family == "en" else "房間裡"
    return _counted(ask, category, color, things, _at(ask, place), None, "count")


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
    if rng.random() < 0.85:
        category = rng.choice(inside).category
    else:
        category = rng.choice([c for c in facts.by_category if CATEGORIES[c].kind == "small"])
    things = [t for t in inside if t.category == category]
    color = None
    if things and rng.random() < 0.3 and sayable_color(things[0]):
        color = rng.choice(things).color
        things = [t for t in things if t.color == color]
    place = place_phrase(ask, "on", anchor)
    return _counted(ask, category, color, things, _at(ask, place), anchor, "count")


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
    if number > MOST_COUNTED:
        return None
    index = 1 if ask.rng.random() < 0.2 else 0
    noun = say.plural(category, index)
    words = {
        "xs": say.adjectives(noun, color=color),
        "cl": _cl(ask, category, index),
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
        answer = _say(
            *(ask, "count"),
            are="is" if number == 1 else "are",
            n=say.counted(number, category, color, index),
            at=at,
        )
    elif number:
        answer = _say(ask, "count", n=say.counted(number, category, color, index), at=place)
    else:
        answer = _say(ask, "count_none", x=bare, at=place)
    objects = [t.id for t in things] + ([anchor.id] if anchor else [])
    key = {"type": "count", "value": number, "category": category, "color": color}
    return _qa(ask, "count", form, words, think, answer, objects, key)


def colour(ask: Asking) -> Sample | None:
    """What colour is it? Is it red? Is it red or blue? What colour are they?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    things = [t for t in ask.things() if sayable_color(t)]
    dice = rng.random()
    if dice < 0.12:
        rows = [
            (c, r)
            for c, r in facts.by_category.items()
            if 1 < len(r) <= 6 and len({t.color for t in r}) == 1 and facts.certain(c)
        ]
        if rows:
            category, things = rng.choice(rows)
            if not sayable_color(things[0]):
                return None
            noun, color = say.plural(category), say.color(things[0].color)
            space = say.space + " " * (ask.family == "zh")
            return _qa(
                *(ask, "colour", "colour_all", {"xs": noun}),
                f"{noun}{space}{row(say, things)}{say.colon}{color}",
                _say(ask, "colour_all", xs=noun, c=color),
                [t.id for t in things],
                {"type": "colour", "value": things[0].color},
            )
    found = random_subject(ask, things, color=False)
    if found is None:
        return None
    thing, ref = found
    think = f"{thought(ask, ref)}{say.colon}{say.color(thing.color)}"
    answer = _say(ask, "colour", x=subject(ask, ref), c=say.color(thing.color))
    key = {"type": "colour", "value": thing.color}
    words = {"x": say.the(ref)}
    if dice > 0.72:
        others = [c for c in CATEGORIES[thing.category].colors if c != thing.color]
        if not others:
            return None
        other = rng.choice(others)
        if dice > 0.86:
            pair = [thing.color, other]
            rng.shuffle(pair)
            words |= {"c": say.color(pair[0]), "d": say.color(pair[1])}
            return _qa(ask, "colour", "colour_or", words, think, answer, ref.ids(), key)
        asked = thing.color if rng.random() < 0.5 else other
        words["c"] = say.color(asked)
        truth = asked == thing.color
        key = {"type": "yes_no", "value": truth, "colour": thing.color}
        answer = _yes(ask, truth) + answer
        return _qa(ask, "colour", "colour_yesno", words, think, answer, ref.ids(), key)
    return _qa(ask, "colour", "colour", words, think, answer, ref.ids(), key)


def material(ask: Asking) -> Sample | None:
    """What is it made of?"""
    things = [
        t
        for t in ask.things()
        if t.material in MATERIALS and len(CATEGORIES[t.category].materials) > 1
    ]
    found = random_subject(ask, things)
    if found is None:
        return None
    thing, ref = found
    said = ask.say.material(thing.material)
    return _qa(
        *(ask, "material", "material", {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.colon}{said}",
        _say(ask, "material", x=subject(ask, ref), m=said),
        ref.ids(),
        {"type": "material", "value": thing.material},
    )


def shape(ask: Asking) -> Sample | None:
    """What shape is it?"""
    things = [
        t
        for t in ask.things()
        if t.shape in _SHAPES and len(set(CATEGORIES[t.category].shapes) & set(_SHAPES)) > 1
    ]
    found = random_subject(ask, things)
    if found is None or found[1].shape is not None:
        return None
    thing, ref = found
    said = ask.say.shape(thing.shape)
    return _qa(
        *(ask, "shape", "shape", {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.colon}{said}",
        _say(ask, "shape", x=subject(ask, ref), s=said),
        ref.ids(),
        {"type": "shape", "value": thing.shape},
    )


def askable_states(thing: Thing) -> list[tuple[str, str]]:
    """States that show, as (state, value)."""
    return [
        (state, value)
        for state, value in thing.states.items()
        if not (thing.category == "laptop" and state == "power" and value == "off")
    ]


def state(ask: Asking) -> Sample | None:
    """Is it on? Is it open or closed?"""
    things = [t for t in ask.things() if askable_states(t)]
    found = random_subject(ask, things)
    if found is None or found[1].state is not None:
        return None
    thing, ref = found
    pair = ask.rng.choice(askable_states(thing))
    said = ask.say.state(thing.category, pair)
    words = {"x": ask.say.the(ref)}
    think = f"{thought(ask, ref)}{ask.say.colon}{said}"
    answer = _say(ask, "state", x=subject(ask, ref), s=said)
    values = list(STATES[pair[0]])
    if ask.rng.random() < 0.35:
        ask.rng.shuffle(values)
        for slot, value in zip("st", values, strict=True):
            words[slot] = ask.say.asked_state(ask.rng, thing.category, (pair[0], value))
        key = {"type": "state", "value": pair}
        return _qa(ask, "state", "state_or", words, think, answer, ref.ids(), key)
    asked = ask.rng.choice(values)
    words["s"] = ask.say.asked_state(ask.rng, thing.category, (pair[0], asked))
    truth = asked == pair[1]
    key = {"type": "yes_no", "value": truth, "state": pair}
    answer = _yes(ask, truth) + answer
    return _qa(ask, "state", "state_yesno", words, think, answer, ref.ids(), key)


def location(ask: Asking) -> Sample | None:
    """Where is it?"""
    found = random_subject(ask, [t for t in ask.things() if t.category != "counter"])
    if found is None or found[1].relation is not None:
        return None
    thing, ref = found
    place = located(ask, thing)
    if place is None:
        return None
    relation, anchor = place
    at = ask.say.at(relation, f"{ask.say.the(anchor)} {box(anchor.id)}")
    return _qa(
        *(ask, "relation", "location", {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.semicolon}{named(ask.say, anchor)}",
        _say(ask, "location", x=subject(ask, ref), p=at),
        (*ref.ids(), *anchor.ids()),
        {"type": "location", "value": (relation, anchor.category)},
    )


def support(ask: Asking) -> Sample | None:
    """Is it on the counter or on the fridge?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    things = [t for t in ask.things() if t.parent in facts.things and t.relation in ("on", "in")]
    found = random_subject(ask, things)
    if found is None or found[1].relation is not None:
        return None
    thing, ref = found
    parent = facts.things[thing.parent]
    true = anchor_ref(facts, rng, parent)
    others = [
        t
        for t in ask.things()
        if t.category != parent.category
        and t.kind != "small"
        and CATEGORIES[t.category].supports
        and not facts.supported_by(parent, t)
        and t.id != thing.id
    ]
    if true is None or not others:
        return None
    false = anchor_ref(facts, rng, rng.choice(others))
    if false is None:
        return None
    places = [place_phrase(ask, thing.relation, true), place_phrase(ask, "on", false)]
    rng.shuffle(places)
    where = say.at(thing.relation, f"{say.the(true)} {box(true.id)}")
    return _qa(
        *(ask, "relation", "support_or"),
        {"x": say.the(ref), "p": places[0], "q": places[1]},
        f"{thought(ask, ref)}{say.semicolon}{named(say, true)}",
        _say(ask, "location" if ask.family == "en" else "support", x=subject(ask, ref), p=where),
        (*ref.ids(), *true.ids()),
        {"type": "location", "value": (thing.relation, parent.category)},
    )


def side(ask: Asking) -> Sample | None:
    """Is it to the left of that? To the left or to the right?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    found = random_subject(ask, [t for t in ask.things() if t.category != "rug"])
    if found is None or found[1].relation is not None:
        return None
    thing, ref = found
    options = []
    for other in ask.things():
        if other.id == thing.id or other.category == thing.category or other.category == "rug":
            continue
        if (other.parent is None) != (thing.parent is None) and other.parent != thing.parent:
            continue
        options += [(d, other) for d in DIRECTIONS if facts.direction(thing, other, d)]
    if not options:
        return None
    direction, other = rng.choice(options)
    anchor = anchor_ref(facts, rng, other)
    if anchor is None:
        return None
    think = f"{thought(ask, ref)}{say.semicolon}{named(say, anchor)}"
    there = say.at(direction, f"{say.the(anchor)} {box(anchor.id)}")
    answer = _say(ask, "location", x=subject(ask, ref), p=there)
    objects = (*ref.ids(), *anchor.ids())
    pair = [direction, _OPPOSITE[direction]]
    if rng.random() < 0.5:
        rng.shuffle(pair)
        p, q = (say.at(d, "").strip() for d in pair)
        words = {"x": say.the(ref), "y": say.the(anchor), "p": p, "q": q}
        key = {"type": "location", "value": (direction, anchor.category)}
        return _qa(ask, "relation", "side_or", words, think, answer, objects, key)
    truth = rng.random() < 0.5
    asked = direction if truth else _OPPOSITE[direction]
    words = {"x": say.the(ref), "p": say.at(asked, say.the(anchor))}
    key = {"type": "yes_no", "value": truth, "relation": direction}
    answer = _yes(ask, truth) + answer
    return _qa(ask, "relation", "relation_yesno", words, think, answer, objects, key)


def what(ask: Asking) -> Sample | None:
    """What is on (in, under) it?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    full = [(facts.things[id], c.relation) for id, cs in facts.children.items() for c in cs[:1]
            if id in facts.things]  # fmt: skip
    if rng.random() < 0.12:
        tops = [t for t in ask.things() if CATEGORIES[t.category].supports and t.kind != "small"]
        full = [(t, "on") for t in tops if not facts.on(t) and t.category != "cabinet"]
    if not full:
        return None
    host, relation = rng.choice(full)
    things = facts.on(host, relation)
    anchor = anchor_ref(facts, rng, host)
    if any(t.category == "counter" for t in things):
        return None
    if anchor is None or len(things) > 4 or not all_seen(ask, host, relation):
        return None
    words = {"p": place_phrase(ask, relation, anchor)}
    there = say.at(relation, f"{say.definite(say.label(anchor))} {box(anchor.id)}")
    key = {"type": "list", "value": [(t.category, t.color) for t in things]}
    if not things:
        nothing = "nothing" if ask.family == "en" else "沒有東西"
        think = f"{named(say, anchor)}{say.colon}{nothing}"
        answer = _say(ask, "nothing", p=there)
        return _qa(ask, "relation", "what", words, think, answer, [anchor.id], key)
    listed = say.comma.join(f"{say.noun(t.category)} {box(t.id)}" for t in things)
    group = described_group(ask, things)
    return _qa(
        *(ask, "relation", "what", words),
        f"{named(say, anchor)}{say.semicolon}{listed}",
        _say(ask, "what", things=group, are="are" if len(things) > 1 else "is", p=there),
        [anchor.id, *(t.id for t in things)],
        key,
    )


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
        kinds = [c for c in CATEGORIES if host is None or CATEGORIES[c].kind == "small"]
        present = [c for c in facts.by_category if c in kinds]
        category = rng.choice(present if present and rng.random() < 0.6 else kinds)
    if category in ("puddle", "counter"):
        return None
    things = [t for t in pool if t.category == category]
    color = None
    if rng.random() < 0.5 and category != "plant":
        colors = CATEGORIES[category].colors
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
    bare = say.adjectives(say.noun(category, index), color=color)
    if anchor and rng.random() < 0.15:
        place = mine(ask, place)
    words = {
        "x": bare,
        "ax": say.indefinite(bare, category),
        "at": _at(ask, place) if place or ask.family == "en" else "房間裡",
    }
    start = named(say, anchor) + say.semicolon if anchor else ""
    listed = say.comma.join(f"{say.color(t.color)} {box(t.id)}" for t in things)
    noun = say.noun(category, index) if len(things) < 2 else say.plural(category, index)
    none = f"no {noun}" if ask.family == "en" else f"沒有{noun}"
    think = start + (f"{noun}{say.colon}{listed}" if things else none)
    seen = sorted({t.id for t in things} | ({anchor.id} if anchor else set()))
    key = {"type": "yes_no", "value": truth}
    at = words["at"]
    if anchor:
        there = f"{say.the(anchor)} {box(anchor.id)}"
        beside = side_on(matching[0], host) if len(matching) == 1 else None
        at = _at(ask, say.side_of(beside, there) if beside else say.at("on", there))
    if truth:
        answer = _yes(ask, True) + _exists(ask, category, index, matching, at)
    else:
        no = "no, " if ask.family == "en" else "沒有，"
        answer = no + _say(ask, "missing", x=bare, at=at)
    return _qa(ask, "existence", "existence", words, think, answer, seen, key)


def _exists(ask: Asking, category: str, index: int, things: list[Thing], at: str) -> str:
    say = ask.say
    if len(things) == 1:
        color = things[0].color if sayable_color(things[0]) else None
        bare = say.adjectives(say.noun(category, index), color=color)
        told = f"{say.indefinite(bare, category)} {box(things[0].id)}"
        return _say(ask, "exists", ax=told, at=at)
    number = say.counted(len(things), category, None, index)
    if ask.family == "en":
        return f"there are {number}{at}."
    return _say(ask, "exists", ax=number, at=at)


def _extent(thing: Thing, more: str) -> float:
    if more == "taller":
        return thing.size[2]
    return max(thing.size[:2]) if more == "wider" else thing.volume


def compare(ask: Asking) -> Sample | None:
    """Which is taller? Is this wider than that?"""
    rng, say = ask.rng, ask.say
    things = [t for t in ask.things() if t.kind == "furniture" and t.category != "counter"]
    if len(things) < 2:
        return None
    picked = [random_subject(ask, things) for _ in range(2)]
    if None in picked or picked[0][0].category == picked[1][0].category:
        return None
    more = rng.choice(("taller", "wider", "bigger"))
    first, second = (_extent(thing, more) for thing, _ in picked)
    ratio = max(first, second) / max(min(first, second), 1e-6)
    if ratio < (1.7 if more == "bigger" else 1.2):
        return None
    a, b = (ref for _, ref in picked)
    winner, loser = (a, b) if first > second else (b, a)
    said = _MORE[ask.family][more]
    words = {"x": say.the(a), "y": say.the(b), "more": said}
    think = f"{named(say, a)}{say.comma}{named(say, b)}"
    objects = (*a.ids(), *b.ids())
    if rng.random() < 0.35:
        truth = winner is a
        told = _say(ask, "compare", x=subject(ask, winner), y=subject(ask, loser), more=said)
        key = {"type": "yes_no", "value": truth}
        answer = _yes(ask, truth) + told
        return _qa(ask, "comparison", "compare_yesno", words, think, answer, objects, key)
    answer = _say(ask, "compare", x=subject(ask, winner), y=subject(ask, loser), more=said)
    key = {"type": "which", "value": winner.category, "other": loser.category}
    return _qa(ask, "comparison", "compare", words, think, answer, objects, key)


def compare_near(ask: Asking) -> Sample | None:
    """Which is closer to the door?"""
    rng, say, facts = ask.rng, ask.say, ask.facts
    things = [t for t in ask.things() if t.kind != "small" and t.category not in ("rug", "counter")]
    if len(things) < 3:
        return None
    picked = [random_subject(ask, things, tries=2) for _ in range(3)]
    if None in picked or len({thing.category for thing, _ in picked}) < 3:
        return None
    (a, ra), (b, rb), (c, _) = picked
    rc = anchor_ref(facts, rng, c)
    if rc is None or any(facts.supported_by(x, y) for x in (a, b, c) for y in (a, b, c)):
        return None
    if abs(facts.gap(a, c) - facts.gap(b, c)) < 0.5:
        return None
    winner, loser = (ra, rb) if facts.gap(a, c) < facts.gap(b, c) else (rb, ra)
    return _qa(
        *(ask, "comparison", "compare_near"),
        {"x": say.the(ra), "y": say.the(rb), "z": say.the(rc)},
        say.comma.join(named(say, r) for r in (rc, ra, rb)),
        _say(
            *(ask, "compare_near"),
            x=subject(ask, winner),
            y=subject(ask, loser),
            z=say.definite(say.label(rc)),
        ),
        (*ra.ids(), *rb.ids(), *rc.ids()),
        {"type": "which", "value": winner.category, "other": loser.category},
    )


def compare_count(ask: Asking) -> Sample | None:
    """Are there more chairs than stools?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    known = [c for c in facts.by_category if facts.certain(c) and c not in ("puddle", "counter")]
    if len(known) < 2:
        return None
    a, b = rng.sample(known, 2)
    na, nb = (facts.by_category[c] for c in (a, b))
    if max(len(na), len(nb)) > 5 or (len(na), len(nb)) == (1, 1):
        return None
    truth = len(na) > len(nb)
    nouns = [say.plural(c) for c in (a, b)]
    space = say.space + " " * (ask.family == "zh")
    listed = [f"{noun}{space}{row(say, r)}" for noun, r in zip(nouns, (na, nb), strict=True)]
    if ask.family == "en":
        numbers = say.join([say.counted(len(r), c) for r, c in ((na, a), (nb, b))])
        told = f"there {'is' if len(na) == 1 else 'are'} {numbers}."
    else:
        numbers = [say.counted(len(r), c) for r, c in ((na, a), (nb, b))]
        told = f"有{numbers[0]}和{numbers[1]}。"
    return _qa(
        *(ask, "comparison", "compare_count", {"xs": nouns[0], "ys": nouns[1]}),
        say.semicolon.join(listed),
        _yes(ask, truth) + told,
        [t.id for t in (*na, *nb)],
        {"type": "yes_no", "value": truth},
    )


def room(ask: Asking) -> Sample | None:
    """What room is this?"""
    clues = {
        "living room": ("sofa", "tv", "coffee table"),
        "bedroom": ("bed", "nightstand", "wardrobe"),
        "kitchen": ("counter", "fridge", "stove", "cupboard"),
        "dining room": ("dining table", "chair"),
        "study": ("desk", "bookshelf"),
        "bathroom": ("toilet", "bathtub", "sink"),
        "office": ("desk", "office chair", "printer"),
    }[ask.facts.room.type]
    seen = [ask.facts.by_category[c][0] for c in clues if c in ask.facts.by_category]
    if len(seen) < 2 and ask.facts.room.type not in ("bathroom", "bedroom"):
        return None
    if not seen or (ask.facts.room.type == "office" and len(ask.facts.by_category["desk"]) < 2):
        return None
    said = ask.say.room(ask.facts.room.type)
    a_room = said if ask.family == "zh" else ask.say.indefinite(said, "")
    return _qa(
        *(ask, "room", "room", {}),
        ask.say.comma.join(ask.say.noun(t.category) for t in seen),
        _say(ask, "room", r=a_room),
        [t.id for t in seen],
        {"type": "room", "value": ask.facts.room.type},
    )


# kind -> (maker, weight)
MAKERS = {
    "count": (count, 5.0),
    "colour": (colour, 4.0),
    "state": (state, 4.0),
    "location": (location, 1.5),
    "support": (support, 1.2),
    "side": (side, 2.0),
    "what": (what, 1.5),
    "existence": (existence, 3.0),
    "compare": (compare, 1.0),
    "compare_near": (compare_near, 0.8),
    "compare_count": (compare_count, 0.7),
    "material": (material, 1.2),
    "shape": (shape, 0.8),
    "room": (room, 0.3),
}
_KINDS = tuple(MAKERS)
_WEIGHTS = tuple(weight for _, weight in MAKERS.values())


def make(ask: Asking) -> Sample | None:
    """A question of a random kind, or None where the room does not offer it."""
    [kind] = ask.rng.choices(_KINDS, _WEIGHTS)
    return MAKERS[kind][0](ask)
