"""Questions about metres: how tall is it, how far are they from each other?"""

from __future__ import annotations

from r1_training.synthetic.language.context import Asking, box, named
from r1_training.synthetic.language.qa.qa_words import qa_sample, tell
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import random_subject, subject, thought

# the adjective and the noun
_DIMENSIONS = {
    "en": {"tall": ("tall", "height"), "wide": ("wide", "width")},
    "zh": {"tall": ("高", "高度"), "wide": ("寬", "寬度")},
}
LEAST_APART = 0.3  # metres


def size(ask: Asking) -> Sample | None:
    """How tall or wide is a piece of furniture? Its width is its longer side on the floor."""
    say = ask.say
    things = [t for t in ask.things() if t.kind == "furniture" and t.category != "rug"]
    found = random_subject(ask, things)
    if found is None:
        return None
    thing, ref = found
    dimension = ask.rng.choice(("tall", "wide"))
    metres = thing.size[2] if dimension == "tall" else max(thing.size[:2])
    adjective, noun = _DIMENSIONS[ask.family][dimension]
    said = say.centimetres(metres)
    return qa_sample(
        *(ask, "size", "size", {"x": say.the(ref), "tall": adjective, "height": noun}),
        f"{thought(ask, ref)} {said}",
        tell(ask, "size", x=subject(ask, ref), n=said, tall=adjective),
        ask.needed(ref),
        {
            "type": "measure",
            "value": metres,
            "within": max(0.1, 0.15 * metres),
            "claim": ("size", dimension, thing.id, metres),
            "ref": ref,
        },
    )


def distance(ask: Asking) -> Sample | None:
    """How far is one thing from another? Between the boxes, not the centres."""
    facts, say = ask.facts, ask.say
    things = [t for t in ask.things() if t.category not in ("counter", "rug", "puddle")]
    tried = [random_subject(ask, things, tries=2) for _ in range(2)]
    picked = [one for one in tried if one is not None]
    if len(picked) < 2:
        return None
    (a, ra), (b, rb) = picked
    if a.category == b.category or a.part != b.part or facts.gap(a, b) < LEAST_APART:
        return None
    metres = facts.gap(a, b)
    said = say.metres(metres)
    return qa_sample(
        *(ask, "distance", "distance", {"x": say.the(ra), "y": say.the(rb)}),
        f"{thought(ask, ra)}{say.semicolon}{named(say, rb)}{say.colon}{said}",
        tell(
            *(ask, "distance"),
            x=subject(ask, ra),
            n=said,
            y=say.definite(f"{say.label(rb)} {box(rb.id)}"),
        ),
        ask.needed(ra, rb),
        {
            "type": "measure",
            "value": metres,
            "within": max(0.3, 0.15 * metres),
            "claim": ("distance", a.id, b.id, metres),
        },
    )
