"""Plans: steps that the simulator has carried out while they were written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from r1_model.plans.simulator import Fact, PlanError, World, apply, reachable
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.language.context import Asking, box
from r1_training.synthetic.language.facts import Thing
from r1_training.synthetic.language.symbolic_world import UNDER, world_of

SENTENCES: dict[str, dict[str, str]] = {
    "en": {
        "navigate_to": "go to the {0}.",
        "open": "open the {0}.",
        "close": "close the {0}.",
        "pick": "pick up the {0}.",
        "place on": "put the {0} on the {1}.",
        "place in": "put the {0} in the {1}.",
        "place under": "put the {0} under the {1}.",
        "turn_on": "turn on the {0}.",
        "turn_off": "turn off the {0}.",
        "make_coffee": "make a coffee with the {0}.",
        "wait": "wait until the {0} is done.",
        "wipe": "wipe the {0} clean.",
        "clean": "clean the {0}.",
        "make_bed": "make the {0}.",
        "push": "push the {0} into its place.",
    },
    "zh": {
        "navigate_to": "移動到{0}旁邊。",
        "open": "打開{0}。",
        "close": "關上{0}。",
        "pick": "拿起{0}。",
        "place on": "把{0}放到{1}上。",
        "place in": "把{0}放進{1}裡。",
        "place under": "把{0}放到{1}下方。",
        "turn_on": "打開{0}。",
        "turn_off": "關掉{0}。",
        "make_coffee": "用{0}煮一杯咖啡。",
        "wait": "等待{0}完成。",
        "wipe": "把{0}擦乾淨。",
        "clean": "把{0}清理乾淨。",
        "make_bed": "把{0}整理好。",
        "push": "把{0}推回原位。",
    },
}


@dataclass
class Plan:
    """A plan that grows; every step is checked when it is added.

    Attributes:
        ask: language and facts.
        world: after the steps so far.
        steps: (action, ids) in order.
        goal: what shall be true in the end.
        notes: what the thought says, in order.
    """

    ask: Asking
    world: World
    steps: list[tuple[str, tuple[int, ...]]] = field(default_factory=list)
    goal: list[Fact] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _sentences: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, ask: Asking) -> Plan:
        """An empty plan in the room."""
        return cls(ask, world_of(ask.facts.room))

    def do(self, action: str, *ids: int) -> None:
        """Add a step.

        Raises:
            PlanError: the world does not allow it.
        """
        self.world = apply(self.world, action, ids)
        self.steps.append((action, ids))
        key = action
        if action == "place":
            key = f"place {self.world.things[ids[0]].relation}"
        labels = [self.label(id) for id in ids]
        self._sentences.append(SENTENCES[self.ask.family][key].format(*labels))

    def go(self, id: int) -> None:
        """Drive to the furniture that a thing stands on, unless the robot is there."""
        if not reachable(self.world, id):
            self.do("navigate_to", self.base(id))

    def base(self, id: int) -> int:
        """The piece of furniture to drive to for a thing; the thing itself on the floor."""
        things, start = self.ask.facts.things, id
        while id in things and things[id].kind == "small":
            parent = self.ask.facts.parent_of(things[id])
            if parent is None:
                break
            id = parent.id
        if id >= UNDER:
            return id - UNDER
        return id if id in things else start

    def label(self, id: int) -> str:
        """What a step calls a thing."""
        say = self.ask.say
        if id >= UNDER:
            host = say.noun(self.ask.facts.things[id - UNDER].category)
            return f"floor under the {host}" if self.ask.family == "en" else f"{host}底下"
        return say.noun(self.ask.facts.room.objects[id - 1].category)

    def note(self, id: int, state: str = "") -> None:
        """Name a thing in the thought, with its box where it is visible."""
        text = self._boxed(id)
        self.notes.append(f"{text}{self.ask.say.colon}{state}" if state else text)

    def _boxed(self, id: int) -> str:
        seen = id in self.ask.facts.things or id >= UNDER
        return f"{self.label(id)} {box(id)}" if seen else self.label(id)

    def text(self) -> str:
        """The steps, one a line."""
        say, lines = self.ask.say, []
        for index, ((action, ids), sentence) in enumerate(
            zip(self.steps, self._sentences, strict=True)
        ):
            arguments = ", ".join(self._boxed(id) for id in ids)
            told = say.finish(sentence)
            lines.append(f"{index + 1}. {action}({arguments}){say.colon}{told}")
        return "\n".join(lines)

    def think(self) -> str:
        """What the plan was made from."""
        return self.ask.say.semicolon.join(self.notes)

    def key(self) -> dict[str, object]:
        """The truth for `answer_check`."""
        return {"type": "plan", "goal": tuple(self.goal), "steps": tuple(self.steps)}

    def objects(self) -> list[int]:
        """Visible things that the plan needs."""
        named = [id - UNDER if id >= UNDER else id for _, ids in self.steps for id in ids]
        return [id for id in dict.fromkeys(named) if id in self.ask.facts.things]


def switch(ask: Asking, things: Sequence[Thing], value: str) -> Plan | None:
    """Switch things on or off; those that are so already need no step."""
    plan = Plan.of(ask)
    for thing in things:
        plan.note(thing.id, ask.say.state(thing.category, ("power", thing.states["power"])))
        plan.goal.append(Fact(thing.id, "power", value))
        if thing.states["power"] != value:
            plan.go(thing.id)
            plan.do(f"turn_{value}", thing.id)
    return plan


def set_opening(ask: Asking, things: Sequence[Thing], value: str) -> Plan | None:
    """Open or close things; those that are so already need no step."""
    plan = Plan.of(ask)
    for thing in things:
        plan.note(thing.id, ask.say.state(thing.category, ("opening", thing.states["opening"])))
        plan.goal.append(Fact(thing.id, "opening", value))
        if thing.states["opening"] != value:
            plan.go(thing.id)
            plan.do("open" if value == "open" else "close", thing.id)
    return plan


def settle(ask: Asking, devices: Sequence[Thing], openings: Sequence[Thing]) -> Plan | None:
    """Switch everything off, then close everything; the order of each is from left to right."""
    first, second = switch(ask, devices, "off"), set_opening(ask, openings, "closed")
    if first is None or second is None:
        return None
    first.notes += second.notes
    first.goal += second.goal
    for thing in openings:
        if thing.states["opening"] != "closed":
            first.go(thing.id)
            first.do("close", thing.id)
    return first


def put(ask: Asking, things: Sequence[Thing], target: Thing) -> Plan | None:
    """Put things on a surface or into a container, which is opened before and closed behind."""
    plan = Plan.of(ask)
    shut = target.states.get("opening") == "closed"
    inside = VOCABULARY[target.category].contains
    for thing in things:
        plan.note(thing.id)
    state = target.states.get("opening") if inside else None
    plan.note(target.id, ask.say.state(target.category, ("opening", state)) if state else "")
    try:
        if inside and shut:
            plan.go(target.id)
            plan.do("open", target.id)
        for thing in things:
            plan.go(thing.id)
            plan.do("pick", thing.id)
            plan.go(target.id)
            plan.do("place", thing.id, target.id)
            relation = plan.world.things[thing.id].relation
            plan.goal.append(Fact(thing.id, relation, target.id))
        if inside and shut:
            plan.do("close", target.id)
            plan.goal.append(Fact(target.id, "opening", "closed"))
    except PlanError:
        return None
    return plan


def go(ask: Asking, thing: Thing) -> Plan | None:
    """Drive to a thing, or to what it stands on."""
    plan = Plan.of(ask)
    plan.note(thing.id)
    try:
        plan.go(thing.id)
    except PlanError:
        return None
    plan.goal.append(Fact(thing.id, "at", True))
    return plan


def fetch(ask: Asking, thing: Thing) -> Plan | None:
    """Go to a thing and take it."""
    plan = Plan.of(ask)
    plan.note(thing.id)
    try:
        plan.go(thing.id)
        plan.do("pick", thing.id)
    except PlanError:
        return None
    plan.goal.append(Fact(thing.id, "held", True))
    return plan


def make_bed(ask: Asking, bed: Thing) -> Plan | None:
    """Straighten a bed, unless it is made."""
    plan = Plan.of(ask)
    plan.note(bed.id, ask.say.state("bed", ("bedding", bed.states["bedding"])))
    plan.goal.append(Fact(bed.id, "bedding", "made"))
    if bed.states["bedding"] == "messy":
        plan.go(bed.id)
        plan.do("make_bed", bed.id)
    return plan


def push_in(ask: Asking, seats: Sequence[Thing]) -> Plan | None:
    """Push seats to their table, from left to right."""
    plan = Plan.of(ask)
    for seat in seats:
        plan.note(seat.id)
        plan.go(seat.id)
        plan.do("push", seat.id)
        plan.goal.append(Fact(seat.id, "place", "pushed_in"))
    return plan


def wipe(ask: Asking, table: Thing) -> Plan | None:
    """Wipe a table."""
    plan = Plan.of(ask)
    plan.note(table.id)
    plan.go(table.id)
    plan.do("wipe", table.id)
    plan.goal.append(Fact(table.id, "surface", "clean"))
    return plan


def clean_under(ask: Asking, thing: Thing) -> Plan | None:
    """Clean the floor under a piece of furniture."""
    plan, area = Plan.of(ask), UNDER + thing.id
    plan.note(thing.id)
    plan.do("navigate_to", thing.id)
    plan.do("clean", area)
    plan.goal.append(Fact(area, "floor", "clean"))
    return plan


def clean_spill(ask: Asking, puddle: Thing, vessel: Thing, surface: Thing) -> Plan | None:
    """Put the tipped vessel somewhere safe, then clean the puddle."""
    plan = Plan.of(ask)
    plan.note(puddle.id)
    plan.note(vessel.id, ask.say.state(vessel.category, ("pose", "tipped")))
    plan.note(surface.id)
    try:
        plan.go(vessel.id)
        plan.do("pick", vessel.id)
        plan.go(surface.id)
        plan.do("place", vessel.id, surface.id)
        plan.go(puddle.id)
        plan.do("clean", puddle.id)
    except PlanError:
        return None
    relation = plan.world.things[vessel.id].relation
    plan.goal += [Fact(puddle.id, "floor", "clean"), Fact(vessel.id, relation, surface.id)]
    plan.goal.append(Fact(vessel.id, "pose", "upright"))
    return plan


def coffee(ask: Asking, machine: Thing, mug: int, table: Thing) -> Plan | None:
    """A coffee on a table: mug from where it is, under the machine, full, on the table."""
    plan, facts = Plan.of(ask), ask.facts
    source = facts.room.objects[mug - 1]
    inside = source.parent is not None and source.parent_relation == "in"
    store = facts.things.get(source.parent or 0) if inside else None
    shut = store if store is not None and store.states.get("opening") == "closed" else None
    plan.note(machine.id)
    if store is not None:
        state = store.states.get("opening")
        plan.note(store.id, ask.say.state(store.category, ("opening", state)) if state else "")
    plan.note(mug)
    plan.note(table.id)
    try:
        plan.go(store.id if store is not None else mug)
        if shut is not None:
            plan.do("open", shut.id)
        plan.do("pick", mug)
        if shut is not None:
            plan.do("close", shut.id)
            plan.goal.append(Fact(shut.id, "opening", "closed"))
        if not reachable(plan.world, machine.id):
            plan.do("navigate_to", machine.id)
        plan.do("place", mug, machine.id)
        plan.do("make_coffee", machine.id)
        plan.do("wait", machine.id)
        plan.do("pick", mug)
        plan.go(table.id)
        plan.do("place", mug, table.id)
    except PlanError:
        return None
    plan.goal += [Fact(mug, "on", table.id), Fact(mug, "content", "coffee")]
    return plan
