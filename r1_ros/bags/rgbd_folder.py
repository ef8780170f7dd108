"""The RGB-D folder: the plain-file recording that `r1 record` turns into a bag.

color/NNNNNN.jpg|png   8-bit colour
depth/NNNNNN.png       16-bit depth, one unit = `depth_scale_m` metres; same pinhole as colour
camera.json            width, height, fx, fy, cx, cy, depth_scale_m, depth_invalid, rate_hz
trajectory.txt         one line a frame: timestamp_s tx ty tz qx qy qz qw frame
                       (pose of the camera's optical frame in `map`, metres, map is z-up)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from r1_ros.configuration.text_files import TextFileError, read_json, read_text

COLOR_SUFFIXES = (".jpg", ".jpeg", ".png")
_LATEST_S = 2**31  # ROS counts seconds in 32 bits
_UNITS = ((1e3, "milliseconds"), (1e6, "microseconds"), (1e9, "nanoseconds"))
# Frames this much farther apart than rate_hz says are told in another unit.
_OTHER_UNIT = 500.0


class RgbdFolderError(ValueError):
    """A file of an RGB-D folder is missing or damaged; the message names the file and the value."""


@dataclass(frozen=True)
class RgbdFrame:
    """One colour and depth image pair with its pose.

    Attributes:
        name: file name without suffix.
        time: seconds, on the clock of the trajectory.
        translation: (3,) float64, metres, camera optical frame in `map`; NaN where nobody knows.
        quaternion: (4,) float64, x y z w, unit length.
        color_path, depth_path: the image files.
    """

    name: str
    time: float
    translation: np.ndarray
    quaternion: np.ndarray
    color_path: Path
    depth_path: Path

    @property
    def pose(self) -> np.ndarray:
        """T_map_camera, (4, 4) float64: camera optical frame -> map, metres."""
        T = np.eye(4)
        T[:3, :3] = Rotation.from_quat(self.quaternion).as_matrix()
        T[:3, 3] = self.translation
        return T


@dataclass(frozen=True)
class RgbdFolder:
    """An opened RGB-D folder. Images are read when they are asked for.

    Attributes:
        path: the folder.
        width, height: size of both images, pixels.
        K: (3, 3) float64, pixels.
        depth_scale: metres per unit of the depth images.
        depth_invalid: raw depth values that mean "not measured".
        rate_hz: nominal frame rate.
        frames: in the order of time.
    """

    path: Path
    width: int
    height: int
    K: np.ndarray
    depth_scale: float
    depth_invalid: tuple[int, ...]
    rate_hz: float
    frames: tuple[RgbdFrame, ...]

    @staticmethod
    def open(path: Path | str, *, posed: bool = True) -> RgbdFolder:
        """Read camera and trajectory and check that every image file is there.

        Args:
            path: the folder.
            posed: False: there is no trajectory. All pairs of images are taken, in the order of
                their names, with NaN for poses. Names that are seconds (`1305031102.175304`) are
                their times, else `rate_hz` counts them.

        Raises:
            RgbdFolderError: something is missing, malformed or out of order.
        """
        path = Path(path)
        if not path.is_dir():
            raise RgbdFolderError(f"no such folder: {path}")
        camera = _read_camera(path / "camera.json")
        frames = _read_trajectory(path) if posed else _unposed(path, float(camera["rate_hz"]))
        _check_unit(path, frames, float(camera["rate_hz"]))
        K = np.array(
            [[camera["fx"], 0, camera["cx"]], [0, camera["fy"], camera["cy"]], [0, 0, 1]], float
        )
        return RgbdFolder(
            path=path,
            width=int(camera["width"]),
            height=int(camera["height"]),
            K=K,
            depth_scale=float(camera["depth_scale_m"]),
            depth_invalid=_invalid_values(path / "camera.json", camera.get("depth_invalid", 0)),
            rate_hz=float(camera["rate_hz"]),
            frames=frames,
        )

    def read_color(self, frame: RgbdFrame) -> np.ndarray:
        """(H, W, 3) uint8 RGB.

        Raises:
            RgbdFolderError: the file is no image or has another size than camera.json says.
        """
        # depth and intrinsics belong to the raster of the sensor, whichever way up it was held
        flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION
        image = cv2.imread(str(frame.color_path), flags)
        return self._checked(frame.color_path, image, np.uint8)

    def read_depth(self, frame: RgbdFrame) -> np.ndarray:
        """(H, W) uint16 in units of `depth_scale`; every invalid value is 0.

        Raises:
            RgbdFolderError: the file is no 16-bit image or has another size than camera.json says.
        """
        image = cv2.imread(str(frame.depth_path), cv2.IMREAD_UNCHANGED)
        image = self._checked(frame.depth_path, image, np.uint16)
        for invalid in self.depth_invalid:
            image[image == invalid] = 0
        return image

    def _checked(self, path: Path, image: np.ndarray | None, dtype: type) -> np.ndarray:
        if image is None:
            raise RgbdFolderError(f"not a readable image: {path}")
        if image.shape[:2] != (self.height, self.width) or image.dtype != dtype:
            raise RgbdFolderError(
                f"{path}: {image.dtype} of {image.shape[1]}x{image.shape[0]}, camera.json says "
                f"{np.dtype(dtype).name} of {self.width}x{self.height}"
            )
        return image


def _read_camera(path: Path) -> dict:
    try:
        camera = read_json(path)
    except TextFileError as error:
        raise RgbdFolderError(str(error)) from None
    for key in ("width", "height", "fx", "fy", "cx", "cy", "depth_scale_m", "rate_hz"):
        value = camera.get(key) if isinstance(camera, dict) else None
        if not isinstance(value, int | float) or not np.isfinite(value) or value <= 0:
            raise RgbdFolderError(f"{path}: {key} must be a number above 0, got {value!r}")
    return camera


def _invalid_values(path: Path, told: object) -> tuple[int, ...]:
    """Raw depths that mean "not measured": told as one number, as several, or not at all."""
    values: list[Any] = [] if told is None else told if isinstance(told, list) else [told]
    if not all(isinstance(value, int) and 0 <= value < 2**16 for value in values):
        raise RgbdFolderError(
            f"{path}: depth_invalid must hold whole numbers from 0 to 65535, got {told!r}"
        )
    return tuple(int(value) for value in values)


def _check_unit(folder: Path, frames: Sequence[RgbdFrame], rate_hz: float) -> None:
    """Raise where the times of a trajectory are no seconds: their steps tell."""
    if len(frames) < 2:
        return
    times = np.array([frame.time for frame in frames])
    step = float(np.median(np.diff(times)))
    if step * rate_hz > _OTHER_UNIT:
        unit = min(_UNITS, key=lambda u: abs(np.log(step * rate_hz / u[0])))[1]
        raise RgbdFolderError(
            f"{folder / 'trajectory.txt'}:2: times must be seconds; steps of {step:g} beside "
            f"rate_hz {rate_hz:g} look like {unit}"
        )


def _read_trajectory(folder: Path) -> tuple[RgbdFrame, ...]:
    path = folder / "trajectory.txt"
    try:
        text = read_text(path)
    except TextFileError as error:
        raise RgbdFolderError(str(error)) from None
    frames: list[RgbdFrame] = []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split("#", 1)[0].split()
        if not fields:
            continue
        frame = _parse_pose(folder, fields, f"{path}:{number}")
        if frames and frame.time <= frames[-1].time:
            raise RgbdFolderError(f"{path}:{number}: time {frame.time} is not after the last one")
        frames.append(frame)
    if not frames:
        raise RgbdFolderError(f"{path} holds no pose")
    return tuple(frames)


def _unposed(folder: Path, rate_hz: float) -> tuple[RgbdFrame, ...]:
    """All pairs of images in the order of their names."""
    if (folder / "trajectory.txt").exists():
        raise RgbdFolderError(f"{folder} has poses: {folder / 'trajectory.txt'}")
    names = sorted({path.stem for path in (folder / "color").glob("*") if path.is_file()})
    seconds = all(re.fullmatch(r"\d+\.\d+", name) for name in names)
    if seconds:
        names.sort(key=float)
    nobody = np.full(3, np.nan), np.full(4, np.nan)
    frames = [
        RgbdFrame(
            name,
            float(name) if seconds else index / rate_hz,
            *nobody,
            *_image_files(folder, name, f"{folder / 'color'}"),
        )
        for index, name in enumerate(names)
    ]
    if not frames:
        raise RgbdFolderError(f"no images in {folder / 'color'}")
    return tuple(frames)


def _image_files(folder: Path, name: str, where: str) -> tuple[Path, Path]:
    """Colour and depth image of a frame."""
    color_files = [folder / "color" / f"{name}{suffix}" for suffix in COLOR_SUFFIXES]
    color = next((file for file in color_files if file.is_file()), None)
    if color is None:
        raise RgbdFolderError(f"{where}: no colour image {color_files[0]} (or .png)")
    depth = folder / "depth" / f"{name}.png"
    if not depth.is_file():
        raise RgbdFolderError(f"{where}: no depth image {depth}")
    return color, depth


def _parse_pose(folder: Path, fields: list[str], where: str) -> RgbdFrame:
    if len(fields) != 9:
        raise RgbdFolderError(
            f"{where}: expected `timestamp tx ty tz qx qy qz qw frame`, got {len(fields)} fields"
        )
    try:
        numbers = np.array([float(field) for field in fields[:8]])
    except ValueError as error:
        raise RgbdFolderError(f"{where}: {error}") from None
    norm = np.linalg.norm(numbers[4:])
    if not np.isfinite(numbers).all() or abs(norm - 1) > 1e-2:
        raise RgbdFolderError(f"{where}: pose must be finite with a unit quaternion, got {fields}")
    if not 0 <= numbers[0] < _LATEST_S:
        raise RgbdFolderError(
            f"{where}: time {fields[0]} is no number of seconds since 1970 that ROS can hold "
            "(milliseconds or nanoseconds?)"
        )
    name = fields[8]
    if name in (".", "..") or "/" in name:
        raise RgbdFolderError(f"{where}: {name!r} is no name of a frame")
    color, depth = _image_files(folder, name, where)
    return RgbdFrame(name, float(numbers[0]), numbers[1:4], numbers[4:] / norm, color, depth)
