"""A symbolic world in which plans are carried out: what a skill needs and what it changes.

Pure functions over plain data; used to check plans in training and evaluation and by the simulated
robot. Things are named by any hashable key (an object id, a label).
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from r1_model.plans.skills import SKILLS

Key = Hashable
UNKNOWN = "unknown"  # a state value or relation that the world does not know; it fits everywhere


class PlanError(ValueError):
    """A step cannot be carried out; the message is a sentence that says why."""


class UnknownSkillError(PlanError):
    """The action is not one of `skills.SKILLS`, or has another number of arguments."""


class UnknownThingError(PlanError):
    """The step speaks of a thing that the world does not hold."""


class PreconditionError(PlanError):
    """The world is not as the skill needs it."""


@dataclass(frozen=True)
class Thing:
    """One thing of the world.

    Attributes:
        name: for messages.
        states: state name -> value: power on/off, opening open/closed, bedding made/messy, pose
            upright/tipped, content coffee/empty, surface clean, floor clean, place pushed_in,
            brewing yes/no. A state that is missing cannot be changed by its skill.
        parent: key of what it is on, in or under; None on the floor or at a wall.
        relation: on, in, under, floor, wall or UNKNOWN.
        graspable: the gripper can take it.
        surface: things can be put on it.
        container: things can be put into it.
        brews: it makes coffee.
    """

    name: str
    states: Mapping[str, str] = field(default_factory=dict)
    parent: Key | None = None
    relation: str = "floor"
    graspable: bool = False
    surface: bool = False
    container: bool = False
    brews: bool = False


@dataclass(frozen=True)
class World:
    """All things, the furniture that the robot stands at, and what it holds."""

    things: Mapping[Key, Thing]
    robot_at: Key | None = None
    held: Key | None = None


@dataclass(frozen=True)
class Fact:
    """Something that shall be true: `relation` of `subject` is `value`.

    Attributes:
        subject: key of a thing.
        relation: "on", "in", "under" (value: key of the other thing), "held" or "at" (value:
            True), or the name of a state (value: its value).
        value: see `relation`.
    """

    subject: Key
    relation: str
    value: object


@dataclass(frozen=True)
class PlanCheck:
    """What became of a plan.

    Attributes:
        executable: every step could be carried out.
        goal_reached: all facts of the goal hold in the end; False for a plan that broke off.
        steps_done: how many steps succeeded.
        reason: why the next step failed, or which fact is missing; empty on success.
        world: as it is after the steps that succeeded.
    """

    executable: bool
    goal_reached: bool
    steps_done: int
    reason: str
    world: World


def unknown_thing(name: str) -> Thing:
    """A thing of which nothing is known: every skill may be tried on it."""
    states = ("power", "opening", "bedding")
    return Thing(
        name,
        states=dict.fromkeys(states, UNKNOWN),
        relation=UNKNOWN,
        graspable=True,
        surface=True,
        container=True,
        brews=True,
    )


def check_plan(
    world: World, steps: Sequence[tuple[str, Sequence[Key]]], goal: Sequence[Fact] = ()
) -> PlanCheck:
    """Carry out a plan step by step.

    Args:
        world: before the plan.
        steps: (action, keys of its arguments) in order.
        goal: what shall be true in the end.
    """
    for done, (action, arguments) in enumerate(steps):
        try:
            world = apply(world, action, arguments)
        except PlanError as error:
            return PlanCheck(False, False, done, str(error), world)
    missing = [fact for fact in goal if not holds(world, fact)]
    reason = _missing(world, missing[0]) if missing else ""
    return PlanCheck(True, not missing, len(steps), reason, world)


def apply(world: World, action: str, arguments: Sequence[Key]) -> World:
    """The world after one step.

    Raises:
        UnknownSkillError, UnknownThingError, PreconditionError: see there.
    """
    skill = SKILLS.get(action)
    if skill is None:
        raise UnknownSkillError(f"there is no skill {action!r}")
    if len(arguments) != skill.arguments:
        raise UnknownSkillError(
            f"{action} takes {skill.arguments} object(s), the step names {len(arguments)}"
        )
    for key in arguments:
        if key not in world.things:
            raise UnknownThingError(f"there is no {key!r} in the scene")
    return _EFFECTS[action](world, *arguments)


def holds(world: World, fact: Fact) -> bool:
    """Is the fact true? About things that do not exist nothing is."""
    thing = world.things.get(fact.subject)
    if thing is None:
        return False
    if fact.relation == "held":
        return (world.held == fact.subject) == fact.value
    if fact.relation == "at":
        return world.robot_at is not None and reachable(world, fact.subject)
    if fact.relation in ("on", "in", "under"):
        return (
            world.held != fact.subject
            and thing.relation == fact.relation
            and thing.parent == fact.value
        )
    return thing.states.get(fact.relation) == fact.value


def reachable(world: World, key: Key) -> bool:
    """Can the arm reach the thing from where the robot stands?

    It can when the robot went to the thing, or to something that stands on the same furniture.
    """
    thing = world.things[key]
    if world.held == key or thing.relation == UNKNOWN and thing.parent is None:
        return world.robot_at is not None or world.held == key
    return world.robot_at is not None and _base(world, key) == world.robot_at


def _base(world: World, key: Key) -> Key:
    """The furniture that a thing stands on in the end."""
    seen = set()
    while (parent := world.things[key].parent) is not None and key not in seen:
        seen.add(key)
        if parent not in world.things:
            break
        key = parent
    return key


def _need(condition: bool, sentence: str) -> None:
    if not condition:
        raise PreconditionError(sentence)


def _need_reach(world: World, key: Key) -> Thing:
    thing = world.things[key]
    _need(reachable(world, key), f"the robot is not at the {thing.name}")
    return thing


def _need_state(thing: Thing, state: str, value: str, cannot: str) -> None:
    current = thing.states.get(state)
    _need(current is not None, f"the {thing.name} {cannot}")
    _need(current in (value, UNKNOWN), f"the {thing.name} is {current} already")


def _change(world: World, key: Key, **states: str) -> World:
    thing = world.things[key]
    changed = replace(thing, states={**thing.states, **states})
    return replace(world, things={**world.things, key: changed})


def _navigate_to(world: World, key: Key) -> World:
    _need(world.held != key, f"the robot holds the {world.things[key].name} itself")
    # the furniture: what stands on it may be taken away
    return replace(world, robot_at=_base(world, key))


def _open(world: World, key: Key) -> World:
    thing = _need_reach(world, key)
    _need_state(thing, "opening", "closed", "cannot be opened")
    _need(world.held is None, f"the gripper is not empty, it cannot open the {thing.name}")
    return _change(world, key, opening="open")


def _close(world: World, key: Key) -> World:
    thing = _need_reach(world, key)
    _need_state(thing, "opening", "open", "cannot be closed")
    return _change(world, key, opening="closed")


def _pick(world: World, key: Key) -> World:
    thing = world.things[key]
    _need(world.held != key, f"the robot holds the {thing.name} already")
    _need(world.held is None, f"the gripper is not empty, it cannot take the {thing.name}")
    _need(thing.graspable, f"the {thing.name} cannot be taken with the gripper")
    _need_reach(world, key)
    parent = world.things.get(thing.parent)
    if parent is not None and thing.relation == "in":
        shut = parent.states.get("opening") == "closed"
        _need(not shut, f"the {thing.name} is in the {parent.name}, which is closed")
    if parent is not None and thing.relation == "under":
        brewing = parent.states.get("brewing") == "yes"
        _need(not brewing, f"the {parent.name} is still running")
    world = replace(world, held=key)
    freed = replace(world.things[key], parent=None, relation="held")
    return replace(world, things={**world.things, key: freed})


def _place(world: World, key: Key, target: Key) -> World:
    thing = world.things[key]
    _need(world.held == key, f"the robot does not hold the {thing.name}")
    _need(key != target, f"the {thing.name} cannot be put on itself")
    goal = _need_reach(world, target)
    shut = goal.states.get("opening") == "closed"
    if goal.brews and goal.relation != UNKNOWN:
        relation = "under"
    elif goal.container and not shut:
        relation = "in"
    elif goal.surface:
        relation = "on"
    else:
        _need(not (goal.container and shut), f"the {goal.name} is closed")
        raise PreconditionError(f"nothing can be put on or in the {goal.name}")
    placed = replace(thing, parent=target, relation=relation)
    if "pose" in thing.states:
        placed = replace(placed, states={**placed.states, "pose": "upright"})
    return replace(world, held=None, things={**world.things, key: placed})


def _turn_on(world: World, key: Key) -> World:
    _need_state(_need_reach(world, key), "power", "off", "cannot be switched on")
    return _change(world, key, power="on")


def _turn_off(world: World, key: Key) -> World:
    _need_state(_need_reach(world, key), "power", "on", "cannot be switched off")
    return _change(world, key, power="off")


def _make_coffee(world: World, key: Key) -> World:
    machine = _need_reach(world, key)
    _need(machine.brews, f"the {machine.name} makes no coffee")
    below = [thing for thing in world.things.values() if thing.parent == key]
    _need(bool(below), f"there is no mug under the {machine.name}")
    return _change(world, key, brewing="yes")


def _wait(world: World, key: Key) -> World:
    machine = world.things[key]
    _need(machine.states.get("brewing") == "yes", f"the {machine.name} is not running")
    world = _change(world, key, brewing="no")
    for other, thing in world.things.items():
        if thing.parent == key:
            world = _change(world, other, content="coffee")
    return world


def _wipe(world: World, key: Key) -> World:
    _need_reach(world, key)
    return _change(world, key, surface="clean")


def _clean(world: World, key: Key) -> World:
    _need_reach(world, key)
    return _change(world, key, floor="clean")


def _make_bed(world: World, key: Key) -> World:
    bed = _need_reach(world, key)
    _need_state(bed, "bedding", "messy", "is no bed")
    _need(world.held is None, "the gripper is not empty, it cannot make the bed")
    return _change(world, key, bedding="made")


def _push(world: World, key: Key) -> World:
    thing = _need_reach(world, key)
    on_floor = thing.relation in ("floor", UNKNOWN)
    _need(on_floor, f"the {thing.name} does not stand on the floor")
    return _change(world, key, place="pushed_in")


def _look_at(world: World, key: Key) -> World:
    return world


_EFFECTS: dict[str, Callable[..., World]] = {
    "navigate_to": _navigate_to,
    "open": _open,
    "close": _close,
    "pick": _pick,
    "place": _place,
    "turn_on": _turn_on,
    "turn_off": _turn_off,
    "make_coffee": _make_coffee,
    "wait": _wait,
    "wipe": _wipe,
    "clean": _clean,
    "make_bed": _make_bed,
    "push": _push,
    "look_at": _look_at,
}


def _missing(world: World, fact: Fact) -> str:
    thing = world.things.get(fact.subject)
    name = thing.name if thing else repr(fact.subject)
    other = world.things.get(fact.value) if isinstance(fact.value, Hashable) else None
    if fact.relation in ("on", "in", "under") and other is not None:
        return f"in the end the {name} is not {fact.relation} the {other.name}"
    if fact.relation == "held":
        return f"in the end the robot {'does not hold' if fact.value else 'holds'} the {name}"
    if fact.relation == "at":
        return f"in the end the robot is not at the {name}"
    return f"in the end the {fact.relation} of the {name} is not {fact.value}"
