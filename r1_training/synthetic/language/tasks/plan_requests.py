"""Requests for action: goal in, steps out, each checked by the plan simulator."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking
from r1_training.synthetic.language.facts import SEATS, Facts, Thing
from r1_training.synthetic.language.forms.planning_forms import FORMS
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.language.symbolic_world import UNDER
from r1_training.synthetic.language.tasks import absent_things, plan_steps
from r1_training.synthetic.language.tasks.grounding import under_box
from r1_training.synthetic.language.tasks.plan_steps import Plan
from r1_training.synthetic.language.words.phrases import random_subject
from r1_training.synthetic.language.words.referring import Ref, anchor_ref

MOST_AT_ONCE = 5
LAMPS = ("lamp", "floor lamp")
DEVICES = (*LAMPS, "tv", "monitor", "stove")
OPENABLE = (
    *("door", "window", "curtain", "fridge", "cabinet", "wardrobe", "cupboard", "microwave"),
    *("washing machine", "toilet", "box", "dresser"),
)
FOOD = ("apple", "bottle", "bowl")
RUBBISH = ("apple", "cup", "bottle", "magazine", "box")
TABLES = ("coffee table", "dining table", "table", "desk", "counter")
TOPS = (*TABLES, "nightstand", "tv cabinet", "dresser", "sofa", "bed", "stool")
UNFIT_FOR_TABLES = ("trash can", "basket", "pillow", "cushion", "towel", "ball", "backpack")
_NOTHING = {
    "en": ("{x} is {s} already.", "there is nothing to do."),
    "zh": ("{x}已經是{s}的。", "沒有需要做的事。"),
}
_MISSING = {
    "en": "I cannot do that: there is no {x} here.",
    "zh": "我做不到，這裡沒有{x}。",
}


def planned(
    ask: Asking, kind: str, form: str, plan: Plan | None, words: dict[str, str], extra_objects=()
) -> Sample | None:
    """A sample of a plan; None where it cannot be carried out."""
    if plan is None or len(plan.steps) > 3 * MOST_AT_ONCE:
        return None
    regions = [id for _, ids in plan.steps for id in ids if id >= UNDER]
    return ask.sample(
        *("planning", kind, FORMS[ask.family][form], words, plan.think()),
        plan.text() if plan.steps else nothing_to_do(ask, plan),
        [*plan.objects(), *noted(ask, plan), *extra_objects],
        plan.key(),
        is_label=bool(plan.steps),
        extra_boxes={id: under_box(ask.facts.things[id - UNDER]) for id in regions},
    )


def noted(ask: Asking, plan: Plan) -> list[int]:
    """Things of the goal that are visible."""
    return [fact.subject for fact in plan.goal if fact.subject in ask.facts.things]


def nothing_to_do(ask: Asking, plan: Plan) -> str:
    """What is said where the goal holds already."""
    one, many = _NOTHING[ask.family]
    if len(plan.goal) != 1:
        return many
    [fact] = plan.goal
    [category] = [t.category for id, t in ask.facts.things.items() if id == fact.subject]
    state = ask.say.state(category, (fact.relation, str(fact.value)))
    return one.format(x=ask.say.definite(ask.say.noun(category)), s=state)


def switch(ask: Asking) -> Sample | None:
    """Turn one device on or off."""
    things = [t for t in ask.things() if t.category in DEVICES]
    found = random_subject(ask, things)
    if found is None or found[1].state is not None:
        return None
    thing, ref = found
    now = thing.states["power"]
    want = now if ask.rng.random() < 0.15 else {"on": "off", "off": "on"}[now]
    return planned(
        ask,
        "switch",
        want,
        plan_steps.switch(ask, [thing], want),
        {"x": ask.say.the(ref)},
        ask.needed(ref),
    )


def opening(ask: Asking) -> Sample | None:
    """Open or close one thing."""
    things = [t for t in ask.things() if t.category in OPENABLE]
    found = random_subject(ask, things)
    if found is None or found[1].state is not None:
        return None
    thing, ref = found
    now = thing.states["opening"]
    want = now if ask.rng.random() < 0.15 else {"open": "closed", "closed": "open"}[now]
    return planned(
        *(ask, "opening", "open" if want == "open" else "close"),
        plan_steps.set_opening(ask, [thing], want),
        {"x": ask.say.the(ref)},
        ask.needed(ref),
    )


def _movable(ask: Asking) -> list[Thing]:
    return [
        t
        for t in ask.things()
        if VOCABULARY[t.category].graspable and t.relation in ("on", "in", "floor", "under")
    ]


def _words(ask: Asking, ref: Ref, target: Ref, relation: str) -> dict[str, str]:
    return {
        "x": ask.say.the(ref),
        "y": ask.say.the(target),
        "p": ask.say.at(relation, ask.say.the(target)),
    }


def put(ask: Asking) -> Sample | None:
    """Put a thing on a table, or into something that opens."""
    found = random_subject(ask, _movable(ask))
    if found is None:
        return None
    thing, ref = found
    hosts = []
    if thing.category not in UNFIT_FOR_TABLES:
        hosts = [t for t in ask.things() if t.id != thing.parent and t.category in TOPS]
    if thing.category in ("book", "magazine"):
        hosts += ask.facts.by_category.get("bookshelf", [])
    if thing.category in FOOD:
        hosts += ask.facts.by_category.get("fridge", []) * 2
    if thing.category in ("ball", "backpack", "book", "box", "towel"):
        hosts += [t for c in ("wardrobe", "basket") for t in ask.facts.by_category.get(c, [])]
    hosts = [t for t in hosts if not ask.facts.supported_by(thing, t)]
    return _put(ask, "put", "put", thing, ref, hosts)


def throw(ask: Asking) -> Sample | None:
    """Throw a thing away."""
    things = [t for t in _movable(ask) if t.category in RUBBISH]
    found = random_subject(ask, things)
    bins = ask.facts.by_category.get("trash can", [])
    if found is None or not bins:
        return None
    return _put(ask, "throw", "throw", *found, bins)


def _put(
    ask: Asking, kind: str, form: str, thing: Thing, ref: Ref, hosts: list[Thing]
) -> Sample | None:
    if not hosts:
        return None
    host = ask.rng.choice(hosts)
    target = anchor_ref(ask.facts, ask.rng, host)
    plan = plan_steps.put(ask, [thing], host)
    if target is None or plan is None:
        return None
    relation = plan.world.things[thing.id].relation
    words = _words(ask, ref, target, relation)
    return planned(ask, kind, form, plan, words, ask.needed(ref, target))


def go(ask: Asking) -> Sample | None:
    """Drive somewhere."""
    things = [t for t in ask.things() if t.category not in ("rug", "puddle", "curtain")]
    large = [t for t in things if t.kind == "furniture"]
    found = random_subject(ask, large if large and ask.rng.random() < 0.7 else things)
    if found is None:
        return None
    thing, ref = found
    plan = plan_steps.go(ask, thing)
    return planned(ask, "go", "go", plan, {"x": ask.say.the(ref)}, ask.needed(ref))


def fetch(ask: Asking) -> Sample | None:
    """Go and take a thing; perhaps it is said where it is."""
    found = random_subject(ask, _movable(ask))
    if found is None:
        return None
    thing, ref = found
    plan = plan_steps.fetch(ask, thing)
    host = ask.facts.parent_of(thing)
    if host is not None and ref.relation is None and ask.rng.random() < 0.3:
        target = anchor_ref(ask.facts, ask.rng, host)
        if target is not None:
            words = _words(ask, ref, target, thing.relation)
            return planned(ask, "fetch", "fetch_from", plan, words, ask.needed(ref, target))
    return planned(ask, "fetch", "fetch", plan, {"x": ask.say.the(ref)}, ask.needed(ref))


def bed(ask: Asking) -> Sample | None:
    """Make the bed."""
    beds = ask.facts.by_category.get("bed", [])
    found = random_subject(ask, beds)
    if found is None or found[1].state is not None:
        return None
    if found[0].states["bedding"] == "made" and ask.rng.random() < 0.6:
        return None
    thing, ref = found
    plan = plan_steps.make_bed(ask, thing)
    return planned(ask, "bed", "bed", plan, {"x": ask.say.the(ref)}, ask.needed(ref))


def push(ask: Asking) -> Sample | None:
    """Push the chairs to their table."""
    facts = ask.facts
    tables = [t for t in facts.of_hypernym("table") if t.category in ("dining table", "desk")]
    if not tables:
        return None
    table = ask.rng.choice(tables)
    seats = [t for c in SEATS for t in facts.by_category.get(c, ())]
    verdicts = [facts.around(t, table) for t in seats]
    target = anchor_ref(facts, ask.rng, table)
    around = [t for t, verdict in zip(seats, verdicts, strict=True) if verdict]
    kinds = {t.category for t in around}
    if None in verdicts or len(kinds) != 1 or len(around) > MOST_AT_ONCE or target is None:
        return None
    [category] = kinds
    if not facts.certain(category):
        return None
    words = {"xs": ask.say.plural(category), "y": ask.say.the(target)}
    return planned(ask, "push", "push", plan_steps.push_in(ask, around), words, ask.needed(target))


def wipe(ask: Asking) -> Sample | None:
    """Wipe a table."""
    tables = [t for t in ask.things() if t.category in TABLES]
    found = random_subject(ask, tables)
    if found is None:
        return None
    thing, ref = found
    plan = plan_steps.wipe(ask, thing)
    return planned(ask, "wipe", "wipe", plan, {"x": ask.say.the(ref)}, ask.needed(ref))


def under(ask: Asking) -> Sample | None:
    """Clean the floor under a piece of furniture."""
    things = [t for t in ask.things() if t.category in ("sofa", "bed", *TABLES[:4], "armchair")]
    found = random_subject(ask, things)
    if found is None:
        return None
    thing, ref = found
    plan = plan_steps.clean_under(ask, thing)
    return planned(ask, "under", "under", plan, {"x": ask.say.the(ref)}, ask.needed(ref))


def spilt(facts: Facts) -> tuple[Thing, Thing] | None:
    """A puddle and the tipped vessel that lies in it."""
    for puddle in facts.by_category.get("puddle", []):
        vessels = [
            t
            for t in facts.things.values()
            if t.states.get("pose") == "tipped" and facts.gap(t, puddle) < 0.25 and t.parent is None
        ]
        if len(vessels) == 1:
            return puddle, vessels[0]
    return None


def spill(ask: Asking) -> Sample | None:
    """Clean up what somebody spilt."""
    found = spilt(ask.facts)
    if found is None:
        return None
    puddle, vessel = found
    tops = [t for c in TABLES for t in ask.facts.by_category.get(c, [])]
    if not tops:
        return None
    surface = min(tops, key=lambda t: ask.facts.gap(t, puddle))
    return planned(ask, "spill", "spill", plan_steps.clean_spill(ask, puddle, vessel, surface), {})


def books(ask: Asking) -> Sample | None:
    """Put what there is to read from the floor to its place."""
    facts = ask.facts
    lying = [
        t
        for t in ask.things()
        if t.category == "book" and t.parent is None and t.relation == "floor"
    ]
    places = facts.by_category.get("bookshelf", []) or [
        t for c in TABLES[:4] for t in facts.by_category.get(c, [])
    ]
    if not 0 < len(lying) <= 3 or not places or not facts.certain("book"):
        return None
    place = ask.rng.choice(places)
    target = anchor_ref(facts, ask.rng, place)
    if target is None:
        return None
    words = {"p": ask.say.at("on", ask.say.the(target))}
    return planned(
        ask, "books", "books", plan_steps.put(ask, lying, place), words, ask.needed(target)
    )


def _of(ask: Asking, categories: tuple[str, ...]) -> list[Thing] | None:
    """All things of some categories from left to right; None where one may be out of sight."""
    if not all(ask.facts.certain(c) for c in categories):
        return None
    return [t for t in ask.things() if t.category in categories]


def lights(ask: Asking) -> Sample | None:
    """All lamps on, or all lamps off."""
    lamps = _of(ask, LAMPS)
    if not lamps or len(lamps) > MOST_AT_ONCE:
        return None
    want = ask.rng.choice(("on", "off"))
    return planned(ask, "lights", f"lights_{want}", plan_steps.switch(ask, lamps, want), {})


def watch(ask: Asking) -> Sample | None:
    """Get ready to watch television."""
    screens = _of(ask, ("tv",))
    if not screens or len(screens) > 1:
        return None
    return planned(ask, "tv", "tv", plan_steps.switch(ask, screens, "on"), {})


def leave(ask: Asking) -> Sample | None:
    """Everything off, windows closed."""
    return _settle(ask, "leave", "window")


def sleep(ask: Asking) -> Sample | None:
    """Everything off, curtains closed."""
    return _settle(ask, "sleep", "curtain")


def _settle(ask: Asking, kind: str, category: str) -> Sample | None:
    devices, openings = _of(ask, DEVICES), _of(ask, (category,))
    if devices is None or openings is None or not devices + openings:
        return None
    if len(devices) + len(openings) > MOST_AT_ONCE + 1:
        return None
    return planned(ask, kind, kind, plan_steps.settle(ask, devices, openings), {})


def air(ask: Asking) -> Sample | None:
    """Open the windows, or the curtains."""
    form, category = ask.rng.choice((("air", "window"), ("light_in", "curtain")))
    things = _of(ask, (category,))
    if not things or len(things) > 3:
        return None
    return planned(ask, form, form, plan_steps.set_opening(ask, things, "open"), {})


def find_mug(facts: Facts, machine: Thing, table: Thing) -> int | None:
    """The mug to take: one that stands in sight, else one from the cupboard near the machine."""
    seen = [
        t
        for t in facts.by_category.get("mug", [])
        if t.states["pose"] == "upright" and t.parent is not None and t.parent != table.id
    ]
    if seen:
        return min(seen, key=lambda t: facts.gap(t, machine)).id
    # what is open shows that it holds none
    stores = [t for t in facts.by_category.get("cupboard", []) if t.states["opening"] == "closed"]
    if not stores:
        return None
    store = min(stores, key=lambda t: facts.gap(t, machine))
    inside = [
        t.id
        for t in facts.room.objects
        if t.category == "mug" and t.parent == store.id and t.parent_relation == "in"
    ]
    return inside[0] if inside else None


def offers_coffee(facts: Facts) -> bool:
    """Is there all that it takes to prepare a coffee?"""
    machines = facts.by_category.get("coffee machine", [])
    tables = [t for c in TABLES[:4] for t in facts.by_category.get(c, [])]
    return len(machines) == 1 and any(
        find_mug(facts, machines[0], table) is not None for table in tables
    )


def coffee(ask: Asking) -> Sample | None:
    """Prepare a table for coffee."""
    facts = ask.facts
    machines = facts.by_category.get("coffee machine", [])
    tables = [t for c in TABLES[:4] for t in facts.by_category.get(c, [])]
    if not machines or not tables or len(machines) > 1:
        return None
    [machine] = machines
    table = tables[0]  # nobody said which: the first of the list that is in sight
    form, words = "coffee_any", dict[str, str]()
    objects: Sequence[int] = ()
    if ask.rng.random() < 0.75 or len(facts.by_category[table.category]) > 1:
        # few rooms have a coffee table beside a coffee machine: there it is named more often
        table = ask.rng.choice(tables + facts.by_category.get("coffee table", []))
        target = anchor_ref(facts, ask.rng, table)
        if target is None:
            return None
        form, words, objects = "coffee", {"y": ask.say.the(target)}, ask.needed(target)
    mug = find_mug(facts, machine, table)
    if mug is None or facts.supported_by(machine, table):
        return None
    plan = plan_steps.coffee(ask, machine, mug, table)
    return planned(ask, "coffee", form, plan, words, objects)


def impossible(ask: Asking) -> Sample | None:
    """A request that needs something that is not there: the answer says so."""
    if ask.rng.random() < 0.35:
        return absent_things.planning(ask)
    facts, say = ask.facts, ask.say
    form, category = ask.rng.choice(
        (
            # asked for often where there is a machine: without one it must not be made up
            *[("coffee_any", "coffee machine")] * 4,
            *(("tv", "tv"), ("on", "tv"), ("off", "lamp")),
            *(("open", "fridge"), ("close", "window"), ("bed", "bed"), ("wipe", "desk")),
            *(("fetch", "mug"), ("fetch", "book"), ("on", "floor lamp"), ("open", "wardrobe")),
        )
    )
    if category in facts.by_category or not facts.certain(category):
        return None
    words = {"x": say.definite(say.noun(category))}
    bare = say.noun(category)
    none = f"no {bare}" if ask.family == "en" else f"沒有{bare}"
    return ask.sample(
        *("planning", "impossible", FORMS[ask.family][form], words, none),
        _MISSING[ask.family].format(x=bare),
        (),
        {"type": "plan", "goal": (), "steps": (), "missing": category},
    )


# kind -> (maker, weight where the room offers it)
MAKERS: dict[str, tuple[Callable[[Asking], Sample | None], float]] = {
    "coffee": (coffee, 12.0),
    "spill": (spill, 4.0),
    "bed": (bed, 3.0),
    "books": (books, 3.0),
    "switch": (switch, 3.0),
    "opening": (opening, 2.5),
    "put": (put, 4.0),
    "throw": (throw, 2.0),
    "fetch": (fetch, 1.8),
    "go": (go, 1.8),
    "push": (push, 2.0),
    "wipe": (wipe, 1.0),
    "under": (under, 1.2),
    "lights": (lights, 1.2),
    "tv": (watch, 1.5),
    "leave": (leave, 1.0),
    "sleep": (sleep, 1.0),
    "air": (air, 1.0),
    "impossible": (impossible, 1.5),
}
_KINDS = tuple(MAKERS)
_WEIGHTS = tuple(weight for _, weight in MAKERS.values())


def make(ask: Asking) -> Sample | None:
    """A request of a random kind that the room offers; the rarest and longest comes first."""
    if ask.rng.random() < 0.5 and offers_coffee(ask.facts):
        return coffee(ask)
    for _ in range(6):
        [kind] = ask.rng.choices(_KINDS, _WEIGHTS)
        sample = MAKERS[kind][0](ask)
        if sample is not None:
            return sample
    return None
