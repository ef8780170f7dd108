"""scene_mapper under bad input of every kind, one after the other, on one map that must survive."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import rclpy
from r1_ros.msg import ErrorCode
from rclpy.executors import SingleThreadedExecutor

from tests.ros import robot as views
from tests.ros.rig import Rig
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    """One mapper for all kinds of bad input: it must survive them one after the other."""
    rclpy.init()
    spinner = Spinner(SingleThreadedExecutor())
    rig = Rig(spinner)
    rig.map_frames(3)
    yield rig
    spinner.close()
    rclpy.try_shutdown()


def other_size(stamp: int):
    return {"depth": views.image(stamp, "16UC1", np.full((24, 32), 1500, np.uint16))}


def unknown_encoding(stamp: int):
    return {"color": views.image(stamp, "hexachrome", views.color_pixels())}


def depth_as_color(stamp: int):
    return {"depth": views.image(stamp, "rgb8", views.color_pixels())}


def truncated(stamp: int):
    message = views.depth(stamp)
    message.data = message.data[:1000]
    return {"depth": message}


def giant(stamp: int):
    message = views.color(stamp)
    message.width = message.height = message.step = 2**32 - 1
    return {"color": message}


def zero_size(stamp: int):
    message = views.color(stamp)
    message.width = message.height = message.step = 0
    return {"color": message}


def zero_info(stamp: int):
    message = views.camera_info(stamp)
    message.k, message.p = np.zeros(9), np.zeros(12)
    return {"info": message}


def nan_info(stamp: int):
    message = views.camera_info(stamp)
    message.k = np.full(9, np.nan)
    return {"info": message}


def other_info(stamp: int):
    message = views.camera_info(stamp)
    message.width = 1920
    return {"info": message}


def invalid_depth(stamp: int):
    return {"depth": views.image(stamp, "32FC1", np.full((48, 64), np.nan, np.float32))}


def too_long(stamp: int):
    """An image with distortion that OpenCV refuses to undistort."""
    info = views.camera_info(stamp)
    info.width, info.height, info.d = 33_000, 8, [0.1, 0.0, 0.0, 0.0, 0.0]
    return {
        "info": info,
        "color": views.image(stamp, "rgb8", np.zeros((8, 33_000, 3), np.uint8)),
        "depth": views.image(stamp, "16UC1", np.full((8, 33_000), 1500, np.uint16)),
    }


def no_lens(stamp: int):
    message = views.camera_info(stamp)
    message.k = np.diag([1e-30, 1e-30, 1.0]).reshape(-1)
    return {"info": message}


def unregistered(stamp: int):
    pixels = np.full((48, 64), 1500, np.uint16)
    return {"depth": views.image(stamp, "16UC1", pixels, frame="infra_optical_frame")}


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (other_size, "sizes differ"),
        (unknown_encoding, "unknown encoding"),
        (depth_as_color, "unknown encoding"),
        (truncated, "truncated data"),
        (giant, "truncated data"),
        (zero_size, "bad image size"),
        (zero_info, "uncalibrated camera"),
        (nan_info, "bad camera info"),
        (other_info, "sizes differ"),
        (invalid_depth, "no valid depth"),
        (too_long, "bad image size"),
        (no_lens, "bad camera info"),
        (unregistered, "depth is not registered to colour"),
    ],
)
def test_bad_frames_are_counted_and_leave_the_map_alone(rig: Rig, bad, reason: str) -> None:
    before = rig.get_scene()
    dropped = rig.number("color", f"dropped: {reason}")
    stamp = rig.next()
    rig.robot.frame(stamp, **bad(stamp))
    rig.until_number("color", f"dropped: {reason}", dropped + 1)
    assert rig.get_scene(known_revision=before.revision).unchanged
    rig.map_frames(1)
    rig.assert_accounted()


@pytest.mark.parametrize(
    "damage",
    [
        lambda t: setattr(t.transform.translation, "x", float("nan")),
        lambda t: setattr(t.transform.rotation, "w", float("inf")),
        lambda t: [setattr(t.transform.rotation, axis, 5e-324) for axis in "xyzw"],
        lambda t: setattr(t, "child_frame_id", ""),
        lambda t: setattr(t, "child_frame_id", "map"),
    ],
)
def test_bad_transforms_are_counted_and_not_used(rig: Rig, damage) -> None:
    before = rig.number("map", "bad_transforms")
    transform = views.camera_pose(rig.stamp)
    damage(transform)
    rig.robot.tf.publish(views.TFMessage(transforms=[transform]))
    rig.until_number("map", "bad_transforms", before + 1)
    rig.map_frames(1)


def test_zero_stamps_are_dropped(rig: Rig) -> None:
    dropped = rig.number("color", "dropped: zero stamp")
    rig.robot.color.publish(views.color(0))
    rig.until_number("color", "dropped: zero stamp", dropped + 1)
    rig.assert_accounted()


@pytest.mark.parametrize("fields", ["none", "outside", "truncated"])
def test_bad_clouds_are_counted(rig: Rig, fields: str) -> None:
    before = rig.number("points", "dropped")
    message = views.cloud(rig.next(), np.ones((20, 3)))
    if fields == "none":
        message.fields = []
    elif fields == "outside":
        message.fields[2].offset = 4000
    else:
        message.data = message.data[:50]
    rig.robot.points.publish(message)
    rig.until_number("points", "dropped", before + 1)
    rig.map_frames(1)
    rig.assert_accounted()


def test_a_transform_that_is_far_off_leaves_a_map_that_can_be_read(rig: Rig) -> None:
    clouds = rig.number("points", "integrated")
    rig.robot.points.publish(views.cloud(rig.next(), np.full((5, 3), 1.0)))
    rig.until_number("points", "integrated", clouds + 1)
    T = np.eye(4)
    T[:3, 3] = 9e4
    far = views.transform_message(0, "map", "far", T)
    rig.robot.tf_static.publish(views.TFMessage(transforms=[far]))
    rig.ros.until(lambda: "far" in rig.mapper._buffer.frames(), "the transform")
    before = rig.number("color", "integrated")
    for _ in range(3):
        stamp = rig.next()
        messages = {"color": views.color(stamp), "depth": views.depth(stamp)}
        messages["info"] = views.camera_info(stamp)
        for message in messages.values():
            message.header.frame_id = "far"
        rig.robot.frame(stamp, **messages)
    rig.until_number("color", "integrated", before + 3)
    assert rig.get_scene().error_code == ErrorCode.NONE
    rig.map_frames(1)
    rig.reset()
    rig.map_frames(3)


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "x" * 65, "naïve", "a\n"])
def test_names_are_never_paths(rig: Rig, name: str) -> None:
    before = rig.get_scene()
    for response in (rig.save(name), rig.load(name)):
        assert response.error_code == ErrorCode.INVALID_NAME and response.error_msg
    assert rig.get_scene(known_revision=before.revision).unchanged
