"""The same question gets the same answer, however it is dressed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.asking.question import Question
from r1_model.text.wording import plain_wording, social_reply, without_courtesies
from tests.r1_training.synthetic.language.rooms import samples_of

BOX = "<obj>1, 2, 3, 4, 5, 6</obj>"
PLAIN = "How many chairs are there?"


@pytest.mark.parametrize(
    "typed",
    [
        "How many chairs are there???",
        "How many chairs are there?!?!",
        "How many chairs are there ?",
        "How many chairs are there…",
        "How many chairs are there!!",
        "“How many chairs are there?”",
        '"How many chairs are there?"',
        "How many chairs are there? 🙂👍🏽",
        "🤖 How many chairs are there?",
        "- How many chairs are there?",
        "Ｈｏｗ ｍａｎｙ ｃｈａｉｒｓ are there？",
        "How many\u200b chairs\u00a0are there?",
        "How many 'chairs' are there?",
    ],
)
def test_marks_quotes_emoji_and_forms_are_taken_off(typed: str) -> None:
    assert plain_wording(typed) == PLAIN


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("冰箱是什麼顏色？？？", "冰箱是什麼顏色？"),
        ("「冰箱」是什麼顏色？！", "冰箱是什麼顏色？"),
        ("冰箱是什麼顏色～", "冰箱是什麼顏色？"),
        ("打開冰箱！！", "打開冰箱。"),
        ("打開冰箱，然後關上。", "打開冰箱，然後關上。"),
        ("Open the fridge!!!", "Open the fridge."),
        ("Where is it? :-)", "Where is it?"),
        ("Can you not hear me? Close the window!", "Can you not hear me? Close the window."),
        ("你聽不到嗎？關窗戶！", "你聽不到嗎？關窗戶。"),
        ("Don’t open it!", "Don't open it."),
        ("Is it 3.5 m wide?", "Is it 3.5 m wide?"),
        ("It is dark. Turn on the lamp.", "It is dark. Turn on the lamp."),
        (f"What is this {BOX}??", f"What is this {BOX}?"),
        ("", ""),
        ("🙂", ""),
    ],
)
def test_plain_wordings(typed: str, plain: str) -> None:
    assert plain_wording(typed) == plain


@pytest.mark.parametrize(
    ("typed", "rest"),
    [
        ("Hi robot, how many chairs are there please", "how many chairs are there"),
        ("Could you please tell me how many mugs are there? Thanks!", "how many mugs are there?"),
        ("How many chairs are there, my dear robot?", "How many chairs are there?"),
        ("Just quickly: how many chairs are there?", "how many chairs are there?"),
        ("那個，有幾張椅子啊？", "有幾張椅子？"),
        ("Thanks, how many chairs are there?", "how many chairs are there?"),
        ("請問有幾把椅子？謝謝你", "有幾把椅子？"),
        ("你好，有几把椅子？谢谢", "有几把椅子？"),
        ("Please open the fridge.", "open the fridge."),
        ("Please tell me where to sit.", "tell me where to sit."),
        ("Find the thank you card.", "Find the thank you card."),
        ("Thank you!", ""),
    ],
)  # fmt: skip
def test_courtesies(typed: str, rest: str) -> None:
    assert without_courtesies(plain_wording(typed)) == rest


def test_a_courtesy_that_makes_a_request_of_a_name_stays() -> None:
    assert Question(None, "A coffee, please.").asked == "A coffee, please."
    assert Question(None, "Open the fridge, please.").asked == "Open the fridge."


@pytest.mark.parametrize(
    ("typed", "reply"),
    [
        ("Thanks!", "You are welcome."),
        ("thank you so much", "You are welcome."),
        ("謝謝", "不客氣。"),
        ("yes", "All right. Ask me about this place, or tell me what to do."),
        ("Hello!", "Hello. Ask me about this place, or tell me what to do."),
        ("the chair", None),
        ("Find the mug.", None),
        ("", None),
    ],
)
def test_what_asks_for_nothing_is_answered_without_the_model(typed: str, reply: str | None) -> None:
    assert social_reply(plain_wording(typed)) == reply


@given(st.text(max_size=60))
def test_plain_wordings_stay(text: str) -> None:
    once = plain_wording(text)
    assert plain_wording(once) == once
    without_courtesies(once)


def test_questions_of_training_are_plain() -> None:
    for _, sample in samples_of(range(40), count=12):
        for question in (sample.question, *(asked for asked, _ in sample.turns)):
            assert plain_wording(question) == question
            assert social_reply(question) is None
