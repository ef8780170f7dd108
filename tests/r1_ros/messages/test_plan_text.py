"""Sentences about plans, in three languages."""

from __future__ import annotations

import pytest

from r1_model.plans.skills import SKILLS
from r1_model.text.answer import LANGUAGES, Step
from r1_ros.messages.plan_text import _DONE_CHINESE, _DONE_ENGLISH, outcome_text, planned_text

_LAMP = Step(2, "turn_off", ("desk lamp",), (), "Switch the desk lamp off.")
_GO = Step(1, "navigate_to", ("desk",), (), "Go to the desk.")


def test_every_skill_has_its_phrases() -> None:
    for phrases in (_DONE_ENGLISH, _DONE_CHINESE):
        assert phrases.keys() == SKILLS.keys()
        for name, phrase in phrases.items():
            assert phrase.count("{") == SKILLS[name].arguments


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("en", "Done: I turned off the desk lamp."),
        ("zh-Hant", "完成了：我把desk lamp關掉了。"),
        ("zh-Hans", "完成了：我把desk lamp关掉了。"),
    ],
)
def test_what_is_done_is_said_to_be_done(language: str, expected: str) -> None:
    assert outcome_text([_GO, _LAMP], 0, 2, "", language) == expected


def test_several_steps_are_joined() -> None:
    pick = Step(1, "pick", ("mug",))
    place = Step(2, "place", ("mug", "table"))
    text = outcome_text([pick, place, _LAMP], 0, 3, "", "en")
    assert text == (
        "Done: I picked up the mug, put the mug down at the table and turned off the desk lamp."
    )
    assert outcome_text([_GO], 0, 1, "", "en") == "Done: I went to the desk."
    assert "[place(mug)]" in outcome_text([Step(1, "place", ("mug",))], 0, 1, "", "en")


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_failure_names_step_and_reason(language: str) -> None:
    text = outcome_text([_GO, _LAMP], 2, 1, "the desk lamp is off already", language)
    assert "2" in text and "off already" in text
    assert "Done" not in text and "完成了：" not in text
    cancelled = outcome_text([_GO, _LAMP], 0, 1, "cancelled by the caller", language)
    assert "1" in cancelled and "cancelled" in cancelled


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_is_listed_as_not_carried_out(language: str) -> None:
    lines = planned_text([_GO, Step(2, "wait", ("kettle",))], language).splitlines()
    assert lines[1:] == ["1. Go to the desk.", "2. wait(kettle)"]
    assert "not" in lines[0] or "尚未" in lines[0]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_nobody_has_seen_is_marked(language: str) -> None:
    hidden = Step(2, "pick", ("mug",), assumed=True)
    seen, unseen = planned_text([_GO, hidden], language).splitlines()[1:]
    assert seen == "1. Go to the desk." and len(unseen) > len("2. pick(mug)")
