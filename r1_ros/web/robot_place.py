"""Where the robot is on the map: from tf, or where a simulated one says that it stands."""

from __future__ import annotations

import math
import threading
import time
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from r1_ros.messages.geometry import pose_from_message
from r1_ros.messages.plain import visible_text
from r1_ros.runtime.errors import BadMessageError
from r1_ros.tf.buffer import TransformBuffer, TransformError
from r1_ros.tf.listener import TransformListener

_POSE_TOPIC = "plan_executor/robot_pose"  # of the simulated robot alone


class _SharedBuffer(TransformBuffer):
    """Filled by the node's thread, read by those of the pages."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()

    def set_transform(
        self, parent: str, child: str, stamp: int, T: np.ndarray, *, static: bool = False
    ) -> None:
        with self._lock:
            super().set_transform(parent, child, stamp, T, static=static)

    def latest(self, target: str, source: str) -> tuple[np.ndarray, int | None]:
        with self._lock:
            return super().latest(target, source)


class RobotPlace:
    """Hears /tf, /tf_static and the simulated robot's pose.

    Args:
        node: whose subscriptions these are.
        base_frame: of the robot, x forward (REP 105: `base_link`).
    """

    def __init__(self, node: Node, base_frame: str) -> None:
        self._node, self._base_frame = node, base_frame
        self._buffer = _SharedBuffer()
        self._listener = TransformListener(
            node, self._buffer, lambda: None, self._on_bad, node.default_callback_group
        )
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        node.create_subscription(
            PoseStamped,
            _POSE_TOPIC,
            self._on_pose,
            latched,
            event_callbacks=SubscriptionEventCallbacks(matched=self._on_matched),
        )
        self._lock = threading.Lock()
        self._newest: tuple[int, float] | None = None  # stamp [ns], when it was first seen
        self._simulated: tuple[str, np.ndarray] | None = None

    def place(self, frame_id: str) -> dict[str, Any]:
        """Position [m] and yaw [rad] in a frame, and how long ago that was [s]; or why not.

        Returns:
            `{"position", "yaw", "age_s", "simulated"}`, or `{"unknown": sentence}`.
        """
        with self._lock:
            if self._simulated is not None:
                frame, pose = self._simulated
                if frame != frame_id:
                    return _unknown(f"it is simulated in {frame!r}, the map is in {frame_id!r}")
                return _place(pose, 0.0, simulated=True)
            try:
                pose, stamp = self._buffer.latest(frame_id, self._base_frame)
            except TransformError as error:
                return _unknown(f"no tf from {frame_id!r} to {self._base_frame!r}: {error}")
            now = time.monotonic()
            if stamp is not None and (self._newest is None or self._newest[0] != stamp):
                self._newest = stamp, now
            age = 0.0 if stamp is None or self._newest is None else now - self._newest[1]
            return _place(pose, age, simulated=False)

    def _on_pose(self, message: PoseStamped) -> None:
        try:
            pose = pose_from_message(message.pose)
        except BadMessageError as error:
            self._on_bad(error)
            return
        with self._lock:
            self._simulated = message.header.frame_id, pose

    def _on_matched(self, status: Any) -> None:
        if not status.current_count:  # plan_executor is gone, and with it the robot
            with self._lock:
                self._simulated = None

    def _on_bad(self, error: BadMessageError) -> None:
        self._node.get_logger().warning(f"the robot's place: {error}", throttle_duration_sec=60.0)


def _place(pose: np.ndarray, age_s: float, *, simulated: bool) -> dict[str, Any]:
    return {
        "position": pose[:3, 3].round(4).tolist(),
        "yaw": round(math.atan2(pose[1, 0], pose[0, 0]), 4),
        "age_s": round(age_s, 1),
        "simulated": simulated,
    }


def _unknown(why: str) -> dict[str, Any]:
    return {"unknown": visible_text(why, 500)}
