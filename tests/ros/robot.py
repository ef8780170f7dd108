"""A robot with an RGB-D camera in front of a wall, and programs that publish what it sees."""

from __future__ import annotations

import array

import numpy as np
from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TransformStamped
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from tf2_msgs.msg import TFMessage

from r1_model.geometry.poses import pose_matrix
from r1_ros.messages.geometry import header_message, transform_message
from r1_ros.messages.point_clouds import point_cloud_message

WIDTH, HEIGHT = 64, 48
K = np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]])
START = 1_700_000_000 * 10**9
OPTICAL = "camera_optical_frame"
# the camera at 1 m height, looking along map x
T_MAP_OPTICAL = pose_matrix([0.0, 0.0, 1.0], [-0.5, 0.5, -0.5, 0.5])
WALL_M = 1.5

RELIABLE = QoSProfile(depth=50)
LATCHED = QoSProfile(depth=50, durability=DurabilityPolicy.TRANSIENT_LOCAL)
BEST_EFFORT = QoSProfile(depth=50, reliability=ReliabilityPolicy.BEST_EFFORT)


def image(stamp: int, encoding: str, pixels: np.ndarray, frame: str = OPTICAL) -> Image:
    return Image(
        header=header_message(stamp, frame),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        step=pixels.strides[0],
        data=array.array("B", pixels.tobytes()),
    )


def color_pixels() -> np.ndarray:
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([u * 3, v * 4, np.full_like(u, 200)], -1).astype(np.uint8)


def color(stamp: int) -> Image:
    return image(stamp, "rgb8", color_pixels())


def depth(stamp: int, metres: float = WALL_M) -> Image:
    return image(stamp, "16UC1", np.full((HEIGHT, WIDTH), round(metres * 1000), np.uint16))


def camera_info(stamp: int) -> CameraInfo:
    return CameraInfo(
        header=header_message(stamp, OPTICAL),
        width=WIDTH,
        height=HEIGHT,
        distortion_model="plumb_bob",
        d=[0.0] * 5,
        k=K.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=np.hstack([K, np.zeros((3, 1))]).reshape(-1),
    )


def cloud(stamp: int, points: np.ndarray, frame: str = OPTICAL) -> PointCloud2:
    colors = np.full((len(points), 3), (10, 200, 30), np.uint8)
    return point_cloud_message(header_message(stamp, frame), points.astype(np.float32), colors)


def camera_pose(stamp: int, T: np.ndarray = T_MAP_OPTICAL) -> TransformStamped:
    return transform_message(stamp, "map", OPTICAL, T)


class Statuses:
    """What mappers say on /diagnostics."""

    def __init__(self, node: Node, mapper: str = "/scene_mapper") -> None:
        self._node, self._mapper = node, mapper
        self._last: dict[tuple[str, str], dict[str, str]] = {}
        self._subscription = None
        self.forget()

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            part = status.name.split(": ", 1)[1]
            values = {item.key: item.value for item in status.values}
            values["level"], values["message"] = status.level, status.message
            self._last[status.hardware_id, part] = values

    def forget(self) -> None:
        """Start to wait for news: what was said before and is still on its way does not count."""
        if self._subscription is not None:
            self._node.destroy_subscription(self._subscription)
        self._subscription = self._node.create_subscription(
            DiagnosticArray, "/diagnostics", self._hear, 10
        )
        self._last.clear()

    def of(self, part: str, mapper: str = "") -> dict[str, str]:
        """The mapper's last words about an input, or about its `map`; empty: nothing so far."""
        return self._last.get((mapper or self._mapper, part), {})

    def number(self, part: str, key: str) -> int:
        """A count; -1 before the first message, 0 where the key is missing."""
        status = self.of(part)
        return int(status.get(key, 0)) if status else -1


class Robot:
    """Publishers of one camera, and what its mapper says."""

    def __init__(self, node: Node, qos: QoSProfile = RELIABLE) -> None:
        self.node = node
        self.color = node.create_publisher(Image, "color/image", qos)
        self.depth = node.create_publisher(Image, "depth/image", qos)
        self.info = node.create_publisher(CameraInfo, "color/camera_info", qos)
        self.points = node.create_publisher(PointCloud2, "points", qos)
        self.tf = node.create_publisher(TFMessage, "/tf", 100)
        self.tf_static = node.create_publisher(TFMessage, "/tf_static", LATCHED)
        namespace = node.get_namespace().rstrip("/")
        self.statuses = Statuses(node, f"{namespace}/scene_mapper")

    def pose(self, stamp: int, T: np.ndarray = T_MAP_OPTICAL) -> None:
        self.tf.publish(TFMessage(transforms=[camera_pose(stamp, T)]))

    def static_pose(self) -> None:
        self.tf_static.publish(TFMessage(transforms=[camera_pose(0)]))

    def frame(self, stamp: int, metres: float = WALL_M, **changed: object) -> None:
        """A good frame, with the messages in `changed` (color, depth, info) instead."""
        self.info.publish(changed.get("info", camera_info(stamp)))
        self.color.publish(changed.get("color", color(stamp)))
        self.depth.publish(changed.get("depth", depth(stamp, metres)))

    def connected(self) -> bool:
        """All inputs have found their mapper."""
        publishers = (self.color, self.depth, self.info, self.points, self.tf, self.tf_static)
        return all(publisher.get_subscription_count() for publisher in publishers)
