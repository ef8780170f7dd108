"""Questions about what things are good for: where can I sit, what shows the time?"""

from __future__ import annotations

from r1_training.synthetic.language.context import Asking, box
from r1_training.synthetic.language.forms.uses_forms import ANSWERS, FIND, FOR, FORMS, NOTHING
from r1_training.synthetic.language.sample import Sample

# use -> categories that serve it, the best first
USES: dict[str, tuple[str, ...]] = {
    "sit": ("sofa", "armchair", "chair", "office chair", "stool", "bed"),
    "lie": ("bed", "sofa"),
    "wash": ("sink",),
    "rubbish": ("trash can",),
    "read": ("book", "magazine"),
    "cool": ("fridge",),
    "heat": ("microwave", "stove"),
    "boil": ("kettle",),
    "time": ("clock",),
    "mirror": ("mirror",),
    "light": ("lamp", "floor lamp"),
    "print": ("printer",),
    "drink": ("mug", "cup"),
    "clothes": ("wardrobe",),
    "warm": ("radiator",),
    "play": ("ball", "gamepad"),
}


def use(ask: Asking) -> Sample | None:
    """Something that serves a use; sometimes there is nothing."""
    facts, say = ask.facts, ask.say
    kinds = [kind for kind, row in USES.items() if any(c in facts.by_category for c in row)]
    if not kinds or ask.rng.random() < 0.15:
        kinds = list(USES)
    kind = ask.rng.choice(kinds)
    if not all(facts.certain(category) for category in USES[kind]):
        return None
    serving = [t for category in USES[kind] for t in facts.by_category.get(category, ())]
    if not serving:
        none, must = NOTHING[ask.family]
        return _used(ask, kind, none, none, must, ())
    best = serving[0]
    noun = say.noun(best.category)
    told = ANSWERS[ask.family][kind].format(x=say.definite(f"{noun} {box(best.id)}"))
    return _used(ask, kind, f"{noun} {box(best.id)}", told, noun, (best.id,))


def _used(
    ask: Asking, kind: str, think: str, answer: str, must: str, objects: tuple[int, ...]
) -> Sample:
    key = {"type": "reason", "value": kind, "must": (ask.say.script(must).lower(),)}
    return ask.sample("qa", "use", FORMS[ask.family][kind], {}, think, answer, objects, key)


def find(ask: Asking) -> Sample | None:
    """Find something to sit on: the only thing that serves."""
    facts = ask.facts
    kinds = [
        kind
        for kind, row in USES.items()
        if sum(len(facts.by_category.get(c, ())) for c in row) == 1 and all(map(facts.certain, row))
    ]
    if not kinds:
        return None
    kind = ask.rng.choice(kinds)
    [thing] = [t for c in USES[kind] for t in facts.by_category.get(c, ())]
    said = f"{ask.say.noun(thing.category)} {box(thing.id)}"
    return ask.sample(
        *("grounding", "use", FIND[ask.family], {"v": FOR[ask.family][kind]}),
        *(said, said, [thing.id]),
        {"type": "grounding", "value": (thing.id,), "category": thing.category},
        is_label=True,
    )
