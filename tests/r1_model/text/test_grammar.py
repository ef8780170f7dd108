"""Boxes, answers and plans as text, both ways; nothing that a model says may raise."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.text.answer import TASKS
from r1_model.text.grammar import (
    MAX_BOXES,
    MAX_UNREAD,
    dequantise_box,
    format_box,
    parse_answer,
    quantise_box,
    task_of_text,
)
from tests.r1_model.text.boxes import parse_boxes

UNIT = (np.zeros(3), np.full(3, 255.0))  # one quantum is one metre
BOX = "<obj>1, 2, 3, 4, 5, 6</obj>"


def corners():
    coordinate = st.floats(-50, 50)
    extent = st.floats(0.01, 100)
    return st.tuples(st.tuples(*[coordinate] * 3), st.tuples(*[extent] * 3)).map(
        lambda pair: (np.array(pair[0]), np.array(pair[0]) + np.array(pair[1]))
    )


@settings(max_examples=100, deadline=None)
@given(corners(), st.lists(st.integers(0, 255), min_size=6, max_size=6))
def test_numbers_survive_metres(bounds, levels):
    center, size = dequantise_box(np.array(levels), bounds)
    assert quantise_box(center, size, bounds).tolist() == levels
    [box], unread = parse_boxes(format_box(center, size, bounds), bounds)
    assert not unread
    np.testing.assert_allclose(box.center, center, atol=1e-9)
    np.testing.assert_allclose(box.size, size, atol=1e-9)


@settings(max_examples=100, deadline=None)
@given(corners(), st.lists(st.floats(0, 1), min_size=6, max_size=6))
def test_metres_survive_to_half_a_quantum(bounds, relative):
    low, high = bounds
    center = low + np.array(relative[:3]) * (high - low)
    size = np.array(relative[3:]) * (high - low)
    [box], _ = parse_boxes(format_box(center, size, bounds), bounds)
    half = (high - low) / 255 / 2 + 1e-9
    assert (np.abs(box.center - center) <= half).all()
    assert (np.abs(box.size - size) <= half).all()


def test_outside_of_the_bounds_is_clipped():
    assert format_box(np.array([-9.0, 300, 12.4]), np.array([999.0, 0, 12.5]), UNIT) == (
        "<obj>0, 255, 12, 255, 0, 13</obj>"
    )


def test_a_flat_scene_has_boxes():
    flat = (np.zeros(3), np.array([255.0, 255.0, 0.0]))
    [box], _ = parse_boxes(format_box(np.zeros(3), np.zeros(3), flat), flat)
    assert np.isfinite(box.center).all() and np.isfinite(box.size).all()


@pytest.mark.parametrize(
    ("text", "label"),
    [
        (f"chair {BOX}", "chair"),
        (f"the white mug {BOX}", "white mug"),
        (f"On the left there is a black lamp {BOX}.", "black lamp"),
        (f"chair {BOX}, red stool {BOX}", "red stool"),
        (f"sofa {BOX} lamp {BOX}", "lamp"),
        (f"first line\ndesk {BOX}", "desk"),
        (f"是的，書桌左側有一盞黑色的檯燈 {BOX}", "黑色的檯燈"),
        (f"1. open(櫥櫃 {BOX})", "櫥櫃"),
        (f"The desk {BOX} is next to the office chair {BOX}.", "office chair"),
        (f"The bed {BOX} is closer to the floor lamp than the picture {BOX}.", "picture"),
        (f"A blue mug and a black laptop are on the desk {BOX}.", "desk"),
        (f"There is no coffee machine on the cabinet {BOX}.", "cabinet"),
        (f"floor under the dining table {BOX}", "floor under the dining table"),
        (f"a chair {BOX} and a table {BOX}", "table"),
        (f"書桌 {BOX}在辦公椅 {BOX}旁邊。", "辦公椅"),
        (f"電腦螢幕 {BOX}是放在棕色的辦公桌 {BOX}上的。", "棕色的辦公桌"),
        (f"植物 {BOX}離書架比咖啡桌 {BOX}近。", "咖啡桌"),
        (f"貓 {BOX}和狗 {BOX}", "狗"),
        (f"- **door** {BOX}", "door"),
        (BOX, ""),
        ("word " * 60 + BOX, ""),
    ],
)
def test_labels(text, label):
    boxes, _ = parse_boxes(text, UNIT)
    assert boxes[-1].label == label


@pytest.mark.parametrize(
    ("text", "boxes", "unread"),
    [
        ("<obj>1,2,3,4,5,6</obj>", 1, 0),
        ("<obj> 1 , 2 ,3, 4,\n5, 6 </obj>", 1, 0),
        ("<obj>1，2，3，4，5，6</obj>", 1, 0),
        ("<obj>255, 255, 255, 255, 255, 255</obj>", 1, 0),
        ("<obj>256, 0, 0, 0, 0, 0</obj>", 0, 1),
        ("<obj>-1, 0, 0, 0, 0, 0</obj>", 0, 1),
        ("<obj>1.5, 0, 0, 0, 0, 0</obj>", 0, 1),
        ("<obj>1, 2, 3, 4, 5</obj>", 0, 1),
        ("<obj>1, 2, 3, 4, 5, 6, 7</obj>", 0, 1),
        ("<obj>nan, inf, 1e9, 0, 0, 0</obj>", 0, 1),
        ("<obj>١, ٢, ٣, ٤, ٥, ٦</obj>", 0, 1),
        ("<obj></obj>", 0, 1),
        ("<obj>1, 2, 3", 0, 1),
        ("</obj>", 0, 1),
        (f"<obj>1, 2, {BOX}", 1, 1),
        (f"{BOX}</obj>", 1, 1),
        (f"<obj><obj>{BOX}", 1, 2),
        ("<obj>" + " " * 500 + "1, 2, 3, 4, 5, 6</obj>", 0, 1),
        ("<OBJ>1, 2, 3, 4, 5, 6</OBJ>", 0, 0),
        ("no box at all", 0, 0),
        ("", 0, 0),
        ("\x00\ud800\uffff" + BOX, 1, 0),
    ],
)
def test_boxes_good_and_bad(text, boxes, unread):
    found, bad = parse_boxes(text, UNIT)
    assert (len(found), len(bad)) == (boxes, unread)


@pytest.mark.parametrize(
    ("text", "thinking", "answer", "exact"),
    [
        ("<think>a</think><answer>b</answer>", "a", "b", True),
        (" <think>\na </think>\n<answer> b\n</answer> \n", "a", "b", True),
        (f"<think>mug {BOX}</think><answer>the mug {BOX} is red.</answer>", f"mug {BOX}",
         "the mug is red.", True),
        ("<think>a</think><answer>b", "a", "b", False),
        ("<think>a", "a", "", False),
        ("<think></think><answer>b</answer>", "", "b", False),
        ("<think>a</think>b", "a", "b", False),
        ("b", "", "b", False),
        ("", "", "", False),
        ("<answer>b</answer>", "", "b", False),
        ("<answer>b</answer><think>a</think>", "a", "b", False),
        ("<think>a<answer>b</answer>", "a", "b", False),
        ("<think>a</think><answer>b</answer><answer>c</answer>", "a", "b", False),
        ("x<think>a</think>y<answer>b</answer>z", "a", "b", False),
        ("</think></answer>", "", "", False),
        ("<think><think>a</think></think><answer>b</answer>", "a", "b", False),
    ],
)  # fmt: skip
def test_answer_tags(text, thinking, answer, exact):
    parsed = parse_answer(text, UNIT, "qa")
    assert (parsed.thinking, parsed.answer, parsed.exact) == (thinking, answer, exact)


def test_what_is_outside_is_reported():
    parsed = parse_answer("x<think>a</think>y<answer>b <obj>9</obj></answer>z", UNIT, "qa")
    assert parsed.unread == ["x", "y", "z", "<obj>9</obj>"]


def test_chinese_text_closes_up_around_boxes():
    parsed = parse_answer(
        f"<think>餐桌 {BOX}</think><answer>餐桌 {BOX}周圍有四把椅子。</answer>", UNIT, "qa"
    )
    assert parsed.answer == "餐桌周圍有四把椅子。"
    assert parsed.boxes[0].label == "餐桌"


def test_dense_caption_lines():
    text = (
        "<think>sofa, plant</think><answer>"
        f"sofa {BOX}: A grey sofa in front of the table {BOX}.\n"
        f"plant {BOX}： 綠色的植物。\n"
        f"bare {BOX}</answer>"
    )
    boxes = parse_answer(text, UNIT, "dense_caption").boxes
    assert [(box.label, box.description) for box in boxes] == [
        ("sofa", "A grey sofa in front of the table."),
        ("grey sofa in front of the table", ""),
        ("plant", "綠色的植物。"),
        ("bare", ""),
    ]


def test_plan():
    text = (
        "<think>mug, table</think><answer>I will prepare the table.\n"
        "1. navigate_to(cupboard <obj>7, 7, 7, 1, 1, 1</obj>): Go to the cupboard.\n"
        "2. open(cupboard <obj>7, 7, 7, 1, 1, 1</obj>): Open it.\n"
        f"3. place(white mug {BOX}, table {BOX}): Put it there.\n"
        "4. wait(coffee machine)\n"
        "5. place(mug, table): Put it down.</answer>"
    )
    parsed = parse_answer(text, UNIT, "planning")
    assert parsed.exact and not parsed.unread
    assert [(s.index, s.action, s.labels, len(s.boxes), s.text) for s in parsed.steps] == [
        (1, "navigate_to", ("cupboard",), 1, "Go to the cupboard."),
        (2, "open", ("cupboard",), 1, "Open it."),
        (3, "place", ("white mug", "table"), 2, "Put it there."),
        (4, "wait", ("coffee machine",), 0, ""),
        (5, "place", ("mug", "table"), 0, "Put it down."),
    ]
    assert parsed.steps[0].boxes[0].center.tolist() == [7, 7, 7]
    assert len(parsed.boxes) == 4


@pytest.mark.parametrize(
    ("line", "steps", "unread"),
    [
        (f"1. open(door {BOX}): ok", 1, 0),
        (f"1、open(門 {BOX})：打開門。", 1, 0),
        (f"  12) Open（門 {BOX}）", 1, 0),
        ("1. fly_to(moon): up", 0, 1),
        ("1. open(door: never closed", 0, 1),
        ("1. open()", 1, 0),
        ("open(door)", 0, 0),
        ("1. Open the door.", 0, 0),
        ("99999. open(door)", 0, 0),
    ],
)
def test_steps_good_and_bad(line, steps, unread):
    parsed = parse_answer(f"<think>t</think><answer>{line}</answer>", UNIT, "planning")
    assert (len(parsed.steps), len(parsed.unread)) == (steps, unread)


_PIECES = ["<think>", "</think>", "<answer>", "</answer>", "<obj>", "</obj>", BOX, "1. open(", ")"]
_PIECES += [", ", "12", "\n", "chair", "。", "<", "1. ", ": ", "\u0000"]


@settings(max_examples=300, deadline=None)
@given(st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=4))), st.sampled_from(TASKS))
def test_never_raises_and_keeps_every_readable_box(pieces, task):
    parsed = parse_answer("".join(pieces), UNIT, task)
    assert len(parsed.unread) <= MAX_UNREAD
    for tag in ("<think>", "<answer>", "</think>", "</answer>"):
        assert tag not in parsed.answer
    for box in parsed.boxes:
        assert np.isfinite(box.center).all() and np.isfinite(box.size).all()


@pytest.mark.parametrize(
    "garbage",
    [
        "<obj>" * 200_000,
        "</obj>" * 170_000,
        "<think>" * 140_000,
        BOX * 40_000,
        f"1. open(door {BOX})\n" * 25_000,
        "1. open(" * 125_000,
        "<obj>" + "1, " * 330_000,
        " " * 1_000_000,
        "\n" * 1_000_000,
        "一" * 1_000_000 + BOX,
        "(" * 1_000_000,
        "<answer>" + "there is a " * 90_000 + BOX,
    ],
)
@pytest.mark.parametrize("task", ["planning", "dense_caption"])
def test_a_megabyte_is_read_in_linear_time(garbage, task):
    # the bound is far above the usual 0.1 s: only quadratic time would exceed it
    start = time.perf_counter()
    parsed = parse_answer(garbage, UNIT, task)
    assert time.perf_counter() - start < 10
    assert len(parsed.boxes) <= MAX_BOXES


@pytest.mark.parametrize(
    ("text", "task"),
    [
        ("<think>t</think><answer>1. open(door): Open it.\n2. close(door): Close it.</answer>",
         "planning"),
        (f"<answer>door {BOX}: a door.\nchair {BOX}: a chair.</answer>", "dense_caption"),
        (f"<answer>door {BOX}: a door.</answer>", None),
        ("<think>1. open(door)</think><answer>Yes.</answer>", None),
        ("<answer>1. dance(door): Dance.</answer>", None),
        ("<answer>There are 1. open() ...</answer>", None),
        ("", None),
    ],
)  # fmt: skip
def test_the_form_of_a_text_tells_its_task(text, task):
    assert task_of_text(text) == task


def test_an_answer_that_was_closed_but_never_opened_is_unread():
    parsed = parse_answer("<think>a chair. It is red.</answer>", UNIT, "qa")
    assert (parsed.answer, parsed.unread, parsed.exact) == ("", ["a chair. It is red."], False)


@pytest.mark.parametrize(
    ("text", "labels"),
    [
        ("The fridge {} is about 1.2 m from the dining table {}.", ["fridge", "dining table"]),
        ("The 1.5 m tall fridge {}.", ["fridge"]),
        ("The 1,5 m high white fridge {} is 30 cm from a mug {}.", ["white fridge", "mug"]),
        ("It is 2.5 feet away from the oven {}.", ["oven"]),
        ("There are 2 chairs. The chair {} is red.", ["chair"]),
        ("The table {}, 0.5 m behind the sofa {}.", ["table", "sofa"]),
        ("冰箱 {} 離1.2公尺外的餐桌 {}。", ["冰箱", "餐桌"]),
        ("約1.67公尺高的冰箱 {}。", ["冰箱"]),
        ("The 3.1 sound system {}.", ["3.1 sound system"]),
    ],
)
def test_a_measure_is_no_part_of_a_name(text: str, labels: list[str]) -> None:
    boxes = ["<obj>209, 26, 85, 49, 40, 167</obj>"] * len(labels)
    answer = f"<think>x</think><answer>{text.format(*boxes)}</answer>"
    parsed = parse_answer(answer, (np.zeros(3), np.full(3, 5.0)), "qa")
    assert [box.label for box in parsed.boxes] == labels
