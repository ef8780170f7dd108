"""`Scene`: the one currency between mapping, reasoning, training and evaluation."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from r1_model.geometry.oriented_boxes import turn
from r1_model.scene.outliers import not_stray
from r1_model.scene.walls import walls_yaw

LEAST_TURN = math.radians(6)  # less is as in training, where walls are off by some degrees


class InvalidSceneError(ValueError):
    """An array of a scene or view has the wrong shape, type or values; the message names it."""


@dataclass(frozen=True)
class View:
    """One posed RGB-D image, undistorted pinhole, colour and depth of equal size.

    Attributes:
        color: (H, W, 3) uint8, RGB.
        depth: (H, W) float32, metres along the optical axis; 0 is invalid, never NaN or inf: what
            is given so, as cameras mark pixels without a measurement, becomes 0 (in a copy).
        K: (3, 3) float64, pixels; focal lengths above 0.
        T_scene_camera: (4, 4) float64, metres; optical camera frame (x right, y down, z forward).
        stamp: nanoseconds.
        id: number of the keyframe; each view of a scene has its own.
        frame_id: name of the camera's optical frame.
    """

    color: np.ndarray
    depth: np.ndarray
    K: np.ndarray
    T_scene_camera: np.ndarray
    stamp: int = 0
    id: int = 0
    frame_id: str = ""

    def __post_init__(self) -> None:
        height, width = self.depth.shape if self.depth.ndim == 2 and self.depth.size else (-1, -1)
        _require("color", self.color, (height, width, 3), np.uint8)
        _require("depth", self.depth, (height, width), np.float32)
        _require("K", self.K, (3, 3), np.float64)
        _require("T_scene_camera", self.T_scene_camera, (4, 4), np.float64)
        if not (np.isfinite(self.K).all() and np.isfinite(self.T_scene_camera).all()):
            raise InvalidSceneError("K and T_scene_camera must be finite")
        if not (self.K[0, 0] > 0 and self.K[1, 1] > 0):
            raise InvalidSceneError(f"focal lengths must be above 0, K is {self.K.tolist()}")
        measured = np.isfinite(self.depth)
        if not measured.all():  # one NaN would spread from its patch over the whole answer
            object.__setattr__(self, "depth", np.where(measured, self.depth, np.float32(0)))

    @cached_property
    def picture(self) -> bytes:
        """A digest of the colours: equal for equal pictures."""
        return hashlib.blake2b(np.ascontiguousarray(self.color).data, digest_size=16).digest()


@dataclass(frozen=True)
class Scene:
    """A fused cloud and the keyframes it was made from. Frame: z up, gravity aligned.

    Attributes:
        points: (N, 3) float32, metres in `frame_id`.
        colors: (N, 3) uint8, RGB.
        normals: (N, 3) float32 or None.
        views: keyframes, oldest first.
        stamp: nanoseconds of the newest data.
        frame_id: the scene frame, e.g. `map`.
    """

    points: np.ndarray
    colors: np.ndarray
    normals: np.ndarray | None = None
    views: list[View] = field(default_factory=list)
    stamp: int = 0
    frame_id: str = "map"

    def __post_init__(self) -> None:
        count = len(self.points)
        _require("points", self.points, (count, 3), np.float32)
        _require("colors", self.colors, (count, 3), np.uint8)
        if self.normals is not None:
            _require("normals", self.normals, (count, 3), np.float32)
        if not np.isfinite(self.points).all():
            raise InvalidSceneError("points must be finite")
        for view_id, count in Counter(view.id for view in self.views).items():
            if count > 1:  # views are chosen by their ids
                raise InvalidSceneError(f"{count} views have the id {view_id}")

    def bounds(self) -> tuple[np.ndarray, np.ndarray]:
        """Minimum and maximum corner of the cloud, (3,) float64 each, metres.

        Boxes in text are relative to these bounds (see `grammar`). Stray points are left out.

        Raises:
            InvalidSceneError: the scene has no points.
        """
        if not len(self.points):
            raise InvalidSceneError("the scene has no points")
        low, high = self._bounds
        return low.copy(), high.copy()

    @cached_property
    def _bounds(self) -> tuple[np.ndarray, np.ndarray]:
        points = self.points[self.not_stray]
        return points.min(0).astype(np.float64), points.max(0).astype(np.float64)

    @cached_property
    def not_stray(self) -> np.ndarray:
        """(N,) bool, see `outliers.not_stray`."""
        return not_stray(self.points)

    def turned(self, yaw: float) -> Scene:
        """In a frame that is turned: every point and camera by `yaw` radians about z."""
        if yaw == 0:
            return self
        T = turn(yaw)
        R = T[:3, :3].astype(np.float32)
        return replace(
            self,
            points=np.ascontiguousarray(self.points @ R.T),
            normals=None if self.normals is None else np.ascontiguousarray(self.normals @ R.T),
            views=[replace(view, T_scene_camera=T @ view.T_scene_camera) for view in self.views],
        )

    @cached_property
    def alignment(self) -> float:
        """Radians by which it is turned about z to be aligned to its walls, at most pi / 4.

        0 where nothing tells, or where less than `LEAST_TURN` is missing: then nothing is gained.
        """
        yaw = walls_yaw(self.points)
        return 0.0 if yaw is None or abs(yaw) < LEAST_TURN else -yaw

    @property
    def aligned(self) -> Scene:
        """In the frame that is aligned to its walls: a robot's map is turned as the robot was when
        it was switched on; here the room's boxes lie along the axes."""
        # one that keeps itself lives until the garbage collector comes, and is hundreds of MB
        return self if self.alignment == 0 else self._turned_to_walls

    @cached_property
    def _turned_to_walls(self) -> Scene:
        return self.turned(self.alignment)


def _require(name: str, array: np.ndarray, shape: tuple[int, ...], dtype: type) -> None:
    if array.shape != shape or array.dtype != dtype:
        raise InvalidSceneError(
            f"{name} must be {np.dtype(dtype).name} of shape {shape}, "
            f"got {array.dtype} of shape {array.shape}"
        )
