"""Questions about where things are and what is where."""

from __future__ import annotations

from dataclasses import replace

from r1_training.common.present import present
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box, named
from r1_training.synthetic.language.facts import DIRECTIONS
from r1_training.synthetic.language.qa.qa_words import qa_sample, tell, yes_or_no
from r1_training.synthetic.language.qa.unseen import unseen_top
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import (
    all_seen,
    could_carry,
    described_group,
    located,
    place_phrase,
    random_subject,
    subject,
    thought,
)
from r1_training.synthetic.language.words.referring import anchor_ref

_OPPOSITE = {"left": "right", "right": "left", "front": "behind", "behind": "front"}


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
    return qa_sample(
        *(ask, "relation", "location", {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.semicolon}{named(ask.say, anchor)}",
        tell(ask, "location", x=subject(ask, ref), p=at),
        ask.needed(ref, anchor),
        {
            "type": "location",
            "value": (relation, anchor.category),
            "claim": ("relation", thing.id, relation, anchor.id),
            "ref": ref,
            "open": True,
        },
    )


def support(ask: Asking) -> Sample | None:
    """Is it on the counter or on the fridge?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    things = [t for t in ask.things() if t.parent in facts.things and t.relation in ("on", "in")]
    found = random_subject(ask, things)
    if found is None or found[1].relation is not None:
        return None
    thing, ref = found
    parent = present(facts.parent_of(thing), "what it stands on")
    true, others = anchor_ref(facts, rng, parent), could_carry(ask, thing)
    if true is None or not others:
        return None
    false = anchor_ref(facts, rng, rng.choice(others))
    if false is None:
        return None
    places = [place_phrase(ask, thing.relation, true), place_phrase(ask, "on", false)]
    rng.shuffle(places)
    if ask.family == "zh":
        places = [f"{p}面" if p.endswith("上") and rng.random() < 0.3 else p for p in places]
    where = say.at(thing.relation, f"{say.the(true)} {box(true.id)}")
    return qa_sample(
        *(ask, "relation", "support_or"),
        {"x": say.the(ref), "p": places[0], "q": places[1]},
        f"{thought(ask, ref)}{say.semicolon}{named(say, true)}",
        tell(ask, "location" if ask.family == "en" else "support", x=subject(ask, ref), p=where),
        ask.needed(ref, true),
        {
            "type": "location",
            "value": (thing.relation, parent.category),
            "claim": ("relation", thing.id, thing.relation, parent.id),
            "ref": ref,
        },
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
    # the finding before the verdict: "yes" or "no" then follows from it
    true = say.at(direction, "").strip()
    think = f"{thought(ask, ref)}{say.semicolon}{named(say, anchor)}{say.colon}{true}"
    there = say.at(direction, f"{say.the(anchor)} {box(anchor.id)}")
    answer = tell(ask, "location", x=subject(ask, ref), p=there)
    objects = ask.needed(ref, anchor)
    pair = [direction, _OPPOSITE[direction]]
    claim = ("relation", thing.id, direction, anchor.id)
    if rng.random() < 0.5:
        rng.shuffle(pair)
        p, q = (say.at(d, "").strip() for d in pair)
        words = {"x": say.the(ref), "y": say.the(anchor), "p": p, "q": q}
        key = {
            "type": "location",
            "value": (direction, anchor.category),
            "claim": claim,
            "ref": ref,
        }
        return qa_sample(ask, "relation", "side_or", words, think, answer, objects, key)
    truth = rng.random() < 0.5
    asked = direction if truth else _OPPOSITE[direction]
    words = {"x": say.the(ref), "p": say.at(asked, say.the(anchor))}
    key = {"type": "yes_no", "value": truth, "claim": claim, "asked": asked, "ref": ref}
    answer = yes_or_no(ask, truth) + answer
    return qa_sample(ask, "relation", "relation_yesno", words, think, answer, objects, key)


def what(ask: Asking) -> Sample | None:
    """What is on (in, under) it?"""
    facts, rng, say = ask.facts, ask.rng, ask.say
    full = [(facts.things[id], c.relation) for id, cs in facts.children.items() for c in cs[:1]
            if id in facts.things]  # fmt: skip
    if rng.random() < 0.12:
        tops = [t for t in ask.things() if VOCABULARY[t.category].supports and t.kind != "small"]
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
    key = {
        "type": "list",
        "value": [(t.category, t.color) for t in things],
        "claim": ("list", relation, host.id, tuple(t.id for t in things)),
    }
    # rooms of primitives are asked about as before, also about tops that no camera saw
    of_meshes = facts.room.meshes is not None
    if not things and of_meshes and (shown := facts.shows_top(host)) is not True:
        return None if shown is None else unseen_top(ask, host, anchor)
    if not things:
        nothing = "nothing" if ask.family == "en" else "沒有東西"
        think = f"{named(say, anchor)}{say.colon}{nothing}"
        answer = tell(ask, "nothing", p=there)
        sample = qa_sample(ask, "relation", "what", words, think, answer, [anchor.id], key)
        return replace(sample, tops=(host.id,)) if of_meshes else sample
    listed = say.comma.join(f"{say.noun(t.category)} {box(t.id)}" for t in things)
    group = described_group(ask, things)
    return qa_sample(
        *(ask, "relation", "what", words),
        f"{named(say, anchor)}{say.semicolon}{listed}",
        tell(ask, "what", things=group, are="are" if len(things) > 1 else "is", p=there),
        [anchor.id, *(t.id for t in things)],
        key,
    )
