"""What scene_mapper listens to, and what it says about that on /diagnostics."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CompressedImage
from tf2_msgs.msg import TFMessage

from r1_ros.mapping import mapper_inputs
from r1_ros.nodes.scene_mapper import SceneMapper
from r1_ros.runtime.diagnostics import OK, WARN
from tests.ros import robot as views
from tests.ros.rig import Rig
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros


class CompressedCamera:
    """Publishes colour and depth compressed, and the camera info of the robot."""

    def __init__(self, rig: Rig) -> None:
        self._rig, node = rig, rig.robot.node
        self.color = node.create_publisher(CompressedImage, "color/image/compressed", 10)
        self.depth = node.create_publisher(CompressedImage, "depth/image/compressedDepth", 10)
        _, jpeg = cv2.imencode(".jpg", views.color_pixels()[..., ::-1])
        _, png = cv2.imencode(".png", np.full((48, 64), 1500, np.uint16))
        self._jpeg, self._png = jpeg.tobytes(), png.tobytes()

    def connected(self) -> bool:
        return all(p.get_subscription_count() for p in (self.color, self.depth))

    def alone(self) -> bool:
        return not any(p.get_subscription_count() for p in (self.color, self.depth))

    def frame(self) -> None:
        stamp = self._rig.next()
        header = views.header_message(stamp, views.OPTICAL)
        self._rig.robot.info.publish(views.camera_info(stamp))
        self.color.publish(CompressedImage(header=header, format="jpeg", data=self._jpeg))
        self.depth.publish(CompressedImage(header=header, format="16UC1; png", data=self._png))


@pytest.mark.parametrize("gone", [True, False])
def test_compressed_images_are_taken_again_when_raw_ones_stop(
    ros: Spinner, monkeypatch: pytest.MonkeyPatch, gone: bool
) -> None:
    """As when a second bag holds only those; raw topics may have a publisher that is silent."""
    monkeypatch.setattr(mapper_inputs, "_RAW_SILENT_S", 3600.0 if gone else 0.5)
    rig = Rig(ros)
    camera = CompressedCamera(rig)
    ros.until(camera.connected, "the compressed topics")
    rig.map_frames(2)
    ros.until(camera.alone, "the compressed topics are let go")
    if gone:
        for publisher in (rig.robot.color, rig.robot.depth):
            rig.robot.node.destroy_publisher(publisher)
    ros.until(camera.connected, "the compressed topics again")
    before = rig.number("depth", "integrated")
    for _ in range(2):
        camera.frame()
        ros.spin(0.02)
    rig.until_number("depth", "integrated", before + 2)
    assert rig.statuses.of("color")["message"] == "receiving"
    if not gone:
        rig.map_frames(1)
        ros.until(camera.alone, "raw images come again")
    rig.assert_accounted()


def test_compressed_images_are_left_alone_while_raw_ones_come(
    ros: Spinner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mapper_inputs, "_RAW_SILENT_S", 3600.0)
    rig = Rig(ros)
    camera = CompressedCamera(rig)
    ros.until(camera.connected, "the compressed topics")
    rig.map_frames(1)
    ros.until(camera.alone, "the compressed topics are let go")
    rig.mapper._inputs.listen()
    ros.spin(0.3)
    assert camera.alone()
    inputs = rig.mapper._inputs
    rig.mapper.trigger_deactivate()
    inputs.listen()  # a timer that was on its way
    assert not inputs._subscriptions


def test_a_qos_mismatch_is_named_with_both_policies(ros: Spinner, capfd) -> None:
    overrides = {"qos_overrides./color/image.subscription.reliability": "reliable"}
    mapper = ros.add(
        SceneMapper(
            parameter_overrides=[
                Parameter("diagnostics_period", value=0.1),
                *(Parameter(key, value=value) for key, value in overrides.items()),
            ]
        )
    )
    ros.until(lambda: mapper.is_active)
    robot = views.Robot(ros.add(Node("robot")), qos=views.BEST_EFFORT)
    ros.until(lambda: robot.statuses.of("color").get("qos_ok") == "false", "the mismatch")
    status = robot.statuses.of("color")
    assert "BEST_EFFORT" in status["message"] and "RELIABLE" in status["message"]
    assert robot.statuses.of("depth")["qos_ok"] == "true"
    log = capfd.readouterr().err
    assert "color/image" in log and "BEST_EFFORT" in log and "RELIABLE" in log


def test_a_silent_input_is_named(ros: Spinner) -> None:
    rig = Rig(ros)
    status = ros.until(lambda: rig.statuses.of("map"), "diagnostics")
    assert "nothing mapped so far" in status["message"]
    assert "color: a publisher, but no message so far" in status["message"]


def test_the_status_of_the_map_is_that_of_the_map(ros: Spinner, tmp_path) -> None:
    """Not that of the inputs since the start: after a reset it is empty, after a load it is not."""
    rig = Rig(ros, snapshot_directory=str(tmp_path))

    def until(level: bytes, words: str) -> None:
        def says() -> bool:
            status = rig.statuses.of("map")
            return bool(status) and status["level"] == level and words in status["message"]

        ros.until(says, f"{words}, is {rig.statuses.of('map')}")

    until(WARN, "nothing mapped so far")
    rig.map_frames(2)
    rig.save("wall")
    until(OK, "1 keyframes")
    rig.reset()
    until(WARN, "nothing mapped so far")
    points = rig.load("wall").points
    until(OK, f"1 keyframes, 0 blocks, {points} other points")
    rig.reset()
    rig.robot.points.publish(views.cloud(rig.next(), np.full((5, 3), 1.0)))
    until(OK, "0 keyframes, 0 blocks, 1 other points")


def test_losses_are_those_of_all_subscriptions_of_an_input(ros: Spinner) -> None:
    """Raw and compressed ones each count from zero, and again when they are made anew."""
    rig = Rig(ros)

    def lose(how: str, total: int, change: int) -> None:
        events = rig.mapper._inputs._events("color", "color/image", how)
        events.message_lost(SimpleNamespace(total_count=total, total_count_change=change))

    lose("raw", 3, 3)
    lose("compressed", 1, 1)
    lose("raw", 5, 2)
    lose("compressed", 2, 2)
    assert rig.number("color", "lost_in_transport") == 8
    assert rig.number("depth", "lost_in_transport") == 0


def test_transforms_that_cannot_be_heard_are_in_the_diagnostics(ros: Spinner) -> None:
    rig = Rig(ros, static=False)
    volatile = rig.robot.node.create_publisher(TFMessage, "/tf_static", 10)
    ros.until(lambda: "/tf_static" in rig.statuses.of("map").get("unheard_transforms", ""), "it")
    said = rig.statuses.of("map")
    assert said["level"] == WARN and "durability" in said["message"]
    rig.robot.node.destroy_publisher(volatile)
    ros.until(lambda: not rig.statuses.of("map").get("unheard_transforms"), "the end of it")
