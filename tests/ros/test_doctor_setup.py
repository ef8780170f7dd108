"""`r1 doctor` and the commonest faults of a set-up: each is made, found, and its mend printed."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import rclpy
from geometry_msgs.msg import TransformStamped
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from r1_ros.doctor import setup
from r1_ros.doctor.check import Check
from r1_ros.doctor.elsewhere import camera_topics, namespaces
from r1_ros.doctor.graph import check_graph
from r1_ros.messages.geometry import time_message
from tests.ros import robot as views

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=5, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def edge(parent: str, child: str) -> TFMessage:
    transform = TransformStamped(child_frame_id=child)
    transform.header.frame_id = parent
    transform.transform.rotation.w = 1.0
    return TFMessage(transforms=[transform])


class Robot:
    """Nodes of a robot with a camera, as it should be until a test changes it.

    The mapper is a stand-in: its name, its subscriptions, its parameters.
    """

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.mapper = Node("scene_mapper", context=self.context)
        self.camera = Node("camera", context=self.context)
        self.doctor = Node("doctor", context=self.context)
        self.executor = SingleThreadedExecutor(context=self.context)
        for node in (self.mapper, self.camera):
            self.executor.add_node(node)
        self.stop = threading.Event()
        self.publish: list[Callable[[], None]] = []
        self.color_topic, self.depth_topic = "color/image", "depth/image"
        self.info_topic = "color/camera_info"
        self.tf_topic, self.parent = "/tf_static", "map"
        self.scene_frame, self.sim_time = "map", False
        self.color_frame = self.depth_frame = self.info_frame = self.known_frame = "cam"
        self.depth_encoding, self.K = "16UC1", views.K.reshape(-1)
        self.stamp: Callable[[], int] = time.time_ns

    def check(self) -> dict[str, str]:
        """Start everything and look; the warnings of the set-up by name."""
        mapper, camera = self.mapper, self.camera
        mapper.declare_parameter("scene_frame", self.scene_frame)
        mapper.declare_parameter("images_rectified", False)
        if self.sim_time:
            mapper.set_parameters([Parameter("use_sim_time", value=True)])
        for kind, topic in ((Image, "color/image"), (Image, "depth/image")):
            mapper.create_subscription(kind, topic, lambda _: None, 1)
        mapper.create_subscription(CameraInfo, "color/camera_info", lambda _: None, 1)
        mapper.create_subscription(TFMessage, "/tf", lambda _: None, 10)
        mapper.create_subscription(TFMessage, "/tf_static", lambda _: None, LATCHED)
        color = camera.create_publisher(Image, self.color_topic, 1)
        depth = camera.create_publisher(Image, self.depth_topic, 1)
        info = camera.create_publisher(CameraInfo, self.info_topic, 1)
        static = camera.create_publisher(TFMessage, self.tf_topic, LATCHED)
        static.publish(edge(self.parent, self.known_frame))
        thread = threading.Thread(target=self._run, args=(color, depth, info), daemon=True)
        thread.start()
        try:
            checks = check_graph(self.doctor, seconds=2.5)
        finally:
            self.stop.set()
            thread.join(10.0)
        return {c.name: c.detail for c in checks if (c.section, c.status) == ("set-up", "warn")}

    def _run(self, color, depth, info) -> None:  # noqa: ANN001
        while not self.stop.is_set():
            stamp = time_message(self.stamp())
            messages = (views.color(1), views.depth(1), views.camera_info(1))
            frames = self.color_frame, self.depth_frame, self.info_frame
            for message, frame in zip(messages, frames, strict=True):
                message.header = Header(stamp=stamp, frame_id=frame)
            messages[1].encoding, messages[2].k = self.depth_encoding, self.K
            for publisher, message in zip((color, depth, info), messages, strict=True):
                publisher.publish(message)
            for publish in self.publish:
                publish()
            self.executor.spin_once(timeout_sec=0.05)

    def close(self) -> None:
        self.executor.shutdown()
        for node in (self.mapper, self.camera, self.doctor):
            node.destroy_node()
        self.context.shutdown()


@pytest.fixture
def robot() -> Iterator[Robot]:
    made = Robot()
    yield made
    made.close()


def test_a_set_up_without_fault(robot: Robot) -> None:
    assert robot.check() == {}


def test_tf_in_the_namespace_of_the_robot(robot: Robot) -> None:
    robot.tf_topic = "/robot1/tf_static"
    found = robot.check()
    assert "-r /tf_static:=/robot1/tf_static" in found["/tf_static"]


def test_camera_topics_under_other_names(robot: Robot) -> None:
    robot.color_topic = "/camera/color/image_raw"
    robot.depth_topic = "/camera/aligned_depth_to_color/image_raw"
    robot.info_topic = "/camera/color/camera_info"
    text = robot.check()["camera topics"]
    for option in (
        "--color-topic /camera/color/image_raw",
        "--depth-topic /camera/aligned_depth_to_color/image_raw",
        "--camera-info-topic /camera/color/camera_info",
    ):
        assert option in text


def test_messages_that_the_mapper_cannot_use(robot: Robot) -> None:
    robot.depth_encoding, robot.K = "8UC2", np.zeros(9)
    found = robot.check()
    assert "'8UC2'; read are 16UC1" in found["/depth/image"]
    assert "K is all zeros" in found["/color/camera_info"]


def test_which_of_many_topics_are_one_camera() -> None:
    image, packed, info = (
        [f"sensor_msgs/msg/{kind}"] for kind in ("Image", "CompressedImage", "CameraInfo")
    )
    published = {
        "/zed/disparity/image": image,
        "/zed/rgb/image": image,
        "/zed/rgb/camera_info": info,
        "/zed/depth/image_raw": image,
        "/zed/depth_registered/image/compressedDepth": packed,
        "/zed/depth_registered/camera_info": info,
        "/zed/cloud": ["sensor_msgs/msg/PointCloud2"],
    }
    assert camera_topics(published) == {
        "color": "/zed/rgb/image",
        "depth": "/zed/depth_registered/image",
        "info": "/zed/rgb/camera_info",
    }
    assert camera_topics({"/a/image_raw/compressed": packed, "/b": ["x/msg/PointCloud2"]}) == {
        "color": "/a/image_raw",
        "points": "/b",
    }
    names = [f"/{r}/{t}" for r in ("r2", "r1") for t in ("depth/image", "color/camera_info")]
    assert namespaces([*names, "/r1/color/image/compressed", "/r2/color/image"]) == ["r1", "r2"]
    assert namespaces([*names, "/r2/color/image"]) == ["r2"]


def test_a_map_frame_that_is_in_no_transform(robot: Robot) -> None:
    robot.parent = "odom"
    assert "--scene-frame odom" in robot.check()["scene_frame"]


def test_a_camera_frame_that_is_in_no_transform(robot: Robot) -> None:
    robot.known_frame = "base_link"
    text = robot.check()["/color/image"]
    assert "'cam' is in no transform" in text and "static_transform_publisher" in text


def test_messages_without_a_frame(robot: Robot) -> None:
    robot.color_frame = ""
    assert "frame_id is empty" in robot.check()["/color/image"]


def test_depth_that_is_not_aligned(robot: Robot) -> None:
    robot.depth_frame = "depth_cam"
    robot.camera.create_publisher(TFMessage, "/tf_static", LATCHED).publish(
        edge("map", "depth_cam")
    )
    assert "aligned to colour" in robot.check()["/depth/image"]


def test_camera_info_of_another_camera(robot: Robot) -> None:
    robot.info_frame = "ir"
    robot.camera.create_publisher(TFMessage, "/tf_static", LATCHED).publish(edge("map", "ir"))
    text = robot.check()["/color/camera_info"]
    assert "--camera-info-topic /color/camera_info" in text


def test_simulated_time_without_a_clock(robot: Robot) -> None:
    robot.sim_time = True
    assert "nobody publishes /clock" in robot.check()["use_sim_time"]


def test_a_clock_that_the_nodes_do_not_follow(robot: Robot) -> None:
    clock = robot.camera.create_publisher(Clock, "/clock", 10)
    robot.publish.append(lambda: clock.publish(Clock(clock=time_message(time.time_ns()))))
    assert "--use-sim-time" in robot.check()["use_sim_time"]


def test_stamps_of_another_clock(robot: Robot) -> None:
    robot.stamp = lambda: time.time_ns() - 60 * 10**9
    assert "synchronise the clocks" in robot.check()["/color/image"]


def test_stamps_of_zero(robot: Robot) -> None:
    robot.stamp = lambda: 0
    assert "stamp is 0" in robot.check()["/color/image"]


def test_every_warning_says_what_to_do() -> None:
    """A finding without a way out is half a finding."""
    heard = {
        "/color/image": setup.Heard("sensor_msgs/msg/Image", "cam", 10**18, 2e9),
        "/depth/image": setup.Heard("sensor_msgs/msg/Image", "ir", 0, 2e9),
        "/color/camera_info": setup.Heard("sensor_msgs/msg/CameraInfo", "ir", 10**18, 2e9),
    }
    checks: list[Check] = [
        *setup._frames(heard, [("odom", "base")], "map"),
        *setup._camera(heard),
    ]
    assert len(checks) >= 6
    words = ("start", "use", "give", "set", "run")
    assert all(any(word in check.detail for word in words) for check in checks)


def test_each_of_several_cameras_has_its_own_frame() -> None:
    def heard(**frames: str) -> dict[str, setup.Heard]:
        kinds = {"color": "Image", "depth": "Image", "info": "CameraInfo"}
        found = {}
        for name, frame in frames.items():
            camera, kind = name.split("_")
            found[f"/{camera}/{kind}"] = setup.Heard(f"sensor_msgs/msg/{kinds[kind]}", frame, 1, 1)
        return found

    good = {"a_color": "a", "a_depth": "a", "a_info": "a", "b_color": "b", "b_depth": "b"}
    assert setup._camera(heard(**good)) == []
    (check,) = setup._camera(heard(**good | {"b_depth": "ir"}))
    assert check.name == "/b/depth" and "colour in 'a' or 'b'" in check.detail
