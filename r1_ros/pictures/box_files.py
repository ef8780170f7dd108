"""Boxes from files: our predictions and evaluations, the reference's predictions, objects.json.

.npz   corners (N, 8, 3), or centers (N, 3), sizes (N, 3), headings (N,) about +z;
       labels (N,) and scores (N,) where known
.json  a list of {center, scale, rotation?, label?, score?}: full edge lengths, 3x3 rotation;
       or {"objects": [{center, size, label}, ...]}
       or what `r1 predict` and `r1 evaluate bag` write: see prediction_entries.py
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from r1_ros.configuration.text_files import TextFileError, read_json, read_text
from r1_ros.pictures.prediction_entries import EntryError, is_entries, objects_of_entries
from r1_ros.pictures.top_down import PALETTE, PictureBox

# VoteNet's camera axes (x right, y down, z forward) in ours (x right, y forward, z up).
R_SCENE_CAMERA = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])


class PredictionsError(ValueError):
    """The file is no predictions file; the message names it and the field."""


@dataclass(frozen=True)
class BoxChoice:
    """Which boxes of a file, and how they are read.

    Attributes:
        min_score: boxes scored lower are left out.
        id: of the entry, or of its scene, in a file of many scenes; empty: the file has one.
        classes: names of labels that are numbers, from 0; none: numbers stay numbers.
        camera_axes: the boxes are in VoteNet's camera axes, as the corners that the reference
            exports.
    """

    min_score: float = 0.0
    id: str = ""
    classes: Sequence[str] = ()
    camera_axes: bool = False


ALL = BoxChoice()


def read_predictions(path: Path, choice: BoxChoice = ALL) -> list[PictureBox]:
    """Boxes of a file; colours by label.

    Raises:
        PredictionsError: unreadable, an array has another shape than it must, no entry has the
            id, or a label has no name among the classes.
    """
    try:
        boxes = _from_npz(path) if path.suffix == ".npz" else _from_json(path, choice.id)
        for number, ((center, size, R), _, _) in enumerate(boxes, 1):
            _check(number, center, size, R)
        labels = [_named(label, choice.classes) for _, label, _ in boxes]
    except TextFileError as error:
        raise PredictionsError(str(error)) from None
    except EntryError as error:
        raise PredictionsError(f"{path}: {error}") from None
    except OSError as error:
        raise PredictionsError(f"{path}: cannot be opened: {error.strerror or error}") from error
    except (zipfile.BadZipFile, EOFError, ValueError, KeyError, TypeError, MemoryError) as error:
        raise PredictionsError(f"{path}: {type(error).__name__}: {error}") from error
    A = R_SCENE_CAMERA if choice.camera_axes else np.eye(3)
    kept = [
        (box, label)
        for (box, _, score), label in zip(boxes, labels, strict=True)
        if not score < choice.min_score
    ]
    names = sorted({label for _, label in kept})
    return [
        PictureBox(A @ center, size, label, PALETTE[names.index(label) % len(PALETTE)], A @ R)
        for (center, size, R), label in kept
    ]


def _named(label: str, classes: Sequence[str]) -> str:
    if not classes or not label.isdecimal():
        return label
    if int(label) >= len(classes):
        raise EntryError(f"label {label}, but there are {len(classes)} classes, from 0")
    return classes[int(label)]


def _check(number: int, center: np.ndarray, size: np.ndarray, R: np.ndarray) -> None:
    """Raises `EntryError` where the numbers of a box are none, or no box's."""
    if not (np.isfinite(center).all() and np.isfinite(size).all() and np.isfinite(R).all()):
        raise EntryError(f"box {number} is not finite: {center.tolist()} {size.tolist()}")
    if (size < 0).any():
        raise EntryError(f"box {number} has a negative size: {size.tolist()}")


def _numbers(item: dict[str, Any], key: str, shape: tuple[int, ...], number: int) -> np.ndarray:
    try:
        return np.asarray(item[key], float).reshape(shape)
    except (TypeError, ValueError, OverflowError):
        wanted = " x ".join(map(str, shape))
        raise EntryError(
            f"box {number}: `{key}` must be {wanted} numbers, got {item[key]!r:.60}"
        ) from None


_ROTATION = 1e-2  # how far from one: files have few digits
_SIZES = {"scale", "size"}  # what a box calls its edges
_Box = tuple[np.ndarray, np.ndarray, np.ndarray]


def _from_npz(path: Path) -> list[tuple[_Box, str, float]]:
    loaded = np.load(path, allow_pickle=False)
    if not isinstance(loaded, np.lib.npyio.NpzFile):
        raise EntryError("is one array (.npy), not an archive of them")
    with loaded as data:
        arrays = {name: data[name] for name in data.files}
    for name in ("corners", "centers", "sizes", "headings", "scores"):
        if name in arrays and arrays[name].dtype.kind not in "fiu":
            raise EntryError(f"`{name}` must hold numbers, not {arrays[name].dtype}")
    if "corners" in arrays:
        corners = arrays["corners"].astype(float).reshape(-1, 8, 3)
        boxes = [_box_of_corners(box) for box in corners]
    elif not {"centers", "sizes"} <= set(arrays):
        held = ", ".join(arrays) or "nothing"
        raise EntryError(f"expected arrays `corners`, or `centers` and `sizes`; it holds {held}")
    else:
        centers = arrays["centers"].astype(float).reshape(-1, 3)
        sizes = arrays["sizes"].astype(float).reshape(len(centers), 3)
        headings = arrays.get("headings", np.zeros(len(centers))).reshape(len(centers))
        turns = Rotation.from_rotvec(np.outer(headings, [0, 0, 1])).as_matrix()
        boxes = list(zip(centers, sizes, turns, strict=True))
    labels = arrays.get("labels", np.full(len(boxes), "")).reshape(len(boxes))
    scores = arrays.get("scores", np.full(len(boxes), np.nan)).reshape(len(boxes))
    names = [n.decode() if isinstance(n, bytes) else str(n) for n in labels]
    return [(b, n, float(s)) for b, n, s in zip(boxes, names, scores, strict=True)]


def _box_of_corners(corners: np.ndarray) -> _Box:
    """The box of eight corners (8, 3), whatever their order: its axes are three edges."""
    center = corners.mean(0)
    edges = corners[1:] - corners[0]
    edges = edges[np.argsort(np.linalg.norm(edges, axis=1))]
    axes = [edges[0]]
    for edge in edges[1:]:
        # Edges of a box meet at right angles; diagonals of its faces do not.
        right = all(
            abs(edge @ a) <= 1e-3 * np.linalg.norm(edge) * np.linalg.norm(a) + 1e-12 for a in axes
        )
        if right and len(axes) < 3:
            axes.append(edge)
    if len(axes) < 3:
        raise ValueError("eight corners that are no box")
    size = np.array([np.linalg.norm(a) for a in axes])
    R = np.stack([a / max(n, 1e-9) for a, n in zip(axes, size, strict=True)], axis=1)
    if np.linalg.det(R) < 0:
        R[:, 2] *= -1
    return center, size, R


def _from_json(path: Path, wanted: str) -> list[tuple[_Box, str, float]]:
    data = _json_lines(path) if path.suffix == ".jsonl" else read_json(path)
    if is_entries(data):
        items: Any = objects_of_entries(data, wanted)
    else:
        items = data.get("objects") if isinstance(data, dict) else data
    if not isinstance(items, list):
        told = f"an object with {', '.join(data)}" if isinstance(data, dict) else f"{data!r:.60}"
        raise EntryError(f"expected a list of boxes, or `objects` or `answers`; got {told}")
    boxes = []
    for number, item in enumerate(items, 1):
        if not isinstance(item, dict) or not ({"center"} < set(item) and _SIZES & set(item)):
            raise EntryError(f"box {number} must have `center` and `size`, got {item!r:.60}")
        center = _numbers(item, "center", (3,), number)
        size = _numbers(item, "scale" if "scale" in item else "size", (3,), number)
        if "orientation" in item:
            quaternion = _numbers(item, "orientation", (4,), number)
            if not np.linalg.norm(quaternion) > 0:
                raise EntryError(f"box {number}: `orientation` is no quaternion: {quaternion}")
            R = Rotation.from_quat(quaternion).as_matrix()
        else:
            R = _numbers({"rotation": np.eye(3)} | item, "rotation", (3, 3), number)
            if not np.allclose(R @ R.T, np.eye(3), atol=_ROTATION):
                raise EntryError(f"box {number}: `rotation` is none: {R.tolist()}")
        score = float(_numbers({"score": np.nan} | item, "score", (), number))
        boxes.append(((center, size, R), str(item.get("label", "")), score))
    return boxes


def _json_lines(path: Path) -> list[Any]:
    found = []
    for number, line in enumerate(read_text(path).splitlines(), 1):
        if line.strip():
            try:
                found.append(json.loads(line))
            except (ValueError, RecursionError) as error:
                raise EntryError(f"line {number} is no JSON: {error}") from None
    return found
