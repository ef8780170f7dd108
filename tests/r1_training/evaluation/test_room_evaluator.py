"""From a room to judged answers, with the weights that the project ships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from r1_model.reasoner import Reasoner
from r1_model.text.answer import Turn
from r1_training.evaluation import room_evaluator
from r1_training.evaluation.blind import BlindReasoner
from r1_training.evaluation.room_detection import detection_map
from r1_training.evaluation.room_evaluator import (
    Asked,
    ObservedRoom,
    as_question,
    asked_pieces,
    evaluate_rooms,
    observe,
    pieces_of,
)
from r1_training.evaluation.swaps import SWAPS
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training.evaluation.asked import sample

SETTINGS = {"rooms": 1, "questions": 10, "seed": 0, "tasks": ["qa", "grounding"]}


@pytest.fixture(scope="module")
def reasoner() -> Reasoner:
    loaded = Reasoner.from_pretrained("r1-tiny", device="cpu")
    if not loaded.trained:
        pytest.skip("the shipped weights of r1-tiny are untrained: nothing to judge")
    return loaded


@pytest.fixture(scope="module")
def run(reasoner) -> list[Asked]:
    return evaluate_rooms(reasoner, **SETTINGS)


@pytest.fixture(scope="module")
def place(reasoner) -> ObservedRoom:
    [place] = observe([make_room(3, "test")], 0, reasoner.device)
    return place


def correct(run: list[Asked]) -> float:
    return float(np.mean([asked.verdict["correct"] for asked in run]))


def test_a_room_that_was_never_seen_is_answered_about(run):
    assert len(run) == 10
    assert {asked.room.split for asked in run} == {"test"}
    assert {asked.sample.task for asked in run} == {"qa", "grounding"}
    assert all(asked.verdict["format"] for asked in run)
    assert correct(run) >= 0.6


def test_with_another_rooms_points_the_same_questions_are_answered_wrongly(reasoner):
    asked = {}
    for name in ("true", "other points"):
        pieces = pieces_of(2, 0)
        settings = {"questions": 8, "split": "test", "tasks": ["grounding", "object_caption"]}
        [(_, places, asked[name])] = asked_pieces(reasoner, pieces, **settings, swap=SWAPS[name])
    true, swapped = asked.values()
    assert [one.sample.question for one in true] == [one.sample.question for one in swapped]
    assert correct(swapped) < correct(true) - 0.3
    # what a caption is of may lie outside of the other room's map: nothing is said, nothing breaks
    low, high = places[1].scene.bounds()
    away = [
        one
        for one in swapped[:8]
        if (target := as_question(places[0], one.sample).target) is not None
        and ((target.center < low - 1) | (target.center > high + 1)).any()
    ]
    assert all(not one.answer.raw and not one.verdict["correct"] for one in away)


def test_it_is_answered_as_a_user_is(reasoner, run, place):
    """No setting of its own: the very answers of `ask`, with views that were chosen for them."""
    [place] = observe([make_room(0, "test")], 0, reasoner.device)
    for asked in run[:3]:
        question = as_question(place, asked.sample)
        alone = reasoner.ask(place.scene, question.text, history=question.history)
        assert (alone.raw, alone.task) == (asked.answer.raw, asked.answer.task)
        assert alone.view_ids == asked.answer.view_ids and len(alone.view_ids) == 6
    assert len({tuple(asked.answer.view_ids) for asked in run}) > 1


def test_blind_it_knows_less_and_sees_nothing(run):
    blind = BlindReasoner.from_pretrained("r1-tiny", device="cpu")
    answers = evaluate_rooms(blind, **SETTINGS)
    assert [asked.sample.question for asked in answers] == [asked.sample.question for asked in run]
    assert correct(answers) < correct(run)
    for number in (1, 2):  # another room makes no difference
        [other] = observe([make_room(number, "test")], 0, blind.device)
        question = as_question(other, answers[0].sample)
        asked = blind.ask(other.scene, question.text, history=question.history)
        assert asked.raw == answers[0].answer.raw
        assert blind.detect(other.scene) == []


def test_what_is_asked_about_by_a_box_is_the_target(place):
    thing = place.room.object(1)
    question = as_question(place, sample("object_caption", question="What is this? <obj:1>"))
    assert question.text == "What is this?" and question.task == "auto"
    assert np.array_equal(question.target.center, thing.center)
    assert np.array_equal(question.target.size, thing.size)


def test_earlier_answers_have_their_boxes(place):
    turns = (("Where is it?", "<think>x</think><answer>it <obj:1></answer>"),)
    [turn] = as_question(place, sample("dialogue", turns=turns)).history
    assert isinstance(turn, Turn) and turn.question == "Where is it?"
    assert turn.raw.count("<obj>") == turn.raw.count("</obj>") == 1 and "<obj:" not in turn.raw


def test_questions_that_point_at_a_box_end_in_it():
    """So what is left of them is what a user says who gives the box beside it."""
    for number in range(12):
        room = make_room(number, "test")
        every = [thing.id for thing in room.objects]
        for one in make_samples(
            room, np.random.default_rng(number), visible=every, count=20, split="test"
        ):
            assert "<obj:" not in "".join(question for question, _ in one.turns)
            assert "<obj:" not in one.question or one.question.endswith(">"), one.question


def test_only_what_was_seen_is_asked_about(place):
    assert 0 < len(place.visible) <= len(place.room.objects)
    low, high = place.scene.bounds()
    for id in place.visible:
        thing = place.room.object(id)
        assert (thing.center > low - 0.1).all() and (thing.center < high + 0.1).all()


def test_detections_of_the_same_rooms_are_scored(reasoner):
    found = detection_map(reasoner, rooms=1, seed=0)
    assert {"mAP@0.25", "mAP@0.5"} <= set(found)
    assert found["mAP@0.25"] >= found["mAP@0.5"]
    assert found["mAP@0.25"] > 50


def test_the_digest_tells_questions_apart(monkeypatch):
    monkeypatch.setattr(room_evaluator, "DIGEST_ROOMS", 3)
    digest = room_evaluator.questions_digest("test")
    assert (
        digest == room_evaluator.questions_digest("test") != room_evaluator.questions_digest("val")
    )
    ask = room_evaluator.make_samples

    def otherwise(*arguments, **options):
        *rest, last = ask(*arguments, **options)
        return [*rest, replace(last, question=last.question + " ")]

    monkeypatch.setattr(room_evaluator, "make_samples", otherwise)
    assert room_evaluator.questions_digest("test") != digest
