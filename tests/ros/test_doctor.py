"""`r1 doctor` on a network with the faults that it must find."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Iterator

import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.context import Context
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image
from tf2_msgs.msg import TFMessage

from r1_ros.doctor import environment
from r1_ros.doctor.check import Check
from r1_ros.doctor.environment import check_environment
from r1_ros.doctor.graph import check_graph

pytestmark = pytest.mark.ros


@pytest.fixture
def nodes() -> Iterator[tuple[Node, Node]]:
    """One node to publish with, one to look with."""
    context = Context()
    rclpy.init(context=context)
    pair = Node("camera", context=context), Node("doctor", context=context)
    yield pair
    for node in pair:
        node.destroy_node()
    context.shutdown()


def named(checks: list[Check], name: str) -> Check:
    return next(check for check in checks if check.name == name)


def transform(parent: str, child: str) -> TFMessage:
    message = TransformStamped(child_frame_id=child)
    message.header.frame_id = parent
    message.transform.rotation.w = 1.0
    return TFMessage(transforms=[message])


def test_qos_types_and_tf(nodes: tuple[Node, Node]) -> None:
    camera, doctor = nodes
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    keep = [
        camera.create_publisher(Image, "color/image", best_effort),
        camera.create_subscription(Image, "color/image", print, 10),  # reliable: gets nothing
        camera.create_publisher(CameraInfo, "color/camera_info", 10),
        camera.create_publisher(Image, "/other/camera", 10),
    ]
    latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    static = camera.create_publisher(TFMessage, "/tf_static", latched)
    for parent, child in (("map", "a"), ("odom", "a"), ("elsewhere", "b")):
        static.publish(transform(parent, child))
    checks = check_graph(doctor, seconds=1.5)
    assert len(keep) == 4
    color = named(checks, "/color/image")
    assert color.status == "warn"
    assert "best effort" in color.detail and "reliable" in color.detail.lower()
    assert named(checks, "/color/camera_info").status == "ok"
    assert "/other/camera" in named(checks, "other sensor topics").detail
    assert named(checks, "scene_mapper").detail.startswith("not running")
    assert named(checks, "map -> a").detail == "static"
    assert "several parents: map, odom" in named(checks, "a").detail
    assert "3 parts" in named(checks, "tree").detail


def test_publishers_of_transforms_that_nobody_hears(nodes: tuple[Node, Node]) -> None:
    camera, doctor = nodes
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    keep = [
        camera.create_publisher(TFMessage, "/tf", best_effort),
        camera.create_publisher(TFMessage, "/tf_static", 10),
        camera.create_subscription(TFMessage, "/tf_static", print, latched),
    ]
    checks = check_graph(doctor, seconds=1.0)
    assert len(keep) == 3
    tf, static = named(checks, "/tf"), named(checks, "/tf_static")
    assert tf.status == static.status == "warn"
    assert "1 publisher(s) [best effort], 0 subscriber(s)" in tf.detail
    assert "camera -> tf listeners: incompatible QoS: ERROR: Best effort publisher" in tf.detail
    assert "1 publisher(s) [reliable], 1 subscriber(s) [reliable, latched]" in static.detail
    assert "camera -> camera: incompatible QoS: ERROR: Volatile publisher" in static.detail


def test_topics_are_those_that_the_mapper_was_given(nodes: tuple[Node, Node]) -> None:
    camera, _ = nodes
    best_effort = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
    latched = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    mapper = Node("scene_mapper", namespace="robot1", context=camera.context)
    doctor = Node("doctor", namespace="robot1", context=camera.context)
    keep = [
        mapper.create_subscription(Image, "/camera/color/image_raw", print, 10),
        mapper.create_subscription(Image, "/camera/depth/image_raw", print, best_effort),
        mapper.create_subscription(TFMessage, "tf_static", print, latched),
        camera.create_publisher(Image, "/camera/color/image_raw", best_effort),
        camera.create_publisher(Image, "/camera/depth/image_raw", 10),
        camera.create_publisher(Image, "/camera/infra/image_raw", 10),
    ]
    static = camera.create_publisher(TFMessage, "/robot1/tf_static", latched)
    static.publish(transform("map", "base"))
    checks = check_graph(doctor, seconds=1.5)
    assert len(keep) == 6
    color = named(checks, "/camera/color/image_raw")
    assert color.status == "warn" and "camera -> scene_mapper: incompatible QoS" in color.detail
    depth = named(checks, "/camera/depth/image_raw")
    assert depth.status == "ok"
    assert depth.detail == "1 publisher(s) [reliable], 1 subscriber(s) [best effort]"
    others = named(checks, "other sensor topics")
    assert others.detail == "/camera/infra/image_raw [sensor_msgs/msg/Image]"
    assert named(checks, "/robot1/tf_static").status == "ok"
    assert named(checks, "map -> base").detail == "static"
    mapper.destroy_node()
    doctor.destroy_node()


def test_silent_network(nodes: tuple[Node, Node]) -> None:
    checks = check_graph(nodes[1], seconds=0.3)
    assert named(checks, "inputs").detail == "nobody publishes or subscribes"
    assert {check.status for check in checks} == {"info"}


def test_this_environment_is_sound() -> None:
    checks = check_environment()
    assert [check for check in checks if check.status == "fail"] == []
    assert named(checks, "torch").detail.startswith("2.")


def test_what_is_missing_fails_and_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    found = importlib.util.find_spec
    monkeypatch.setattr(
        environment.importlib.util, "find_spec", lambda n: None if n == "open3d" else found(n)
    )
    monkeypatch.setenv("FASTRTPS_DEFAULT_PROFILES_FILE", "/nowhere.xml")
    checks = check_environment()
    assert named(checks, "open3d-cpu").status == "fail"
    assert "pip install open3d-cpu" in named(checks, "open3d-cpu").detail
    assert named(checks, "FASTRTPS_DEFAULT_PROFILES_FILE").status == "warn"


def test_command_prints_json() -> None:
    result = subprocess.run(
        [sys.executable, "-m", "r1_ros.cli.main", "doctor", "--json", "--seconds", "0.2"],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode == 0, result.stderr
    sections = {check["section"] for check in json.loads(result.stdout)}
    assert {"system", "packages", "ros", "gpu", "nodes", "topics", "tf", "parameters"} == sections
