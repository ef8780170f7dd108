"""The commonest faults of a set-up, each with the mend: what is heard, what was wanted."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.executors import Executor
from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CameraInfo, CompressedImage, Image, PointCloud2

from r1_ros.doctor.check import Check, warning
from r1_ros.doctor.contents import check_contents
from r1_ros.doctor.elsewhere import topics_elsewhere, transforms_elsewhere
from r1_ros.doctor.topics import MAPPER, inputs_of
from r1_ros.messages.geometry import same_frame, stamp_of

_KINDS = {
    "sensor_msgs/msg/Image": Image,
    "sensor_msgs/msg/CompressedImage": CompressedImage,
    "sensor_msgs/msg/CameraInfo": CameraInfo,
    "sensor_msgs/msg/PointCloud2": PointCloud2,
}
_SKEW_S = 2.0  # between the stamps of a sensor and our clock


@dataclass(frozen=True)
class Heard:
    """The last message of a topic: its kind, frame and stamp (nanoseconds)."""

    kind: str
    frame: str
    stamp: int
    at: float  # time.time(), seconds


class InputLog:
    """Hears the mapper's inputs for the doctor: what frame and stamp they carry."""

    def __init__(self, node: Node) -> None:
        self.heard: dict[str, Heard] = {}
        self.last: dict[str, Any] = {}  # messages
        self.clock: int | None = None
        self._node = node
        self._topics: set[str] = set()
        node.create_subscription(Clock, "/clock", self._tick, 10)

    def listen(self) -> None:
        """Hear what is published by now, besides what is heard already."""
        for topic in set(inputs_of(self._node)) - self._topics:
            for info in self._node.get_publishers_info_by_topic(topic):
                kind = _KINDS.get(info.topic_type)
                if kind is not None and topic not in self._topics:
                    self._topics.add(topic)
                    qos = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)
                    callback = partial(self._hear, topic, info.topic_type)
                    self._node.create_subscription(kind, topic, callback, qos)

    def _hear(self, topic: str, kind: str, message: Any) -> None:
        self.last[topic] = message
        header = message.header
        self.heard[topic] = Heard(kind, header.frame_id, stamp_of(header.stamp), time.time())

    def _tick(self, message: Clock) -> None:
        self.clock = stamp_of(message.clock)


def check_setup(
    node: Node, executor: Executor, log: InputLog, edges: Sequence[tuple[str, str]]
) -> list[Check]:
    """The faults of this set-up.

    Args:
        node: whose namespace is looked in.
        executor: spins the node.
        log: what was heard.
        edges: (parent, child) of every transform that was heard.
    """
    told = mapper_parameters(node, executor)
    checks = [
        *transforms_elsewhere(node),
        *topics_elsewhere(node),
        *check_contents(log.last, rectified=told.get("images_rectified") is True),
        *_frames(log.heard, edges, str(told.get("scene_frame", ""))),
        *_camera(log.heard),
        *_times(log, told.get("use_sim_time")),
    ]
    return checks


def mapper_parameters(node: Node, executor: Executor) -> Mapping[str, object]:
    """Of the running mapper, those that it has of three; empty where it does not say."""
    client = node.create_client(GetParameters, f"{MAPPER}/get_parameters")
    try:
        if not client.wait_for_service(0.5):
            return {}
        names = ["scene_frame", "use_sim_time", "images_rectified"]
        future = client.call_async(GetParameters.Request(names=names))
        executor.spin_until_future_complete(future, timeout_sec=2.0)
        if not future.done() or len(future.result().values) != len(names):
            return {}
        told: dict[str, object] = {}
        for name, value in zip(names, future.result().values, strict=True):
            if value.type == ParameterType.PARAMETER_STRING:
                told[name] = value.string_value
            elif value.type == ParameterType.PARAMETER_BOOL:
                told[name] = value.bool_value
        return told
    finally:
        node.destroy_client(client)


def _frames(
    heard: Mapping[str, Heard], edges: Sequence[tuple[str, str]], scene_frame: str
) -> list[Check]:
    """Frames that tf must know: that of the map, and that of each sensor."""
    known = {frame.lstrip("/") for edge in edges for frame in edge}
    if not known:
        return []
    checks = []
    roots = sorted({parent for parent, _ in edges} - {child for _, child in edges})
    if scene_frame and scene_frame not in known:
        way = (
            f"start the nodes with --scene-frame {roots[0]}" if roots else "start what publishes it"
        )
        text = f"the map's frame {scene_frame!r} is in no transform; {way}, or start your SLAM"
        checks.append(warning("scene_frame", text))
    for topic, message in sorted(heard.items()):
        if not message.frame:
            checks.append(warning(topic, "frame_id is empty; set the frame in the driver"))
        elif message.frame.lstrip("/") not in known:
            text = (
                f"its frame {message.frame!r} is in no transform; start the robot's description, "
                f"or ros2 run tf2_ros static_transform_publisher --frame-id base_link "
                f"--child-frame-id {message.frame}"
            )
            checks.append(warning(topic, text))
    return checks


def _camera(heard: Mapping[str, Heard]) -> list[Check]:
    """Colour, depth and intrinsics of a camera carry one frame."""
    images = {t: m for t, m in heard.items() if m.kind.endswith("Image")}
    depth = {t: m for t, m in images.items() if "depth" in t}
    color = {t: m for t, m in images.items() if t not in depth}
    infos = {t: m for t, m in heard.items() if m.kind.endswith("CameraInfo")}
    checks: list[Check] = []
    if not color:
        return checks
    # Of several cameras only the mapper knows what belongs together: any of them will do.
    frames = " or ".join(sorted({repr(message.frame) for message in color.values()}))
    place = min(color).rpartition("/")[0]

    def alone(frame: str) -> bool:
        return not any(same_frame(message.frame, frame) for message in color.values())

    for other, about in depth.items():
        if alone(about.frame):
            text = (
                f"is in {about.frame!r}, colour in {frames}; use the depth that is "
                "aligned to colour (RealSense: align_depth.enable:=true and its "
                "aligned_depth_to_color topic)"
            )
            checks.append(warning(other, text))
    for other, about in infos.items():
        if about.frame and alone(about.frame):
            text = (
                f"is in {about.frame!r}, colour in {frames}; give the camera_info of "
                f"the colour camera: --camera-info-topic {place}/camera_info"
            )
            checks.append(warning(other, text))
    return checks


def _times(log: InputLog, use_sim_time: object) -> list[Check]:
    """Stamps and clocks."""
    checks = []
    if use_sim_time is True and log.clock is None:
        text = "is true, but nobody publishes /clock; play the bag with --clock, or set it to false"
        checks.append(warning("use_sim_time", text))
    if use_sim_time is False and log.clock is not None:
        text = "is false, but /clock is published (a bag, a simulation): start with --use-sim-time"
        checks.append(warning("use_sim_time", text))
    for topic, message in sorted(log.heard.items()):
        if not message.stamp:
            checks.append(warning(topic, "stamp is 0; the driver must stamp its messages"))
        elif log.clock is None and abs(message.at - message.stamp / 1e9) > _SKEW_S:
            late = message.at - message.stamp / 1e9
            side = "behind" if late > 0 else "ahead of"
            text = (
                f"stamps are {abs(late):.1f} s {side} the clock of this machine; synchronise the "
                "clocks (chrony), or follow the bag's with --use-sim-time"
            )
            checks.append(warning(topic, text))
    return checks
