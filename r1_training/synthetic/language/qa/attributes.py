"""Questions about colour, material, shape, state, and the kind of room."""

from __future__ import annotations

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, row
from r1_training.synthetic.language.facts import Thing, known_by
from r1_training.synthetic.language.qa.qa_words import qa_sample, tell, yes_or_no
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import random_subject, subject, thought
from r1_training.synthetic.language.words.referring import sayable_color, telling_material
from r1_training.synthetic.language.words.words_en import MATERIALS
from r1_training.synthetic.rooms.catalog import STATES

_SHAPES = ("round", "rectangular", "square", "L-shaped")


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
            return qa_sample(
                *(ask, "colour", "colour_all", {"xs": noun}),
                f"{noun}{space}{row(say, things)}{say.colon}{color}",
                tell(ask, "colour_all", xs=noun, c=color),
                [t.id for t in things],
                {
                    "type": "colour",
                    "value": things[0].color,
                    "claim": ("color", things[0].id, things[0].color),
                },
            )
    found = random_subject(ask, things, color=False)
    if found is None:
        return None
    thing, ref = found
    think = f"{thought(ask, ref)}{say.colon}{say.color(thing.color)}"
    answer = tell(ask, "colour", x=subject(ask, ref), c=say.color(thing.color))
    claim = ("color", thing.id, thing.color)
    key = {"type": "colour", "value": thing.color, "claim": claim, "ref": ref}
    words = {"x": say.the(ref)}
    if dice > 0.72:
        others = [c for c in VOCABULARY[thing.category].colors if c != thing.color]
        if not others:
            return None
        other = rng.choice(others)
        if dice > 0.86:
            pair = [thing.color, other]
            rng.shuffle(pair)
            words |= {"c": say.color(pair[0]), "d": say.color(pair[1])}
            return qa_sample(ask, "colour", "colour_or", words, think, answer, ask.needed(ref), key)
        asked = thing.color if rng.random() < 0.5 else other
        words["c"] = say.color(asked)
        truth = asked == thing.color
        key = {"type": "yes_no", "value": truth, "claim": claim, "asked": asked, "ref": ref}
        answer = yes_or_no(ask, truth) + answer
        return qa_sample(ask, "colour", "colour_yesno", words, think, answer, ask.needed(ref), key)
    return qa_sample(ask, "colour", "colour", words, think, answer, ask.needed(ref), key)


def material(ask: Asking) -> Sample | None:
    """What is it made of?"""
    things = [
        t
        for t in ask.things()
        if t.material in MATERIALS
        and len(VOCABULARY[t.category].materials) > 1
        and telling_material(t.material, VOCABULARY[t.category].materials)
    ]
    found = random_subject(ask, things)
    if found is None:
        return None
    thing, ref = found
    said = ask.say.material(thing.material)
    return qa_sample(
        *(ask, "material", "material", {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.colon}{said}",
        tell(ask, "material", x=subject(ask, ref), m=said),
        ask.needed(ref),
        {
            "type": "material",
            "value": thing.material,
            "claim": ("material", thing.id, thing.material),
            "ref": ref,
        },
    )


def shape(ask: Asking) -> Sample | None:
    """What shape is it?"""
    things = [
        t
        for t in ask.things()
        if t.shape in _SHAPES and len(set(VOCABULARY[t.category].shapes) & set(_SHAPES)) > 1
    ]
    found = random_subject(ask, things)
    if found is None or found[1].shape is not None:
        return None
    thing, ref = found
    said = ask.say.shape(thing.shape)
    return qa_sample(
        *(ask, "shape", "shape", {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.colon}{said}",
        tell(ask, "shape", x=subject(ask, ref), s=said),
        ask.needed(ref),
        {
            "type": "shape",
            "value": thing.shape,
            "claim": ("shape", thing.id, thing.shape),
            "ref": ref,
        },
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
    answer = tell(ask, "state", x=subject(ask, ref), s=said)
    values = list(STATES[pair[0]])
    claim = ("state", thing.id, *pair)
    if ask.rng.random() < 0.35:
        ask.rng.shuffle(values)
        for slot, value in zip("st", values, strict=True):
            words[slot] = ask.say.asked_state(ask.rng, thing.category, (pair[0], value))
        key = {"type": "state", "value": pair, "claim": claim, "ref": ref}
        return qa_sample(ask, "state", "state_or", words, think, answer, ask.needed(ref), key)
    asked = ask.rng.choice(values)
    words["s"] = ask.say.asked_state(ask.rng, thing.category, (pair[0], asked))
    truth = asked == pair[1]
    key = {"type": "yes_no", "value": truth, "claim": claim, "asked": asked, "ref": ref}
    answer = yes_or_no(ask, truth) + answer
    return qa_sample(ask, "state", "state_yesno", words, think, answer, ask.needed(ref), key)


def room(ask: Asking) -> Sample | None:
    """What room is this?"""
    if ask.facts.several:
        return None
    seen = known_by(ask.facts.things.values(), ask.facts.room.type)
    if not seen:
        return None
    said = ask.say.room(ask.facts.room.type)
    a_room = said if ask.family == "zh" else ask.say.indefinite(said, "")
    return qa_sample(
        *(ask, "room", "room", {}),
        ask.say.comma.join(ask.say.noun(t.category) for t in seen),
        tell(ask, "room", r=a_room),
        [t.id for t in seen],
        {"type": "room", "value": ask.facts.room.type},
    )
