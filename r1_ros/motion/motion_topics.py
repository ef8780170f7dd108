"""A simulated robot's way and pose as topics, for RViz and whoever else wants to see it drive."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from geometry_msgs.msg import Point, Pose, PoseStamped, Quaternion
from nav_msgs.msg import Path
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header


class MotionTopics:
    """Publishes `~/path` (latched) and `~/robot_pose`.

    Args:
        node: that publishes.
        frame_id: of the poses; asked for each message.
    """

    def __init__(self, node: Node, frame_id: Callable[[], str]) -> None:
        self._node, self._frame_id = node, frame_id
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._path = node.create_publisher(Path, "~/path", latched)
        self._pose = node.create_publisher(PoseStamped, "~/robot_pose", latched)

    def show_path(self, poses: np.ndarray) -> None:
        """A way that the robot sets out on: (K, 3) x, y [m], yaw [rad]."""
        header = self._header()
        poses_there = [PoseStamped(header=header, pose=pose_message(pose)) for pose in poses]
        self._path.publish(Path(header=header, poses=poses_there))

    def show_pose(self, pose: np.ndarray) -> None:
        """Where the robot is: (3,) x, y [m], yaw [rad]."""
        self._pose.publish(PoseStamped(header=self._header(), pose=pose_message(pose)))

    def close(self) -> None:
        """Take the topics away."""
        self._node.destroy_publisher(self._path)
        self._node.destroy_publisher(self._pose)

    def _header(self) -> Header:
        return Header(stamp=self._node.get_clock().now().to_msg(), frame_id=self._frame_id())


def pose_message(pose: np.ndarray) -> Pose:
    """A pose on the floor, (3,) x, y [m], yaw [rad], as a message."""
    x, y, yaw = (float(value) for value in pose)
    return Pose(
        position=Point(x=x, y=y), orientation=Quaternion(z=math.sin(yaw / 2), w=math.cos(yaw / 2))
    )
