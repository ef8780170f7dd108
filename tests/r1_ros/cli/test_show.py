"""Answers on a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

pytest.importorskip("r1_ros.msg")

from r1_ros.msg import GroundedObject, PlanStep, SceneAnswer  # noqa: E402

from r1_ros.cli.show import show_answer, step_text  # noqa: E402


def shown(answer: SceneAnswer) -> str:
    console = Console(file=io.StringIO(), width=120)
    show_answer(console, answer)
    return console.file.getvalue()


def test_boxes_of_the_grid_are_not_for_people() -> None:
    chairs = "chairs <obj>1, 2, 3, 4, 5, 6</obj>, <obj>1, 2, 3, 4, 5, 6</obj>: two"
    answer = SceneAnswer(
        task="qa", answer="[two]", thinking=f"table <obj>1, 2, 3, 4, 5, 6</obj>, {chairs}"
    )
    lines = shown(answer).splitlines()
    assert lines[:2] == ["table, chairs: two", "[two]"]
    assert "The weights are random" in lines[-1]


def test_a_chinese_list_of_boxes_leaves_no_marks_behind() -> None:
    box = "<obj>1, 2, 3, 4, 5, 6</obj>"
    chairs = f"桌子 {box}、椅子 {box}、{box}、{box}：三把"
    lines = shown(SceneAnswer(task="qa", answer="三把", thinking=chairs)).splitlines()
    assert lines[0] == "桌子、椅子：三把"


def test_described_objects_are_said_once() -> None:
    lamp = GroundedObject(id="o1", label="lamp", description="A black lamp.")
    text = shown(
        SceneAnswer(
            task="dense_caption", answer="lamp: A black lamp.", objects=[lamp], trained=True
        )
    )
    assert text.count("A black lamp.") == 1 and "centre [m]" in text and "size [m]" in text
    text = shown(SceneAnswer(task="dense_caption", answer="An empty room.", trained=True))
    assert "An empty room." in text and "random" not in text


def test_a_step_says_when_nobody_has_seen_its_object() -> None:
    step = PlanStep(index=4, action="pick", arguments=["mug"], text="Take the mug.")
    assert step_text(step) == "4. pick(mug): Take the mug."
    step.assumed = True
    assert step_text(step) == "4. pick(mug): Take the mug. (nobody has seen it yet)"
