from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from r1_model.text.grammar import format_box
from r1_training.engine.filters import SANE, check_consistency, check_reply
from r1_training.engine.items import Item, number
from r1_training.engine.room_items import (
    item_from_room_sample,
    items_of_room,
    room_bounds,
    room_items,
)
from r1_training.engine.teachers.rule_teacher import RuleTeacher
from r1_training.engine.teachers.teacher import Request
from r1_training.synthetic.language.facts import Facts
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.rooms.room import make_room
from tests.r1_model.text.boxes import parse_boxes


@pytest.fixture(scope="module")
def items() -> list[Item]:
    return list(number(room_items(25)))


def test_the_same_rooms_give_the_same_items(items: list[Item]) -> None:
    assert list(number(room_items(25))) == items
    assert {item.scene_id for item in room_items(2, first_seed=30)} == {
        "synthetic_train_000030",
        "synthetic_train_000031",
    }


def test_it_streams() -> None:
    assert len(list(itertools.islice(room_items(10**9), 30))) == 30


def test_all_pass_the_sane_filters(items: list[Item]) -> None:
    teacher = RuleTeacher()
    for item in items:
        reply, reason = check_reply(
            teacher.complete(Request("r", item, "reasoning", "")).text, item, SANE
        )
        assert reply is not None
        assert reason == "", (reason, item.question, reply.think)
        again = teacher.complete(Request("r", item, "consistency", "", reply.think)).text
        assert check_consistency(reply.answer, again, SANE) == (1.0, "")


def test_many_tasks_kinds_and_languages(items: list[Item]) -> None:
    assert {item.task for item in items} >= {"qa", "grounding", "object_caption"}
    assert len({item.question_type for item in items}) > 10
    assert {item.language for item in items} == {"en", "zh-Hant", "zh-Hans"}
    assert not any("obj:" in item.question + item.answers[0] + item.rationale for item in items)


def test_boxes_are_those_of_the_objects() -> None:
    room = make_room(7)
    bounds = room_bounds(room)
    quantum = (bounds[1] - bounds[0]) / 255
    grounding = [item for item in items_of_room(room) if item.task == "grounding"]
    assert grounding
    for item in grounding:
        boxes, unread = parse_boxes(item.answers[0], bounds)
        assert not unread
        for box in boxes:
            assert (
                any(
                    (np.abs(box.center - thing.center) <= quantum).all()
                    and (np.abs(box.size - thing.size) <= quantum).all()
                    for thing in room.objects
                )
                or item.question_type == "region"
            )


def test_a_description_has_every_object() -> None:
    room = make_room(7)
    for item in items_of_room(room):
        boxes, unread = parse_boxes(item.description, room_bounds(room))
        assert len(boxes) == len(room.objects)
        assert not unread
        if item.language == "en":
            assert not re.search("[\u4e00-\u9fff]", item.description)


def test_objects_lie_within_the_bounds() -> None:
    for seed in range(10):
        room = make_room(seed)
        low, high = room_bounds(room)
        for thing in room.objects:
            assert (thing.center >= low).all()
            assert (thing.center <= high).all()


def test_a_dialogue_is_asked_with_its_history() -> None:
    room = make_room(7)
    first = room.objects[0]
    sample = Sample(
        task="dialogue",
        language="en",
        kind="pronoun",
        turns=(("Is there one?", "<think>x</think><answer>Yes, here: <obj:1></answer>"),),
        question="What color is it?",
        think="it <obj:1>",
        answer="It is red.",
        objects=(1,),
        answer_key={},
    )
    item = item_from_room_sample(sample, 0, Facts(room, [1]), room_bounds(room), "A room.")
    box = format_box(first.center, first.size, room_bounds(room))
    assert item.question == (
        f"### human: Is there one? ### assistant: Yes, here: {box} "
        "### human: What color is it? ### assistant:"
    )
