"""Can the mapper use what a set-up sends? The last message of each input is read as it would be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sensor_msgs.msg import CameraInfo, PointCloud2

from r1_ros.configuration.parameters import MapperConfig
from r1_ros.doctor.check import Check, warning
from r1_ros.mapping.rgbd_frame import no_depth
from r1_ros.messages.camera_info import camera_model
from r1_ros.messages.images import color_image, depth_image, depth_millimetres
from r1_ros.messages.point_clouds import read_points
from r1_ros.runtime.errors import BadMessageError


def check_contents(last: Mapping[str, Any], *, rectified: bool = False) -> list[Check]:
    """What is wrong inside of the messages, by topic.

    Args:
        last: message of each topic that was heard.
        rectified: the mapper's `images_rectified`.
    """
    checks = []
    for topic, message in sorted(last.items()):
        try:
            _read(topic, message, rectified)
        except BadMessageError as error:
            checks.append(warning(topic, f"cannot be used: {error}"))
    return checks


def _read(topic: str, message: Any, rectified: bool) -> None:
    if isinstance(message, CameraInfo):
        camera_model(message, rectified=rectified)
    elif isinstance(message, PointCloud2):
        read_points(message)
    elif "depth" not in topic:
        color_image(message)
    else:
        config = MapperConfig()
        depth = depth_image(message)
        if not depth_millimetres(depth, config.depth_min, config.depth_max).any():
            raise no_depth(message, config)
