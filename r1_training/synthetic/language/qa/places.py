"""Questions about places as people ask them: what is beside it, is it there, where are they."""

from __future__ import annotations

from r1_training.common.present import present
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box, named, row
from r1_training.synthetic.language.facts import CLEARLY, DIRECTIONS, FLAT, Facts, Thing
from r1_training.synthetic.language.qa.qa_words import qa_sample, tell, within, yes_or_no
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import (
    all_seen,
    could_carry,
    described_group,
    in_the_room,
    place_phrase,
    random_subject,
    subject,
    thought,
)
from r1_training.synthetic.language.words.referring import anchor_ref

FAR_FURNITURE, FAR_SMALL = 1.5, 0.6  # metres from which nobody calls it beside
CLEARLY_SMALL = 0.06  # metres, as `facts.CLEARLY`, for what stands on one table


def beside(ask: Asking) -> Sample | None:
    """What is next to it, or on one side of it? The nearest that stands on the same."""
    facts, rng, say = ask.facts, ask.rng, ask.say
    hosts = [t for t in ask.things() if t.kind in ("furniture", "small") and t.category not in FLAT]
    if not hosts:
        return None
    host = rng.choice(hosts)
    relation = "next_to" if rng.random() < 0.5 else rng.choice(DIRECTIONS)
    anchor, found = anchor_ref(facts, rng, host), neighbour(facts, host, relation)
    if anchor is None or found is None or not _all_known(ask, host):
        return None
    there = say.at(relation, f"{say.definite(say.label(anchor))} {box(anchor.id)}")
    return qa_sample(
        *(ask, "beside", "beside", {"p": place_phrase(ask, relation, anchor)}),
        f"{named(say, anchor)}{say.semicolon}{say.noun(found.category)} {box(found.id)}",
        tell(ask, "what", things=described_group(ask, [found]), are="is", p=there),
        [anchor.id, found.id],
        {
            "type": "list",
            "value": [(found.category, found.color)],
            "claim": ("beside", relation, host.id, found.id),
        },
    )


def neighbour(facts: Facts, host: Thing, relation: str) -> Thing | None:
    """What is nearest to a thing on that side; None where that is far or not clear."""
    row = [
        t
        for t in facts.things.values()
        if t.id != host.id
        and (t.parent, t.relation, t.kind) == (host.parent, host.relation, host.kind)
        and t.category not in FLAT
    ]
    row = [t for t in row if facts.relation(relation, t, host) is not False]
    row.sort(key=lambda t: facts.gap(t, host))
    far, clearly = (
        (FAR_FURNITURE, CLEARLY) if host.kind == "furniture" else (FAR_SMALL, CLEARLY_SMALL)
    )
    if not row or facts.gap(row[0], host) > far or not facts.relation(relation, row[0], host):
        return None
    if len(row) > 1 and facts.gap(row[1], host) < facts.gap(row[0], host) + clearly:
        return None
    return row[0]


def _all_known(ask: Asking, host: Thing) -> bool:
    """Is nothing out of sight that might be nearer?"""
    parent = ask.facts.parent_of(host)
    if parent is not None:
        return all_seen(ask, parent, host.relation)
    return not any(VOCABULARY[c].kind == host.kind for c in ask.facts.hidden)


def support_yesno(ask: Asking) -> Sample | None:
    """Is the mug on the sofa? The finding says where it is."""
    facts, rng, say = ask.facts, ask.rng, ask.say
    things = [t for t in ask.things() if t.parent in facts.things and t.relation in ("on", "in")]
    found = random_subject(ask, things)
    if found is None or found[1].relation is not None:
        return None
    thing, ref = found
    true = anchor_ref(facts, rng, present(facts.parent_of(thing), "what it stands on"))
    truth = rng.random() < 0.5
    asked_place, asked = true, thing.relation
    if not truth:
        others = could_carry(ask, thing)
        asked_place = anchor_ref(facts, rng, rng.choice(others)) if others else None
        asked = "on"
    if true is None or asked_place is None:
        return None
    where = say.at(thing.relation, f"{say.the(true)} {box(true.id)}")
    told = tell(ask, "location", x=subject(ask, ref), p=where)
    return qa_sample(
        *(ask, "relation", "relation_yesno"),
        {"x": say.the(ref), "p": place_phrase(ask, asked, asked_place)},
        f"{thought(ask, ref)}{say.semicolon}{named(say, true)}",
        yes_or_no(ask, truth) + told,
        ask.needed(ref, true),
        {
            "type": "yes_no",
            "value": truth,
            "claim": ("relation", thing.id, thing.relation, true.id),
            "asked": asked if truth else (asked, asked_place.id),
            "ref": ref,
        },
    )


def shut(ask: Asking) -> Sample | None:
    """What is in the cupboard? Nobody can tell while it is closed."""
    hosts = [
        t
        for t in ask.things()
        if VOCABULARY[t.category].contains and t.states.get("opening") == "closed"
    ]
    host = ask.rng.choice(hosts) if hosts else None
    anchor = anchor_ref(ask.facts, ask.rng, host) if host is not None else None
    if host is None or anchor is None:
        return None
    closed = ask.say.state(host.category, ("opening", "closed"))
    return qa_sample(
        *(ask, "shut", "what", {"p": place_phrase(ask, "in", anchor)}),
        f"{named(ask.say, anchor)}{ask.say.colon}{closed}",
        tell(ask, "shut", x=subject(ask, anchor), s=closed),
        [anchor.id],
        {
            "type": "state",
            "value": ("opening", "closed"),
            "claim": ("state", host.id, "opening", "closed"),
        },
    )


def missing(ask: Asking) -> Sample | None:
    """Where is the mug? There is none."""
    category = ask.rng.choice(ask.facts.vocabulary)
    if category in ask.facts.by_category or not ask.facts.certain(category):
        return None
    noun = ask.say.noun(category)
    place = within(ask, in_the_room(ask))
    none = f"no {noun}" if ask.family == "en" else f"沒有{noun}"
    return qa_sample(
        *(ask, "missing", "location", {"x": ask.say.definite(noun)}),
        none,
        tell(ask, "missing", x=noun, at=place),
        [],
        {"type": "count", "value": 0, "claim": ("count", category, None, None, None, 0)},
    )


def location_all(ask: Asking) -> Sample | None:
    """Where are the cushions? All of them on the same."""
    facts, say = ask.facts, ask.say
    rows = [
        things
        for category, things in facts.by_category.items()
        if 1 < len(things) <= 6
        and facts.certain(category)
        and len({(t.parent, t.relation) for t in things}) == 1
        and things[0].parent in facts.things
    ]
    if not rows:
        return None
    things = ask.rng.choice(rows)
    host, relation = present(facts.parent_of(things[0]), "what they stand on"), things[0].relation
    anchor = anchor_ref(facts, ask.rng, host)
    if anchor is None:
        return None
    noun = say.plural(things[0].category)
    space = say.space + " " * (ask.family == "zh")
    where = say.at(relation, f"{say.the(anchor)} {box(anchor.id)}")
    return qa_sample(
        *(ask, "relation", "location_all", {"xs": noun}),
        f"{noun}{space}{row(say, things)}{say.semicolon}{named(say, anchor)}",
        tell(ask, "location_all", xs=noun, p=where),
        [anchor.id, *(t.id for t in things)],
        {
            "type": "location",
            "value": (relation, host.category),
            "claim": ("relation", things[-1].id, relation, host.id),
        },
    )
