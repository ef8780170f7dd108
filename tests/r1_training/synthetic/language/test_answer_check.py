"""Wrong answers are judged wrong, and no text breaks the judge."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from r1_training.synthetic.language import check_answer, fill_boxes
from r1_training.synthetic.language.context import SPEAKERS
from r1_training.synthetic.language.sample import tagged
from r1_training.synthetic.language.words import read_words as read
from r1_training.synthetic.rooms.catalog import STATES
from tests.r1_training.synthetic.language import slow
from tests.r1_training.synthetic.language.rooms import bounds_of, boxes_of, samples_of


def judge(room, sample, think: str, answer: str, shift: np.ndarray | None = None):
    boxes, bounds = boxes_of(room), bounds_of(room)
    every = {**boxes, **sample.extra_boxes}
    if shift is not None:
        every = {id: (center + shift, size) for id, (center, size) in every.items()}
    text = fill_boxes(tagged(think, answer), every, bounds)
    return check_answer(sample, text, boxes, room, bounds)


@pytest.fixture(scope="module")
def samples():
    return list(samples_of(range(600, 700), count=12))


NASTY = [
    "",
    " ",
    "yes",
    "<think></think>",
    "<answer>",
    "</answer></think>",
    "<obj>1, 2, 3</obj>",
    "1. navigate_to(",
    "1. place(a)\n2. pick()\n3. open(, , ,)",
    "\x00\ud800",
    "(" * 500,
    "答" * 500,
    "zero one two",
]


@pytest.mark.parametrize("text", NASTY)
def test_garbage_is_wrong_and_never_raises(samples, text):
    verdicts = Counter()
    for room, sample in samples[:150]:
        verdict = check_answer(sample, text, boxes_of(room), room, bounds_of(room))
        verdicts[verdict["correct"]] += 1
        assert not verdict["format"]
    # "yes" and "zero" are right now and then
    assert verdicts[True] < 0.3 * sum(verdicts.values())


def test_another_answer_of_the_same_kind_is_wrong(samples):
    """Each answer is replaced by one to another question whose truth differs."""
    by_kind = {}
    for room, sample in samples:
        kind = (sample.answer_key["type"], sample.language)
        by_kind.setdefault(kind, []).append((room, sample))
    wrong = Counter()
    for (kind, _), group in by_kind.items():
        if kind in ("grounding", "dense", "plan"):
            continue
        for (room, sample), (_, other) in zip(group, group[1:], strict=False):
            truth, said = sample.answer_key.get("value"), other.answer_key.get("value")
            if truth == said or truth is None:
                continue
            if kind == "state" and truth[0] != said[0]:  # a door and a lamp may both be "closed"
                continue
            answer = other.answer
            for id in [*other.objects, *other.extra_boxes]:
                answer = answer.replace(f" <obj:{id}>", "")
            right = judge(room, sample, "x", answer)["correct"]
            if right and sample.answer_key.get("open"):  # whatever is true of it is an answer
                thing = room.object(sample.answer_key["claim"][1])
                named = [
                    o
                    for o in room.objects
                    if o is not thing and read.names_category(answer, o.category, sample.language)
                ]
                assert any(slow.relation(said[0], thing, o) for o in named), (sample, answer)
                continue
            wrong[kind, right] += 1
    kinds = {kind for kind, _ in wrong}
    assert {"count", "colour", "yes_no", "state", "location", "reason"} <= kinds
    for kind in kinds:
        total = wrong[kind, True] + wrong[kind, False]
        assert wrong[kind, True] <= max(1, 0.1 * total), kind


def test_both_of_two_states_or_sides_are_wrong(samples):
    swapped = {"left": "right", "right": "left", "front": "behind", "behind": "front"}
    tried = Counter()
    for room, sample in samples:
        key, say = sample.answer_key, SPEAKERS[sample.language]
        if key["type"] == "state":
            state, value = key["value"]
            category = room.object(sample.objects[0]).category
            texts = [say.script(say.state(category, (state, one))) for one in STATES[state]]
            both = " ".join(f"It is {text}. {text}。" for text in texts)
        elif key["type"] == "location" and key["value"][0] in swapped and not key.get("open"):
            relation, category = key["value"]
            noun = say.definite(say.noun(category, 0))
            both = " ".join(
                say.script(f"is {say.at(r, noun)}") for r in (relation, swapped[relation])
            )
        else:
            continue
        assert judge(room, sample, sample.think, sample.answer)["correct"]
        assert not judge(room, sample, "x", both)["correct"], both
        tried[key["type"], sample.language] += 1
    assert len(tried) == 6, tried


def test_boxes_elsewhere_are_wrong(samples):
    far = np.array([5.0, 5.0, 5.0])
    for room, sample in samples:
        if sample.task == "grounding" and sample.answer_key["value"]:
            verdict = judge(room, sample, sample.think, sample.answer, far)
            assert not verdict["correct"] and verdict["iou"] < 0.1


def test_broken_plans_do_not_reach_their_goal(samples):
    checked = 0
    for room, sample in samples:
        if sample.answer_key["type"] != "plan" or not sample.answer_key["steps"]:
            continue
        lines = sample.answer.split("\n")
        cut = judge(room, sample, sample.think, "\n".join(lines[:-1]) or "nothing")
        assert not cut["goal"], sample
        if len(sample.answer_key["steps"]) > 2 and lines[0].startswith("1."):
            turned = judge(room, sample, sample.think, "\n".join(lines[::-1]))
            assert not turned["goal"]
        checked += 1
    assert checked > 40


def test_a_caption_of_another_object_is_wrong(samples):
    captions = [(r, s) for r, s in samples if s.task == "object_caption" and s.language == "en"]
    wrong = [
        judge(room, sample, "x", other.answer)["correct"]
        for (room, sample), (_, other) in zip(captions, captions[1:], strict=False)
        if sample.answer_key["category"] != other.answer_key["category"]
    ]
    assert len(wrong) > 10 and not any(wrong)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("There are four chairs around the dining table.", 4),
        ("There is one chair.", 1),
        ("There are no chairs.", 0),
        ("No, there is only one chair.", 1),
        ("Yes, there are two in total.", 2),
        ("None of them are red.", 0),
        ("5", 5),
        ("There are 12 books.", 12),
        ("餐桌周圍有四把椅子。", 4),
        ("房間裡有兩個垃圾桶。", 2),
        ("房间里没有球。", 0),
        ("有，一共有三张书桌。", 3),
        ("沒有，只有一扇門。", 1),
        ("some chairs", None),
        ("", None),
        ("五斗櫃上沒有碗。", 0),
        ("五斗柜上有两个碗。", 2),
    ],
)
def test_numbers_are_read(text, number):
    assert read.count(text) == number


@pytest.mark.parametrize(
    ("text", "metres"),
    [
        ("The fridge is about 175 cm tall.", 1.75),
        ("The mug is about 2.3 m from the door.", 2.3),
        ("the fridge <obj>1, 2, 3, 4, 5, 6</obj> is 1.5 metres wide", 1.5),
        ("書桌大約75公分高。", 0.75),
        ("书桌离门大约2.5米。", 2.5),
        ("約80 厘米", 0.8),
        ("It is 5 minutes away.", None),
        ("three", None),
        ("", None),
        ("9" * 400 + " m", None),
    ],
)
def test_lengths_are_read(text, metres):
    assert read.metres(text) == (metres if metres is None else pytest.approx(metres))


@pytest.mark.parametrize(
    ("text", "language", "colors"),
    [
        ("The fridge is silver.", "en", {"silver"}),
        ("The table is dark brown.", "en", {"dark brown"}),
        ("red and light brown", "en", {"red", "light brown"}),
        ("It is gray.", "en", {"grey"}),
        ("It is reddish.", "en", set()),
        ("冰箱是銀色的。", "zh-Hant", {"silver"}),
        ("深棕色的桌子", "zh-Hant", {"dark brown"}),
        ("粉色", "zh-Hans", {"pink"}),
    ],
)
def test_colours_are_read(text, language, colors):
    assert read.colors(text, language) == colors


@pytest.mark.parametrize(
    ("text", "relation", "category", "language", "says"),
    [
        ("The mug is on the desk.", "on", "desk", "en", True),
        ("It is on the left of the brown desk.", "on", "desk", "en", True),
        ("It is on the top shelf of the bookcase.", "on", "bookshelf", "en", True),
        ("The mug is under the desk.", "on", "desk", "en", False),
        ("The mug is to the left of the grey sofa.", "left", "sofa", "en", True),
        ("The mug is to the right of the grey sofa.", "left", "sofa", "en", False),
        ("微波爐是放在流理台上的。", "on", "counter", "zh-Hant", True),
        ("微波爐在流理台下面。", "on", "counter", "zh-Hant", False),
        ("它放在書桌的左側。", "on", "desk", "zh-Hant", True),
        ("杯子在沙发左边。", "left", "sofa", "zh-Hans", True),
        ("杯子在沙发右边。", "left", "sofa", "zh-Hans", False),
        ("It is on the office chair.", "on", "chair", "en", False),
        ("It is on the white coffee table.", "on", "dining table", "en", False),
        ("It is on the table.", "on", "dining table", "en", True),
        ("它在書架的左邊。", "left", "book", "zh-Hant", False),
        ("它在書的左邊。", "left", "book", "zh-Hant", True),
    ],
)
def test_places_are_read(text, relation, category, language, says):
    assert read.says_place(text, relation, category, language) is says


@pytest.mark.parametrize(
    ("text", "category", "language", "named"),
    [
        ("A brown office chair.", "chair", "en", False),
        ("An office chair beside a chair.", "chair", "en", True),
        ("Two desk chairs.", "desk", "en", False),
        ("Three chairs.", "chair", "en", True),
        ("The floor lamp is on.", "lamp", "en", False),
        ("The lamp is on.", "floor lamp", "en", True),
        ("A mug in the cupboard.", "cup", "en", False),
        ("The bookcases.", "book", "en", False),
        ("一個白色的書架。", "book", "zh-Hant", False),
        ("書架上的書。", "book", "zh-Hant", True),
        ("床头柜是白色的。", "bed", "zh-Hans", False),
    ],
)
def test_a_longer_name_around_the_category_is_another_thing(text, category, language, named):
    assert read.names_category(text, category, language) is named


def test_what_is_left_on_may_be_listed_in_any_order_but_completely():
    """The lamp and the stove are still on: the stove and the lamp."""
    checked = 0
    for room, sample in samples_of(range(600, 800), count=6, tasks=("reasoning",)):
        named = sample.answer_key.get("named", ())
        if sample.kind != "safe" or len(named) < 2:
            continue
        say = SPEAKERS[sample.language]
        nouns = [say.definite(say.noun(category)) for category in named]
        told, other = say.script(say.join(nouns)), say.script(say.join(nouns[::-1]))
        assert told in sample.answer
        for words, right in ((other, True), (say.script(nouns[0]), False)):
            answer = sample.answer.replace(told, words)
            assert judge(room, sample, sample.think, answer)["correct"] is right, answer
        checked += 1
    assert checked > 10


def test_what_is_off_may_not_be_named_as_left_on():
    checked = 0
    for room, sample in samples_of(range(600, 800), count=6, tasks=("reasoning",)):
        off = sample.answer_key.get("unnamed", ())
        if sample.kind != "safe" or not off:
            continue
        say = SPEAKERS[sample.language]
        more = say.script(say.definite(say.noun(off[0])))
        assert not judge(room, sample, sample.think, f"{sample.answer} {more}")["correct"]
        checked += 1
    assert checked > 10


@pytest.mark.parametrize(
    ("text", "truth"),
    [
        ("Yes, it is.", True),
        ("No, it is off.", False),
        ("是的，檯燈是亮著的。", True),
        ("不是，門是關著的。", False),
        ("沒有，房間裡沒有球。", False),
        ("Perhaps", None),
    ],
)
def test_yes_and_no_are_read(text, truth):
    assert read.yes_or_no(text) is truth
