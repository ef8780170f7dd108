from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.plans.simulator import Fact, Thing, World
from r1_model.plans.skills import SKILLS
from r1_training.rewards.plan import UNFINISHED, plan_reward

WORLD = World(
    {
        "table": Thing("table", surface=True),
        "shelf": Thing("shelf", surface=True),
        "mug": Thing("mug", parent="table", relation="on", graspable=True),
        "lamp": Thing("lamp", states={"power": "off"}, parent="table", relation="on"),
    }
)
GOAL = (Fact("mug", "on", "shelf"),)
KNOWN = (
    ("navigate_to", ("mug",)),
    ("pick", ("mug",)),
    ("navigate_to", ("shelf",)),
    ("place", ("mug", "shelf")),
)
# an honest plan that forgets to go to the shelf
MEDIOCRE = plan_reward((*KNOWN[:2], KNOWN[3]), KNOWN, WORLD, GOAL)
LOOK = ("look_at", ("lamp",))


def test_the_goal_is_worth_one_by_whatever_way():
    assert plan_reward(KNOWN, KNOWN, WORLD, GOAL) == 1
    other = (("navigate_to", ("table",)), *KNOWN[1:])
    assert plan_reward(other, KNOWN, WORLD, GOAL) == 1
    assert plan_reward((LOOK, *KNOWN, LOOK), KNOWN, WORLD, GOAL) == 1  # two more are no padding


def test_right_steps_count_where_the_plan_breaks_off():
    one = plan_reward((KNOWN[0], KNOWN[3]), KNOWN, WORLD, GOAL)
    assert 0 < one < MEDIOCRE < UNFINISHED


def test_what_comes_after_the_failure_does_not_count():
    failed = (KNOWN[3], *KNOWN)
    assert plan_reward(failed, KNOWN, WORLD, GOAL) == 0


@pytest.mark.parametrize(
    "hack",
    [
        pytest.param((), id="nothing"),
        pytest.param((LOOK,), id="a step that anyone can do"),
        pytest.param((LOOK,) * 50, id="the same, fifty times"),
        pytest.param((("navigate_to", ("lamp",)),) * 4, id="walks about"),
        pytest.param((("navigate_to", ("shelf",)),) * 10_000, id="10,000 steps"),
        pytest.param((("fly_to", ("shelf",)),), id="no such skill"),
        pytest.param((("pick", ()),), id="too few arguments"),
        pytest.param((("pick", ("mug", "mug", "mug")),), id="too many arguments"),
        pytest.param((("pick", ("唐老鴨",)),), id="no such thing"),
        pytest.param((KNOWN[0],) + (LOOK,) * 30, id="one right step and padding"),
    ],
)
def test_no_trick_beats_an_honest_mediocre_plan(hack):
    assert pytest.approx(UNFINISHED / 2) == MEDIOCRE
    assert 0 <= plan_reward(hack, KNOWN, WORLD, GOAL) < MEDIOCRE


def test_padding_costs_but_reaching_the_goal_is_always_better_than_not():
    padded = plan_reward((*KNOWN, *(LOOK,) * 8), KNOWN, WORLD, GOAL)
    endless = plan_reward((*KNOWN, *(LOOK,) * 500), KNOWN, WORLD, GOAL)
    assert padded == pytest.approx(0.5) and endless == UNFINISHED
    assert endless > MEDIOCRE


steps = st.tuples(
    st.sampled_from([*SKILLS, "fly_to"]),
    st.lists(st.sampled_from([*WORLD.things, "ghost"]), max_size=2).map(tuple),
)


@given(st.lists(steps, max_size=12))
@settings(deadline=None)
def test_any_steps_are_judged(plan):
    assert 0 <= plan_reward(plan, KNOWN, WORLD, GOAL) <= 1
