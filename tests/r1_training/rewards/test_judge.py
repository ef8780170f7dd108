from __future__ import annotations

import numpy as np
import pytest

from r1_training.rewards.judge import judge, reference_text
from r1_training.synthetic.language import fill_boxes
from r1_training.synthetic.language.sample import tagged
from tests.r1_training.rewards.nasty import ALL, BROKEN
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of, samples_of


@pytest.fixture(scope="module")
def samples():
    return list(samples_of(range(600, 640), count=12))


def filled(room, sample, answer: str | None = None) -> str:
    text = tagged(sample.think, sample.answer if answer is None else answer)
    return fill_boxes(text, {**boxes_of(room), **sample.extra_boxes}, bounds_of(room))


def rewards(judged) -> dict[str, float]:
    return {
        name: value
        for name in ("format", "perception", "plan", "correct")
        if (value := getattr(judged, name)) is not None
    }


def test_the_truth_is_worth_all_there_is(samples):
    asked = set()
    for room, sample in samples:
        judged = judge(sample, filled(room, sample), room, bounds_of(room))
        found = rewards(judged)
        asked |= set(found)
        perception = found.pop("perception", 1.0)
        assert perception > 0.5  # boxes in text are rounded, which small ones feel
        assert set(found.values()) == {1.0}, (sample, judged)
        assert (sample.answer_key["type"] == "grounding") == (judged.perception is not None)
        assert (sample.answer_key["type"] == "plan") == (judged.plan is not None)
    assert asked == {"format", "perception", "plan", "correct"}


@pytest.mark.parametrize("name", ALL)
def test_no_text_breaks_the_judge(samples, name):
    for room, sample in samples[:60]:
        judged = judge(sample, ALL[name], room, bounds_of(room))
        assert all(0 <= value <= 1 for value in rewards(judged).values())
        assert name not in BROKEN or judged.format == 0


def test_boxes_all_over_the_room_are_worth_nothing(samples):
    for room, sample in samples:
        if sample.answer_key["type"] != "grounding" or not sample.answer_key["value"]:
            continue
        every = " ".join(f"{thing.category} <obj:{thing.id}>" for thing in room.objects)
        listed = judge(sample, filled(room, sample, every), room, bounds_of(room))
        share = len(sample.answer_key["value"]) / len(room.objects)
        assert listed.perception <= share**2 + 1e-9
        twice = f"{sample.answer} {sample.answer}"
        repeated = judge(sample, filled(room, sample, twice), room, bounds_of(room))
        assert repeated.perception <= 0.25 + 1e-9


def test_who_says_everything_is_not_right(samples):
    """Every answer to a question about the room in one, the true one first."""
    said = {}
    for room, sample in samples:
        said.setdefault((id(room), sample.language), []).append(reference_text(sample))
    tried = set()
    for room, sample in samples:
        if sample.answer_key["type"] in ("grounding", "dense", "plan"):
            continue
        every = [reference_text(sample), *said[id(room), sample.language]] * 3
        judged = judge(sample, filled(room, sample, " ".join(every)), room, bounds_of(room))
        assert judged.correct == 0, sample
        tried.add(sample.answer_key["type"])
    assert {"count", "yes_no", "state", "location", "caption", "reason"} <= tried


def test_an_answer_in_a_sentence_more_is_still_right(samples):
    for room, sample in samples:
        if sample.language == "en" and sample.answer_key["type"] in ("yes_no", "count"):
            text = filled(room, sample, f"{sample.answer} I think so.")
            assert judge(sample, text, room, bounds_of(room)).correct == 1


def test_silence_finds_nothing_even_where_nothing_is(samples):
    none = [(r, s) for r, s in samples if s.answer_key["type"] == "grounding"]
    none = [(r, s) for r, s in none if not s.answer_key["value"]]
    assert none
    for room, sample in none:
        silent = judge(sample, "<think>a</think><answer></answer>", room, bounds_of(room))
        assert silent.perception == 0
        box = judge(sample, filled(room, sample, "it <obj:1>"), room, bounds_of(room))
        assert box.perception == 0


def test_what_people_read_has_no_boxes(samples):
    for _, sample in samples:
        assert "<obj" not in reference_text(sample) and reference_text(sample)


def test_bounds_without_size_do_not_break_it(samples):
    room, sample = next((r, s) for r, s in samples if s.answer_key["type"] == "grounding")
    flat = (np.zeros(3), np.zeros(3))
    judged = judge(sample, filled(room, sample), room, flat)
    assert 0 <= judged.perception <= 1
