"""Answers as RViz markers and as detections."""

from __future__ import annotations

import sys
import types

import pytest

pytest.importorskip("visualization_msgs")

from geometry_msgs.msg import Point, Pose, PoseWithCovariance, Vector3
from r1_ros.msg import GroundedObject, PlanStep, SceneAnswer
from std_msgs.msg import Header
from visualization_msgs.msg import Marker

from r1_ros.messages.detections import detection_type, detections_message
from r1_ros.messages.markers import answer_markers, object_color

_NAN = float("nan")


def _object(name: str, x: float = 0.0, size: float = 1.0, label: str = "mug") -> GroundedObject:
    return GroundedObject(
        id=name,
        label=label,
        pose=Pose(position=Point(x=x, z=0.5)),
        size=Vector3(x=size, y=size, z=size),
        score=_NAN,
    )


def _answer(*objects: GroundedObject, steps: tuple[PlanStep, ...] = ()) -> SceneAnswer:
    header = Header(frame_id="map")
    return SceneAnswer(header=header, objects=list(objects), steps=list(steps))


def test_the_boxes_of_the_answer_before_are_deleted_first() -> None:
    markers = answer_markers(_answer()).markers
    assert [marker.action for marker in markers] == [Marker.DELETEALL]
    assert markers[0].header.frame_id == "map"


def test_boxes_and_names() -> None:
    markers = answer_markers(_answer(_object("o1"), _object("o2", 3.0, label=""))).markers
    assert [marker.action for marker in markers] == [Marker.DELETEALL] + [Marker.ADD] * 3
    box, text, _ = markers[1:]
    assert (box.type, box.ns, box.scale.x, box.color.a) == (Marker.CUBE, "boxes", 1.0, 0.35)
    assert text.type == Marker.TEXT_VIEW_FACING and text.text == "mug [o1]"
    assert text.pose.position.z > 1.0 and text.scale.z > 0 and text.color.a == 1.0
    keys = [(marker.ns, marker.id) for marker in markers[1:]]
    assert len(set(keys)) == len(keys)
    for marker in markers:
        assert (marker.lifetime.sec, marker.lifetime.nanosec) == (0, 0)
        assert marker.header.frame_id == "map"


def test_what_has_no_volume_is_still_seen() -> None:
    ball = answer_markers(_answer(_object("o1", size=0.0))).markers[1]
    assert ball.type == Marker.SPHERE and ball.scale.x > 0
    flat = _object("o1")
    flat.size.z = 0.0
    sheet = answer_markers(_answer(flat)).markers[1]
    assert sheet.type == Marker.CUBE and sheet.scale.z > 0


def test_what_has_no_place_is_left_out() -> None:
    assert len(answer_markers(_answer(_object("o1", _NAN))).markers) == 1
    assert len(answer_markers(_answer(_object("o1", size=float("inf")))).markers) == 1


def test_a_plan_is_numbered_arrows_from_object_to_object() -> None:
    cupboard, mug, table = _object("o1"), _object("o2", 1.0), _object("o3", 4.0)
    steps = (
        PlanStep(index=1, action="navigate_to", targets=[cupboard]),
        PlanStep(index=2, action="open", targets=[cupboard]),
        PlanStep(index=3, action="pick", targets=[mug]),
        PlanStep(index=4, action="wait"),
        PlanStep(index=5, action="place", targets=[mug, table]),
        PlanStep(index=6, action="close", targets=[cupboard]),
    )
    markers = answer_markers(_answer(cupboard, steps=steps)).markers
    boxes = [marker for marker in markers if marker.ns == "boxes"]
    assert len(boxes) == 3  # each object once, also those that only the plan names
    plan = [marker for marker in markers if marker.ns == "plan"]
    texts = [marker for marker in plan if marker.type == Marker.TEXT_VIEW_FACING]
    assert [marker.text for marker in texts] == ["1, 2", "3", "5", "6"]
    assert texts[3].pose.position.z > texts[0].pose.position.z  # the second visit stands above
    arrows = [marker for marker in plan if marker.type == Marker.ARROW]
    assert [(a.points[0].x, a.points[1].x) for a in arrows] == [(0, 1), (1, 4), (4, 0)]
    assert len({(marker.ns, marker.id) for marker in markers[1:]}) == len(markers) - 1


def test_an_object_keeps_its_colour() -> None:
    def rgb(name: str) -> tuple[float, float, float]:
        color = object_color(name)
        return (color.r, color.g, color.b)

    assert rgb("o7") == rgb("o7")
    assert len({rgb(f"o{number}") for number in range(20)}) == 20
    assert all(0 <= value <= 1 for value in rgb("no number"))


def _vision_msgs() -> types.ModuleType:
    """The fields of vision_msgs 4 that detections use; anything else is an AttributeError."""

    def record(name: str, **fields) -> type:
        def make(self) -> None:
            for field, kind in fields.items():
                setattr(self, field, kind())

        return type(name, (), {"__slots__": tuple(fields), "__init__": make})

    module = types.ModuleType("vision_msgs.msg")
    hypothesis = record("ObjectHypothesis", class_id=str, score=float)
    bbox = record("BoundingBox3D", center=Pose, size=Vector3)
    module.ObjectHypothesisWithPose = record(
        "ObjectHypothesisWithPose", hypothesis=hypothesis, pose=PoseWithCovariance
    )
    module.Detection3D = record("Detection3D", header=Header, id=str, results=list, bbox=bbox)
    module.Detection3DArray = record("Detection3DArray", header=Header, detections=list)
    return module


def test_detections_where_vision_msgs_is_installed(monkeypatch) -> None:
    if detection_type() is None:
        monkeypatch.setitem(sys.modules, "vision_msgs.msg", _vision_msgs())
        monkeypatch.setitem(sys.modules, "vision_msgs", types.ModuleType("vision_msgs"))
    scored = _object("o2", 2.0)
    scored.score = 0.5
    array = detections_message(_answer(_object("o1"), scored))
    assert array.header.frame_id == "map"
    assert [detection.id for detection in array.detections] == ["o1", "o2"]
    (first,), (second,) = (detection.results for detection in array.detections)
    assert (first.hypothesis.class_id, first.hypothesis.score) == ("mug", 1.0)
    assert second.hypothesis.score == pytest.approx(0.5)
    assert second.pose.pose.position.x == array.detections[1].bbox.center.position.x == 2.0
    assert array.detections[0].bbox.size.x == 1.0


def test_without_vision_msgs_there_are_no_detections(monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "vision_msgs.msg", None)
    assert detection_type() is None
