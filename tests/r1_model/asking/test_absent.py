"""An answer about what nobody detected is held against where the thing is."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.asking.absent import unfound_subject
from r1_model.text.answer import Box, Turn
from tests.r1_model.small import random_scene

THERE, ELSEWHERE = "<obj>10, 10, 10, 9, 9, 9</obj>", "<obj>90, 90, 90, 9, 9, 9</obj>"


def box(label: str, place: float = 0.0, score: float = float("nan")) -> Box:
    return Box(np.full(3, place), np.ones(3), label, score=score)


@pytest.mark.parametrize(
    ("told", "thought", "name"),
    [
        ([], [box("sofa")], None),
        ([box("sofa")], [], "sofa"),
        ([box("sofa", score=0.9)], [], None),
        ([box("the old sofa")], [box("bed", 2.0, 0.9), box("sofa")], "sofa"),
        ([box("bed", score=0.9), box("sofa", 2.0)], [], None),  # it is about the bed
        ([box("chair", 1.0), box("chair", 2.0, 0.9)], [], None),  # miscounted, and still there
        ([box("")], [], None),
        ([box("沙发")], [box("")], None),  # the thinking has no name for it
        ([box("brown stool")], [box("brown")], "brown stool"),  # "stool: brown <obj>"
        ([box("棕色的凳子")], [box("棕色")], "棕色的凳子"),
        ([box("")], [box("sofa")], "sofa"),
    ],
)
def test_what_an_answer_is_about_is_unfound_where_no_detection_fits(told, thought, name):
    assert unfound_subject(told, thought) == name


@pytest.fixture
def said(reasoner, monkeypatch):
    """A model that says what is written down, text by text; and what it was asked."""
    texts: list[str] = []
    asked: list[str] = []
    prompts = reasoner._processor.prompts
    monkeypatch.setattr(
        reasoner._processor.tokenizer, "decode", lambda *_, **__: texts[len(asked) - 1]
    )
    monkeypatch.setattr(
        type(reasoner._processor),
        "prompts",
        lambda self, given: (asked.extend(one.question for one in given), prompts(given))[1],
    )
    end = [type("Produced", (), {"tokens": [5], "finished": True, "stopped": False})()]
    monkeypatch.setattr(reasoner, "_generate", lambda *_, **__: end)
    monkeypatch.setattr(reasoner, "_detected", lambda *_, **__: [])
    monkeypatch.setattr(reasoner.settings, "asks_back", True)
    return texts, asked


RED = f"<think>sofa {THERE}: red</think><answer>The sofa {THERE} is red.</answer>"
NONE = "<think>no sofa</think><answer>There is no sofa in the room.</answer>"
PLACED = f"The sofa {THERE} is left of the bed {ELSEWHERE}."
BESIDE = f"<think>sofa {THERE}; bed {ELSEWHERE}</think><answer>{PLACED}</answer>"


def test_what_is_not_there_is_denied(reasoner, said):
    texts, asked = said
    texts += [RED, NONE]
    answer = reasoner.ask(random_scene(), "What colour is the sofa?")
    assert asked == ["What colour is the sofa?", "Where is the sofa?"]
    assert answer.answer == "There is no sofa in the room." and answer.task == "qa"
    assert answer.raw == NONE and not answer.boxes
    assert answer.total_seconds > 0


def test_what_the_model_can_place_is_answered_as_it_was(reasoner, said):
    texts, asked = said
    texts += [RED, BESIDE]
    assert reasoner.ask(random_scene(), "What colour is the sofa?").answer == "The sofa is red."
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("question", "where", "denied"),
    [
        ("沙发是什么颜色的？", "沙发在哪里？", "房间里没有沙发。"),  # also where the model mixes
        ("沙發是什麼顏色的？", "沙發在哪裡？", "房間裡沒有沙發。"),
    ],
)
def test_it_is_asked_back_in_the_language_of_the_question(reasoner, said, question, where, denied):
    texts, asked = said
    name = question[:2]
    none = f"<think>沒有{name}</think><answer>房間裡沒有{name}。</answer>"
    texts += [f"<think>{name} {THERE}：紅色</think><answer>{name} {THERE} 是紅色。</answer>", none]
    assert reasoner.ask(random_scene(), question).answer == denied
    assert asked == [question, where]


@pytest.mark.parametrize(
    "where",
    [
        "<think>no bed</think><answer>There is no bed in the room.</answer>",
        f"<think>sofa {THERE}; bed {ELSEWHERE}</think><answer>There is no sofa on a sofa.</answer>",
        "<think>no sofa</think><answer></answer>",
    ],
)
def test_what_denies_something_else_or_nothing_denies_nothing(reasoner, said, where):
    texts, asked = said
    texts += [RED, where]
    assert reasoner.ask(random_scene(), "What colour is the sofa?").answer == "The sofa is red."
    assert len(asked) == 2


def test_a_description_is_denied_by_its_noun(reasoner, said):
    texts, asked = said
    texts += [f"<think>sofa: red {THERE}</think><answer>Yes, there is a red sofa {THERE}.</answer>"]
    texts += [NONE]
    answer = reasoner.ask(random_scene(), "Is there a sofa?")
    assert asked[1] == "Where is the red sofa?"
    assert answer.answer == "There is no sofa in the room."


def test_a_name_in_the_plural_is_denied_in_the_singular(reasoner, said):
    texts, _ = said
    texts += [RED.replace("sofa", "Sofas"), NONE]
    answer = reasoner.ask(random_scene(), "What colour are the sofas?")
    assert answer.answer == "There is no sofa in the room."


def test_a_plural_that_changes_its_noun_is_denied_too(reasoner, said):
    texts, _ = said
    texts += [RED.replace("sofa", "knives"), NONE.replace("sofa", "knife")]
    answer = reasoner.ask(random_scene(), "What colour are the knives?")
    assert answer.answer == "There is no knife in the room."


def test_what_an_earlier_turn_was_about_is_there(reasoner, said):
    texts, asked = said
    texts += [RED]
    found = f"<think>sofa: red {THERE}</think><answer>There is a red Sofa {THERE}.</answer>"
    answer = reasoner.ask(
        random_scene(), "What colour is it?", history=[Turn("Is there a sofa?", found)]
    )
    assert len(asked) == 1 and answer.boxes


def test_an_earlier_turn_about_something_else_does_not_help(reasoner, said):
    texts, asked = said
    texts += [RED, NONE]
    found = f"<think>bed {THERE}</think><answer>There is a bed {THERE}.</answer>"
    turns = [Turn("Is there a bed?", found)]
    answer = reasoner.ask(random_scene(), "And what colour is the sofa?", history=turns)
    assert len(asked) == 2 and not answer.boxes


def test_who_is_told_what_is_meant_does_not_ask_back(reasoner, said):
    texts, asked = said
    texts += [RED]
    target = Box(np.ones(3), np.ones(3) / 2)
    assert reasoner.ask(random_scene(), "What colour is it?", target=target).boxes
    assert len(asked) == 1


def test_a_detected_thing_is_not_asked_for(reasoner, said, monkeypatch):
    texts, asked = said
    texts += [RED]
    scene = random_scene()
    low, high = reasoner.frame(scene)[0].bounds()
    center, size = low + 10 / 255 * (high - low), 9 / 255 * (high - low)
    found = [Box(center, size, "sofa", score=0.9)]
    monkeypatch.setattr(reasoner, "_detected", lambda *_, **__: found)
    assert reasoner.ask(scene, "What colour is the sofa?").answer == "The sofa is red."
    assert len(asked) == 1


def test_other_models_are_not_asked_back(reasoner, said, monkeypatch):
    texts, asked = said
    texts += [RED]
    monkeypatch.setattr(reasoner.settings, "asks_back", False)
    assert reasoner.ask(random_scene(), "What colour is the sofa?").answer == "The sofa is red."
    assert len(asked) == 1


def test_what_was_withheld_stays_said(reasoner, said):
    texts, asked = said
    texts += [f"<think>door {THERE}</think><answer>1. open(door {THERE}): Open it.</answer>"]
    answer = reasoner.ask(random_scene(), "Don't open the door. What next?", task="dialogue")
    assert len(asked) == 1 and not answer.steps and answer.withheld
