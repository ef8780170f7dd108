"""Two questions or goals in one text are taken apart, one is left alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.asking.question import Question
from r1_model.asking.several import joined, several
from r1_model.text.answer import Answer, Box, Step
from tests.r1_training.synthetic.language.rooms import samples_of


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (
            "What colour is the fridge, and what colour is the stove?",
            ["What colour is the fridge?", "what colour is the stove?"],
        ),
        (
            "How many mugs and how many chairs are there?",
            ["How many mugs are there?", "how many chairs are there?"],
        ),
        (
            "Where is the ball? What colour is the fridge?",
            ["Where is the ball?", "What colour is the fridge?"],
        ),
        (
            "Take the mug to the table and close the washing machine.",
            ["Take the mug to the table.", "close the washing machine."],
        ),
        (
            "Turn off the laptop and then tell me what colour the ball is.",
            ["Turn off the laptop.", "tell me what colour the ball is."],
        ),
        (
            "Turn off the lamp and what colour is the ball?",
            ["Turn off the lamp.", "what colour is the ball?"],
        ),
        (
            "Where is the ball and bring me the cup.",
            ["Where is the ball?", "bring me the cup."],
        ),
        (
            "Go to the table. What colour is the fridge?",
            ["Go to the table.", "What colour is the fridge?"],
        ),
        (
            "Where is the mug, and how many chairs are there? Close the door.",
            ["Where is the mug?", "how many chairs are there?", "Close the door."],
        ),
        (
            "What colour is the fridge, the stove and the ball?",
            ["What colour is the fridge?", "What colour is the stove?", "What colour is the ball?"],
        ),
        (
            "What colour is the fridge and how tall is it?",
            ["What colour is the fridge?", "how tall is the fridge?"],
        ),
        ("Is there a laptop? And a pan?", ["Is there a laptop?", "Is there a pan?"]),
        (
            "What colour is the ball? Also close the fridge.",
            ["What colour is the ball?", "close the fridge."],
        ),
        (
            "First close the fridge, then bring me the mug.",
            ["close the fridge.", "bring me the mug."],
        ),
        ("冰箱多高？多寬？", ["冰箱多高？", "冰箱多寬？"]),
        ("球和背包在哪裡？", ["球在哪裡？", "背包在哪裡？"]),
        ("有几把椅子，几个杯子？", ["有几把椅子？", "有几个杯子？"]),
        ("冰箱是什么颜色，有多高？", ["冰箱是什么颜色？", "冰箱有多高？"]),
        ("關上冰箱然後告訴我球是什麼顏色。", ["關上冰箱。", "告訴我球是什麼顏色。"]),
        ("冰箱是什麼顏色？把門關上。", ["冰箱是什麼顏色？", "把門關上。"]),
        ("冰箱和爐子分別是什麼顏色？", ["冰箱是什麼顏色？", "爐子是什麼顏色？"]),
    ],
)
def test_what_stands_on_its_own_is_taken_apart(text: str, parts: list[str]) -> None:
    assert several(text) == parts


@pytest.mark.parametrize(
    "text",
    [
        "Pick up the mug and put it on the table.",
        "Go and get the basket.",
        "Turn everything off and close the windows.",
        "Where is the red and white mug?",
        "How tall are the fridge and the stove together?",
        "Is there a fridge and what is on it?",
        "Find the table. It is brown.",
        "Open the window but not the door.",
        "What instrument has keys and is played with hands?",
        "Which cup is red and is on the table?",
        "Can I sit on the couch and put the remote on the table?",
        "Where is the plug used to charge and turn on the lamp?",
        "Go to the door. What is on your left?",
        "Washing my hands now. Which way should I go?",
        "I am by the stove. What is behind me?",
        "Walk over to the window and then look to the left.",
        "冰箱和爐子之間有什麼？",
        "把杯子拿起來，然後放到桌上。",
        "",
    ],
)
def test_what_hangs_together_is_left_alone(text: str) -> None:
    assert several(text) == [text]


@given(st.text(max_size=80))
def test_any_text_is_one_or_several(text: str) -> None:
    assert 1 <= len(several(text)) <= 4


def test_questions_of_training_are_one() -> None:
    for _, sample in samples_of(range(40), count=12):
        question = Question(None, sample.question)
        assert len(question.parts) == 1 and question.measure is None, sample.question


def test_what_is_forbidden_holds_for_every_part() -> None:
    text = "Don't touch the cup. Take the mug to the table and close the oven."
    parts = Question(None, text).parts
    assert len(parts) == 2 and all(part.forbidden for part in parts)


def test_answers_are_put_together() -> None:
    box = Box(np.zeros(3), np.ones(3), "mug")
    answers = [
        Answer(
            raw=f"<think>look {k}</think><answer>1. pick(mug): Take it.</answer>",
            thinking=f"look {k}",
            answer="1. pick(mug): Take it.",
            task="planning",
            language="en",
            boxes=[box],
            steps=[Step(1, "pick", ("mug",), (box,), "Take it.")],
            exact=True,
            view_ids=[k, 7],
            total_seconds=1.0,
        )
        for k in range(2)
    ]
    both = joined(answers)
    assert [step.index for step in both.steps] == [1, 2]
    assert both.answer == "1. pick(mug): Take it.\n2. pick(mug): Take it."
    assert both.raw.count("<answer>") == 1 and both.raw.endswith("2. pick(mug): Take it.</answer>")
    assert (len(both.boxes), both.view_ids, both.total_seconds) == (2, [0, 7, 1], 2.0)


def test_an_answer_beside_a_plan_is_told() -> None:
    """ "Turn off the laptop and tell me what colour the ball is": both are answered."""
    step = Step(1, "turn_off", ("laptop",), (), "Turn off the laptop.")
    plan = Answer("", "", "1. turn_off(laptop)", "planning", "en", steps=[step])
    colour = Answer("", "", "The ball is green.", "qa", "en")
    claim = Answer("", "", "The lamp is off now.", "planning", "en")
    assert joined([plan, colour, claim]).said == "The ball is green."
    assert joined([colour, colour]).said == ""
