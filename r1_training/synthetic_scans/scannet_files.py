"""ScanNet's own files: mesh, segments, aggregation, axis alignment and the `.sens` recording."""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from plyfile import PlyData, PlyElement

from r1_model.scene.scene import View
from r1_training.datasets.scannet.sens import DEPTH_SHIFT, VERSION
from r1_training.synthetic_scans.scan_mesh import ScanMesh

JPEG, ZLIB = 2, 1  # the recording's codes of how colour and depth are compressed
JPEG_QUALITY = 92
SENSOR = b"StructureSensor"
FRAME_US = 100_000


def write_mesh(path: Path, mesh: ScanMesh, points: np.ndarray) -> None:
    """`*_vh_clean_2.ply`: the mesh with its vertices at (N, 3) `points`, little endian."""
    vertex = np.zeros(
        len(points),
        [(name, "f4") for name in "xyz"]
        + [(name, "u1") for name in ("red", "green", "blue", "alpha")],
    )
    for axis, name in enumerate("xyz"):
        vertex[name] = points[:, axis]
    for channel, name in enumerate(("red", "green", "blue")):
        vertex[name] = mesh.colors[:, channel]
    vertex["alpha"] = 255
    face = np.zeros(len(mesh.triangles), [("vertex_indices", "i4", (3,))])
    face["vertex_indices"] = mesh.triangles
    elements = [PlyElement.describe(vertex, "vertex"), PlyElement.describe(face, "face")]
    PlyData(elements, byte_order="<").write(str(path))


def write_annotation(
    folder: Path, scene_id: str, segments: np.ndarray, groups: Sequence[tuple[str, np.ndarray]]
) -> None:
    """`*.segs.json` and `*.aggregation.json`.

    Args:
        folder: of the scan.
        scene_id: its name.
        segments: (N,) number of each vertex' segment.
        groups: label and segment numbers of every object; its place is its object id.
    """
    _write_json(
        folder / f"{scene_id}_vh_clean_2.0.010000.segs.json",
        {
            "params": {"kThresh": "0.0001", "segMinVerts": "20", "minPoints": "750"},
            "sceneId": scene_id,
            "segIndices": segments.tolist(),
        },
    )
    listed = [
        {"id": number, "objectId": number, "segments": members.tolist(), "label": label}
        for number, (label, members) in enumerate(groups)
    ]
    _write_json(
        folder / f"{scene_id}.aggregation.json",
        {
            "sceneId": f"scannet.{scene_id}",
            "appId": "Aggregator.v2",
            "segGroups": listed,
            "segmentsFile": f"scannet.{scene_id}_vh_clean_2.0.010000.segs.json",
        },
    )


def write_scan_text(
    path: Path, T_aligned_scan: np.ndarray | None, view: View, frames: int, scene_type: str
) -> None:
    """`SCENE.txt`; without an alignment, as of a test scan, where `T_aligned_scan` is None."""
    height, width = view.depth.shape
    fx, fy, cx, cy = view.K[0, 0], view.K[1, 1], view.K[0, 2], view.K[1, 2]
    values: dict[str, object] = {}
    if T_aligned_scan is not None:
        values["axisAlignment"] = " ".join(f"{value:.6f}" for value in T_aligned_scan.ravel())
    for kind in ("color", "depth"):
        values |= {f"{kind}Height": height, f"{kind}Width": width}
        values |= {f"fx_{kind}": fx, f"fy_{kind}": fy, f"mx_{kind}": cx, f"my_{kind}": cy}
    values |= {"numColorFrames": frames, "numDepthFrames": frames, "sceneType": scene_type}
    path.write_text("".join(f"{name} = {value}\n" for name, value in values.items()))


def write_sens(path: Path, views: Sequence[View]) -> None:
    """A `.sens` recording of version 4 of views in the scan's frame: jpeg colour, zlib depth."""
    height, width = views[0].depth.shape
    K = np.eye(4)
    K[:3, :3] = views[0].K
    matrix, identity = K.astype("<f4").tobytes(), np.eye(4, dtype="<f4").tobytes()
    quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    with path.open("wb") as file:
        file.write(struct.pack("<IQ", VERSION, len(SENSOR)) + SENSOR)
        file.write(matrix + identity + matrix + identity)
        sizes = (width, height, width, height)
        file.write(struct.pack("<ii4IfQ", JPEG, ZLIB, *sizes, DEPTH_SHIFT, len(views)))
        for number, view in enumerate(views):
            jpeg = cv2.imencode(".jpg", view.color[..., ::-1], quality)[1].tobytes()
            millimetres = (view.depth * DEPTH_SHIFT).round().astype("<u2")
            depth = zlib.compress(millimetres.tobytes())
            stamp = number * FRAME_US
            file.write(view.T_scene_camera.astype("<f4").tobytes())
            file.write(struct.pack("<4Q", stamp, stamp, len(jpeg), len(depth)))
            file.write(jpeg + depth)
        file.write(struct.pack("<Q", 0))  # no IMU frames


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
