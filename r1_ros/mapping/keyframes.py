"""Which images become keyframes, and which keyframe goes when there are too many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from r1_model.geometry.poses import invert_pose, transform_points
from r1_model.geometry.projection import backproject, project_points

_GRID = 20  # samples along the longer side for the overlap; exact enough for a threshold
_HIDDEN_M = 0.15  # farther behind the keyframe's depth a point is another surface


@dataclass(frozen=True)
class KeyframeRules:
    """When an image is new enough.

    Attributes:
        translation: metres from every keyframe that looks the same way.
        rotation: radians from every keyframe at the same place.
        overlap: an image of which the closest keyframe sees a smaller share is new in any case.
        max_count: keyframes at most.
    """

    translation: float
    rotation: float
    overlap: float
    max_count: int


@dataclass(frozen=True)
class Pose:
    """What of a keyframe the rules look at: pose, intrinsics and a thinned depth image."""

    T_scene_camera: np.ndarray
    K: np.ndarray
    depth: np.ndarray

    @staticmethod
    def of(depth: np.ndarray, K: np.ndarray, T_scene_camera: np.ndarray) -> Pose:
        """Thin `depth` (H, W), metres or millimetres (uint16), and scale K (3, 3) along."""
        step = max(1, max(depth.shape) // _GRID)
        offset = step // 2
        thin = depth[offset::step, offset::step]
        metres = thin * np.float32(0.001) if thin.dtype == np.uint16 else thin
        K = K.copy()
        K[:2, 2] -= offset
        K[:2] /= step
        return Pose(T_scene_camera, K, metres)


class KeyframeGate:
    """The poses of the keyframes, oldest first."""

    def __init__(self) -> None:
        self._poses: list[Pose] = []

    def __len__(self) -> int:
        return len(self._poses)

    def is_new(self, pose: Pose, rules: KeyframeRules) -> bool:
        """True where the image shows something that no keyframe shows."""
        if not self._poses:
            return True
        distances, angles = self._differences(pose.T_scene_camera)
        if not ((distances < rules.translation) & (angles < rules.rotation)).any():
            return True
        closest = self._poses[int(np.argmin(distances + angles))]
        return overlap(pose, closest) < rules.overlap

    def add(self, pose: Pose, rules: KeyframeRules) -> list[int]:
        """Take a keyframe; returns the indices of those that must go for it, in order of removal.

        Of the two that are most alike (one metre counts as one radian), the older one goes.
        """
        self._poses.append(pose)
        removed = []
        while len(self._poses) > rules.max_count:
            index = self._most_redundant()
            del self._poses[index]
            removed.append(index)
        return removed

    def clear(self) -> None:
        """Forget all."""
        self._poses.clear()

    def _differences(self, T: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Distances (N,) in metres and angles (N,) in radians to the keyframes."""
        poses = np.stack([pose.T_scene_camera for pose in self._poses])
        distances = np.linalg.norm(poses[:, :3, 3] - T[:3, 3], axis=-1)
        traces = np.einsum("nij,ij->n", poses[:, :3, :3], T[:3, :3])
        return distances, np.arccos(np.clip((traces - 1) / 2, -1, 1))

    def _most_redundant(self) -> int:
        best, index = np.inf, 0
        for row in range(len(self._poses) - 1):
            distances, angles = self._differences(self._poses[row].T_scene_camera)
            nearest = (distances + angles)[row + 1 :].min()
            if nearest < best:
                best, index = nearest, row
        return index


def overlap(pose: Pose, other: Pose) -> float:
    """Share of the first image's depth pixels that the second one sees too, in [0, 1].

    1 where the first image holds no depth: it would add nothing.
    """
    xyz, _ = backproject(pose.depth, pose.K)
    if not len(xyz):
        return 1.0
    T_other_pose = invert_pose(other.T_scene_camera) @ pose.T_scene_camera
    uv, z = project_points(transform_points(T_other_pose, xyz.astype(np.float64)), other.K)
    height, width = other.depth.shape
    with np.errstate(invalid="ignore"):
        column, row = np.rint(uv).T
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
    surface = other.depth[row[inside].astype(int), column[inside].astype(int)]
    seen = (surface <= 0) | (z[inside] <= surface + _HIDDEN_M)
    return float(seen.sum() / len(xyz))
