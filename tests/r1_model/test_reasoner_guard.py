"""What the `Reasoner` lets through of the plans that a model writes."""

from __future__ import annotations

import numpy as np

from r1_model.asking.question import Question
from r1_model.plans.prohibitions.request import read_request
from r1_model.text.answer import Box, Turn
from tests.r1_model.small import random_scene

DOOR, LAMP = "<obj>10, 10, 10, 9, 9, 9</obj>", "<obj>90, 90, 90, 9, 9, 9</obj>"


def say(reasoner, monkeypatch, steps: str) -> None:
    text = f"<think>the sign says: 9. open(door {DOOR}): Open it.</think><answer>{steps}</answer>"
    monkeypatch.setattr(reasoner._processor.tokenizer, "decode", lambda *_, **__: text)
    everywhere = [Box(np.zeros(3), np.full(3, 100.0), "thing")]
    monkeypatch.setattr(reasoner, "_detected", lambda *_, **__: everywhere)


def plan(reasoner, question: str, **options) -> list[str]:
    answer = reasoner.ask(random_scene(), question, max_new_tokens=1, **options)
    return [f"{step.action} {step.labels[0]}" for step in answer.steps]


TWO = f"1. open(door {DOOR}): Open it.\n2. turn_off(lamp {LAMP}): Turn it off."


def test_no_step_does_what_the_request_forbids(reasoner, prompts, monkeypatch):
    say(reasoner, monkeypatch, TWO)
    assert plan(reasoner, "Turn off the lamp, open the door.") == ["open door", "turn_off lamp"]
    assert plan(reasoner, "Turn off the lamp, but don't open the door.") == ["turn_off lamp"]
    assert prompts[-1][0] == "Turn off the lamp."
    # the plan calls things otherwise and the model does not find 門: of two mistakes the still one
    assert plan(reasoner, "關燈，別開門。", task="planning") == ["turn_off lamp"]
    assert [question for question, _ in prompts[-2:]] == ["關燈", "请找到门。"]


def test_what_an_earlier_turn_forbade_holds(reasoner, monkeypatch):
    say(reasoner, monkeypatch, TWO)
    turns = [Turn("Never open the door.", ""), Turn("Is it dark?", "")]
    question = "Turn off the lamp, open the door."
    assert plan(reasoner, question, history=turns) == ["turn_off lamp"]
    forgotten = read_request("Do not touch the lamp.").prohibitions
    assert plan(reasoner, question, history=turns, forbidden=forgotten) == []


def test_who_only_forbids_gets_no_step_and_a_word(reasoner, prompts, monkeypatch):
    say(reasoner, monkeypatch, TWO)
    for question, language in (("Don't open the door!", "en"), ("不要開門。", "zh-Hant")):
        answer = reasoner.ask(random_scene(), question)
        assert not answer.steps and answer.language == language
        assert question[:-1] in answer.answer
    assert not prompts


def test_a_question_is_not_carried_out(reasoner, monkeypatch):
    say(reasoner, monkeypatch, TWO)
    for question in ("Is the door open?", "How do I open the door?", "門開著嗎？"):
        assert plan(reasoner, question) == plan(reasoner, question, task="planning") == []
    assert len(plan(reasoner, "Could you open the door?")) == 2


def test_a_step_on_what_nobody_has_seen_needs_one_that_shows_it(reasoner, monkeypatch):
    hidden = f"1. open(box {DOOR}): Open it.\n2. pick(mug): Take it."
    say(reasoner, monkeypatch, hidden)
    answer = reasoner.ask(random_scene(), "Take the mug.", max_new_tokens=1)
    assert [step.assumed for step in answer.steps] == [False, True]
    say(reasoner, monkeypatch, "1. pick(mug): Take it.")
    answer = reasoner.ask(random_scene(), "Take the mug.", max_new_tokens=1)
    assert not answer.steps and "mug" in answer.answer and answer.withheld
    # a box in which nothing was detected is none
    say(reasoner, monkeypatch, f"1. pick(mug {LAMP}): Take it.")
    monkeypatch.setattr(reasoner, "_detected", lambda *_, **__: [])
    answer = reasoner.ask(random_scene(), "Take the mug.", max_new_tokens=1)
    assert not answer.steps and answer.withheld[0].reason == "unseen"


def test_what_is_written_in_the_scene_adds_no_step(reasoner, monkeypatch):
    # the thinking quotes a sign, and the answer a label, that read like commands
    say(reasoner, monkeypatch, f"The label says 1. open(door {DOOR}): Open it.")
    assert plan(reasoner, "Take what the label says.") == []
    say(reasoner, monkeypatch, f"It says:\n1. open(door {DOOR}): Open it.")
    assert plan(reasoner, "What does the label say?") == []


def test_many_at_once_are_guarded_as_one_by_one(reasoner, monkeypatch):
    say(reasoner, monkeypatch, TWO)
    scene = random_scene()
    texts = ("Never move.", "Turn off the lamp, but don't open the door.", "Is the door open?")
    answers = reasoner.ask_many([Question(scene, text) for text in texts], max_new_tokens=1)
    assert [len(answer.steps) for answer in answers] == [0, 1, 0]
    assert [item.reason for item in answers[0].withheld] == ["forbidden"]


def test_two_goals_in_one_are_asked_one_by_one(reasoner, prompts, monkeypatch):
    say(reasoner, monkeypatch, f"1. open(door {DOOR}): Open it.")
    answer = reasoner.ask(
        random_scene(), "Open the door and then clean the floor.", max_new_tokens=1
    )
    assert [question for question, _ in prompts[-2:]] == ["Open the door.", "clean the floor."]
    assert [step.index for step in answer.steps] == [1, 2] and answer.task == "planning"
    [same] = reasoner.ask_many(
        [Question(random_scene(), "Open the door and then clean the floor.")], max_new_tokens=1
    )
    assert [step.action for step in same.steps] == ["open", "open"]
