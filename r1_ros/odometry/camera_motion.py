"""How a camera moved between two RGB-D images: OpenCV's features, then Open3D's odometry.

Open3D aligns the later depth image to the earlier one, point to plane, from coarse to fine. It
finds the motion from nearby only: where a wall fills the picture it slides along it. So it begins
where matched features say that the camera is (kitchen: the worst step off by 47 mm, not 304).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from r1_ros.mapping.lean_open3d import o3c, open3d

_FEATURES = 2000  # of a picture
_RATIO = 0.75  # Lowe's: the best match is this much nearer than the second
_LEAST_MATCHES = 15
_PIXELS = 2.0  # that a feature may be off
_ROUNDS = 300  # of RANSAC
_NEAREST_M = 0.1
_ITERATIONS = (10, 5, 3)  # coarse to fine
_OUTLIER_M = 0.07  # depths farther apart are not the same surface
_HUBER_M = 0.05
_MILLIMETRES = 1000.0
_FARTHEST_M, _MOST_TURNED_DEG = 0.5, 45.0


@dataclass(frozen=True)
class Look:
    """An image pair, and what odometry made of it.

    Attributes:
        depth: (H, W) uint16 millimetres; 0 is invalid.
        images: the pair as Open3D wants it.
        places: (N, 2) float32 pixels of the features.
        marks: (N, 128) float32, what they look like; None: no feature.
    """

    depth: np.ndarray
    images: open3d.t.geometry.RGBDImage
    places: np.ndarray
    marks: np.ndarray | None


@dataclass(frozen=True)
class Motion:
    """From one image pair to the next.

    Attributes:
        T_earlier_later: (4, 4) float64, metres, between the camera's optical frames.
        fitness: share of the usable later depth that lies on the earlier one, 0 to 1.
        features: how many agree on where the alignment began; 0: it began at no motion.
    """

    T_earlier_later: np.ndarray
    fitness: float
    features: int


def look(color: np.ndarray, depth: np.ndarray) -> Look:
    """Prepare an image pair.

    Args:
        color: (H, W, 3) uint8, RGB.
        depth: (H, W) uint16, millimetres; 0 is invalid.
    """
    images = open3d.t.geometry.RGBDImage(
        open3d.t.geometry.Image(o3c.Tensor.from_numpy(np.ascontiguousarray(color))),
        open3d.t.geometry.Image(o3c.Tensor.from_numpy(np.ascontiguousarray(depth))),
    )
    grey = cv2.cvtColor(color, cv2.COLOR_RGB2GRAY)
    found, marks = cv2.SIFT.create(_FEATURES).detectAndCompute(grey, None)
    places = np.array([point.pt for point in found], np.float32).reshape(-1, 2)
    return Look(depth, images, places, marks)


def camera_motion(earlier: Look, later: Look, K: np.ndarray, depth_max: float) -> Motion:
    """How the camera moved.

    Args:
        earlier, later: with overlapping views.
        K: (3, 3) pixels, of both.
        depth_max: metres; depth beyond it is not trusted.

    Returns:
        the motion; a fitness of 0 where nothing could be aligned.
    """
    guess, features = _by_features(earlier, later, K, depth_max)
    odometry = open3d.t.pipelines.odometry
    try:
        found = odometry.rgbd_odometry_multi_scale(
            later.images,
            earlier.images,
            o3c.Tensor(K),
            o3c.Tensor(guess),
            _MILLIMETRES,
            depth_max,
            [odometry.OdometryConvergenceCriteria(count) for count in _ITERATIONS],
            odometry.Method.PointToPlane,
            odometry.OdometryLossParams(_OUTLIER_M, _HUBER_M, _HUBER_M),
        )
    except RuntimeError:  # "Singular 6x6 linear system": too little depth, or all of it a plane
        return Motion(guess, 0.0, features)
    usable = int(np.count_nonzero((later.depth > 0) & (later.depth < _MILLIMETRES * depth_max)))
    fitness = float(found.fitness) * later.depth.size / max(usable, 1)  # Open3D: of all pixels
    return Motion(found.transformation.cpu().numpy(), min(1.0, fitness), features)


def is_motion(T: np.ndarray) -> bool:
    """Can a camera move so, (4, 4) metres, between two images? More was a jump, or no number."""
    turned = np.degrees(np.arccos(np.clip((np.trace(T[:3, :3]) - 1) / 2, -1, 1)))
    return bool(np.linalg.norm(T[:3, 3]) <= _FARTHEST_M and turned <= _MOST_TURNED_DEG)


def _by_features(
    earlier: Look, later: Look, K: np.ndarray, depth_max: float
) -> tuple[np.ndarray, int]:
    """T_earlier_later of the features that both see, and how many agree; else no motion, 0."""
    nowhere = np.eye(4), 0
    if earlier.marks is None or later.marks is None or len(earlier.marks) < 2:
        return nowhere
    matches = [
        pair[0]
        for pair in cv2.BFMatcher().knnMatch(later.marks, earlier.marks, k=2)
        if pair[0].distance < _RATIO * pair[1].distance
    ]
    at = later.places[[match.queryIdx for match in matches]].reshape(-1, 2)
    seen = earlier.places[[match.trainIdx for match in matches]].reshape(-1, 2)
    z = later.depth[at[:, 1].astype(int), at[:, 0].astype(int)] / _MILLIMETRES
    there = (z > _NEAREST_M) & (z < depth_max)
    if there.sum() < _LEAST_MATCHES:
        return nowhere
    rays = np.column_stack([at[there], np.ones(there.sum())]) @ np.linalg.inv(K).T
    cv2.setRNGSeed(0)  # the same recording gives the same poses
    found, turn, shift, inliers = cv2.solvePnPRansac(
        rays * z[there, None],
        seen[there].astype(np.float64),
        K,
        None,
        reprojectionError=_PIXELS,
        iterationsCount=_ROUNDS,
    )
    if not found or inliers is None or len(inliers) < _LEAST_MATCHES:
        return nowhere
    T = np.eye(4)
    T[:3, :3], T[:3, 3] = cv2.Rodrigues(turn)[0], shift[:, 0]
    # of features that lie badly it may end kilometres away
    return (T, len(inliers)) if is_motion(T) else nowhere
