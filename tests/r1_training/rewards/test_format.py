from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.text.answer import TASKS
from r1_model.text.grammar import parse_answer
from r1_training.rewards.format import format_reward
from tests.r1_training.rewards.nasty import BROKEN, EXACT, GOOD

BOUNDS = (np.zeros(3), np.array([5.0, 4.0, 3.0]))
TAGS = ("<think>", "</think>", "<answer>", "</answer>", "<obj>", "</obj>", "red", " ", "1, 2")


def reward(text: str, task: str = "qa") -> float:
    return format_reward(parse_answer(text, BOUNDS, task))


@pytest.mark.parametrize("name", BROKEN)
def test_what_is_not_exact_gets_nothing(name):
    assert reward(BROKEN[name]) == 0.0


@pytest.mark.parametrize("name", EXACT)
def test_what_is_exact_gets_one(name):
    assert reward(EXACT[name]) == 1.0


def test_a_plan_must_be_readable_to_the_last_step():
    plan = "<think>lamp</think><answer>1. navigate_to(lamp): Go.\n2. {}(lamp): On.</answer>"
    assert reward(plan.format("turn_on"), "planning") == 1.0
    assert reward(plan.format("dance"), "planning") == 0.0


@given(st.lists(st.sampled_from(TAGS), max_size=30), st.sampled_from(TASKS))
@settings(deadline=None)
def test_any_order_of_tags_is_judged(parts, task):
    assert reward("".join(parts), task) in (0.0, 1.0)


@given(st.text(max_size=200), st.sampled_from(TASKS))
@settings(deadline=None)
def test_any_text_is_judged(text, task):
    assert reward(text, task) in (0.0, 1.0)
    # tags around it make it exact only where it holds none itself
    wrapped = reward(f"<think>a</think><answer>{text}</answer>", task)
    if "<answer>" in text:
        assert wrapped == 0.0


def test_a_megabyte_is_judged():
    assert reward(GOOD * 20_000) == 0
