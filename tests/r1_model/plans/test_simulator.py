"""Plans in the symbolic world: what is allowed, what is not, and why."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.plans.simulator import (
    Fact,
    PreconditionError,
    Thing,
    UnknownSkillError,
    UnknownThingError,
    World,
    apply,
    check_plan,
    unknown_thing,
)
from r1_model.plans.skills import SKILLS

KITCHEN = World(
    {
        "cupboard": Thing("cupboard", {"opening": "closed"}, relation="wall", container=True),
        "mug": Thing("mug", {"pose": "upright"}, "cupboard", "in", graspable=True),
        "cabinet": Thing("cabinet", {"opening": "closed"}, container=True, surface=True),
        "counter": Thing("counter", {}, "cabinet", "on", surface=True),
        "machine": Thing("coffee machine", {}, "counter", "on", brews=True),
        "table": Thing("coffee table", surface=True),
        "apple": Thing("apple", {}, "table", "on", graspable=True),
        "lamp": Thing("lamp", {"power": "on"}, "table", "on", graspable=True),
        "bed": Thing("bed", {"bedding": "messy"}, surface=True),
        "chair": Thing("chair"),
        "puddle": Thing("puddle"),
    }
)
COFFEE = [
    ("navigate_to", ["cupboard"]),
    ("open", ["cupboard"]),
    ("pick", ["mug"]),
    ("close", ["cupboard"]),
    ("navigate_to", ["machine"]),
    ("place", ["mug", "machine"]),
    ("make_coffee", ["machine"]),
    ("wait", ["machine"]),
    ("pick", ["mug"]),
    ("navigate_to", ["table"]),
    ("place", ["mug", "table"]),
]
GOAL = [
    Fact("mug", "on", "table"),
    Fact("mug", "content", "coffee"),
    Fact("cupboard", "opening", "closed"),
]


def test_the_coffee_plan_reaches_its_goal():
    result = check_plan(KITCHEN, COFFEE, GOAL)
    assert (result.executable, result.goal_reached, result.steps_done) == (True, True, 11)
    assert result.reason == ""


@pytest.mark.parametrize(
    ("left_out", "reason"),
    [
        (0, "the robot is not at the cupboard"),
        (1, "the mug is in the cupboard, which is closed"),
        (2, "the robot does not hold the mug"),
        (3, "in the end the opening of the cupboard is not closed"),
        (4, "the robot is not at the coffee machine"),
        (5, "there is no mug under the coffee machine"),
        (6, "the coffee machine is not running"),
        (7, "the coffee machine is still running"),
        (8, "the robot does not hold the mug"),
        (9, "the robot is not at the coffee table"),
        (10, "in the end the mug is not on the coffee table"),
    ],
)
def test_every_step_of_the_coffee_plan_is_needed(left_out, reason):
    steps = [step for index, step in enumerate(COFFEE) if index != left_out]
    result = check_plan(KITCHEN, steps, GOAL)
    assert not result.goal_reached
    assert result.reason == reason


@pytest.mark.parametrize(
    ("steps", "error", "message"),
    [
        ([("fly_to", ["table"])], UnknownSkillError, "no skill 'fly_to'"),
        ([("pick", [])], UnknownSkillError, "takes 1 object"),
        ([("place", ["mug"])], UnknownSkillError, "takes 2 object"),
        ([("pick", ["unicorn"])], UnknownThingError, "no 'unicorn'"),
        ([("navigate_to", ["table"]), ("pick", ["table"])], PreconditionError, "cannot be taken"),
        ([("navigate_to", ["table"]), ("open", ["table"])], PreconditionError, "cannot be opened"),
        ([("navigate_to", ["table"]), ("turn_on", ["lamp"])], PreconditionError, "is on already"),
        ([("navigate_to", ["bed"]), ("turn_off", ["bed"])], PreconditionError, "switched off"),
        ([("navigate_to", ["chair"]), ("make_bed", ["chair"])], PreconditionError, "is no bed"),
        ([("navigate_to", ["table"]), ("push", ["apple"])], PreconditionError, "on the floor"),
        (
            [("navigate_to", ["table"]), ("pick", ["apple"]), ("pick", ["lamp"])],
            PreconditionError,
            "gripper is not empty",
        ),
        (
            [("navigate_to", ["table"]), ("pick", ["apple"]), ("pick", ["apple"])],
            PreconditionError,
            "already",
        ),
        (
            [
                ("navigate_to", ["table"]),
                ("pick", ["apple"]),
                ("navigate_to", ["chair"]),
                ("place", ["apple", "chair"]),
            ],
            PreconditionError,
            "nothing can be put",
        ),
        (
            [
                ("navigate_to", ["table"]),
                ("pick", ["apple"]),
                ("navigate_to", ["cupboard"]),
                ("place", ["apple", "cupboard"]),
            ],
            PreconditionError,
            "the cupboard is closed",
        ),
        (
            [
                ("navigate_to", ["table"]),
                ("pick", ["apple"]),
                ("navigate_to", ["cupboard"]),
                ("open", ["cupboard"]),
            ],
            PreconditionError,
            "gripper is not empty",
        ),
        ([("navigate_to", ["machine"]), ("make_coffee", ["machine"])], PreconditionError, "no mug"),
        ([("wait", ["machine"])], PreconditionError, "not running"),
    ],
)
def test_what_cannot_be_done_says_why(steps, error, message):
    world = KITCHEN
    for action, arguments in steps[:-1]:
        world = apply(world, action, arguments)
    with pytest.raises(error, match=message):
        apply(world, *steps[-1])


@pytest.mark.parametrize(
    ("steps", "fact"),
    [
        ([("navigate_to", ["table"]), ("turn_off", ["lamp"])], Fact("lamp", "power", "off")),
        ([("navigate_to", ["bed"]), ("make_bed", ["bed"])], Fact("bed", "bedding", "made")),
        ([("navigate_to", ["puddle"]), ("clean", ["puddle"])], Fact("puddle", "floor", "clean")),
        ([("navigate_to", ["table"]), ("wipe", ["table"])], Fact("table", "surface", "clean")),
        ([("navigate_to", ["chair"]), ("push", ["chair"])], Fact("chair", "place", "pushed_in")),
        ([("navigate_to", ["table"]), ("pick", ["apple"])], Fact("apple", "held", True)),
        ([("navigate_to", ["table"])], Fact("lamp", "at", True)),
        ([("look_at", ["table"])], Fact("apple", "on", "table")),
        (
            [
                *[("navigate_to", ["table"]), ("pick", ["apple"])],
                *[("navigate_to", ["counter"]), ("place", ["apple", "counter"])],
            ],
            Fact("apple", "on", "counter"),
        ),
    ],
)
def test_effects(steps, fact):
    assert check_plan(KITCHEN, steps, [fact]).goal_reached


def test_the_world_itself_does_not_change():
    before = KITCHEN.things["lamp"]
    check_plan(KITCHEN, COFFEE, GOAL)
    apply(World(KITCHEN.things, robot_at="table"), "turn_off", ["lamp"])
    assert KITCHEN.things["lamp"] is before and KITCHEN.held is None


def test_a_world_of_names_still_checks_order():
    names = ["cupboard", "mug", "coffee machine", "table"]
    world = World({name: unknown_thing(name) for name in names})
    steps = [(a, ["coffee machine" if k == "machine" else k for k in keys]) for a, keys in COFFEE]
    assert check_plan(world, steps).executable
    assert not check_plan(world, [("place", ["mug", "table"])]).executable
    without_wait = [step for step in steps if step[0] != "make_coffee"]
    assert check_plan(world, without_wait).reason == "the coffee machine is not running"


def test_things_that_stand_on_each_other_in_a_circle_end():
    world = World({"a": Thing("a", {}, "b", "on"), "b": Thing("b", {}, "a", "on")})
    assert check_plan(world, [("navigate_to", ["a"]), ("wipe", ["b"])]).reason == (
        "the robot is not at the b"
    )


def test_the_robot_stays_where_it_took_something():
    steps = [("navigate_to", ["apple"]), ("pick", ["apple"]), ("place", ["apple", "table"])]
    assert check_plan(KITCHEN, steps, [Fact("apple", "on", "table")]).goal_reached


_KEYS = st.sampled_from(sorted(KITCHEN.things))


@settings(max_examples=150, deadline=None)
@given(
    st.lists(
        st.sampled_from(sorted(SKILLS)).flatmap(
            lambda name: st.tuples(
                st.just(name), st.lists(_KEYS, min_size=1, max_size=SKILLS[name].arguments)
            )
        )
    )
)
def test_any_plan_ends_with_a_verdict(steps):
    result = check_plan(KITCHEN, steps, GOAL)
    assert result.executable == (result.steps_done == len(steps))
    assert bool(result.reason) == (not result.goal_reached)
    if result.world.held is not None:
        assert result.world.things[result.world.held].relation == "held"
