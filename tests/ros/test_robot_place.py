"""Where the page shows the robot: tf, the simulated robot, or a reason why not."""

from __future__ import annotations

import math

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from tf2_msgs.msg import TFMessage

from r1_ros.messages.geometry import transform_message
from r1_ros.motion.motion_topics import pose_message
from r1_ros.web.watch import RobotWatch
from tests.ros.background import eventually
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros

LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def turned(yaw: float, *xyz: float) -> np.ndarray:
    T = np.eye(4)
    T[:2, :2] = [[math.cos(yaw), -math.sin(yaw)], [math.sin(yaw), math.cos(yaw)]]
    T[:3, 3] = xyz
    return T


@pytest.fixture
def robot(ros: Spinner) -> Node:
    return ros.add(Node("robot", namespace="robot1"))


def tell(node: Node, topic: str, *edges: tuple[str, str, int, np.ndarray]) -> None:
    message = TFMessage(transforms=[transform_message(s, p, c, T) for p, c, s, T in edges])
    publisher = node.create_publisher(TFMessage, topic, LATCHED)
    eventually(publisher.get_subscription_count, "somebody listens")
    publisher.publish(message)


def test_from_tf_at_its_newest_common_stamp(robot: Node) -> None:
    watch = RobotWatch("robot1")
    try:
        assert "'base_link'" in watch.place("map")["unknown"]
        tell(robot, "/tf_static", ("base_link", "lidar", 0, turned(0, 0.2, 0, 0.3)))
        tell(
            robot, "/tf",
            ("map", "odom", 5, turned(math.pi / 2, 1, 0, 0)),
            ("map", "odom", 9, turned(math.pi / 2, 1, 0, 0)),
            ("odom", "base_link", 5, turned(0, 0, 0, 0)),
            ("odom", "base_link", 9, turned(0, 2, 0, 0)),
        )  # fmt: skip
        place = eventually(lambda: "yaw" in (p := watch.place("map")) and p, "tf is heard")
        assert place["position"] == pytest.approx([1, 2, 0])
        assert place["yaw"] == pytest.approx(math.pi / 2, abs=1e-3)
        assert place["simulated"] is False
        assert eventually(lambda: watch.place("map")["age_s"] >= 0.2, "it grows old")
        assert "'elsewhere'" in watch.place("elsewhere")["unknown"]
    finally:
        watch.close()


def test_tf_of_a_namespace_and_another_base(robot: Node) -> None:
    watch = RobotWatch("robot1", "footprint", namespaced_tf=True)
    try:
        others = robot.create_publisher(TFMessage, "/tf_static", LATCHED)
        edge = transform_message(0, "map", "footprint", turned(0, 9, 9, 9))
        others.publish(TFMessage(transforms=[edge]))  # another robot's
        tell(robot, "tf_static", ("map", "footprint", 0, turned(0.5, 3, 4, 0)))
        place = eventually(lambda: "yaw" in (p := watch.place("map")) and p, "tf is heard")
        assert place["position"] == [3, 4, 0] and place["yaw"] == 0.5 and place["age_s"] == 0
    finally:
        watch.close()


def test_a_simulated_robot_while_it_is_there(robot: Node) -> None:
    watch = RobotWatch("robot1")
    try:
        here = robot.create_publisher(PoseStamped, "plan_executor/robot_pose", LATCHED)
        pose = pose_message(np.array([1.0, -2.0, 0.25]))
        here.publish(PoseStamped(header=Header(frame_id="map"), pose=pose))
        place = eventually(lambda: "yaw" in (p := watch.place("map")) and p, "the pose is heard")
        assert place == {"position": [1, -2, 0], "yaw": 0.25, "age_s": 0, "simulated": True}
        assert "simulated in 'map'" in watch.place("odom")["unknown"]
        broken = PoseStamped(header=Header(frame_id="map"), pose=pose)
        broken.pose.position.x = math.nan
        here.publish(broken)
        robot.destroy_publisher(here)
        eventually(lambda: "no tf" in watch.place("map").get("unknown", ""), "it is gone")
    finally:
        watch.close()
