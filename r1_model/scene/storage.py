"""Scenes on disk: one `scene.npz` and a folder of images, which load back bit-equal.

    NAME/scene.npz                          points, colors, normals, poses, intrinsics, stamps
    NAME/images/color-HASH.png              colour of a view
    NAME/images/depth-HASH.tiff             depth of a view, float32 metres

Images are named by a hash of their pixels: damage is found on loading, and a scene that is saved
again writes only its new images. `scene.npz` is replaced last, in one step, so that a crash or a
full disk leaves the scene that was there before.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from r1_model.errors import R1Error
from r1_model.scene.array_file import DamagedArraysError, read_arrays
from r1_model.scene.scene import InvalidSceneError, Scene, View

_VERSION = 1
_INDEX = "scene.npz"
_IMAGES = "images"
_SUFFIX = {"color": ".png", "depth": ".tiff"}
_FAST_PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
_LZW_TIFF = [cv2.IMWRITE_TIFF_COMPRESSION, 5]
_ARRAYS = {
    "version": ("i8", ()),
    "points": ("f4", (None, 3)),
    "colors": ("u1", (None, 3)),
    "normals": ("f4", (None, 3)),
    "stamp": ("i8", ()),
    "frame_id": ("U", ()),
    "view_color": ("U", (None,)),
    "view_depth": ("U", (None,)),
    "view_K": ("f8", (None, 3, 3)),
    "view_T_scene_camera": ("f8", (None, 4, 4)),
    "view_stamp": ("i8", (None,)),
    "view_id": ("i8", (None,)),
    "view_frame_id": ("U", (None,)),
}


class SceneNotFoundError(R1Error):
    """There is no saved scene in the folder."""


class CorruptSceneError(R1Error):
    """A file of a saved scene is missing or damaged; the message names it."""


class SceneStorageError(R1Error):
    """A scene cannot be written or read: disk full, permissions."""


def save_scene(scene: Scene, folder: Path | str) -> None:
    """Write a scene; what `folder` held before stays until the new scene is complete.

    Raises:
        SceneStorageError: the disk is full or the folder cannot be written; an older scene in it
            is untouched.
    """
    folder = Path(folder)
    images = folder / _IMAGES
    try:
        images.mkdir(parents=True, exist_ok=True)
        color = [_save_image(images, "color", view.color) for view in scene.views]
        depth = [_save_image(images, "depth", view.depth) for view in scene.views]
        arrays = _index(scene, color, depth)
        with _replacing(folder / _INDEX) as file:
            np.savez(file, allow_pickle=False, **arrays)
        _sync_folder(folder)
        for path in images.iterdir():  # those of the scene that was here before
            if path.name not in {*color, *depth}:
                path.unlink()
    except OSError as error:
        why = "the disk is full" if error.errno == errno.ENOSPC else error.strerror or str(error)
        raise SceneStorageError(f"cannot save the scene to {folder}: {why}") from error


def load_scene(folder: Path | str) -> Scene:
    """Read a scene that `save_scene` wrote, bit by bit the same.

    Raises:
        SceneNotFoundError: `folder` holds no scene.
        CorruptSceneError: a file is missing or damaged.
        SceneStorageError: a file cannot be read (permissions, hardware).
    """
    folder = Path(folder)
    index = folder / _INDEX
    try:
        if not index.is_file():
            raise SceneNotFoundError(f"no saved scene in {folder}")
        return _scene(_read_index(index), folder / _IMAGES)
    except (DamagedArraysError, InvalidSceneError) as error:
        raise CorruptSceneError(f"{index} is damaged: {error}") from error
    except OSError as error:
        raise SceneStorageError(f"cannot read {folder}: {error.strerror or error}") from error


def _index(scene: Scene, color: list[str], depth: list[str]) -> dict[str, np.ndarray]:
    views = scene.views
    arrays = {
        "version": np.array(_VERSION, np.int64),
        "points": scene.points,
        "colors": scene.colors,
        "stamp": np.array(scene.stamp, np.int64),
        "frame_id": np.array(scene.frame_id, np.str_),
        "view_color": np.array(color, np.str_),
        "view_depth": np.array(depth, np.str_),
        "view_K": np.array([view.K for view in views]).reshape(-1, 3, 3),
        "view_T_scene_camera": np.array([v.T_scene_camera for v in views]).reshape(-1, 4, 4),
        "view_stamp": np.array([view.stamp for view in views], np.int64),
        "view_id": np.array([view.id for view in views], np.int64),
        "view_frame_id": np.array([view.frame_id for view in views], np.str_),
    }
    if scene.normals is not None:
        arrays["normals"] = scene.normals
    return arrays


def _read_index(index: Path) -> dict[str, np.ndarray]:
    data = index.read_bytes()
    # first and alone: another version may have other arrays
    version = read_arrays(data, {"version": _ARRAYS["version"]}, others=True)["version"]
    if version != _VERSION:
        raise CorruptSceneError(f"{index} has format {version}, not {_VERSION}")
    arrays = read_arrays(data, _ARRAYS, optional=frozenset({"normals"}))
    lengths = {name: len(array) for name, array in arrays.items() if name.startswith("view_")}
    if len(set(lengths.values())) > 1:
        raise DamagedArraysError(f"numbers of views differ: {lengths}")
    return arrays


def _scene(arrays: dict[str, np.ndarray], images: Path) -> Scene:
    views = [
        View(
            color=_load_image(images, "color", str(arrays["view_color"][row])),
            depth=_load_image(images, "depth", str(arrays["view_depth"][row])),
            K=arrays["view_K"][row],
            T_scene_camera=arrays["view_T_scene_camera"][row],
            stamp=int(arrays["view_stamp"][row]),
            id=int(arrays["view_id"][row]),
            frame_id=str(arrays["view_frame_id"][row]),
        )
        for row in range(len(arrays["view_id"]))
    ]
    return Scene(
        points=arrays["points"],
        colors=arrays["colors"],
        normals=arrays.get("normals"),
        views=views,
        stamp=int(arrays["stamp"]),
        frame_id=str(arrays["frame_id"]),
    )


def _image_name(kind: str, pixels: np.ndarray) -> str:
    digest = hashlib.blake2b(np.ascontiguousarray(pixels).data, digest_size=16)
    digest.update(str(pixels.shape).encode())
    return f"{kind}-{digest.hexdigest()}{_SUFFIX[kind]}"


def _save_image(images: Path, kind: str, pixels: np.ndarray) -> str:
    name = _image_name(kind, pixels)
    # a name alone proves nothing: a disk or a person may have damaged the file since
    if (images / name).is_file() and _read_image(images / name, kind) is not None:
        return name
    if kind == "color":
        _, data = cv2.imencode(".png", cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), _FAST_PNG)
    else:
        _, data = cv2.imencode(".tiff", pixels, _LZW_TIFF)
    with _replacing(images / name) as file:
        file.write(data.data)
    return name


def _load_image(images: Path, kind: str, name: str) -> np.ndarray:
    # an index from elsewhere must not reach outside of its folder
    if not re.fullmatch(rf"{kind}-[0-9a-f]{{32}}\{_SUFFIX[kind]}", name):
        raise CorruptSceneError(f"{images.parent} names an image {name[:80]!r}")
    path = images / name
    if not path.is_file():
        raise CorruptSceneError(f"{path} is missing")
    pixels = _read_image(path, kind)
    if pixels is None:
        raise CorruptSceneError(f"{path} is damaged")
    return pixels


def _read_image(path: Path, kind: str) -> np.ndarray | None:
    """Pixels of an image; None where they are not those that its name is the hash of."""
    flags = cv2.IMREAD_COLOR_RGB if kind == "color" else cv2.IMREAD_UNCHANGED
    try:
        pixels = cv2.imdecode(np.fromfile(path, np.uint8), flags)
    except cv2.error:
        return None
    return pixels if pixels is not None and _image_name(kind, pixels) == path.name else None


@contextlib.contextmanager
def _replacing(path: Path) -> Iterator[BinaryIO]:
    """A file that takes the place of `path` when it is complete, or leaves no trace."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
