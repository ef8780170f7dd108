"""Steps that go, steps that stay, and what hangs on a step that went."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.plans.guard import DEPENDS, FORBIDDEN, QUESTION, UNSEEN, guard_steps
from r1_model.plans.named import fits
from r1_model.plans.prohibitions.request import read_request
from r1_model.text.answer import Box, Step

PLACES = {
    "cupboard": (0, 0), "coffee machine": (3, 0), "coffee table": (3, 3), "fridge": (6, 0),
    "lamp": (6, 3), "window": (0, 3), "mug": (9, 0), "cabinet": (9, 0), "red mug": (9, 6),
    "apple": (9, 3),
}  # fmt: skip


def box(label: str) -> Box:
    return Box(np.array([*PLACES[label], 1.0]), np.full(3, 0.4), label)


def steps(*texts: str) -> list[Step]:
    """`action thing, thing`; a thing with a question mark has no box."""
    made = []
    for index, text in enumerate(texts, 1):
        action, _, things = text.partition(" ")
        names = things.split(", ")
        boxes = tuple(box(name) for name in names if not name.endswith("?"))
        made.append(Step(index, action, tuple(n.rstrip("?") for n in names), boxes))
    return made


def kept(plan: list[Step], request: str, **options) -> list[str]:
    guarded = guard_steps(plan, read_request(request), **options)
    assert [step.index for step in guarded.steps] == list(range(1, len(guarded.steps) + 1))
    return [f"{step.action} {', '.join(step.labels)}" for step in guarded.steps]


COFFEE = steps(
    "navigate_to cupboard", "open cupboard", "pick mug?", "close cupboard",
    "navigate_to coffee machine", "place mug?, coffee machine", "make_coffee coffee machine",
    "wait coffee machine", "pick mug?", "navigate_to coffee table", "place mug?, coffee table",
)  # fmt: skip
FRIDGE = steps(
    "navigate_to fridge", "open fridge", "navigate_to cabinet", "pick apple", "navigate_to fridge",
    "place apple, fridge", "close fridge",
)  # fmt: skip
EVENING = steps("navigate_to lamp", "turn_off lamp", "navigate_to window", "close window")


@pytest.mark.parametrize(
    ("plan", "request_text", "expected"),
    [
        (EVENING, "Good night.", "all"),
        (EVENING, "Good night, but don't close the window.",
         ["navigate_to lamp", "turn_off lamp"]),
        (EVENING, "晚安，別關窗戶。", []),  # 窗户 is called window here: see the next test
        (EVENING, "Good night. Don't go near the lamp.", ["navigate_to window", "close window"]),
        (COFFEE, "Prepare coffee.", "all"),
        (COFFEE, "Prepare coffee, but don't open the cupboard.", []),
        (COFFEE, "Prepare coffee without touching the coffee machine.", []),
        (FRIDGE, "Put the apple in the fridge, but don't close it.",
         ["navigate_to fridge", "open fridge", "navigate_to cabinet", "pick apple",
          "navigate_to fridge", "place apple, fridge"]),
        (FRIDGE, "Put the apple away, but not in the fridge.", []),
        (FRIDGE, "Put the apple in the fridge without opening it.", []),
        (FRIDGE, "Don't pick up anything. Put the apple in the fridge.", []),
        (FRIDGE, "Don't move!", []),
    ],
)  # fmt: skip
def test_what_is_forbidden_goes_with_what_hangs_on_it(plan, request_text, expected) -> None:
    if expected == "all":
        expected = [f"{step.action} {', '.join(step.labels)}" for step in plan]
    assert kept(plan, request_text) == expected


def test_other_words_are_told_by_where_the_model_finds_them() -> None:
    def locate(name: str) -> list[Box]:
        places = {"窗户": "window", "refrigerator": "fridge"}
        asked.append(name)
        return [Box(box(places[name]).center, np.full(3, 0.3), name)] if name in places else []

    asked: list[str] = []
    lamp = ["navigate_to lamp", "turn_off lamp"]
    assert kept(EVENING, "晚安，別關窗戶。", locate=locate) == lamp
    assert asked == ["窗户"]  # once
    assert kept(FRIDGE, "Tidy up, but never open the refrigerator.", locate=locate) == []
    # a guess under another label tells nothing
    guess = lambda name: [box("window")]  # noqa: E731
    assert kept(EVENING, "Turn the lamp off, don't turn the radio off.", locate=guess) == [
        f"{step.action} {step.labels[0]}" for step in EVENING
    ]


def test_the_red_one_spares_the_other() -> None:
    plan = steps("navigate_to cabinet", "pick mug")

    def locate(name: str) -> list[Box]:
        return [Box(box(name).center, np.full(3, 0.4), "red mug")]

    request = "Bring me a mug, but don't take the red mug."
    assert kept(plan, request, locate=locate) == ["navigate_to cabinet", "pick mug"]
    assert kept(plan, request) == []  # nobody knows which one that is


@pytest.mark.parametrize(
    ("text", "label", "left"),
    [
        ("Hands off the red mug, but bring me the blue mug.", "blue mug", True),
        ("Hands off the red mug, but bring me the blue mug.", "red mug", False),
        ("Hands off the red mug, but bring me the blue mug.", "mug", False),  # which one is it?
        ("Don't touch the red mug. Bring me a mug.", "blue mug", False),
        ("Don't touch the mug. Bring me the blue mug.", "blue mug", False),
        ("别碰红杯子，把蓝杯子拿来。", "蓝杯子", True),
        ("别碰红杯子，把蓝杯子拿来。", "红杯子", False),
        ("别碰水杯，把书拿来。", "杯子", False),
        ("That knife is sharp, don't pick it up.", "knife", False),
    ],
)
def test_another_one_of_a_kind_is_spared_where_the_request_names_it(text, label, left) -> None:
    """Nobody sees which is which: names alone tell them apart."""
    place = Box(np.zeros(3), np.full(3, 0.2), label)
    guarded = guard_steps([Step(1, "pick", (label,), (place,))], read_request(text))
    assert bool(guarded.steps) == left


def test_reasons_are_given() -> None:
    guarded = guard_steps(COFFEE, read_request("Prepare coffee without opening the cupboard."))
    reasons = [item.reason for item in guarded.withheld]
    assert reasons == [DEPENDS, FORBIDDEN, *[DEPENDS] * 9]
    assert guarded.withheld[1].words == "without opening the cupboard"
    asked = guard_steps(EVENING, read_request("Is the window open?"))
    assert {item.reason for item in asked.withheld} == {QUESTION} and not asked.steps


def test_things_that_nobody_has_seen() -> None:
    guarded = guard_steps(COFFEE, read_request("Prepare coffee."))
    assert [step.index for step in guarded.steps if step.assumed] == [3]
    guarded = guard_steps(steps("pick mug?", "navigate_to fridge"), read_request("Take the mug."))
    assert [(item.reason, item.words) for item in guarded.withheld] == [(UNSEEN, "mug")]
    # to put something down on, to open or to switch off, it must have been seen
    hidden = steps("navigate_to cupboard", "open cupboard", "turn_off lamp?")
    assert kept(hidden, "Turn off the lamp.") == ["navigate_to cupboard", "open cupboard"]


def test_later_turns_do_what_no_earlier_one_forbade() -> None:
    earlier = read_request("Never close the window.").prohibitions
    assert kept(EVENING, "Close the window.", earlier=earlier)[:2] == [
        "navigate_to lamp",
        "turn_off lamp",
    ]


@pytest.mark.parametrize(
    ("label", "name", "expected"),
    [
        ("coffee table", "table", True), ("table", "coffee table", True), ("mug", "mugs", True),
        ("fridge", "fridge door", True), ("lamp", "lamp on the desk", True),
        ("desk", "lamp on the desk", True),  # generous
        ("mug", "laptop", False), ("冰箱", "电冰箱", True), ("櫃子", "柜子", True),
        ("水杯", "杯子", True), ("桌燈", "台灯", True), ("杯子", "柜子", False),
        ("cupboard", "柜子", False), ("", "mug", False),
    ],
)  # fmt: skip
def test_names(label: str, name: str, expected: bool) -> None:
    assert fits(label, name) == expected
