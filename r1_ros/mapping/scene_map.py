"""The map: fused surface, fused points, keyframes, and what a snapshot brought in."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass

import numpy as np

from r1_model.scene.scene import Scene, View
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.fair_lock import FairLock
from r1_ros.mapping.keyframes import KeyframeGate, KeyframeRules, Pose
from r1_ros.mapping.rgbd_frame import RgbdFrame
from r1_ros.mapping.tsdf import TsdfVolume, empty_cloud
from r1_ros.mapping.voxel_cloud import VoxelCloud
from r1_ros.messages.images import depth_metres
from r1_ros.messages.scenes import view_to_message
from r1_ros.msg import SceneView

_MAX_CELLS = 2**30  # from the origin; what lies beyond (a loaded file may say so) shares the last


@dataclass(frozen=True)
class MapSnapshot:
    """The map at one moment.

    Attributes:
        scene: what was mapped.
        revision: see `SceneMap.revision`.
        map_id: see `SceneMap.map_id`.
        view_messages: the keyframes.
    """

    scene: Scene
    revision: int
    map_id: int
    view_messages: list[SceneView]


class SceneMap:
    """Fuses frames and clouds; gives and takes scenes. Safe for use by several threads.

    Args:
        config: the mapper's parameters.
    """

    def __init__(self, config: MapperConfig) -> None:
        self._scene_frame = config.scene_frame
        self._voxel_size = config.voxel_size
        self._lock = FairLock()
        self._volume = TsdfVolume(config.voxel_size, config.max_blocks)
        self._cloud = VoxelCloud(config.voxel_size, config.max_cloud_points)
        self._min_observations = config.min_observations
        self._gate = KeyframeGate()
        self._last_revision = 0
        self._cached: MapSnapshot | None = None
        # what `_forget` empties
        self._base: tuple[np.ndarray, np.ndarray, np.ndarray | None] = empty_cloud()
        self._views: list[View] = []
        self._messages: list[SceneView] = []
        self._next_id = self._stamp = self._revision = self._map_id = 0

    def add_frame(self, frame: RgbdFrame, config: MapperConfig) -> SceneView | None:
        """Fuse an image pair; returns its message where it became a keyframe.

        Raises:
            BadMessageError: nothing was added.
        """
        with self._lock:
            self._volume.integrate(
                frame.depth, frame.color, frame.K, frame.T_scene_camera, config.depth_max
            )
            self._changed(frame.stamp)
            return self._add_keyframe(frame, config)

    def add_points(self, points: np.ndarray, colors: np.ndarray, stamp: int) -> None:
        """Fuse points (N, 3) float32 in the scene frame with colors (N, 3) uint8.

        Raises:
            MapFullError: nothing was added.
        """
        with self._lock:
            self._cloud.add(points, colors)
            self._changed(stamp)

    def snapshot(self) -> MapSnapshot:
        """The map as it is now. Unchanged maps are not read out twice."""
        with self._lock:
            if self._cached is None or self._cached.revision != self._revision:
                points, colors, normals = self._extract()
                scene = Scene(
                    points=points,
                    colors=colors,
                    normals=normals,
                    views=list(self._views),
                    stamp=self._stamp,
                    frame_id=self._scene_frame,
                )
                self._cached = MapSnapshot(
                    scene, self._revision, self._map_id, list(self._messages)
                )
            return self._cached

    @property
    def revision(self) -> int:
        """Grows with every change, over restarts too; 0 for an empty map."""
        return self._revision

    @property
    def map_id(self) -> int:
        """Revision with which this map began, since the last reset or load; 0 for an empty map."""
        return self._map_id

    @property
    def blocks(self) -> int:
        """Blocks of voxels in use."""
        return self._volume.blocks

    @property
    def keyframes(self) -> int:
        """Keyframes in the map."""
        return len(self._views)

    @property
    def other_points(self) -> int:
        """Points of clouds and of a loaded scene, beside the fused surface."""
        return len(self._cloud) + len(self._base[0])

    def reset(self) -> None:
        """Start an empty map."""
        with self._lock:
            self._volume.reset()
            self._cloud.reset()
            self._forget()

    def replace(self, scene: Scene, config: MapperConfig) -> None:
        """Start from a saved scene; what is fused from now on is added to it."""
        messages = [view_to_message(view, self._scene_frame) for view in scene.views]
        with self._lock:
            self._volume.reset()
            self._cloud.reset()
            self._forget()
            normals = scene.normals
            self._base = (scene.points, scene.colors, normals)
            every = dataclasses.replace(_rules(config), max_count=max(1, len(scene.views)))
            for view in scene.views:
                self._gate.add(Pose.of(view.depth, view.K, view.T_scene_camera), every)
            self._views, self._messages = list(scene.views), messages
            self._next_id = max((view.id for view in scene.views), default=-1) + 1
            if len(scene.points) or scene.views:
                self._changed(scene.stamp)

    def _forget(self) -> None:
        self._base = empty_cloud()
        self._gate.clear()
        self._views, self._messages = [], []
        self._next_id = self._stamp = self._revision = self._map_id = 0

    def _changed(self, stamp: int) -> None:
        # Wall-clock time, so that a copy from before a restart is never taken for this map.
        self._last_revision = max(self._last_revision + 1, time.time_ns())
        self._revision = self._last_revision
        self._map_id = self._map_id or self._revision
        self._stamp = stamp

    def _add_keyframe(self, frame: RgbdFrame, config: MapperConfig) -> SceneView | None:
        pose = Pose.of(frame.depth, frame.K, frame.T_scene_camera)
        rules = _rules(config)
        if not self._gate.is_new(pose, rules):
            return None
        view = View(
            color=frame.color,
            depth=depth_metres(frame.depth),
            K=frame.K,
            T_scene_camera=frame.T_scene_camera,
            stamp=frame.stamp,
            id=self._next_id,
            frame_id=frame.frame_id,
        )
        self._next_id += 1
        self._views.append(view)
        self._messages.append(view_to_message(view, self._scene_frame))
        for index in self._gate.add(pose, rules):
            del self._views[index], self._messages[index]
        return self._messages[-1]

    def _extract(self) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """The fused surface; other points only where it has none."""
        points, colors, normals = self._volume.extract(self._min_observations)
        base_points, base_colors, base_normals = self._base
        cloud_points, cloud_colors = self._cloud.extract()
        if not len(base_points) and not len(cloud_points):
            return points, colors, normals
        if not len(points) and not len(cloud_points):
            return self._base
        cell = 2 * self._voxel_size
        keep_base = ~_in_cells_of(base_points, points, cell)
        keep_cloud = ~_in_cells_of(cloud_points, np.concatenate([points, base_points]), cell)
        parts = (
            (points, colors, normals),
            (base_points[keep_base], base_colors[keep_base], base_normals),
            (cloud_points[keep_cloud], cloud_colors[keep_cloud], None),
        )
        all_normals = None
        if not len(parts[2][0]) and base_normals is not None:
            all_normals = np.concatenate([normals, base_normals[keep_base]])
        return (
            np.concatenate([part[0] for part in parts]),
            np.concatenate([part[1] for part in parts]),
            all_normals,
        )


def _rules(config: MapperConfig) -> KeyframeRules:
    return KeyframeRules(
        config.keyframe_translation,
        config.keyframe_rotation,
        config.keyframe_overlap,
        config.max_keyframes,
    )


def _in_cells_of(points: np.ndarray, others: np.ndarray, cell: float) -> np.ndarray:
    """Which of `points` (N, 3) lie in a cell that also holds one of `others` (M, 3); (N,) bool."""
    if not len(points) or not len(others):
        return np.zeros(len(points), bool)
    with np.errstate(over="ignore"):
        cells = np.floor(np.concatenate([points, others]) / cell)
    cells = np.clip(cells, -_MAX_CELLS, _MAX_CELLS).astype(np.int64)
    cells -= cells.min(0)
    spans = cells.max(0) + 1
    columns = cells[:, 0] * spans[1] + cells[:, 1]
    if spans.prod(dtype=np.float64) >= 2.0**63:  # one bad pose spans more cells than int64 counts
        columns = np.unique(columns, return_inverse=True)[1]
    keys = columns * spans[2] + cells[:, 2]
    return np.isin(keys[: len(points)], keys[len(points) :])
