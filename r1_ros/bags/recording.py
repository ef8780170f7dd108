"""Turn an RGB-D folder into a standard rosbag2 (mcap). Needs no running ROS."""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from rosbags.interfaces import (
    Connection,
    Qos,
    QosDurability,
    QosHistory,
    QosLiveliness,
    QosReliability,
    QosTime,
)
from rosbags.rosbag2 import StoragePlugin, Writer
from scipy.spatial.transform import Rotation

from r1_ros.bags.bag_messages import (
    TYPES,
    camera_info_message,
    compressed_color_message,
    compressed_depth_message,
    image_message,
    transform_message,
)
from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFrame

MAP_FRAME = "map"
CAMERA_FRAME = "camera_link"
OPTICAL_FRAME = "camera_color_optical_frame"

# REP-103: body frame x forward, y left, z up; optical frame x right, y down, z forward.
R_CAMERA_OPTICAL = Rotation.from_quat([-0.5, 0.5, -0.5, 0.5])

# A trajectory that counts from zero gets stamps from here on: stamp 0 means "no time" in ROS,
# and a fixed origin makes the same folder give the same bag.
RELATIVE_EPOCH_S = 1_700_000_000.0

_NO_LIMIT = QosTime(9223372036, 854775807)
_MILLIMETRE = 0.001


class RecordError(RuntimeError):
    """The bag could not be written; the message says why."""


@dataclass(frozen=True)
class RecordSummary:
    """What was written: `frames` image pairs over `seconds` of bag time, `bytes` on disk."""

    path: Path
    frames: int
    seconds: float
    bytes: int


def record(
    folder: RgbdFolder,
    out: Path | str,
    *,
    compressed: bool = False,
    storage: StoragePlugin = StoragePlugin.MCAP,
    on_frame: Callable[[int, int], None] | None = None,
) -> RecordSummary:
    """Write `folder` as a rosbag2.

    Topics: `/color/image` (rgb8), `/depth/image` (16UC1 mm; 32FC1 m where the folder's depth unit
    is not the millimetre), `/color/camera_info`, `/tf` (map -> camera_link at every frame's
    stamp) and the latched `/tf_static` (camera_link -> camera_color_optical_frame). All stamps
    are those of the trajectory.

    Args:
        folder: what to record.
        out: the bag's folder; must not exist.
        compressed: write `/color/image/compressed` (the files as they are) and
            `/depth/image/compressedDepth` instead of raw images: about a tenth of the size.
        storage: mcap, or sqlite3 for old tools.
        on_frame: called with (frames done, frames in all).

    No bag is left behind when something, Ctrl-C for one, ends the recording early.

    Raises:
        RgbdFolderError: an image is damaged.
        RecordError: `out` exists or cannot be written.
    """
    out = Path(out)
    if out.exists():
        raise RecordError(f"{out} exists already; remove it or choose another name")
    if compressed and not _in_millimetres(folder):
        raise RecordError(
            f"compressed depth is in millimetres, {folder.path} has units of {folder.depth_scale} m"
        )
    try:
        with _writable(out) as path, ExitStack() as undo:
            writer = Writer(path, version=9, storage_plugin=storage)
            # Whatever ends the recording, Ctrl-C included: half a bag would stand in the way of
            # the next run.
            undo.callback(shutil.rmtree, path, ignore_errors=True)
            with writer:
                _write(folder, writer, compressed, on_frame)
            undo.pop_all()
    except OSError as error:
        raise RecordError(f"cannot write {out}: {error}") from error
    seconds = folder.frames[-1].time - folder.frames[0].time
    size = sum(file.stat().st_size for file in out.iterdir())
    return RecordSummary(out, len(folder.frames), seconds, size)


@contextmanager
def _writable(out: Path) -> Iterator[Path]:
    """A path to `out` that sqlite takes: rosbags gives it a URI, in which # ? % mean something."""
    if not set("#?%") & set(str(out.absolute())):
        yield out
        return
    with tempfile.TemporaryDirectory() as folder:
        out.absolute().parent.mkdir(parents=True, exist_ok=True)
        parent = Path(folder) / "parent"
        parent.symlink_to(out.absolute().parent, target_is_directory=True)
        path = parent / re.sub("[#?%]", "_", out.name)
        while path.exists():
            path = path.with_name(path.name + "_")
        yield path
        path.rename(out)


def frame_stamps(folder: RgbdFolder) -> list[int]:
    """Stamps of the frames in the bag, nanoseconds since the epoch."""
    relative = folder.frames[0].time < RELATIVE_EPOCH_S / 2
    origin = int(RELATIVE_EPOCH_S * 1e9) if relative else 0
    # Microseconds first: a time such as 0.2 is not exact in binary.
    return [origin + round(frame.time * 1e6) * 1000 for frame in folder.frames]


def _write(
    folder: RgbdFolder,
    writer: Writer,
    compressed: bool,
    on_frame: Callable[[int, int], None] | None,
) -> None:
    image_type = "sensor_msgs/msg/CompressedImage" if compressed else "sensor_msgs/msg/Image"
    color_topic = "/color/image/compressed" if compressed else "/color/image"
    depth_topic = "/depth/image/compressedDepth" if compressed else "/depth/image"

    def connect(topic: str, name: str, *, latched: bool = False) -> Connection:
        return writer.add_connection(
            topic, name, typestore=TYPES, offered_qos_profiles=[_qos(latched)]
        )

    tf_static = connect("/tf_static", "tf2_msgs/msg/TFMessage", latched=True)
    tf = connect("/tf", "tf2_msgs/msg/TFMessage")
    info = connect("/color/camera_info", "sensor_msgs/msg/CameraInfo")
    color = connect(color_topic, image_type)
    depth = connect(depth_topic, image_type)

    stamps = frame_stamps(folder)
    static = transform_message(
        stamps[0], CAMERA_FRAME, OPTICAL_FRAME, np.zeros(3), R_CAMERA_OPTICAL
    )
    _put(writer, tf_static, stamps[0], static)
    for index, (frame, stamp) in enumerate(zip(folder.frames, stamps, strict=True)):
        R_map_camera = Rotation.from_quat(frame.quaternion) * R_CAMERA_OPTICAL.inv()
        pose = transform_message(stamp, MAP_FRAME, CAMERA_FRAME, frame.translation, R_map_camera)
        # The pose goes first: who plays the bag then has it before the images that need it.
        _put(writer, tf, stamp, pose)
        camera = camera_info_message(stamp, OPTICAL_FRAME, folder.width, folder.height, folder.K)
        _put(writer, info, stamp, camera)
        images = _compressed_images if compressed else _raw_images
        color_image, depth_image = images(folder, frame, stamp)
        _put(writer, color, stamp, color_image)
        _put(writer, depth, stamp, depth_image)
        if on_frame is not None:
            on_frame(index + 1, len(stamps))


def _put(writer: Writer, connection: Connection, stamp: int, message: Any) -> None:
    writer.write(connection, stamp, TYPES.serialize_cdr(message, connection.msgtype))


def _qos(latched: bool) -> Qos:
    return Qos(
        QosHistory.KEEP_LAST,
        1 if latched else 10,
        QosReliability.RELIABLE,
        QosDurability.TRANSIENT_LOCAL if latched else QosDurability.VOLATILE,
        _NO_LIMIT,
        _NO_LIMIT,
        QosLiveliness.AUTOMATIC,
        _NO_LIMIT,
        False,
    )


def _raw_images(folder: RgbdFolder, frame: RgbdFrame, stamp: int) -> tuple[Any, Any]:
    color = image_message(stamp, OPTICAL_FRAME, "rgb8", folder.read_color(frame))
    depth = folder.read_depth(frame)
    if _in_millimetres(folder):
        return color, image_message(stamp, OPTICAL_FRAME, "16UC1", depth)
    metres = depth.astype(np.float32) * np.float32(folder.depth_scale)
    return color, image_message(stamp, OPTICAL_FRAME, "32FC1", metres)


def _compressed_images(folder: RgbdFolder, frame: RgbdFrame, stamp: int) -> tuple[Any, Any]:
    folder.read_color(frame)  # raises on a damaged image, which must not get into a bag
    color = compressed_color_message(stamp, OPTICAL_FRAME, frame.color_path)
    _, png = cv2.imencode(".png", folder.read_depth(frame))
    return color, compressed_depth_message(stamp, OPTICAL_FRAME, png.tobytes())


def _in_millimetres(folder: RgbdFolder) -> bool:
    return bool(np.isclose(folder.depth_scale, _MILLIMETRE))
