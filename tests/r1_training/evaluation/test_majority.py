from __future__ import annotations

import numpy as np
import pytest

from r1_training.evaluation.majority import (
    answered_by_majority,
    majority_answers,
    room_bounds,
    training_samples,
)
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms.room import make_room
from tests.r1_training.evaluation.asked import ROOM, asked, sample


def said(number: int, word: str, noun: str) -> Sample:
    key = {"type": "count", "value": number}
    return sample(think=word, answer=f"There are {word} {noun}.", answer_key=key)


def test_the_most_common_value_then_its_most_common_wording():
    training = [said(2, "two", noun) for noun in ("chairs", "lamps", "lamps")]
    # more often said than any wording of two, but three is less common than two
    training += [said(3, "three", "chairs")] * 2
    answers = majority_answers((ROOM, one) for one in training)
    [(kind, text)] = answers.items()
    assert kind == ("qa", "count", "count", "en")
    assert text == "<think>two</think><answer>There are two lamps.</answer>"


def test_kinds_types_and_languages_are_apart():
    training = [
        said(2, "two", "chairs"),
        sample(kind="state", answer_key={"type": "yes_no", "value": True}),
        sample(kind="state", answer_key={"type": "state", "value": ("power", "on")}),
        sample(language="zh-Hans", answer="有两把椅子。"),
        sample(task="dialogue"),
    ]
    assert len(majority_answers((ROOM, one) for one in training)) == len(training)


def test_ids_of_another_room_are_no_common_value():
    """Object 3 is asked for most often, yet it is another object in every room."""
    training = [
        (
            make_room(seed, "train"),
            sample(
                "grounding",
                "name",
                answer="lamp <obj:3>" if ids else "There is no lamp.",
                answer_key={"type": "grounding", "value": ids},
            ),
        )
        for seed, ids in enumerate([(3,), (3,), (3,), (), ()])
    ]
    [text] = majority_answers(training).values()
    assert "no lamp" in text


def test_it_is_judged_like_a_model():
    answers = majority_answers([(ROOM, said(2, "two", "lamps"))])
    run = [
        asked({"correct": False}),
        asked({"correct": True}, answer_key={"type": "count", "value": 4}),
        asked({"correct": True}, language="zh-Hant"),  # training has no such question
    ]
    verdicts = [one.verdict for one in answered_by_majority(run, answers)]
    assert verdicts[0] == {"format": True, "correct": True}
    assert verdicts[1] == {"format": True, "correct": False}
    assert verdicts[2] == {"format": False, "correct": False}


def test_bounds_are_the_walls():
    for seed in range(4):
        room = make_room(seed, "test")
        low, high = room_bounds(room)
        assert low[2] == pytest.approx(0) and high[2] == pytest.approx(room.size[2])
        centers = np.array([thing.center for thing in room.objects])
        assert (centers > low - 0.2).all() and (centers < high + 0.2).all()
        floor = np.prod((high - low)[:2])
        assert np.prod(room.size[:2]) <= floor * 1.0001  # a turned room is in a larger box


def test_training_asks_every_kind_of_question():
    answers = majority_answers(training_samples(40))
    assert {kind[0] for kind in answers} == {
        "qa", "grounding", "object_caption", "dense_caption", "dialogue", "reasoning", "planning",
    }  # fmt: skip
    assert {kind[3] for kind in answers} == {"en", "zh-Hant", "zh-Hans"}
    assert all("<obj:" not in text for text in answers.values())
