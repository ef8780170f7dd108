"""ScanNet's frames: the `.sens` recording and folders extracted from it, as posed RGB-D views.

A `.sens` file (version 4, little endian): name, four 4x4 matrices (intrinsics and extrinsics of
colour and depth), compression types, image sizes, depth shift; then per frame the camera-to-world
pose, two time stamps in microseconds, two sizes, the colour and the depth bytes.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from r1_model.scene.scene import View
from r1_training.datasets.errors import FileFormatError
from r1_training.datasets.scannet.scans import is_rigid
from r1_training.datasets.text_files import open_text

VERSION = 4
COLOR_CODECS = {1: "png", 2: "jpeg"}
DEPTH_CODECS = {0: "raw", 1: "zlib"}
DEPTH_SHIFT = 1000.0
POSE_TOLERANCE = 0.05  # poses are of single precision, and others' have few digits
_TAIL = struct.Struct("<ii4IfQ")
_FRAME = struct.Struct("<16f4Q")


@dataclass(frozen=True)
class SensHeader:
    """What a `.sens` file says about all of its frames.

    Attributes:
        sensor: name of the sensor.
        K_color, K_depth: (3, 3) float64, pixels.
        color_codec: `jpeg` or `png`.
        depth_codec: `zlib` or `raw`, of uint16 images.
        color_size, depth_size: width, height.
        depth_shift: depth units in a metre.
        frames: number of frames.
    """

    sensor: str
    K_color: np.ndarray
    K_depth: np.ndarray
    color_codec: str
    depth_codec: str
    color_size: tuple[int, int]
    depth_size: tuple[int, int]
    depth_shift: float
    frames: int


def posed_sens_frames(path: Path) -> list[int]:
    """Numbers of the frames with a valid pose, from the frames' headers alone.

    Goes through the file to its last frame, so one that is cut off anywhere is found out. Errors
    as in `read_sens`.
    """
    with _open(path) as file:
        numbers = []
        for number in range(_header(path, file).frames):
            *pose, _, _, color_bytes, depth_bytes = _unpack(path, file, _FRAME, number)
            _skip(path, file, color_bytes + depth_bytes, number)
            if np.isfinite(pose).all():
                numbers.append(number)
    return numbers


def read_sens(
    path: Path,
    T_scene_scan: np.ndarray | None = None,
    *,
    chosen: Collection[int] | None = None,
) -> Iterator[View]:
    """Frames with a valid pose, one at a time.

    Frames that lost tracking (poses of -inf) are left out. Colour is resampled to the depth
    camera, whose size and intrinsics the views have. `id` is the frame's number.

    Args:
        path: the recording.
        T_scene_scan: (4, 4), e.g. the scan's axis alignment; None is the identity.
        chosen: numbers of the frames to read; None reads all.

    Raises:
        FileFormatError: not a `.sens` file of version 4, truncated, or an image that does not
            decode; says which frame.
    """
    with _open(path) as file:
        header = _header(path, file)
        for number in range(header.frames):
            *pose, color_us, _, color_bytes, depth_bytes = _unpack(path, file, _FRAME, number)
            T_scan_camera = np.array(pose, np.float64).reshape(4, 4)
            wanted = chosen is None or number in chosen
            if not wanted or not np.isfinite(T_scan_camera).all():
                _skip(path, file, color_bytes + depth_bytes, number)
                continue
            color = _decode_color(path, _read(path, file, color_bytes, number), number)
            depth = _decode_depth(path, header, _read(path, file, depth_bytes, number), number)
            T = _checked_pose(path, T_scan_camera, number)
            yield _view(color, depth, header, T, T_scene_scan, number, color_us * 1000)


def posed_frames(folder: Path) -> list[int]:
    """The same of an extracted folder. Errors as in `read_frames`."""
    return [int(path.stem) for path in _pose_paths(folder) if np.isfinite(_read_matrix(path)).all()]


def read_frames(
    folder: Path,
    T_scene_scan: np.ndarray | None = None,
    *,
    chosen: Collection[int] | None = None,
) -> Iterator[View]:
    """Frames of an extracted folder: `color/N.jpg`, `depth/N.png` (mm), `pose/N.txt`.

    Intrinsics in `intrinsic/intrinsic_{color,depth}.txt` or `intrinsics_{color,depth}.txt`. The
    rest as in `read_sens`; `id` is the number in the file name.

    Raises:
        FileFormatError: a file is missing or does not decode; names it.
    """
    K = {kind: _read_intrinsics(folder, kind) for kind in ("color", "depth")}
    paths = _pose_paths(folder)
    for pose_path in paths:
        if chosen is not None and int(pose_path.stem) not in chosen:
            continue
        T_scan_camera = _read_matrix(pose_path)
        if not np.isfinite(T_scan_camera).all():
            continue
        depth_path = folder / "depth" / f"{pose_path.stem}.png"
        depth = cv2.imread(str(depth_path), cv2.IMREAD_UNCHANGED)
        if depth is None or depth.dtype != np.uint16 or depth.ndim != 2:
            raise FileFormatError(depth_path, "is missing or not a 16-bit depth image")
        color_path = folder / "color" / f"{pose_path.stem}.jpg"
        color = cv2.imread(str(color_path), cv2.IMREAD_COLOR_RGB)
        if color is None:
            raise FileFormatError(color_path, "is missing or not an image")
        header = SensHeader(
            sensor=folder.name,
            K_color=K["color"],
            K_depth=K["depth"],
            color_codec="jpeg",
            depth_codec="raw",
            color_size=color.shape[1::-1],
            depth_size=depth.shape[1::-1],
            depth_shift=DEPTH_SHIFT,
            frames=len(paths),
        )
        number = int(pose_path.stem)
        T = _checked_pose(pose_path, T_scan_camera, number)
        yield _view(color, depth, header, T, T_scene_scan, number, 0)


def _pose_paths(folder: Path) -> list[Path]:
    found = (path for path in (folder / "pose").glob("*.txt") if path.stem.isdecimal())
    paths = sorted(found, key=lambda path: int(path.stem))
    if not paths:
        raise FileFormatError(folder / "pose", "holds no pose")
    return paths


def _view(
    color: np.ndarray,
    depth: np.ndarray,
    header: SensHeader,
    T_scan_camera: np.ndarray,
    T_scene_scan: np.ndarray | None,
    number: int,
    stamp: int,
) -> View:
    T = T_scan_camera if T_scene_scan is None else T_scene_scan @ T_scan_camera
    return View(
        color=_at_depth_camera(color, header),
        depth=(depth / header.depth_shift).astype(np.float32),
        K=header.K_depth,
        T_scene_camera=T,
        stamp=stamp,
        id=number,
        frame_id=header.sensor,
    )


def _at_depth_camera(color: np.ndarray, header: SensHeader) -> np.ndarray:
    """Colour as the depth camera sees it; the two share one centre, so a homography is exact."""
    width, height = header.depth_size
    scale = np.array([width / color.shape[1], height / color.shape[0]])
    small = cv2.resize(color, (width, height), interpolation=cv2.INTER_AREA)
    K_small = header.K_color.copy()
    K_small[[0, 1], [0, 1]] *= scale
    K_small[:2, 2] = (K_small[:2, 2] + 0.5) * scale - 0.5
    H = K_small @ np.linalg.inv(header.K_depth)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpPerspective(
        small, H, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE
    )


def _header(path: Path, file: BinaryIO) -> SensHeader:
    (version,) = _unpack(path, file, struct.Struct("<I"))
    if version != VERSION:
        raise FileFormatError(path, f"is not a .sens file of version {VERSION} (found {version})")
    (length,) = _unpack(path, file, struct.Struct("<Q"))
    if length > 4096:
        raise FileFormatError(path, f"the sensor's name is {length} bytes long")
    sensor = _read(path, file, length).decode("utf-8", errors="replace").rstrip("\0")
    matrices = np.frombuffer(_read(path, file, 4 * 64), "<f4").reshape(4, 4, 4).astype(np.float64)
    color, depth, *sizes, shift, frames = _unpack(path, file, _TAIL)
    if color not in COLOR_CODECS or depth not in DEPTH_CODECS:
        raise FileFormatError(path, f"unknown compression: colour {color}, depth {depth}")
    if not shift > 0:
        raise FileFormatError(path, f"the depth shift is {shift}")
    return SensHeader(
        sensor=sensor,
        K_color=_checked_intrinsics(path, matrices[0], "colour"),
        K_depth=_checked_intrinsics(path, matrices[2], "depth"),
        color_codec=COLOR_CODECS[color],
        depth_codec=DEPTH_CODECS[depth],
        color_size=(sizes[0], sizes[1]),
        depth_size=(sizes[2], sizes[3]),
        depth_shift=float(shift),
        frames=frames,
    )


def _decode_color(path: Path, data: bytes, number: int) -> np.ndarray:
    color = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR_RGB) if data else None
    if color is None:
        raise FileFormatError(path, f"frame {number}: the colour image does not decode")
    return color


def _decode_depth(path: Path, header: SensHeader, data: bytes, number: int) -> np.ndarray:
    width, height = header.depth_size
    try:
        raw = zlib.decompress(data) if header.depth_codec == "zlib" else data
        return np.frombuffer(raw, "<u2").reshape(height, width)
    except (zlib.error, ValueError) as error:
        raise FileFormatError(path, f"frame {number}: the depth image: {error}") from error


def _read_intrinsics(folder: Path, kind: str) -> np.ndarray:
    exported = folder / "intrinsic" / f"intrinsic_{kind}.txt"
    path = exported if exported.is_file() else folder / f"intrinsics_{kind}.txt"
    return _checked_intrinsics(path, _read_matrix(path), kind)


def _checked_intrinsics(path: Path, matrix: np.ndarray, kind: str) -> np.ndarray:
    """(3, 3) of a (4, 4) matrix, which must be that of a camera."""
    K = matrix[:3, :3].copy()
    pinhole = np.isfinite(K).all() and min(K[0, 0], K[1, 1]) > 0 and (K[2] == (0, 0, 1)).all()
    if not pinhole:
        raise FileFormatError(path, f"the intrinsics of {kind} are no camera's: {K.tolist()}")
    return K


def _checked_pose(path: Path, T: np.ndarray, number: int) -> np.ndarray:
    if not is_rigid(T, POSE_TOLERANCE):
        raise FileFormatError(path, f"frame {number}: the pose is not rigid: {T.ravel().tolist()}")
    return T


def _read_matrix(path: Path) -> np.ndarray:
    try:
        with open_text(path) as file:
            return np.array(file.read().split(), np.float64).reshape(4, 4)
    except ValueError as error:
        if isinstance(error, FileFormatError):
            raise
        raise FileFormatError(path, f"not a 4x4 matrix: {error}") from error


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error


def _unpack(path: Path, file: BinaryIO, layout: struct.Struct, frame: int | None = None) -> tuple:
    return layout.unpack(_read(path, file, layout.size, frame))


def _read(path: Path, file: BinaryIO, size: int, frame: int | None = None) -> bytes:
    # A corrupt size must not become an allocation.
    left = path.stat().st_size - file.tell()
    data = file.read(size) if size <= left else b""
    if len(data) != size:
        where = "in its header" if frame is None else f"in frame {frame}"
        raise FileFormatError(path, f"ends {where}: {size} bytes wanted, {left} left")
    return data


def _skip(path: Path, file: BinaryIO, size: int, frame: int) -> None:
    if file.tell() + size > path.stat().st_size:
        raise FileFormatError(path, f"ends in frame {frame}")
    file.seek(size, 1)
