"""From a room to judged answers, with the weights that the project ships."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from r1_model.pretrained import load_pretrained
from r1_model.text.grammar import parse_answer
from r1_training.evaluation import room_evaluator
from r1_training.evaluation.room_detection import detection_map
from r1_training.evaluation.room_evaluator import Asked, RoomEvaluator, evaluate_rooms
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.scene_batch import LEAST_POINTS

SETTINGS = {"rooms": 1, "questions": 10, "seed": 0, "tasks": ["qa", "grounding"]}


@pytest.fixture(scope="module")
def evaluator() -> RoomEvaluator:
    loaded = load_pretrained("r1-tiny", device="cpu", dtype="float32")
    if not loaded.model.config.trained:
        pytest.skip("the shipped weights of r1-tiny are untrained: nothing to judge")
    return RoomEvaluator(loaded.model, loaded.processor.tokenizer)


@pytest.fixture(scope="module")
def run(evaluator) -> list[Asked]:
    return evaluate_rooms(evaluator, **SETTINGS)


def correct(run: list[Asked]) -> float:
    return float(np.mean([asked.verdict["correct"] for asked in run]))


def test_a_room_that_was_never_seen_is_answered_about(run):
    assert len(run) == 10
    assert {asked.room.split for asked in run} == {"test"}
    assert {asked.sample.task for asked in run} == {"qa", "grounding"}
    assert all(asked.verdict["format"] for asked in run)
    assert correct(run) >= 0.6


def test_blind_it_knows_less(evaluator, run):
    blind = RoomEvaluator(evaluator.model, evaluator.tokenizer, blind=True)
    answers = evaluate_rooms(blind, **SETTINGS)
    assert [asked.sample.question for asked in answers] == [asked.sample.question for asked in run]
    assert correct(answers) < correct(run)


def test_an_answer_does_not_depend_on_what_is_asked_beside_it(evaluator):
    [place], _, _ = evaluator.observe([make_room(3, "test")], seed=0)
    samples = make_samples(
        place.room,
        np.random.default_rng(0),
        visible=place.visible,
        count=4,
        split="test",
        tasks=["qa", "grounding", "dialogue"],
    )
    questions = [(place, sample) for sample in samples]
    together = evaluator.answer(questions, most=120)
    assert [evaluator.answer([question], most=120)[0] for question in questions] == together
    assert len(set(together)) > 1


def test_only_what_was_seen_is_asked_about(evaluator):
    [place], _, seen = evaluator.observe([make_room(5, "test")], seed=0)
    counts = seen["object_points"][0]
    assert 0 < len(place.visible) <= len(place.room.objects)
    for thing in place.room.objects:
        assert (thing.id in place.visible) is bool(counts[thing.id - 1] >= LEAST_POINTS), thing
    low, high = place.bounds.numpy()
    assert (low < high).all()
    assert parse_answer("<think>a</think><answer>b</answer>", (low, high), "qa").exact


def test_detections_of_the_same_rooms_are_scored(evaluator):
    found = detection_map(evaluator, rooms=1, seed=0)
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
