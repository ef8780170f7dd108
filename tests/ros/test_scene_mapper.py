"""scene_mapper with real topics and services, in the test's process."""

from __future__ import annotations

import gc
import weakref

import cv2
import numpy as np
import pytest
from builtin_interfaces.msg import Time
from r1_ros.msg import ErrorCode, SceneView
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, PointCloud2
from std_srvs.srv import Trigger

from r1_model.geometry.poses import pose_matrix
from r1_ros.messages.scenes import scene_from_response
from r1_ros.runtime import diagnostics
from r1_ros.runtime.diagnostics import OK, WARN
from tests.ros import robot as views
from tests.ros.rig import STEP, Rig
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def test_a_wall_is_mapped_where_it_is(ros: Spinner) -> None:
    rig = Rig(ros)
    keyframes: list[SceneView] = []
    rig.robot.node.create_subscription(
        SceneView, "scene_mapper/keyframes", keyframes.append, QoSProfile(depth=10)
    )
    ros.until(lambda: rig.mapper.count_subscribers("/scene_mapper/keyframes"))
    rig.map_frames(3)
    response = rig.get_scene()
    scene = scene_from_response(response)
    assert response.error_code == ErrorCode.NONE and scene.frame_id == "map"
    assert len(scene.points) > 500
    np.testing.assert_allclose(scene.points[:, 0], views.WALL_M, atol=2e-3)
    assert scene.stamp == rig.stamp and len(scene.views) == 1
    view = scene.views[0]
    np.testing.assert_allclose(view.T_scene_camera, views.T_MAP_OPTICAL, atol=1e-12)
    ros.until(lambda: keyframes, "the keyframe")
    assert keyframes[0].id == view.id == 0
    assert rig.get_scene(known_revision=response.revision).unchanged
    thinned = rig.get_scene(max_points=100)
    assert thinned.cloud.width == 100 and not thinned.unchanged
    rig.assert_accounted()


def test_compressed_images_are_mapped_the_same(ros: Spinner) -> None:
    rig = Rig(ros)
    color_pub = rig.robot.node.create_publisher(CompressedImage, "color/image/compressed", 10)
    depth_pub = rig.robot.node.create_publisher(CompressedImage, "depth/image/compressedDepth", 10)
    ros.until(lambda: color_pub.get_subscription_count() and depth_pub.get_subscription_count())
    _, jpeg = cv2.imencode(".jpg", views.color_pixels()[..., ::-1])
    _, png = cv2.imencode(".png", np.full((48, 64), 1500, np.uint16))
    for _ in range(2):
        stamp = rig.next()
        header = views.header_message(stamp, views.OPTICAL)
        rig.robot.info.publish(views.camera_info(stamp))
        color_pub.publish(CompressedImage(header=header, format="jpeg", data=jpeg.tobytes()))
        depth_pub.publish(
            CompressedImage(
                header=header, format="16UC1; compressedDepth png", data=bytes(12) + png.tobytes()
            )
        )
    rig.until_number("depth", "integrated", 2)
    points = scene_from_response(rig.get_scene()).points
    np.testing.assert_allclose(points[:, 0], views.WALL_M, atol=2e-3)


def test_metres_and_millimetres_give_the_same_map(ros: Spinner) -> None:
    rig = Rig(ros)
    metres = np.full((48, 64), 1.5, np.float32)
    metres[:2] = (np.nan,)
    metres[2:4] = np.inf
    metres[4:6] = -np.inf
    for _ in range(2):
        stamp = rig.next()
        rig.robot.frame(stamp, depth=views.image(stamp, "32FC1", metres))
    rig.until_number("depth", "integrated", 2)
    points = scene_from_response(rig.get_scene()).points
    assert len(points) > 400
    np.testing.assert_allclose(points[:, 0], views.WALL_M, atol=2e-3)


def test_a_robot_with_point_clouds_only_is_mapped(ros: Spinner) -> None:
    rig = Rig(ros)
    rng = np.random.default_rng(0)
    wall = np.concatenate([rng.uniform(-1, 1, (3000, 2)), np.full((3000, 1), 2.0)], -1)
    wall[:10] = np.nan
    wall[10:20, 1] = np.inf
    rig.robot.points.publish(views.cloud(rig.next(), wall))
    rig.until_number("points", "integrated", 1)
    scene = scene_from_response(rig.get_scene())
    np.testing.assert_allclose(scene.points[:, 0], 2.0, atol=1e-5)
    assert (scene.colors == (10, 200, 30)).all() and len(scene.points) > 1500
    rig.robot.points.publish(views.cloud(rig.next(), np.full((5, 3), np.nan)))
    rig.until_number("points", "dropped: no valid points", 1)
    rig.assert_accounted()


def test_frames_wait_for_their_transform_without_blocking(ros: Spinner) -> None:
    """tf arrives after the images, interpolated; one that never comes is dropped in time."""
    rig = Rig(ros, static=False, tf_timeout=5.0)
    rig.robot.pose(views.START)
    stamp = views.START + STEP // 2
    rig.robot.frame(stamp)
    rig.until_number("color", "received", 1)
    assert rig.number("color", "pending") == 1
    moved = pose_matrix([0.2, 0, 1.0], [-0.5, 0.5, -0.5, 0.5])
    rig.robot.pose(views.START + STEP, moved)
    rig.until_number("color", "integrated", 1)
    view = scene_from_response(rig.get_scene()).views[0]
    np.testing.assert_allclose(view.T_scene_camera[:3, 3], [0.1, 0, 1.0], atol=1e-9)


def test_tf_that_never_comes_is_counted_and_bounded(ros: Spinner) -> None:
    rig = Rig(ros, static=False, tf_timeout=0.4, max_waiting_frames=3)
    for _ in range(5):
        rig.robot.frame(rig.next())
    rig.until_number("color", "dropped", 5)
    assert rig.number("color", "dropped: no transform in time") == 3
    assert rig.number("color", "dropped: too many frames wait for their transform") == 2
    assert views.OPTICAL in rig.statuses.of("color")["last_drop_reason"]
    rig.assert_accounted()
    rig.robot.static_pose()
    ros.until(lambda: rig.mapper._buffer.frames())
    rig.map_frames(2)


@pytest.mark.parametrize("reset", [False, True])
def test_stamps_that_jump_back(ros: Spinner, reset: bool) -> None:
    rig = Rig(ros, jump_back_reset=reset)
    rig.map_frames(3)
    before = rig.get_scene()
    rig.robot.frame(rig.next())  # moved on before the loop begins
    rig.until_number("color", "integrated", 4)
    rig.stamp = views.START - 3600 * 10**9
    rig.robot.frame(rig.next(), metres=2.5)
    rig.until_number("color", "integrated", 5)
    rig.robot.frame(rig.next(), metres=2.5)
    rig.until_number("color", "integrated", 6)
    after = scene_from_response(rig.get_scene())
    old_wall = np.abs(after.points[:, 0] - views.WALL_M) < 0.05
    assert old_wall.any() != reset
    assert (np.abs(after.points[:, 0] - 2.5) < 0.05).any()
    assert before.revision < rig.get_scene().revision
    rig.assert_accounted()


def test_simulated_time_that_stands_still_is_named(
    ros: Spinner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "_SILENT_S", 0.5)
    rig = Rig(ros, use_sim_time=True)

    def says(words: str) -> None:
        ros.until(lambda: words in rig.statuses.of("clock").get("message", ""), words)

    says("nothing came on /clock")
    clock = rig.robot.node.create_publisher(Clock, "/clock", 10)
    ros.until(clock.get_subscription_count)
    for second in range(1, 4):
        clock.publish(Clock(clock=Time(sec=second)))
        ros.until(lambda second=second: rig.mapper.get_clock().now().nanoseconds == second * 10**9)
    says("follows /clock")
    assert rig.statuses.of("clock")["level"] == OK
    says("/clock has stood still for")
    assert rig.statuses.of("clock")["level"] == WARN
    rig.map_frames(2)


def test_simulated_time_that_never_begins_stops_nothing(ros: Spinner) -> None:
    rig = Rig(ros, static=False, use_sim_time=True, tf_timeout=0.2, cloud_period=0.1)
    clouds: list[PointCloud2] = []
    rig.robot.node.create_subscription(PointCloud2, "scene_mapper/cloud", clouds.append, LATCHED)
    rig.robot.frame(rig.next())
    rig.until_number("color", "dropped: no transform in time", 1)
    rig.robot.static_pose()
    ros.until(lambda: rig.mapper._buffer.frames())
    rig.map_frames(2)
    ros.until(lambda: clouds and clouds[-1].width > 0, "the cloud")


def test_two_namespaces_do_not_hear_each_other(ros: Spinner) -> None:
    one, two = Rig(ros, namespace="one"), Rig(ros, namespace="two")
    one.map_frames(3)
    assert two.number("color", "received") == 0
    assert two.get_scene().error_code == ErrorCode.EMPTY_SCENE
    assert one.get_scene().error_code == ErrorCode.NONE


def test_deactivate_and_activate_keep_the_map(ros: Spinner) -> None:
    rig = Rig(ros)
    rig.map_frames(3)
    before = rig.get_scene()
    rig.mapper.trigger_deactivate()
    assert rig.get_scene().error_code == ErrorCode.INACTIVE
    rig.robot.frame(rig.next())
    ros.spin(0.2)
    rig.mapper.trigger_activate()
    ros.until(rig.robot.connected)
    assert rig.get_scene(known_revision=before.revision).unchanged
    rig.robot.static_pose()
    rig.map_frames(1)


def test_cleanup_lets_the_map_go(ros: Spinner) -> None:
    """At once: its memory must not wait for a garbage collection."""
    rig = Rig(ros)
    rig.map_frames(3)
    rig.get_scene()
    gc.collect()
    gc.disable()
    try:
        volume = weakref.ref(rig.mapper._map._volume)
        rig.mapper.trigger_deactivate()
        rig.mapper.trigger_cleanup()
        ros.until(lambda: volume() is None, "the map is let go", seconds=5.0)
    finally:
        gc.enable()


def test_a_full_map_keeps_what_it_has(ros: Spinner) -> None:
    rig = Rig(ros, max_blocks=100)
    rig.robot.frame(rig.next(), metres=0.6)
    rig.until_number("color", "integrated", 1)
    rig.robot.frame(rig.next(), metres=3.5)
    rig.until_number("color", "dropped: map is full", 1)
    rig.robot.frame(rig.next(), metres=0.6)
    rig.until_number("color", "integrated", 2)
    points = scene_from_response(rig.get_scene()).points
    np.testing.assert_allclose(points[:, 0], 0.6, atol=2e-3)


def test_a_pose_that_jumps_is_told_until_the_map_is_started_anew(ros: Spinner) -> None:
    """As after a loop closure: what was mapped before stands beside what is mapped now."""
    rig = Rig(ros, static=False)

    def frame_at(x: float) -> None:
        stamp, T = rig.next(), views.T_MAP_OPTICAL.copy()
        T[0, 3] = x
        rig.robot.pose(stamp, T)
        rig.robot.frame(stamp)

    def mapped(x: float) -> bool:
        before = rig.statuses.number("color", "integrated")
        frame_at(x)
        ros.spin(0.15)
        return rig.statuses.number("color", "integrated") > max(before, 1)

    ros.until(lambda: mapped(0.0), "frames in the map")
    assert "jumped" not in rig.statuses.of("map")["message"]

    def told() -> bool:
        frame_at(1.0)
        ros.spin(0.15)
        return "jumped by 1.00 m" in rig.statuses.of("map")["message"]

    ros.until(told, "the jump is told")
    assert rig.statuses.of("map")["level"] == WARN
    rig.call(Trigger, "reset")

    def told_no_more() -> bool:
        frame_at(1.0)
        ros.spin(0.15)
        status = rig.statuses.of("map")
        return status["level"] == OK and "jumped" not in status["message"]

    ros.until(told_no_more, "a new map")
