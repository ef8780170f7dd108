"""Answers as messages and back, and what a message may not hold."""

from __future__ import annotations

import math

import numpy as np
import pytest

pytest.importorskip("rclpy")

from geometry_msgs.msg import Point, Pose, Quaternion, Vector3
from hypothesis import given, settings
from hypothesis import strategies as st
from r1_ros.msg import GroundedObject, PlanStep

from r1_model.text.answer import LANGUAGES, TASKS, Answer, Box, Step
from r1_ros.messages.answers import (
    MAX_PLAN_STEPS,
    answer_message,
    box_from_message,
    object_message,
    point_and_size,
    step_from_message,
    step_message,
    steps_from_messages,
)
from r1_ros.runtime.errors import BadMessageError

_metres = st.floats(-50, 50, allow_nan=False)
_edge = st.floats(0, 20, allow_nan=False)
_label = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)
_boxes = st.builds(
    lambda center, size, label: Box(np.array(center), np.array(size), label, "", 0.5),
    st.tuples(_metres, _metres, _metres),
    st.tuples(_edge, _edge, _edge),
    _label,
)


def _same_box(a: Box, b: Box) -> bool:
    return (
        np.allclose(a.center, b.center)
        and np.allclose(a.size, b.size)
        and (a.label, a.description) == (b.label, b.description)
        and (a.score == pytest.approx(b.score) or math.isnan(a.score) and math.isnan(b.score))
    )


@settings(max_examples=30, deadline=None)
@given(_boxes)
def test_a_box_survives(box: Box) -> None:
    message = object_message(box, "o3")
    assert message.id == "o3" and message.pose.orientation.w == 1.0
    assert _same_box(box, box_from_message(message))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(_boxes, max_size=3), st.lists(_label.filter(bool), max_size=3), _label, st.booleans()
)
def test_a_step_survives(boxes: list[Box], labels: list[str], text: str, assumed: bool) -> None:
    step = Step(4, "place", tuple(labels), tuple(boxes) if labels else (), text, assumed)
    message = step_message(step, [f"o{n}" for n in range(len(step.boxes))])
    back = step_from_message(message)
    assert (back.index, back.action, back.labels, back.text) == (4, "place", step.labels, text)
    assert (message.assumed, back.assumed) == (assumed, assumed)
    assert all(_same_box(a, b) for a, b in zip(step.boxes, back.boxes, strict=True))


def _answer(**changes: object) -> Answer:
    values = {
        "raw": "<think>t</think><answer>a</answer>",
        "thinking": "t",
        "answer": "a",
        "task": "qa",
        "language": "en",
        "boxes": [Box(np.array([1.0, 2, 3]), np.array([0.5, 0.5, 1]), "mug")],
        "unread": ["<obj>"],
        "view_ids": [4, 2],
        "model": "r1-tiny",
        "trained": True,
        "first_token_seconds": 0.25,
        "total_seconds": 0.5,
    }
    return Answer(**(values | changes))


def _message(answer: Answer):
    return answer_message(
        answer,
        "where?",
        session_id="s",
        stamp=3_000_000_007,
        frame_id="map",
        object_ids=[f"o{n}" for n in range(len(answer.boxes))],
        step_ids=[[f"o{n}" for n in range(len(step.boxes))] for step in answer.steps],
    )


@pytest.mark.parametrize("task", TASKS)
def test_an_answer_survives(task: str) -> None:
    answer = _answer(task=task)
    message = _message(answer)
    assert (message.header.stamp.sec, message.header.stamp.nanosec) == (3, 7)
    assert (message.header.frame_id, message.session_id, message.question) == ("map", "s", "where?")
    for name in ("raw", "thinking", "answer", "task", "language", "unread", "model", "trained"):
        assert getattr(message, name) == getattr(answer, name), name
    assert list(message.view_ids) == answer.view_ids
    assert _same_box(box_from_message(message.objects[0]), answer.boxes[0])
    assert (message.first_token_seconds, message.total_seconds) == (0.25, 0.5)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_plan_never_claims_to_be_done(language: str) -> None:
    # the model opens with a claim, as the 3D-LLM dialogues it learned from do
    claim = "好的，我已經把檯燈關掉了。" if language != "en" else "Sure, I have turned it off."
    steps = [Step(1, "turn_off", ("lamp",), (), "Switch the lamp off.")]
    answer = _answer(
        answer=f"{claim}\n1. turn_off(lamp): x", steps=steps, language=language, task="dialogue"
    )
    message = _message(answer)
    assert claim not in message.answer and "1. Switch the lamp off." in message.answer
    assert any(word in message.answer for word in ("not carried out yet", "尚未執行", "尚未执行"))


def test_a_client_may_leave_arguments_out() -> None:
    target = GroundedObject(label="cupboard", size=Vector3(x=1.0, y=1.0, z=1.0))
    assert step_from_message(PlanStep(action="wait", object="kettle")).labels == ("kettle",)
    assert step_from_message(PlanStep(action="open", targets=[target])).labels == ("cupboard",)
    both = PlanStep(action="place", object="mug", targets=[target])
    assert step_from_message(both).labels == ("mug", "cupboard")


@pytest.mark.parametrize("yaw", [0.0, 0.3, -0.78])
def test_a_box_that_is_turned_comes_back_turned(yaw: float) -> None:
    box = Box(np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 0.5]), "table", yaw=yaw)
    back = box_from_message(object_message(box, "o1"))
    assert np.allclose(back.size, box.size) and back.yaw == pytest.approx(yaw)


def test_a_tilted_box_becomes_the_box_around_it() -> None:
    half = math.sqrt(0.5)
    message = GroundedObject(
        pose=Pose(orientation=Quaternion(x=half, w=half)), size=Vector3(x=2.0, y=1.0, z=0.5)
    )
    found = box_from_message(message)
    assert np.allclose(found.size, (2.0, 0.5, 1.0)) and found.yaw == 0


def test_a_quarter_turn_swaps_the_sides_of_a_box() -> None:
    half = math.sqrt(0.5)
    message = GroundedObject(
        pose=Pose(position=Point(x=1.0), orientation=Quaternion(z=half, w=half)),
        size=Vector3(x=2.0, y=1.0, z=0.5),
    )
    assert np.allclose(box_from_message(message).size, (1.0, 2.0, 0.5))


_NAN, _INF = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("pose", "size"),
    [
        (Pose(position=Point(x=_NAN)), Vector3()),
        (Pose(position=Point(z=_INF)), Vector3()),
        (Pose(orientation=Quaternion(w=0.0)), Vector3()),
        (Pose(orientation=Quaternion(x=_NAN)), Vector3()),
        (Pose(), Vector3(x=-1.0)),
        (Pose(), Vector3(y=_NAN)),
    ],
)
def test_what_is_no_box_is_refused(pose: Pose, size: Vector3) -> None:
    target = GroundedObject(label="mug", pose=pose, size=size)
    with pytest.raises(BadMessageError):
        box_from_message(target)
    with pytest.raises(BadMessageError, match="step 2"):
        steps_from_messages([PlanStep(), PlanStep(targets=[target])])


def test_points_are_boxes_without_size() -> None:
    box = point_and_size(Point(x=1.0, y=2.0, z=3.0), Vector3())
    assert box.center.tolist() == [1, 2, 3] and not box.size.any()
    with pytest.raises(BadMessageError, match="centre"):
        point_and_size(Point(x=_NAN), Vector3())


def test_a_plan_is_numbered_by_position_and_bounded() -> None:
    steps = steps_from_messages([PlanStep(index=9, action="wait"), PlanStep(index=9)])
    assert [step.index for step in steps] == [1, 2]
    with pytest.raises(BadMessageError, match=str(MAX_PLAN_STEPS)):
        steps_from_messages([PlanStep()] * (MAX_PLAN_STEPS + 1))


def test_what_else_was_asked_is_answered_below_the_plan() -> None:
    step = Step(1, "turn_off", ("lamp",), (), "Turn off the lamp.")
    answer = _answer(task="planning", steps=[step], said="The ball is green.")
    assert _message(answer).answer.splitlines()[-1] == "The ball is green."
