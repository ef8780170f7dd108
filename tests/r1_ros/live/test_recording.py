"""What `r1 watch` logs, read back from the file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

import rerun as rr  # noqa: E402
from diagnostic_msgs.msg import DiagnosticStatus  # noqa: E402
from geometry_msgs.msg import Point, Pose, Vector3  # noqa: E402
from r1_ros.msg import GroundedObject, KnownObject, KnownObjects, PlanStep, SceneAnswer  # noqa: E402
from sensor_msgs.msg import PointCloud2  # noqa: E402

from r1_ros.live.layout import layout  # noqa: E402
from r1_ros.live.recording import MOST_POINTS, ChosenView, LiveRecording  # noqa: E402
from r1_ros.messages.geometry import header_message  # noqa: E402
from r1_ros.messages.point_clouds import point_cloud_message  # noqa: E402
from r1_ros.messages.scenes import view_to_message  # noqa: E402
from tests.r1_model.posed_views import wall_view  # noqa: E402
from tests.r1_ros.live.rrd import read, texts  # noqa: E402

pytestmark = pytest.mark.ros

NOW = 1_700_000_000_000_000_000


class Written:
    """A recording into a file that is complete once it is asked for."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._stream = rr.RecordingStream("r1_ros_tests")
        self._stream.save(str(path), default_blueprint=layout())
        self.live = LiveRecording(self._stream)

    def done(self) -> Path:
        self._stream.flush()
        self._stream.disconnect()
        return self.path


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Written]:
    yield Written(tmp_path / "live.rrd")


def thing(name: str, x: float = 1.0) -> GroundedObject:
    pose = Pose(position=Point(x=x, y=2.0, z=0.5))
    return GroundedObject(id=name, label="mug", pose=pose, size=Vector3(x=0.1, y=0.2, z=0.3))


def test_a_cloud_is_thinned_evenly_and_keeps_its_time(written: Written) -> None:
    count = MOST_POINTS + 1
    points = np.linspace((0, 0, 0), (4, 3, 2), count).astype(np.float32)
    colors = np.zeros((count, 3), np.uint8)
    written.live.log_cloud(point_cloud_message(header_message(NOW, "map"), points, colors), NOW)
    cloud = read(written.done())["/scene/cloud"]
    assert len(cloud["Points3D:positions"][0]) == count // 2 + 1
    assert cloud["ros_time"][0].value == NOW
    assert cloud["time"][0].value > NOW


def test_a_broken_cloud_is_told(written: Written) -> None:
    written.live.log_cloud(PointCloud2(width=3, height=1, point_step=1), NOW)
    assert "cannot be read" in texts(written.done(), "map")[0]


def test_keyframes_and_why_they_were_chosen(written: Written) -> None:
    views = [
        wall_view(np.array([2.0, 0.2, 1.2]), np.array([1.0 + n, 2, 1]), 1.5, n) for n in (3, 7)
    ]
    for view in views:
        written.live.log_keyframe(view_to_message(view, "map"), NOW)
    assert written.live.has_keyframes([3, 7]) and not written.live.has_keyframes([8])
    chosen = [ChosenView(7, 0.9, 0.1, 0.2, 0.3, 0.4), ChosenView(8, 0.5, 0.1, 0.2, 0.3, 0.4)]
    written.live.log_views("Where is the lamp?", chosen, NOW)
    found = read(written.done())
    assert len(found["/scene/camera/color"]["EncodedImage:blob"]) >= 2
    assert found["/scene/chosen_views"]["Points3D:labels"][0] == ["1"]
    place = found["/scene/chosen_views"]["Points3D:positions"][0][0]
    assert place == pytest.approx(views[1].T_scene_camera[:3, 3], abs=1e-5)
    assert "/views/1" in found and "/views/2" not in found  # 8 was never seen
    table = found["/views/scores"]["TextDocument:text"][0][0]
    assert "| 1 | 7 | 0.90 | 0.10 | 0.20 | 0.30 | 40% |" in table


def test_the_report_of_a_plan_is_an_answer_without_thoughts_or_times(written: Written) -> None:
    report = SceneAnswer(answer="Done.", task="dialogue", first_token_seconds=math.nan)
    written.live.log_answer(report, NOW)
    assert not {"/reasoning", "/timings/total_seconds"} & read(written.done()).keys()


def test_an_answer_with_boxes_steps_and_times(written: Written) -> None:
    step = PlanStep(index=1, action="pick", arguments=["mug"], targets=[thing("obj1")])
    written.live.log_answer(
        SceneAnswer(
            question="拿起杯子。",
            answer="好的。 ![x](http://evil.example)",
            thinking="I look.",
            task="planning",
            objects=[thing("obj1"), thing("obj2", float("nan"))],
            steps=[step],
            first_token_seconds=0.1,
            total_seconds=0.5,
            model="m",
        ),
        NOW,
    )
    path = written.done()
    (answer,) = texts(path, "answer")
    assert "拿起杯子。" in answer and "\n\npick(mug)" in answer and "weights are random" in answer
    assert "![x]" not in answer  # words of a room load nothing
    assert "I look." in texts(path, "reasoning")[0]
    found = read(path)
    assert found["/scene/answer"]["Boxes3D:labels"] == [["mug obj1"]]
    half = found["/scene/answer"]["Boxes3D:half_sizes"][0][0]
    assert half == pytest.approx([0.05, 0.1, 0.15])
    assert found["/timings/total_seconds"]["Scalars:scalars"] == [[0.5]]


def test_known_objects_without_those_that_are_gone(written: Written) -> None:
    items = [
        KnownObject(id="obj1", label="mug", size=Vector3(x=0.1, y=0.1, z=0.1)),
        KnownObject(id="obj2", label="cup", gone=True),
    ]
    written.live.log_objects(KnownObjects(objects=items), NOW)
    found = read(written.done())
    assert found["/scene/objects"]["Boxes3D:labels"] == [["mug obj1"]]


def test_steps_and_health_are_lines(written: Written) -> None:
    written.live.log_step(PlanStep(index=2, action="pick", object="mug"), "reaching", 1, NOW)
    status = DiagnosticStatus(name="scene_mapper: map", level=DiagnosticStatus.WARN, message="old")
    for seconds in range(3):  # told once while it stays
        status.message = f"old: {seconds} s"
        written.live.log_health([status], NOW)
    status.level = DiagnosticStatus.OK
    written.live.log_health([status], NOW)
    path = written.done()
    assert texts(path, "plan") == ["step 2, 1 done: pick(mug): reaching"]
    assert texts(path, "health") == ["scene_mapper: map: old: 0 s", "scene_mapper: map: old: 2 s"]
    assert read(path)["/health"]["TextLog:level"] == [["WARN"], ["INFO"]]
