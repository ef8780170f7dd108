"""A ScanNet scan in the real files' formats, small enough to write in a test."""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from plyfile import PlyData, PlyElement

LABELS = (
    "id\traw_category\tcategory\tcount\tnyu40id\teigen13id\tnyuClass\tnyu40class\teigen13class\n"
    "1\twall\twall\t8277\t1\t12\twall\twall\tWall\n"
    "2\tchair\tchair\t4646\t5\t4\tchair\tchair\tChair\n"
    "22\toffice chair\tchair\t595\t5\t4\tchair\tchair\tChair\n"
    '9\t12" monitor\tmonitor\t10\t40\t7\tmonitor\totherprop\tObjects\n'
    "4\ttable\ttable\t1170\t7\t10\ttable\ttable\tTable\n"
)
# 90 degrees about z and a shift, so that alignment shows in every box.
ALIGNMENT = np.array([[0, -1, 0, 1.0], [1, 0, 0, 2.0], [0, 0, 1, -0.5], [0, 0, 0, 1]])


def write_labels(path: Path) -> Path:
    path.write_text(LABELS)
    return path


def write_scan(root: Path, scene_id: str, *, annotated: bool = True) -> Path:
    """Two chairs and a wall: segments 10..12, one cube of vertices each."""
    folder = root / scene_id
    folder.mkdir(parents=True)
    cube = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)], np.float32)
    points = np.concatenate([cube, cube * (0.5, 1, 2) + (3, 0, 0), cube * (1, 0.1, 3) + (0, 5, 0)])
    triangles = np.array([[0, 4, 6], [0, 6, 2], [8, 12, 14], [16, 20, 22]])
    write_mesh(folder / f"{scene_id}_vh_clean_2.ply", points.astype(np.float32), triangles)
    (folder / f"{scene_id}.txt").write_text(
        ("axisAlignment = " + " ".join(f"{v:.6f}" for v in ALIGNMENT.ravel()) + "\n") * annotated
        + "colorHeight = 968\nsceneType = Office\n"
    )
    if annotated:
        segments = np.repeat([10, 11, 12], 8).tolist()
        (folder / f"{scene_id}_vh_clean_2.0.010000.segs.json").write_text(
            json.dumps({"params": {"kThresh": "0.01"}, "sceneId": scene_id, "segIndices": segments})
        )
        groups = [
            {"id": 0, "objectId": 0, "segments": [10], "label": "chair"},
            {"id": 1, "objectId": 1, "segments": [12], "label": "wall"},
            {"id": 2, "objectId": 2, "segments": [11], "label": "office chair"},
        ]
        (folder / f"{scene_id}.aggregation.json").write_text(
            json.dumps({"sceneId": f"scannet.{scene_id}", "segGroups": groups})
        )
    return folder


def write_mesh(path: Path, points: np.ndarray, triangles: np.ndarray) -> None:
    vertex = np.zeros(
        len(points),
        [(n, "f4") for n in "xyz"] + [(n, "u1") for n in ("red", "green", "blue", "alpha")],
    )
    for axis, name in enumerate("xyz"):
        vertex[name] = points[:, axis]
    vertex["red"], vertex["green"], vertex["blue"] = 10, 200, np.arange(len(points)) % 256
    face = np.zeros(len(triangles), [("vertex_indices", "i4", (3,))])
    face["vertex_indices"] = triangles
    elements = [PlyElement.describe(vertex, "vertex"), PlyElement.describe(face, "face")]
    PlyData(elements, byte_order="<").write(str(path))


def write_sens(path: Path, frames: int = 3, lost: tuple[int, ...] = (1,)) -> Path:
    """ScanNet's `.sens` version 4 with small images: jpeg colour, zlib depth, one lost pose."""
    color = np.zeros((48, 64, 3), np.uint8)
    color[:, 32:] = (200, 100, 50)  # BGR
    jpeg = cv2.imencode(".jpg", color, [cv2.IMWRITE_JPEG_QUALITY, 98])[1].tobytes()
    K_color = np.diag([60, 60, 1, 1]).astype("<f4")
    K_color[:2, 2] = 31.5, 23.5
    K_depth = np.diag([30, 30, 1, 1]).astype("<f4")
    K_depth[:2, 2] = 15.5, 11.5
    identity = np.eye(4, dtype="<f4")
    name = b"StructureSensor"
    with path.open("wb") as file:
        file.write(struct.pack("<IQ", 4, len(name)) + name)
        for matrix in (K_color, identity, K_depth, identity):
            file.write(matrix.tobytes())
        file.write(struct.pack("<ii4IfQ", 2, 1, 64, 48, 32, 24, 1000.0, frames))
        for number in range(frames):
            pose = np.eye(4, dtype="<f4")
            pose[0, 3] = number
            if number in lost:
                pose[:] = -np.inf
            depth = zlib.compress(np.full((24, 32), 1500 + number, "<u2").tobytes())
            file.write(pose.tobytes())
            file.write(struct.pack("<4Q", 1000 * number, 1000 * number, len(jpeg), len(depth)))
            file.write(jpeg + depth)
        file.write(struct.pack("<Q", 0))  # no IMU frames
    return path
