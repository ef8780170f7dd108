"""Units and thresholds: asked in metres, answered as asked."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.text.measures import asks_of_itself, compares_with_itself, read_measure

TALL = "The fridge is about 167 cm tall."
FAR = "The fridge is about 1.2 m from the table."


@pytest.mark.parametrize(
    ("question", "plain", "said", "told"),
    [
        ("How tall is the fridge in centimetres?", "How tall is the fridge?", TALL,
         "The fridge is about 167 centimetres tall."),
        ("How tall is the fridge in feet?", "How tall is the fridge?", TALL,
         "The fridge is about 5.5 feet tall."),
        ("How tall is the fridge in m?", "How tall is the fridge?", TALL,
         "The fridge is about 1.67 m tall."),
        ("How far is the fridge from the table in inches?", "How far is the fridge from the table?",
         FAR, "The fridge is about 47 inches from the table."),
        ("Is the fridge taller than 1.5 m?", "How tall is the fridge?", TALL,
         "Yes, the fridge is about 167 cm tall."),
        ("Is the fridge taller than 200 cm?", "How tall is the fridge?", TALL,
         "No, the fridge is about 167 cm tall."),
        ("Is the fridge shorter than 6 feet?", "How tall is the fridge?", TALL,
         "Yes, the fridge is about 167 cm tall."),
        ("Is the fridge more than 5 ft high?", "How tall is the fridge?", TALL,
         "Yes, the fridge is about 167 cm tall."),
        ("Is the fridge within 1 m of the table?", "How far is the fridge from the table?", FAR,
         "No, the fridge is about 1.2 m from the table."),
        ("冰箱比1.5公尺高嗎？", "冰箱有多高？", "冰箱大概167公分高。", "是的，冰箱大概167公分高。"),
        ("冰箱超過2米高嗎？", "冰箱有多高？", "冰箱大概167公分高。", "不是，冰箱大概167公分高。"),
        ("冰箱比2公尺矮吗？", "冰箱有多高？", "冰箱大概167厘米高。", "是的，冰箱大概167厘米高。"),
        ("What is the height of the fridge in inches?", "How tall is the fridge?", TALL,
         "The fridge is about 66 inches tall."),
        ("Fridge height in cm?", "How tall is the fridge?", TALL,
         "The fridge is about 167 cm tall."),
        ("How high is the fridge in feet and inches?", "How tall is the fridge?", TALL,
         "The fridge is about 5 feet 6 inches tall."),
        ("Is the fridge between 1.5 m and 2 m tall?", "How tall is the fridge?", TALL,
         "Yes, the fridge is about 167 cm tall."),
        ("Is the fridge 2 m tall?", "How tall is the fridge?", TALL,
         "No, the fridge is about 167 cm tall."),
        ("冰箱有沒有一米五高？", "冰箱有多高？", "冰箱大概167公分高。",
         "是的，冰箱大概167公分高。"),
        ("冰箱超過兩公尺嗎？", "冰箱有多高？", "冰箱大概167公分高。",
         "不是，冰箱大概167公分高。"),
        ("冰箱多高？用英尺回答", "冰箱有多高？", "冰箱大概167公分高。",
         "冰箱大概5.5英尺高。"),
        ("How tall is it in feet?", "How tall is it?", "I cannot see it.", "I cannot see it."),
    ],
)  # fmt: skip
def test_what_is_asked_and_told(question: str, plain: str, said: str, told: str) -> None:
    measure = read_measure(question)
    assert measure is not None and measure.plain == plain
    assert measure.told(said) == told


@pytest.mark.parametrize(
    "question",
    ["How tall is the fridge?", "Is the fridge taller than the stove?", "What is in the fridge?",
     "How many are in there?", "冰箱有多高？", "冰箱比爐子高嗎？", ""],
)  # fmt: skip
def test_other_questions_are_left_alone(question: str) -> None:
    assert read_measure(question) is None


@pytest.mark.parametrize(
    ("text", "nonsense"),
    [
        ("No, the fridge is taller than the fridge.", True),
        ("The fridge is about 0.7 m from the fridge.", True),
        ("Yes, the red mug is next to the red mug.", True),
        ("沒有，冰箱上沒有冰箱。", True),
        ("冰箱比冰箱高。", True),
        ("The fridge is taller than the stove.", False),
        ("The chair is next to the chair by the window.", False),
        ("The fridge is next to the fridge magnet.", False),
        ("書在書架上。", False),
        ("桌子在桌燈旁邊。", False),
    ],
)
def test_nothing_is_larger_than_itself(text: str, nonsense: bool) -> None:
    assert compares_with_itself(text) == nonsense


@given(st.text(max_size=80))
def test_any_text_is_judged(text: str) -> None:
    compares_with_itself(text)
    measure = read_measure(text)
    if measure is not None:
        measure.told(text)


@pytest.mark.parametrize(
    ("question", "same"),
    [
        ("Is the fridge taller than the fridge?", True),
        ("Is the fridge taller than itself?", True),
        ("How far is the ball from the ball?", True),
        ("冰箱比冰箱高嗎？", True),
        ("Is the fridge taller than the fridge magnet?", False),
        ("冰箱離門多遠？", False),
    ],
)
def test_a_thing_is_asked_to_be_held_against_itself(question: str, same: bool) -> None:
    assert asks_of_itself(question) is same
