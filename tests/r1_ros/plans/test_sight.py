"""How plan_executor asks for a thing, and how it reads the answer."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from r1_ros.plans.sight import questions, says_yes  # noqa: E402


@pytest.mark.parametrize(
    ("label", "there", "find"),
    [
        ("mug", "Is there a mug?", "Find the mug."),
        ("apple", "Is there an apple?", "Find the apple."),
        ("杯子", "有杯子嗎？", "找到杯子。"),
        ("书", "有书吗？", "找到书。"),
    ],
)
def test_questions(label: str, there: str, find: str) -> None:
    assert questions(label) == (there, find)


@pytest.mark.parametrize(
    ("answer", "yes"),
    [
        ("Yes, there is a mug.", True),
        ("yes", True),
        ("是的，桌上有杯子。", True),
        ("有，一共有三個。", True),
        ("No, there is no mug.", False),
        ("沒有，這裡沒有杯子。", False),
        ("没有。", False),
        ("不，沒有。", False),
        ("Yesterday there was one.", False),
        ("There are four.", False),
        ("I cannot see a mug here.", False),
        ("", False),
    ],
)
def test_a_yes_is_a_yes_and_nothing_else(answer: str, yes: bool) -> None:
    assert says_yes(answer) == yes
