"""Questions that only the pictures answer: what a picture shows, which number is on a box."""

from __future__ import annotations

from r1_training.synthetic.household.motifs import MOTIFS, is_digit
from r1_training.synthetic.language.context import Asking, named
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.forms.patterns import Forms
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.words.phrases import random_subject, subject, thought
from r1_training.synthetic.language.words.referring import Ref

_FORMS: dict[str, dict[str, Forms]] = {
    "en": {
        "motif": Forms(
            "[|Tell me: |Excuse me, |Please tell me: |I wonder, ]what [is shown on|can be seen on"
            "|is drawn on] {x}?",
            "[What does {x} show?|What do you see on {x}?|{x}: what is on it?]",
            "[Which motif|What motif|What kind of motif] [does {x} have|is on {x}]?",
        ),
        "number": Forms(
            "[|Tell me: |Excuse me, |Please tell me: |I wonder, ][which|what] number is [on"
            "|written on|printed on] {x}?",
            "[Read|Please read|Can you read] the number on {x}[.| for me.]",
            "[What is|What's] the number on {x}?",
        ),
        "find_motif": Forms(
            "[Find|Show me|Locate|Point out|Where is] the {n} [with|that shows] {m}.",
            "[Which {n} shows {m}?|Which {n} has {m} on it?]",
        ),
        "find_number": Forms(
            "[Find|Show me|Locate|Point out] the {n} [with the number {m}|that says {m}"
            "|with a {m} on it].",
            "[Which {n} has the number {m}?|On which {n} is the number {m}?]",
        ),
    },
    "zh": {
        "motif": Forms(
            "[|請問|請告訴我，|我想知道，|請問一下，]{x}上[畫著什麼|有什麼圖案|的圖案是什麼]？",
            "[|請問|麻煩看一下，]{x}上面是什麼[圖案|圖]？",
        ),
        "number": Forms(
            "[|請問|請告訴我，|我想知道，|請問一下，]{x}上[寫著幾號|的數字是多少|是什麼數字]？",
            "[請讀出|讀一下|幫我讀]{x}上的數字。",
        ),
        "find_motif": Forms(
            "[找出|找到|請找出|幫我找|標出]畫著{m}的{n}。",
            "[哪個{n}上畫著{m}？|{m}在哪個{n}上？]",
        ),
        "find_number": Forms(
            "[找出|找到|請找出|幫我找|標出]寫著數字{m}的{n}。",
            "[哪個{n}上寫著{m}？|數字{m}在哪個{n}上？]",
        ),
    },
}
_ANSWERS = {
    "en": {"motif": "{x} shows {m}.", "number": "the number on {x} is {m}."},
    "zh": {"motif": "{x}上畫著{m}。", "number": "{x}上的數字是{m}。"},
}


_UNREAD = {
    "en": {"motif": "I cannot see a motif on {x}.", "number": "I cannot see a number on {x}."},
    "zh": {"motif": "看不到{x}上有圖案。", "number": "看不到{x}上有數字。"},
}
_NOTHING = {"en": "nothing to be seen", "zh": "看不到"}
_DECLINES = {"en": ("cannot see", "cannot read"), "zh": ("看不到", "看不清")}
# things that often bear a print: asked about where they have none, too
_BEARS = ("box", "book", "filing cabinet", "fridge", "safe", "chest", "tablet", "magazine")


def _word(ask: Asking, motif: str, *, article: bool = True) -> str:
    """a star; 星星; 7"""
    english, hant, _ = MOTIFS[motif]
    if ask.family == "zh":
        return hant  # `script` turns it into Simplified
    if is_digit(motif) or not article:
        return english
    return f"{'an' if english[0] in 'aeiou' else 'a'} {english}"


def _marked(ask: Asking) -> list[Thing]:
    return [thing for thing in ask.things() if thing.motif]


def motif(ask: Asking) -> Sample | None:
    """What does the picture show? Which number is on the box?"""
    found = random_subject(ask, [t for t in _marked(ask) if ask.facts.reads(t, True)])
    if found is None:
        return None
    thing, ref = found
    kind = "number" if is_digit(thing.motif) else "motif"
    said = _word(ask, thing.motif)
    answer = _ANSWERS[ask.family][kind].format(x=subject(ask, ref), m=said)
    plain = ask.say.script(_word(ask, thing.motif, article=False))
    return ask.sample(
        *("qa", kind, _FORMS[ask.family][kind], {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.colon}{_word(ask, thing.motif, article=False)}",
        answer,
        ask.needed(ref),
        {
            **{"type": "reason", "value": thing.motif, "must": (plain,)},
            **{"claim": ("motif", thing.id, thing.motif), "ref": ref},
        },
        reads=(thing.id,),
    )


def unread(ask: Asking) -> Sample | None:
    """What is on the box? Nothing is, or no view shows that side of it: the answer says so."""
    marked = [t for t in _marked(ask) if ask.facts.reads(t, False)]
    bare = [t for t in ask.things() if t.category in _BEARS and not t.motif]
    found = random_subject(ask, marked if marked and ask.rng.random() < 0.5 else bare)
    if found is None:
        return None
    thing, ref = found
    kind = ask.rng.choice(("motif", "number"))
    declines = tuple(map(ask.say.script, _DECLINES[ask.family]))
    return ask.sample(
        *("qa", "unread", _FORMS[ask.family][kind], {"x": ask.say.the(ref)}),
        f"{thought(ask, ref)}{ask.say.colon}{_NOTHING[ask.family]}",
        _UNREAD[ask.family][kind].format(x=subject(ask, ref)),
        ask.needed(ref),
        {**{"type": "reason", "value": "unread", "must": (), "any": declines}, "ref": ref},
        unread=(thing.id,) if thing.motif else (),
    )


def find(ask: Asking) -> Sample | None:
    """Find the box with the number 7."""
    things = [
        thing
        for thing in _marked(ask)
        if ask.facts.reads(thing, True)
        and sum(other.motif == thing.motif for other in ask.facts.by_category[thing.category]) == 1
        and ask.facts.certain(thing.category)
    ]
    if not things:
        return None
    thing = ask.rng.choice(things)
    kind = "find_number" if is_digit(thing.motif) else "find_motif"
    words = {"n": ask.say.noun(thing.category), "m": _word(ask, thing.motif)}
    seen = _word(ask, thing.motif, article=False)
    listed = f"{seen} {named(ask.say, Ref(thing.id, thing.category))}"
    return ask.sample(
        *("grounding", kind, _FORMS[ask.family][kind], words, listed),
        named(ask.say, Ref(thing.id, thing.category)),
        [thing.id],
        {"type": "grounding", "value": (thing.id,), "category": thing.category},
        is_label=True,
        reads=(thing.id,),
    )
