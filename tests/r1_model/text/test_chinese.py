"""Which script an answer is written in."""

from __future__ import annotations

import pytest

from r1_model.text.chinese import in_script


@pytest.mark.parametrize(
    ("text", "language", "written"),
    [
        ("房間裡沒有沙發。", "zh-Hans", "房间里没有沙发。"),
        ("不是，这里没有看到沙发。", "zh-Hant", "不是，這裡沒有看到沙發。"),
        ("離這裡1.5公里，有茶几。", "zh-Hant", "離這裡1.5公里，有茶几。"),
        ("The sofa is red.", "en", "The sofa is red."),
    ],
)
def test_an_answer_is_in_the_script_of_its_question(text: str, language: str, written: str) -> None:
    assert in_script(text, language) == written
