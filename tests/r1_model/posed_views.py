"""Small scenes with known geometry, and the real kitchen as a `Scene`, for tests of views."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from scipy.spatial.transform import Rotation

from r1_model.scene.scene import Scene, View
from r1_model.views.visibility import back_project, look_at

K = np.array([[50.0, 0, 31.5], [0, 50.0, 23.5], [0, 0, 1]])


def wall_view(eye: np.ndarray, target: np.ndarray, distance: float, number: int = 0) -> View:
    """64 x 48 pixels, looking from eye to target, all depths equal."""
    return View(
        color=np.full((48, 64, 3), 90, np.uint8),
        depth=np.full((48, 64), distance, np.float32),
        K=K,
        T_scene_camera=look_at(eye, target),
        id=number,
    )


def kitchen_scene(folder: Path, every: int = 20) -> Scene:
    """Views of every n-th frame and the cloud that they see, thinned."""
    K = np.array([[585.0, 0, 320], [0, 585, 240], [0, 0, 1]])
    views, points, colors = [], [], []
    for number, line in enumerate((folder / "trajectory.txt").read_text().splitlines()[1:]):
        if number % every:
            continue
        values = line.split()
        pose = np.eye(4)
        pose[:3, 3] = [float(v) for v in values[1:4]]
        pose[:3, :3] = Rotation.from_quat([float(v) for v in values[4:8]]).as_matrix()
        raw = cv2.imread(str(folder / "depth" / f"{values[8]}.png"), cv2.IMREAD_UNCHANGED)
        depth = np.where(raw == 65535, 0, raw).astype(np.float32) / np.float32(1000)
        color = cv2.imread(str(folder / "color" / f"{values[8]}.jpg"))[..., ::-1].copy()
        view = View(color, depth, K, pose, id=number)
        views.append(view)
        points.append(back_project(view, 20_000))
        v, u = np.mgrid[2:480:4, 2:640:4]
        colors.append(color[v, u][depth[v, u] > 0])
    return Scene(np.concatenate(points).astype(np.float32), np.concatenate(colors), views=views)
