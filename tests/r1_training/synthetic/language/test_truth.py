"""Everything that a sample says is true; an independent slow checker re-derives it."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from r1_training.synthetic.language import check_answer, fill_boxes
from r1_training.synthetic.language.sample import placeholders
from r1_training.synthetic.rooms.catalog import CATEGORIES
from tests.r1_training.synthetic.language import slow
from tests.r1_training.synthetic.language.rooms import (
    bounds_of,
    boxes_of,
    samples_of,
    visible_of,
)

SEEDS = range(250)
# of a thing in a thought: its distance or size, behind its box
METRES = re.compile(r"<obj:(\d+)> (\d+\.\d) ?(?:m|公尺|米)")
CENTIMETRES = re.compile(r"<obj:(\d+)> (\d+) ?(?:cm|公分|厘米)")


@pytest.fixture(scope="module")
def samples():
    return list(samples_of(SEEDS, count=12))


def test_all_tasks_and_languages_occur(samples):
    tasks = Counter(sample.task for _, sample in samples)
    assert min(tasks.values()) > 30 and len(tasks) == 7
    languages = Counter(sample.language for _, sample in samples)
    assert min(languages.values()) > 0.25 * len(samples)


def test_every_claim_holds(samples):
    checked = Counter()
    for room, sample in samples:
        claim = sample.answer_key.get("claim")
        if claim is not None:
            assert slow.claim_holds(claim, room, set(visible_of(room))), sample
            checked[claim[0]] += 1
    assert len(checked) >= 10 and min(checked.values()) >= 5


def test_every_reference_means_one_thing(samples):
    kinds = Counter()
    for room, sample in samples:
        ref = sample.answer_key.get("ref")
        if ref is None:
            continue
        visible = set(visible_of(room))
        assert slow.fits(ref, room, visible) == [ref.id], sample
        for anchor in (ref.anchor, ref.second):
            if anchor is not None:
                assert slow.fits(anchor, room, visible) == [anchor.id], sample
        kinds[sample.kind] += 1
    assert {"ordinal", "relation", "negation", "nearest", "level", "between"} <= set(kinds)


def test_yes_and_no_follow_from_what_was_asked(samples):
    answers = Counter()
    for _, sample in samples:
        key = sample.answer_key
        if "asked" not in key:
            continue
        kind, *rest = key["claim"]
        actual = rest[1] if kind in ("color", "relation", "more") else rest[-1]
        assert key["value"] is (key["asked"] == actual), sample
        answers[key["value"]] += 1
    # neither answer may be guessed
    assert 0.35 < answers[True] / sum(answers.values()) < 0.65


def test_existence_is_balanced(samples):
    truths = [s.answer_key["value"] for _, s in samples if s.kind == "existence"]
    assert 0.35 < sum(truths) / len(truths) < 0.65
    for _, sample in samples:
        if sample.kind == "existence":
            assert sample.answer_key["value"] is (sample.answer_key["claim"][-1] > 0)


def test_the_true_answer_is_judged_right_and_its_plan_is_carried_out(samples):
    plans = 0
    for room, sample in samples:
        boxes, bounds = boxes_of(room), bounds_of(room)
        text = fill_boxes(sample.raw, {**boxes, **sample.extra_boxes}, bounds)
        verdict = check_answer(sample, text, boxes, room, bounds)
        assert verdict["format"] and verdict["correct"], (sample, verdict)
        plans += "valid" in verdict
    assert plans > 100


def test_plans_open_before_they_take():
    opened = 0
    for room, sample in samples_of(range(120), count=8, room_type="kitchen", tasks=["planning"]):
        seen = set()
        for action, ids in sample.answer_key["steps"]:
            if action == "open":
                seen.add(ids[0])
            if action == "pick":
                thing = room.object(ids[0])
                closed = (
                    thing.parent_relation == "in"
                    and room.object(thing.parent).states.get("opening") == "closed"
                )
                assert not closed or thing.parent in seen
                opened += closed
    assert opened


def test_causes_follow_from_the_clues(samples):
    causes = Counter()
    for room, sample in samples:
        if sample.task == "reasoning" and sample.kind == "activity":
            cause = sample.answer_key["value"]
            assert cause == slow.cause_of_activity(room, set(visible_of(room)))
            causes[cause] += 1
    assert len(causes) >= 5
    assert max(causes.values()) < 0.6 * sum(causes.values())


@pytest.mark.parametrize(
    ("kind", "category", "state", "yes"),
    [
        ("slept", "bed", "bedding", "messy"),
        ("tv", "tv", "power", "on"),
        ("cook", "stove", "power", "on"),
        ("rain", "window", "opening", "open"),
    ],
)
def test_conclusions_of_one_clue(samples, kind, category, state, yes):
    for room, sample in samples:
        if sample.task == "reasoning" and sample.kind == kind:
            [thing] = [o for o in room.objects if o.category == category]
            negated = sample.answer_key["value"].startswith("not")
            assert negated is (thing.states[state] != yes)


def test_a_spill_names_the_vessel_in_the_puddle(samples):
    found = 0
    for room, sample in samples:
        if sample.task == "reasoning" and sample.kind == "wet":
            puddle, vessel = (room.object(id) for id in placeholders(sample.think))
            assert puddle.category == "puddle" and vessel.states["pose"] == "tipped"
            assert slow.gap(puddle, vessel) < 0.3
            found += 1
    assert found


def test_distances_and_heights_in_thoughts_are_true_and_decide(samples):
    """A thought says the numbers that its answer follows from."""
    said = Counter()
    for room, sample in samples:
        ref = sample.answer_key.get("ref")
        if sample.task != "grounding" or ref is None:
            continue
        lengths = {int(id): float(metres) for id, metres in METRES.findall(sample.think)}
        heights = {int(id): int(cm) / 100 for id, cm in CENTIMETRES.findall(sample.think)}
        for id, metres in lengths.items():
            assert abs(slow.gap(room.object(id), room.object(ref.anchor.id)) - metres) < 0.051
        for id, height in heights.items():
            assert abs(room.object(id).size[2] - height) < 0.0051
        if len(lengths) > 1 and ref.color is None:
            decides = min if ref.relation == "nearest" else max
            assert decides(lengths, key=lengths.get) == ref.id, sample
            said[ref.relation] += 1
        if len(heights) > 1:
            assert max(heights, key=heights.get) == ref.id, sample
            said[ref.superlative] += 1
    assert said["nearest"] > 10 and said["tallest"] > 3


def test_comparisons_say_the_numbers_that_decide_them(samples):
    said = Counter()
    for _, sample in samples:
        if sample.kind != "comparison":
            continue
        kind, *rest = sample.answer_key["claim"]
        if kind == "nearer":
            metres = {int(id): float(m) for id, m in METRES.findall(sample.think)}
            assert metres[rest[0]] < metres[rest[1]], sample
            said[kind] += 1
        elif kind == "more" and rest[0] != "bigger":
            cm = {int(id): int(number) for id, number in CENTIMETRES.findall(sample.think)}
            assert cm[rest[1]] > cm[rest[2]], sample
            said[rest[0]] += 1
    assert len(said) == 3, said


def test_captions_say_what_the_object_is(samples):
    for room, sample in samples:
        if sample.task != "object_caption" or sample.language != "en":
            continue
        thing = room.object(sample.answer_key["id"])
        if thing.category != "puddle":
            assert thing.color in sample.answer, sample
        for other in re.findall(r"\b(open|closed|messy|made|on it)\b", sample.answer)[:1]:
            if other != "on it":
                assert other in thing.states.values() or "made of" in sample.answer


def test_dense_captions_describe_the_important_from_left_to_right(samples):
    for room, sample in samples:
        if sample.task != "dense_caption":
            continue
        ids = placeholders(sample.answer)
        xs = [room.object(id).center[0] for id in ids]
        assert xs == sorted(xs) and 2 <= len(ids) <= 12
        left_out = [o for o in room.objects if o.id in visible_of(room) and o.id not in ids]
        furniture = [o for o in left_out if CATEGORIES[o.category].kind == "furniture"]
        small = [id for id in ids if CATEGORIES[room.object(id).category].kind == "small"]
        assert not (furniture and small)


def test_thinking_and_answer_stay_short(samples):
    lengths = [
        len(re.findall(r"<obj:\d+>|\w+|[^\w\s]", sample.think + " " + sample.answer))
        for _, sample in samples
        if sample.task in ("qa", "grounding") and sample.language == "en"
    ]
    assert sum(lengths) / len(lengths) < 30 and max(lengths) < 120
