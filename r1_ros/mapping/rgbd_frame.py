"""From the messages of one camera to an image pair that can be fused."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from r1_ros.configuration.parameters import MapperConfig
from r1_ros.messages.camera_info import CameraModel
from r1_ros.messages.geometry import same_frame, stamp_of
from r1_ros.messages.images import color_image, depth_image, depth_metres, depth_millimetres
from r1_ros.runtime.errors import BadMessageError


@dataclass(frozen=True)
class RgbdFrame:
    """One image pair with its pose, ready to be fused.

    Attributes:
        color: (H, W, 3) uint8, RGB.
        depth: (H, W) uint16, millimetres; 0 is invalid.
        K: (3, 3) float64, pixels, of both images; undistorted.
        T_scene_camera: (4, 4) float64, metres.
        stamp: nanoseconds.
        frame_id: the camera's optical frame.
    """

    color: np.ndarray
    depth: np.ndarray
    K: np.ndarray
    T_scene_camera: np.ndarray
    stamp: int
    frame_id: str


def no_depth(message: Any, config: MapperConfig) -> BadMessageError:
    """Why no pixel of a depth image can be used: nothing was measured, or in another unit."""
    depth = depth_metres(depth_image(message))
    measured = depth[depth > 0]
    if not measured.size:
        return BadMessageError("no valid depth", "every pixel is 0 or no number")
    if ((measured >= config.depth_min) & (measured <= config.depth_max)).any():
        return BadMessageError("no valid depth", "the lens model shows none of what was measured")
    return BadMessageError(
        "no valid depth",
        f"every pixel is out of range: none within depth_min {config.depth_min:g} and depth_max "
        f"{config.depth_max:g} m, the median is {np.median(measured):g} m; 32FC1 is metres, 16UC1 "
        "millimetres",
    )


def make_frame(
    color_message: Any,
    depth_message: Any,
    camera: CameraModel,
    camera_frame: str,
    T_scene_camera: np.ndarray,
    config: MapperConfig,
) -> RgbdFrame:
    """An undistorted image pair with depth within the configured range.

    Args:
        color_message, depth_message: Image or CompressedImage each, of one camera.
        camera: of the images.
        camera_frame: that the camera info names; empty: it names none.
        T_scene_camera: (4, 4) metres.
        config: for the range of depth.

    Raises:
        BadMessageError: the images cannot be read or do not belong together.
    """
    frame_id = color_message.header.frame_id
    depth_frame = depth_message.header.frame_id
    if not same_frame(depth_frame, frame_id):
        raise BadMessageError(
            "depth is not registered to colour",
            f"colour is in {frame_id!r}, depth in {depth_frame!r}; use the aligned depth topic",
        )
    if camera_frame and not same_frame(camera_frame, frame_id):
        raise BadMessageError(
            "camera info of another camera",
            f"camera info is in {camera_frame!r}, images in {frame_id!r}; use the camera_info "
            "topic that belongs to the colour images",
        )
    color, depth = color_image(color_message), depth_image(depth_message)
    if color.shape[:2] != depth.shape:
        raise BadMessageError(
            "sizes differ",
            f"colour is {color.shape[1]}x{color.shape[0]}, depth {depth.shape[1]}x{depth.shape[0]}",
        )
    height, width = depth.shape
    camera.check(width, height)
    depth = depth_millimetres(depth, config.depth_min, config.depth_max)
    return RgbdFrame(
        color=camera.undistort_color(color),
        depth=camera.undistort_depth(depth),
        K=camera.K,
        T_scene_camera=T_scene_camera,
        stamp=stamp_of(color_message.header.stamp),
        frame_id=frame_id,
    )
