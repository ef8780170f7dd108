"""What is known of the kitchen recording without the mapper."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
from scipy.spatial import cKDTree

from r1_model.geometry.poses import transform_points
from r1_model.geometry.projection import backproject
from r1_ros.bags.rgbd_folder import RgbdFolder

DEPTH_MAX = 4.0  # the mapper's default


def table_top(points: np.ndarray, kitchen: Path) -> float:
    """Height of the table's top among (N, 3) points in `map`, metres."""
    objects = json.loads((kitchen / "objects.json").read_text())
    objects = objects["objects"] if isinstance(objects, dict) else objects
    table = next(o for o in objects if "table" in o["label"])
    center, size = np.array(table["center"]), np.array(table["size"])
    xy = np.abs(points[:, :2] - center[:2]) < size[:2] / 2 - 0.05
    z = points[xy.all(-1), 2]
    z = z[(z > 0.5) & (z < 1.0)]
    counts, edges = np.histogram(z, bins=np.arange(0.5, 1.0, 0.005))
    mode = edges[counts.argmax()] + 0.0025
    return float(np.median(z[np.abs(z - mode) < 0.03]))


def share_on_measured(points: np.ndarray, kitchen: Path) -> float:
    """Share of (N, 3) points in `map` that lie within 3 cm of a measured one."""
    distance, _ = cKDTree(direct_cloud(kitchen)).query(points, distance_upper_bound=0.1)
    return float((distance <= 0.03).mean())


_CLOUDS: dict[Path, np.ndarray] = {}


def direct_cloud(kitchen: Path) -> np.ndarray:
    """Every sixth pixel of all 167 depth images in the map frame, one point a cell of 5 mm."""
    if kitchen not in _CLOUDS:
        folder = RgbdFolder.open(kitchen)
        clouds = []
        for frame in folder.frames:
            depth = cv2.imread(str(frame.depth_path), cv2.IMREAD_UNCHANGED)
            metres = np.where(depth == 65535, 0, depth).astype(np.float32) / 1000
            metres[metres > DEPTH_MAX] = 0
            thin = np.zeros_like(metres)
            thin[::6, ::6] = metres[::6, ::6]
            xyz, _ = backproject(thin, folder.K)
            clouds.append(transform_points(frame.pose, xyz.astype(np.float64)))
        points = np.concatenate(clouds)
        cells = np.floor(points / 0.005).astype(np.int64)
        _, first = np.unique(cells, axis=0, return_index=True)
        _CLOUDS[kitchen] = points[first]
    return _CLOUDS[kitchen]
