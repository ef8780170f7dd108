"""ROS messages of a recording, made without ROS: `rosbags` types, one function a message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from rosbags.typesys import Stores, get_typestore
from scipy.spatial.transform import Rotation

TYPES = get_typestore(Stores.ROS2_JAZZY)
_MESSAGES = TYPES.types


def _header(stamp: int, frame_id: str) -> Any:
    time = _MESSAGES["builtin_interfaces/msg/Time"](*divmod(stamp, 10**9))
    return _MESSAGES["std_msgs/msg/Header"](time, frame_id)


def transform_message(
    stamp: int, parent: str, child: str, translation: np.ndarray, R: Rotation
) -> Any:
    """TFMessage with the one transform child -> parent; `translation` (3,) metres."""
    transform = _MESSAGES["geometry_msgs/msg/Transform"](
        _MESSAGES["geometry_msgs/msg/Vector3"](*map(float, translation)),
        _MESSAGES["geometry_msgs/msg/Quaternion"](*map(float, R.as_quat())),
    )
    stamped = _MESSAGES["geometry_msgs/msg/TransformStamped"](
        _header(stamp, parent), child, transform
    )
    return _MESSAGES["tf2_msgs/msg/TFMessage"]([stamped])


def camera_info_message(stamp: int, frame_id: str, width: int, height: int, K: np.ndarray) -> Any:
    """CameraInfo of an undistorted pinhole; `K` (3, 3) pixels."""
    return _MESSAGES["sensor_msgs/msg/CameraInfo"](
        header=_header(stamp, frame_id),
        height=height,
        width=width,
        distortion_model="plumb_bob",
        d=np.zeros(5),
        k=K.reshape(-1),
        r=np.eye(3).reshape(-1),
        p=np.hstack([K, np.zeros((3, 1))]).reshape(-1),
        binning_x=0,
        binning_y=0,
        roi=_MESSAGES["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False),
    )


def image_message(stamp: int, frame_id: str, encoding: str, pixels: np.ndarray) -> Any:
    """Image of `pixels` (H, W[, C]); `encoding` must fit their type (rgb8, 16UC1, 32FC1)."""
    pixels = np.ascontiguousarray(pixels)
    return _MESSAGES["sensor_msgs/msg/Image"](
        header=_header(stamp, frame_id),
        height=pixels.shape[0],
        width=pixels.shape[1],
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=pixels.reshape(-1).view(np.uint8),
    )


def compressed_color_message(stamp: int, frame_id: str, file: Path) -> Any:
    """CompressedImage that holds the bytes of an image file as they are."""
    codec = "png" if file.suffix == ".png" else "jpeg"
    return _MESSAGES["sensor_msgs/msg/CompressedImage"](
        _header(stamp, frame_id),
        f"rgb8; {codec} compressed bgr8",
        np.frombuffer(file.read_bytes(), np.uint8),
    )


def compressed_depth_message(stamp: int, frame_id: str, png: bytes) -> Any:
    """CompressedImage in the layout of compressed_depth_image_transport, 16UC1 as PNG.

    Its 12-byte header holds quantisation parameters, which only 32FC1 uses.
    """
    return _MESSAGES["sensor_msgs/msg/CompressedImage"](
        _header(stamp, frame_id),
        "16UC1; compressedDepth png",
        np.frombuffer(bytes(12) + png, np.uint8),
    )
