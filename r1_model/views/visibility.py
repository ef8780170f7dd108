"""What posed RGB-D views see: points, voxels, and where a camera must stand to look at a place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from r1_model.geometry.poses import transform_points
from r1_model.geometry.projection import points_at, project_points
from r1_model.geometry.voxels import voxel_keys
from r1_model.scene.scene import View

COVERAGE_VOXEL = 0.1  # metres
MAX_SAMPLES = 4_800  # depth pixels read per view: an 80 x 60 grid finds all 10 cm voxels of a room


def back_project(view: View, max_samples: int = MAX_SAMPLES) -> np.ndarray:
    """Points of a view's valid depth pixels, thinned to a regular grid.

    Args:
        view: the view.
        max_samples: rough upper bound of the pixels that are read.

    Returns:
        (P, 3) float64, metres in the scene frame.
    """
    height, width = view.depth.shape
    stride = max(1, int(np.ceil(np.sqrt(height * width / max_samples))))
    v, u = np.mgrid[stride // 2 : height : stride, stride // 2 : width : stride]
    depth = view.depth[v, u].astype(np.float64)
    valid = depth > 0
    xyz = points_at(u[valid], v[valid], depth[valid], view.K)
    return transform_points(view.T_scene_camera, xyz)


def project(view: View, xyz: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pixel coordinates and depth of scene points.

    Args:
        view: the camera.
        xyz: (N, 3) metres in the scene frame.

    Returns:
        u, v (N,) float64 pixels (NaN where z <= 0) and z (N,) float64 metres.
    """
    rotation, translation = view.T_scene_camera[:3, :3], view.T_scene_camera[:3, 3]
    # columns of R are the camera's axes
    uv, z = project_points((xyz - translation) @ rotation, view.K)
    return uv[:, 0], uv[:, 1], z


def visible(view: View, xyz: np.ndarray, tolerance: float = 0.1) -> np.ndarray:
    """Which points lie in the image and not behind what the depth image shows.

    Args:
        view: the view; pixels without depth hide nothing.
        xyz: (N, 3) metres in the scene frame.
        tolerance: how far behind the measured surface a point still counts as on it, metres.

    Returns:
        (N,) bool.
    """
    height, width = view.depth.shape
    u, v, z = project(view, xyz)
    # half a pixel around the image: pixel centres are at integers
    inside = (z > 0) & (u > -0.5) & (u < width - 0.5) & (v > -0.5) & (v < height - 0.5)
    row = np.rint(np.where(inside, v, 0)).astype(int)
    column = np.rint(np.where(inside, u, 0)).astype(int)
    surface = view.depth[row, column]
    return inside & ((surface <= 0) | (z <= surface + tolerance))


def seen_voxels(views: Sequence[View], voxel: float = COVERAGE_VOXEL) -> np.ndarray:
    """Which voxels each view has depth in.

    Args:
        views: V views of one scene.
        voxel: edge length, metres.

    Returns:
        (V, X) bool over the X voxels that any view sees.
    """
    clouds = [back_project(view) for view in views]
    owner = np.repeat(np.arange(len(views)), [len(cloud) for cloud in clouds])
    if not len(owner):
        return np.zeros((len(views), 0), bool)
    _, index = np.unique(voxel_keys(np.concatenate(clouds), voxel), return_inverse=True)
    seen = np.zeros((len(views), index.max() + 1), bool)
    seen[owner, index] = True
    return seen


def look_at(eye: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Pose of an upright camera at `eye` whose optical axis goes through `target`.

    Args:
        eye, target: (3,) metres in the scene frame (z up).

    Returns:
        T_scene_camera (4, 4) float64: x right, y down, z forward; `target` lands at (0, 0, +d).

    Raises:
        ValueError: eye and target coincide.
    """
    forward = np.asarray(target, np.float64) - np.asarray(eye, np.float64)
    distance = np.linalg.norm(forward)
    if distance < 1e-9:
        raise ValueError(f"cannot look from {eye} at itself")
    forward /= distance
    right = np.cross(forward, [0.0, 0.0, 1.0])
    if np.linalg.norm(right) < 1e-6:  # straight up or down: any heading is upright
        right = np.array([1.0, 0.0, 0.0])
    right /= np.linalg.norm(right)
    pose = np.eye(4)
    pose[:3, :3] = np.stack((right, np.cross(forward, right), forward), 1)
    pose[:3, 3] = eye
    return pose
