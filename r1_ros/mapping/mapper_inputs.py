"""The topics that scene_mapper listens to."""

from __future__ import annotations

import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from diagnostic_msgs.msg import DiagnosticStatus
from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import QoSPolicyKind, QoSProfile, ReliabilityPolicy, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from r1_ros.mapping.cameras import Camera
from r1_ros.runtime.diagnostics import InputCounts, input_status, qos_conflict

_RAW, _COMPRESSED, _ONLY = "raw", "compressed", "only"


@dataclass(frozen=True)
class InputTopic:
    """Where messages of an input come from; a compressed one follows its raw one."""

    input: str
    name: str
    kind: type
    how: str  # transport


def input_topics(cameras: Sequence[Camera]) -> list[InputTopic]:
    """What a mapper with these cameras may listen to."""
    topics = []
    for camera in cameras:
        color, depth, info = camera.inputs
        packed = f"{camera.color_topic}/compressed", f"{camera.depth_topic}/compressedDepth"
        topics += [
            InputTopic(color, camera.color_topic, Image, _RAW),
            InputTopic(color, packed[0], CompressedImage, _COMPRESSED),
            InputTopic(depth, camera.depth_topic, Image, _RAW),
            InputTopic(depth, packed[1], CompressedImage, _COMPRESSED),
            InputTopic(info, camera.camera_info_topic, CameraInfo, _ONLY),
        ]
    return [*topics, InputTopic("points", "points", PointCloud2, _ONLY)]


# So long without a raw image, and compressed ones are taken: another bag may hold only those.
_RAW_SILENT_S = 3.0
_SAMPLED_BYTES = 65_536  # of a cloud, spread over it, tell whether it is another one
_OVERRIDABLE = (
    QoSPolicyKind.HISTORY,
    QoSPolicyKind.DEPTH,
    QoSPolicyKind.RELIABILITY,
    QoSPolicyKind.DURABILITY,
)


class MapperInputs:
    """Subscriptions of the mapper, best effort unless `qos_overrides` say otherwise.

    What the middleware says it lost in transport is counted for each input. Messages that it
    overwrote in a full queue of this node (KEEP_LAST) are not among them: it does not report those.

    Args:
        node: whose subscriptions these are.
        cameras: whose topics are heard, beside `points`.
        transport: auto, raw or compressed.
        depth: messages that the middleware keeps of each topic.
        on_message: called with (input, message, source, shared): source tells clouds of one stamp
            and frame apart, shared says that the topic has several senders.
        callback_group: of the subscriptions.
    """

    def __init__(
        self,
        node: Node,
        cameras: Sequence[Camera],
        transport: str,
        depth: int,
        on_message: Callable[[str, Any, str, bool], None],
        callback_group: CallbackGroup,
    ) -> None:
        self._node, self._on_message = node, on_message
        self._depth, self._group = depth, callback_group
        self._lost: Counter[str] = Counter()
        self._reported: dict[str, int] = {}
        self._auto = transport == "auto"
        # Transitions run in another thread: what is closed must not listen again.
        self._closing, self._closed = threading.Lock(), False
        self._raw_at: dict[str, float] = {}  # time.monotonic() of the last raw image
        self._subscriptions: dict[tuple[str, str], Subscription] = {}
        self._topics = input_topics(cameras)
        for topic in self._topics:
            if topic.how in (_ONLY, transport) or self._auto:
                self._subscribe(topic)

    def listen(self) -> None:
        """Listen to compressed images again where raw ones have stopped; to be called often."""
        with self._closing:
            if self._closed or not self._auto:
                return
            for topic in self._topics:
                name = topic.input
                if topic.how != _COMPRESSED or (name, topic.how) in self._subscriptions:
                    continue
                raw = self._subscriptions[name, _RAW]
                silent = time.monotonic() - self._raw_at[name] > _RAW_SILENT_S
                if silent or not self._node.count_publishers(raw.topic_name):
                    self._subscribe(topic)

    def close(self) -> None:
        """Stop listening."""
        with self._closing:
            self._closed = True
            while self._subscriptions:
                _, subscription = self._subscriptions.popitem()
                self._node.destroy_subscription(subscription)

    def statuses(
        self, counts: dict[str, InputCounts], pending: Callable[[str], int]
    ) -> Sequence[DiagnosticStatus]:
        """Health of every input."""
        statuses = []
        for name, count in counts.items():
            total = count.dropped.total()
            status = input_status(
                self._node,
                name,
                [s for (other, _), s in list(self._subscriptions.items()) if other == name],
                count,
                pending(name),
                self._lost[name],
                total - self._reported.get(name, 0),
            )
            self._reported[name] = total
            statuses.append(status)
        return statuses

    def _subscribe(self, topic: InputTopic) -> None:
        # one profile each: rclpy writes the overrides of a topic into it
        qos = QoSProfile(depth=self._depth, reliability=ReliabilityPolicy.BEST_EFFORT)
        self._subscriptions[topic.input, topic.how] = self._node.create_subscription(
            topic.kind,
            topic.name,
            lambda message: self._receive(topic.input, topic.how, message),
            qos,
            callback_group=self._group,
            qos_overriding_options=QoSOverridingOptions(_OVERRIDABLE),
            event_callbacks=self._events(topic.input, topic.name, topic.how),
        )

    def _receive(self, name: str, how: str, message: Any) -> None:
        if self._auto and how == _RAW:
            self._raw_at[name] = time.monotonic()
            compressed = self._subscriptions.pop((name, _COMPRESSED), None)
            if compressed is not None:  # the camera need not encode for nobody
                self._node.destroy_subscription(compressed)
        if not isinstance(message, PointCloud2):
            self._on_message(name, message, "", False)
            return
        subscription = self._subscriptions.get((name, how))
        shared = subscription is not None and (
            self._node.count_publishers(subscription.topic_name) > 1
        )
        self._on_message(name, message, _content(message), shared)

    def _events(self, name: str, topic: str, how: str) -> SubscriptionEventCallbacks:
        def lost(info: Any) -> None:
            # the total is that of one subscription, and an input may have two, one after the other
            self._lost[name] += info.total_count_change

        def incompatible(info: Any) -> None:
            subscription = self._subscriptions.get((name, how))
            policy = qos_policy_name_from_kind(info.last_policy_kind)
            conflicts = []
            if subscription is not None:
                publishers = self._node.get_publishers_info_by_topic(subscription.topic_name)
                conflicts = [qos_conflict(p, subscription.qos_profile) for p in publishers]
            text = "; ".join(filter(None, conflicts)) or f"policy {policy}"
            self._node.get_logger().warning(
                f"{topic}: a publisher's QoS is incompatible, nothing will arrive from it ({text})"
            )

        return SubscriptionEventCallbacks(incompatible_qos=incompatible, message_lost=lost)


def _content(message: PointCloud2) -> str:
    """Tells clouds apart: the middleware does not say who sent them, and a bag or a relay sends
    those of several sensors."""
    data = np.frombuffer(message.data, np.uint8)
    return str(zlib.crc32(data[:: max(1, data.size // _SAMPLED_BYTES)].tobytes()))
