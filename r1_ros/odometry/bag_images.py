"""The images of a bag as an RGB-D folder without poses."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from r1_ros.bags.bag import Bag, BagError
from r1_ros.bags.rgbd_folder import RgbdFolderError
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.rgbd_frame import RgbdFrame, make_frame
from r1_ros.mapping.synchronizer import Synchronizer
from r1_ros.messages.camera_info import CameraCache
from r1_ros.messages.geometry import stamp_of

_SLOP_NS = 20_000_000
_QUEUE = 30
_KINDS = {f"sensor_msgs/msg/{kind.__name__}": kind for kind in (Image, CompressedImage, CameraInfo)}


@dataclass(frozen=True)
class ImageTopics:
    """Names in the bag; images raw, or with `/compressed` and `/compressedDepth` behind them."""

    color: str = "/color/image"
    depth: str = "/depth/image"
    camera_info: str = "/color/camera_info"


def bag_to_folder(bag_path: Path, out: Path, topics: ImageTopics) -> int:
    """Write colour, depth and intrinsics of a bag as files, undistorted; how many frames.

    Args:
        bag_path: folder or storage file of the bag.
        out: new folder; must not exist, or be empty.
        topics: names in the bag.

    Raises:
        BagError: no bag, or a topic is missing or of another type.
        RgbdFolderError: the folder is there already, or no two images belong together.
        BadMessageError: an image cannot be read, or depth is not registered to colour.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise RgbdFolderError(f"{out} exists already; remove it or choose another name")
    try:
        stamps, frame = [], None
        with Bag(bag_path) as bag:
            inputs = _inputs(bag, topics)  # before anything is written
            for name in ("color", "depth"):
                (out / name).mkdir(parents=True)
            for frame in _frames(bag, inputs):
                name = f"{frame.stamp // 10**9}.{frame.stamp % 10**9:09d}"
                stamps.append(frame.stamp)
                bgr = cv2.cvtColor(frame.color, cv2.COLOR_RGB2BGR)
                cv2.imwrite(str(out / "color" / f"{name}.jpg"), bgr)
                cv2.imwrite(str(out / "depth" / f"{name}.png"), frame.depth)
    except OSError as error:
        raise RgbdFolderError(f"cannot write {error.filename}: {error.strerror}") from error
    if frame is None:
        raise RgbdFolderError(
            f"{bag_path}: no image of {topics.depth} is within {_SLOP_NS / 1e6:.0f} ms of one of "
            f"{topics.color}"
        )
    _write_camera(out / "camera.json", frame, stamps)
    return len(stamps)


def _inputs(bag: Bag, topics: ImageTopics) -> dict[str, str]:
    return {
        _found(bag, topics.color, "/compressed"): "color",
        _found(bag, topics.depth, "/compressedDepth"): "depth",
        _found(bag, topics.camera_info, ""): "camera_info",
    }


def _frames(bag: Bag, inputs: Mapping[str, str]) -> Iterator[RgbdFrame]:
    cameras, config = CameraCache(), MapperConfig()
    together = Synchronizer(("color", "depth"), _SLOP_NS, _QUEUE, lambda *_: None)
    info: CameraInfo | None = None
    waiting: list[dict[str, Any]] = []  # until the intrinsics are known
    for message in bag.messages():
        name = inputs.get(message.topic)
        if name is None:
            continue
        read = deserialize_message(message.data, _KINDS[bag.topics[message.topic].type])
        if name == "camera_info":
            info = read
        else:
            group = together.add(name, stamp_of(read.header.stamp), read)
            waiting += [group] if group is not None else []
        while info is not None and waiting:
            group = waiting.pop(0)
            camera, frame_id = cameras.get(info), info.header.frame_id
            yield make_frame(group["color"], group["depth"], camera, frame_id, np.eye(4), config)


def _found(bag: Bag, name: str, transport: str) -> str:
    """The topic, or its compressed twin."""
    name = f"/{name.lstrip('/')}"
    for topic in (name, name + transport):
        if topic in bag.topics and bag.topics[topic].type in _KINDS:
            return topic
    has = ", ".join(f"{t.name} ({t.type})" for t in bag.topics.values()) or "nothing"
    raise BagError(f"{bag.path} has no images or intrinsics at {name}; it has {has}")


def _write_camera(path: Path, frame: RgbdFrame, stamps: list[int]) -> None:
    height, width = frame.depth.shape
    step = float(np.median(np.diff(stamps))) if len(stamps) > 1 else 1e9
    camera = {
        "width": width,
        "height": height,
        **dict(zip(("fx", "fy", "cx", "cy"), frame.K[[0, 1, 0, 1], [0, 1, 2, 2]], strict=True)),
        "depth_scale_m": 0.001,
        "depth_invalid": 0,
        "rate_hz": 1e9 / max(step, 1.0),
    }
    path.write_text(json.dumps(camera, indent=1) + "\n")
