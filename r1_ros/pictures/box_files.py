"""Boxes from files: predictions of the reference implementation, and RGB-D folders' objects.json.

.npz   corners (N, 8, 3), or centers (N, 3), sizes (N, 3), headings (N,) about +z;
       labels (N,) and scores (N,) where known
.json  a list of {center, scale, rotation?, label?, score?}: full edge lengths, 3x3 rotation;
       or {"objects": [{center, size, label}, ...]}
"""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from r1_ros.pictures.top_down import PALETTE, PictureBox
from r1_ros.runtime.text_files import TextFileError, read_json


class PredictionsError(ValueError):
    """The file is no predictions file; the message names it and the field."""


def read_predictions(path: Path, min_score: float = 0.0) -> list[PictureBox]:
    """Boxes of a file, those scored below `min_score` left out; colours by label.

    Raises:
        PredictionsError: unreadable, or an array has another shape than it must.
    """
    try:
        boxes = _from_npz(path) if path.suffix == ".npz" else _from_json(path)
    except TextFileError as error:
        raise PredictionsError(str(error)) from None
    except (OSError, zipfile.BadZipFile, ValueError, KeyError, TypeError) as error:
        raise PredictionsError(f"{path}: {type(error).__name__}: {error}") from error
    kept = [(box, label) for box, label, score in boxes if not score < min_score]
    names = sorted({label for _, label in kept})
    return [
        PictureBox(center, size, label, PALETTE[names.index(label) % len(PALETTE)], R)
        for (center, size, R), label in kept
    ]


_Box = tuple[np.ndarray, np.ndarray, np.ndarray]


def _from_npz(path: Path) -> list[tuple[_Box, str, float]]:
    with np.load(path, allow_pickle=False) as data:
        arrays = {name: data[name] for name in data.files}
    if "corners" in arrays:
        corners = arrays["corners"].astype(float).reshape(-1, 8, 3)
        boxes = [_box_of_corners(box) for box in corners]
    else:
        centers = arrays["centers"].astype(float).reshape(-1, 3)
        sizes = arrays["sizes"].astype(float).reshape(len(centers), 3)
        headings = arrays.get("headings", np.zeros(len(centers))).reshape(len(centers))
        turns = Rotation.from_rotvec(np.outer(headings, [0, 0, 1])).as_matrix()
        boxes = list(zip(centers, sizes, turns, strict=True))
    labels = arrays.get("labels", np.full(len(boxes), "")).reshape(len(boxes))
    scores = arrays.get("scores", np.full(len(boxes), np.nan)).reshape(len(boxes))
    return [(b, str(n), float(s)) for b, n, s in zip(boxes, labels, scores, strict=True)]


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


def _from_json(path: Path) -> list[tuple[_Box, str, float]]:
    data = read_json(path)
    items = data["objects"] if isinstance(data, dict) else data
    boxes = []
    for item in items:
        center = np.asarray(item["center"], float).reshape(3)
        size = np.asarray(item["scale"] if "scale" in item else item["size"], float).reshape(3)
        R = np.asarray(item.get("rotation", np.eye(3)), float).reshape(3, 3)
        score = float(item.get("score", float("nan")))
        boxes.append(((center, size, R), str(item.get("label", "")), score))
    return boxes
