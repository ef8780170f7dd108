"""Where the robot is on the map: from tf, or where a simulated one says that it stands."""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from geometry_msgs.msg import PoseStamped
from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from r1_ros.messages.geometry import pose_from_message, same_frame
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


class PlaceUnknownError(LookupError):
    """Nothing says where a robot or a frame is; the sentence says what is missing."""


@dataclass(frozen=True)
class Place:
    """Where the robot is.

    Attributes:
        T: (4, 4) of its base in the frame that was asked for, metres.
        age_s: since this place was first heard of.
        simulated: the robot is plan_executor's.
    """

    T: np.ndarray
    age_s: float
    simulated: bool

    @property
    def yaw(self) -> float:
        """Where its x axis looks, radians about z."""
        return math.atan2(self.T[1, 0], self.T[0, 0])


class RobotPlace:
    """Hears /tf, /tf_static and the simulated robot's pose.

    Args:
        node: whose subscriptions these are; spun by other threads.
        base_frame: of the robot, x forward (REP 105: `base_link`).
        callback_group: of the subscriptions; None: the node's own.
    """

    def __init__(
        self, node: Node, base_frame: str, callback_group: CallbackGroup | None = None
    ) -> None:
        self._node, self._base_frame = node, base_frame
        self._buffer = _SharedBuffer()
        group = callback_group or node.default_callback_group
        self._listener = TransformListener(node, self._buffer, lambda: None, self._on_bad, group)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._poses = node.create_subscription(
            PoseStamped,
            _POSE_TOPIC,
            self._on_pose,
            latched,
            callback_group=group,
            event_callbacks=SubscriptionEventCallbacks(matched=self._on_matched),
        )
        self._lock = threading.Lock()
        self._newest: tuple[int, float] | None = None  # stamp [ns], when it was first seen
        self._simulated: tuple[str, np.ndarray] | None = None

    def close(self) -> None:
        """Stop listening."""
        self._listener.close()
        self._node.destroy_subscription(self._poses)

    def place(self, frame_id: str) -> Place:
        """Where the robot is in a frame.

        Raises:
            PlaceUnknownError: nothing says so.
        """
        with self._lock:
            if self._simulated is not None:
                frame, pose = self._simulated
                if not same_frame(frame, frame_id):
                    raise PlaceUnknownError(
                        f"it is simulated in {frame!r}, the map is in {frame_id!r}"
                    )
                return Place(pose, 0.0, simulated=True)
            pose, stamp = self._latest(frame_id, self._base_frame)
            now = time.monotonic()
            if stamp is not None and (self._newest is None or self._newest[0] != stamp):
                self._newest = stamp, now
            age = 0.0 if stamp is None or self._newest is None else now - self._newest[1]
            return Place(pose, age, simulated=False)

    def transform(self, target: str, source: str) -> np.ndarray:
        """T_target_source (4, 4) of tf, at the newest stamp.

        Raises:
            PlaceUnknownError: tf does not connect them.
        """
        return self._latest(target, source)[0]

    def _latest(self, target: str, source: str) -> tuple[np.ndarray, int | None]:
        try:
            return self._buffer.latest(target, source)
        except TransformError as error:
            raise PlaceUnknownError(f"no tf from {target!r} to {source!r}: {error}") from None

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
