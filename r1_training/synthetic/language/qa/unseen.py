"""Questions about what no camera has seen: the answer says so, and not that nothing is there."""

from __future__ import annotations

from dataclasses import replace

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box, named
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.qa.qa_words import qa_sample, tell
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import place_phrase
from r1_training.synthetic.language.words.referring import Ref, anchor_ref

_ALSO = ("wardrobe",)  # nothing is put on it in a room, but people do ask
_NOT_SEEN = {"en": ("not seen", "have not seen"), "zh": ("沒看到", "沒看到")}


def on_top(ask: Asking) -> Sample | None:
    """What is on the wardrobe?"""
    facts = ask.facts
    hosts = [
        thing
        for thing in ask.things()
        if (VOCABULARY[thing.category].supports or thing.category in _ALSO)
        and thing.kind == "furniture"
        and not facts.on(thing)
        and facts.shows_top(thing) is False
    ]
    if not hosts:
        return None
    host = ask.rng.choice(hosts)
    anchor = anchor_ref(facts, ask.rng, host)
    return None if anchor is None else unseen_top(ask, host, anchor)


def unseen_top(ask: Asking, host: Thing, anchor: Ref) -> Sample:
    """What is on it? Nobody has looked there."""
    say = ask.say
    thought_of, declines = _NOT_SEEN[ask.family]
    key = {"type": "reason", "value": "unseen", "must": (), "any": (say.script(declines),)}
    sample = qa_sample(
        *(ask, "unseen", "what", {"p": place_phrase(ask, "on", anchor)}),
        f"{named(say, anchor)}{say.colon}{thought_of}",
        tell(ask, "unseen_top", x=f"{say.definite(say.label(anchor))} {box(anchor.id)}"),
        [anchor.id],
        {**key, "ref": anchor},
    )
    return replace(sample, no_tops=(host.id,))
