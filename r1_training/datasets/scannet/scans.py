"""Raw ScanNet v2 scans: mesh, aggregation, segments, axis alignment.

Raw files of a scan, in its folder:
`{scan}_vh_clean_2.ply`, `{scan}.aggregation.json`, `{scan}_vh_clean_2.0.010000.segs.json`,
`{scan}.txt`. Test scans have the mesh only.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from plyfile import PlyData, PlyParseError

from r1_model.scene.point_colors import colors_as_bytes
from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.datasets.scannet.class_labels import LAST_NYU40, NO_OBJECTS, LabelTable
from r1_training.datasets.scannet.splits import official_split


@dataclass(frozen=True)
class ScannetScan:
    """A scan with its annotation.

    Attributes:
        scene_id: e.g. `scene0011_00`.
        points: (N, 3) float32, metres, in the scan's own frame (z up).
        colors: (N, 3) uint8, RGB.
        normals: (N, 3) float32, unit length (0 where a vertex has no face).
        semantic: (N,) int64, NYU40 id, 0 none.
        instance: (N,) int64, 1-based instance id, 0 none.
        boxes: (K, 8) float64, axis-aligned boxes in the scan's frame: centre, size, NYU40 id,
            0-based object id.
        aligned_boxes: (K, 8) float64, the same in the aligned frame.
        T_aligned_scan: (4, 4) float64, turns walls parallel to the axes.
    """

    scene_id: str
    points: np.ndarray
    colors: np.ndarray
    normals: np.ndarray
    semantic: np.ndarray
    instance: np.ndarray
    boxes: np.ndarray
    aligned_boxes: np.ndarray
    T_aligned_scan: np.ndarray


def read_scan(folder: Path, labels: LabelTable) -> ScannetScan:
    """Reads a raw scan; the folder's name is its id.

    Raises:
        FileFormatError: a file is missing, broken, or contradicts another.
    """
    scene_id = folder.name
    mesh = folder / f"{scene_id}_vh_clean_2.ply"
    points, colors, normals = read_mesh(mesh)
    try:
        annotated = official_split(scene_id) != "test"
    except RowError as error:
        raise FileFormatError(folder, str(error)) from error
    T_aligned_scan = read_axis_alignment(folder / f"{scene_id}.txt", required=annotated)
    semantic = instance = np.zeros(len(points), np.int64)
    if annotated:
        semantic, instance = _read_annotation(folder, scene_id, len(points), labels)
    aligned = transform(T_aligned_scan, points)
    return ScannetScan(
        scene_id=scene_id,
        points=points,
        colors=colors,
        normals=normals,
        semantic=semantic,
        instance=instance,
        boxes=instance_boxes(points, semantic, instance),
        aligned_boxes=instance_boxes(aligned, semantic, instance),
        T_aligned_scan=T_aligned_scan,
    )


def read_mesh(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices, colours and vertex normals of a mesh.

    Raises:
        FileFormatError: cannot be opened, is not a PLY mesh, or holds values that are not finite.
    """
    try:
        ply = PlyData.read(str(path), known_list_len={"face": {"vertex_indices": 3}})
        vertex = ply["vertex"]
        points = np.stack([vertex[axis] for axis in "xyz"], 1).astype(np.float32)
        colors = np.stack([vertex[name] for name in ("red", "green", "blue")], 1)
        faces = ply["face"]["vertex_indices"]
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error
    except (PlyParseError, KeyError, ValueError) as error:
        raise FileFormatError(path, f"not a coloured PLY mesh: {error}") from error
    except (MemoryError, OverflowError) as error:
        raise FileFormatError(path, f"counts more than memory holds: {error}") from error
    if not len(points) or not np.isfinite(points).all():
        raise FileFormatError(path, "has no vertices, or some that are not finite")
    triangles = np.array(faces.tolist(), np.int64).reshape(-1, 3)
    if triangles.size and (triangles.min() < 0 or triangles.max() >= len(points)):
        raise FileFormatError(path, "a face names a vertex that does not exist")
    return points, colors_as_bytes(colors), vertex_normals(points, triangles)


def vertex_normals(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Mean of the unit normals of a vertex' faces: (N, 3) points, (F, 3) indices -> (N, 3)."""
    corners = points[triangles].astype(np.float64)
    faces = _unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    normals = np.zeros((len(points), 3))
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], faces)
    return _unit(normals).astype(np.float32)


def read_axis_alignment(path: Path, *, required: bool = True) -> np.ndarray:
    """(4, 4) float64 from `axisAlignment = ...`; identity where the line may be missing and is.

    Raises:
        FileFormatError: the line is missing and required, or is not a rigid transform.
    """
    lines = _read_text(path).splitlines() if required or path.is_file() else []
    for number, line in enumerate(lines, 1):
        name, _, value = line.partition("=")
        if name.strip() != "axisAlignment":
            continue
        try:
            matrix = np.array([float(part) for part in value.split()]).reshape(4, 4)
        except ValueError as error:
            raise FileFormatError(path, f"axisAlignment: {error}", number) from error
        if not is_rigid(matrix):
            raise FileFormatError(path, f"axisAlignment is not rigid: {value.strip()}", number)
        return matrix
    if required:
        raise FileFormatError(path, "has no line `axisAlignment = ...`")
    return np.eye(4)


def is_rigid(matrix: np.ndarray, tolerance: float = 1e-3) -> bool:
    """Whether a (4, 4) matrix is a rotation and a shift: no mirror, no scale, row by row."""
    R = matrix[:3, :3]
    return bool(
        np.isfinite(matrix).all()
        and np.allclose(R @ R.T, np.eye(3), atol=tolerance)
        and np.linalg.det(R) > 0
        and np.allclose(matrix[3], (0, 0, 0, 1), atol=tolerance)
    )


def instance_boxes(points: np.ndarray, semantic: np.ndarray, instance: np.ndarray) -> np.ndarray:
    """(K, 8) boxes around the points of every object; walls, floors and ceilings left out."""
    rows = []
    for number in np.unique(instance[instance > 0]):
        inside = instance == number
        label = int(semantic[inside][0])
        if label in NO_OBJECTS or not 0 < label <= LAST_NYU40:
            continue
        low, high = points[inside].min(0), points[inside].max(0)
        rows.append([*((low + high) / 2), *(high - low), label, number - 1])
    return np.array(rows, np.float64).reshape(-1, 8)


def transform(T: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Applies a (4, 4) transform to (N, 3) points."""
    return (points @ T[:3, :3].T + T[:3, 3]).astype(np.float32)


def _read_annotation(
    folder: Path, scene_id: str, count: int, labels: LabelTable
) -> tuple[np.ndarray, np.ndarray]:
    segments_path = folder / f"{scene_id}_vh_clean_2.0.010000.segs.json"
    groups_path = folder / f"{scene_id}.aggregation.json"
    listed = _list(segments_path, "segIndices")
    try:
        segments = np.array(listed)
    except ValueError as error:  # lists of several lengths
        raise FileFormatError(segments_path, "`segIndices` must be a list of integers") from error
    if segments.ndim != 1 or segments.dtype.kind != "i":
        raise FileFormatError(
            segments_path, f"`segIndices` must be a list of integers, got {listed!r:.60}"
        )
    if segments.shape != (count,):
        raise FileFormatError(
            segments_path, f"{len(segments)} segment indices for a mesh of {count} vertices"
        )
    names, vertex_segment = np.unique(segments, return_inverse=True)
    position = {int(name): index for index, name in enumerate(names)}
    semantic = np.zeros(len(names), np.int64)
    instance = np.zeros(len(names), np.int64)
    seen: set[int] = set()
    for group in _list(groups_path, "segGroups"):
        try:
            label, number, members = group["label"], int(group["objectId"]), group["segments"]
            indices = [position[member] for member in members]
        except KeyError as error:
            raise FileFormatError(groups_path, f"a group has no key or segment {error}") from error
        except (TypeError, ValueError) as error:
            raise FileFormatError(groups_path, f"a group is broken: {error}") from error
        if not isinstance(label, str) or not 0 <= number < 1 << 31:
            raise FileFormatError(groups_path, f"a group is broken: {label!r:.40} {number!r:.40}")
        if label not in labels.nyu40:
            raise FileFormatError(groups_path, f"the label table has no category {label!r}")
        if number in seen:
            raise FileFormatError(groups_path, f"`objectId` {number} comes twice")
        seen.add(number)
        # Where groups overlap the last one wins, as in VoteNet's preparation.
        semantic[indices], instance[indices] = labels.nyu40[label], number + 1
    return semantic[vertex_segment], instance[vertex_segment]


def _list(path: Path, key: str) -> list[Any]:
    text = _read_text(path)
    try:
        value = json.loads(text)[key]
    # ValueError: no JSON, or an integer of thousands of digits
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise FileFormatError(path, f"must be an object with the list `{key}`: {error}") from error
    if not isinstance(value, list):
        raise FileFormatError(path, f"`{key}` must be a list")
    return value


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise FileFormatError(path, f"not UTF-8: {error}") from error


def _unit(vectors: np.ndarray) -> np.ndarray:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
