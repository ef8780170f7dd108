"""Answers as plain data for browsers and agents."""

from __future__ import annotations

import json

import pytest
from geometry_msgs.msg import Point, Pose, Vector3

pytest.importorskip("r1_ros.msg")

from r1_ros.msg import GroundedObject, PlanStep, SceneAnswer  # noqa: E402

from r1_ros.messages.plain import answer_data, visible_text  # noqa: E402


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("檯燈 in the café\n1. ½ m", "檯燈 in the café\n1. ½ m"),
        ("\x1b[2Jlamp\x00", "[2Jlamp"),  # a terminal's commands
        ("la\u200bmp\ufeff", "lamp"),  # zero width
        ("\u202epmal\u2066", "pmal"),  # direction
        ("lamp\U000e0041\U000e007f", "lamp"),  # tags: invisible letters
        ("a\ud800b", "ab"),  # half a character, which no JSON holds
        ("", ""),
    ],
)
def test_only_what_a_person_sees_is_kept(text: str, seen: str) -> None:
    assert visible_text(text) == seen


def test_long_texts_are_cut() -> None:
    assert visible_text("x" * 10, 3) == "xxx"
    assert len(visible_text("x" * 1_000_000)) == 20_000


def test_an_answer_becomes_json() -> None:
    lamp = GroundedObject(
        id="lamp_1",
        label="la\u200bmp",
        pose=Pose(position=Point(x=1.0, y=2.0, z=float("nan"))),
        size=Vector3(x=0.2, y=0.3, z=0.4),
        score=float("nan"),
    )
    step = PlanStep(index=1, action="pick", object="lamp", arguments=["lamp"], targets=[lamp])
    data = answer_data(SceneAnswer(answer="Here.", objects=[lamp], steps=[step], view_ids=[3, 7]))
    assert json.loads(json.dumps(data, allow_nan=False)) == data
    assert data["objects"][0]["center"] == [1.0, 2.0, None]
    assert (data["objects"][0]["label"], data["objects"][0]["score"]) == ("lamp", None)
    assert data["steps"][0]["targets"] == data["objects"] and data["view_ids"] == [3, 7]
