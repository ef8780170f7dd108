"""Questions that compare two things."""

from __future__ import annotations

from r1_training.synthetic.language.context import Asking, named, row
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.qa.qa_words import qa_sample, tell, yes_or_no
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import random_subject, subject
from r1_training.synthetic.language.words.referring import anchor_ref

_MORE = {
    "en": {"taller": "taller", "wider": "wider", "bigger": "bigger"},
    "zh": {"taller": "高", "wider": "寬", "bigger": "大"},
}


def _extent(thing: Thing, more: str) -> float:
    if more == "taller":
        return thing.size[2]
    return max(thing.size[:2]) if more == "wider" else thing.face


def compare(ask: Asking) -> Sample | None:
    """Which is taller? Is this wider than that?"""
    rng, say = ask.rng, ask.say
    things = [t for t in ask.things() if t.kind == "furniture" and t.category != "counter"]
    if len(things) < 2:
        return None
    tried = [random_subject(ask, things) for _ in range(2)]
    picked = [one for one in tried if one is not None]
    if len(picked) < 2 or picked[0][0].category == picked[1][0].category:
        return None
    more = rng.choice(("taller", "wider", "bigger"))
    first, second = (_extent(thing, more) for thing, _ in picked)
    ratio = max(first, second) / max(min(first, second), 1e-6)
    if ratio < (1.5 if more == "bigger" else 1.2):
        return None
    volumes = [thing.volume for thing, _ in picked]
    if more == "bigger" and (first > second) != (volumes[0] > volumes[1]):
        return None  # a large thin thing and a small thick one: nobody could say
    a, b = (ref for _, ref in picked)
    winner, loser = (a, b) if first > second else (b, a)
    said = _MORE[ask.family][more]
    words = {"x": say.the(a), "y": say.the(b), "more": said}
    claim = ("more", more, winner.id, loser.id)
    # a face is no single number: what is bigger must be seen from the boxes
    told_extents = ["" if more == "bigger" else f" {say.centimetres(e)}" for e in (first, second)]
    parts = [named(say, r) + e for r, e in zip((a, b), told_extents, strict=True)]
    think = say.comma.join(parts) + say.colon + say.label(winner)
    objects = ask.needed(a, b)
    if rng.random() < 0.35:
        truth = winner is a
        told = tell(ask, "compare", x=subject(ask, winner), y=subject(ask, loser), more=said)
        key = {"type": "yes_no", "value": truth, "claim": claim, "asked": a.id}
        answer = yes_or_no(ask, truth) + told
        return qa_sample(ask, "comparison", "compare_yesno", words, think, answer, objects, key)
    answer = tell(ask, "compare", x=subject(ask, winner), y=subject(ask, loser), more=said)
    key = {
        "type": "which",
        "value": winner.category,
        "other": loser.category,
        "claim": claim,
    }
    return qa_sample(ask, "comparison", "compare", words, think, answer, objects, key)


def compare_near(ask: Asking) -> Sample | None:
    """Which is closer to the door?"""
    rng, say, facts = ask.rng, ask.say, ask.facts
    things = [t for t in ask.things() if t.kind != "small" and t.category not in ("rug", "counter")]
    if len(things) < 3:
        return None
    tried = [random_subject(ask, things, tries=2) for _ in range(3)]
    picked = [one for one in tried if one is not None]
    if len(picked) < 3 or len({thing.category for thing, _ in picked}) < 3:
        return None
    (a, ra), (b, rb), (c, _) = picked
    rc = anchor_ref(facts, rng, c)
    if rc is None or any(facts.supported_by(x, y) for x in (a, b, c) for y in (a, b, c)):
        return None
    if len({a.part, b.part, c.part}) > 1:
        return None  # as the crow flies, or on foot?
    if abs(facts.gap(a, c) - facts.gap(b, c)) < 0.5:
        return None
    winner, loser = (ra, rb) if facts.gap(a, c) < facts.gap(b, c) else (rb, ra)
    parts = [f"{named(say, r)} {say.metres(facts.gap(t, c))}" for r, t in ((ra, a), (rb, b))]
    return qa_sample(
        *(ask, "comparison", "compare_near"),
        {"x": say.the(ra), "y": say.the(rb), "z": say.the(rc)},
        say.comma.join((named(say, rc), *parts)) + say.colon + say.label(winner),
        tell(
            *(ask, "compare_near"),
            x=subject(ask, winner),
            y=subject(ask, loser),
            z=say.definite(say.label(rc)),
        ),
        ask.needed(ra, rb, rc),
        {
            "type": "which",
            "value": winner.category,
            "other": loser.category,
            "claim": ("nearer", winner.id, loser.id, rc.id),
        },
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
    listed = [
        f"{noun}{space}{row(say, r)}{say.colon}{say.number(len(r), c)}"
        for noun, r, c in zip(nouns, (na, nb), (a, b), strict=True)
    ]
    numbers = [say.counted(len(r), c) for r, c in ((na, a), (nb, b))]
    if ask.family == "en":
        told = f"there {'is' if len(na) == 1 else 'are'} {say.join(numbers)}."
    else:
        told = f"有{numbers[0]}和{numbers[1]}。"
    return qa_sample(
        *(ask, "comparison", "compare_count", {"xs": nouns[0], "ys": nouns[1]}),
        say.semicolon.join(listed),
        yes_or_no(ask, truth) + told,
        [t.id for t in (*na, *nb)],
        {"type": "yes_no", "value": truth, "claim": ("more of", a, b, truth)},
    )
