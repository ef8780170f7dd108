"""Fuse RGB-D images into a truncated signed distance field (TSDF), and read its surface.

`TsdfVolume` is Open3D's VoxelBlockGrid with a bound on memory. Its slow, readable twin is in
tests/r1_ros/mapping/reference_tsdf.py.
"""

from __future__ import annotations

import cv2
import numpy as np

from r1_model.geometry.poses import invert_pose
from r1_ros.mapping.lean_open3d import o3c, open3d
from r1_ros.mapping.touched_blocks import touched_blocks
from r1_ros.runtime.errors import BadMessageError

# 8 voxels a side: with 16, as Open3D's examples have it, half of the voxels that every image
# updates are far from any surface, and integration takes 1.6 times as long.
BLOCK_VOXELS = 8
# How far on either side of a surface an image updates voxels. Wider bands reach through thin things
# and leave ghosts behind them (kitchen: 1.1 % of the points with 8 cm, 0.1 % with 6 cm); narrower
# ones than a Kinect's noise at 4 m leave holes.
TRUNCATION_VOXELS = 3.0
_MIN_TRUNCATION_M = 0.05
# A block's coordinate is an int32; a pose further out than this is a fault anyway.
_MAX_DISTANCE_M = 100_000.0
_DEPTH_UNITS_PER_METRE = 1000.0
# The surface is where the sign changes between voxels. A flat floor at z = 0 would lie exactly on
# voxels and have no sign; so the grid is shifted by an odd part of a voxel.
_SHIFT_VOXELS = 0.3717
_HALF_PIXEL = np.array([[0, 0, 0.5], [0, 0, 0.5], [0, 0, 0]])
_INITIAL_BLOCKS = 8192  # 84 MB
_SPARE = 256  # blocks for which there is always room: an image's are fused by so many at least


class MapFullError(BadMessageError):
    """The image would take more memory than the map may have."""

    def __init__(self, detail: str) -> None:
        super().__init__("map is full", detail)


def check_pose(T_scene_camera: np.ndarray) -> None:
    """A sensor can be at this pose (4, 4), metres.

    Raises:
        BadMessageError: it is absurdly far away, or transforms that are too large for float64
            were multiplied into NaN or infinity.
    """
    position = T_scene_camera[:3, 3]
    if not np.isfinite(T_scene_camera).all() or np.abs(position).max() > _MAX_DISTANCE_M:
        raise BadMessageError("bad pose", f"sensor at {position.tolist()} m")


class TsdfVolume:
    """A TSDF with colour. Not safe for use by several threads at once.

    Args:
        voxel_size: metres.
        max_blocks: blocks of 8x8x8 voxels (10 kB each) at most.
    """

    def __init__(self, voxel_size: float, max_blocks: int) -> None:
        self._voxel_size, self._max_blocks = voxel_size, max_blocks
        self._shift = _SHIFT_VOXELS * voxel_size
        self._truncation = max(TRUNCATION_VOXELS, _MIN_TRUNCATION_M / voxel_size)
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        # float32 throughout: Open3D's integer colours are cut off at every update and darken.
        self._grid = open3d.t.geometry.VoxelBlockGrid(
            ("tsdf", "weight", "color"),
            (o3c.float32, o3c.float32, o3c.float32),
            ((1), (1), (3)),
            self._voxel_size,
            BLOCK_VOXELS,
            min(_INITIAL_BLOCKS, self._max_blocks),
            o3c.Device("CPU:0"),
        )

    @property
    def blocks(self) -> int:
        """Blocks in use."""
        return self._grid.hashmap().size()

    def integrate(
        self,
        depth: np.ndarray,
        color: np.ndarray,
        K: np.ndarray,
        T_scene_camera: np.ndarray,
        depth_max: float,
    ) -> None:
        """Add one image pair.

        Args:
            depth: (H, W) uint16 millimetres, contiguous; 0 is invalid.
            color: (H, W, 3) uint8, contiguous.
            K: (3, 3) pixels.
            T_scene_camera: (4, 4) float64 metres.
            depth_max: metres; depth beyond it is ignored.

        Raises:
            MapFullError: nothing was added.
            BadMessageError: no pixel holds depth, or see `check_pose`.
        """
        check_pose(T_scene_camera)
        if not cv2.countNonZero(depth):
            raise BadMessageError("no valid depth", "every pixel is out of range or invalid")
        # Open3D cuts pixel coordinates off; ROS has pixel centres at integers: half a pixel apart.
        K_corner = K + _HALF_PIXEL
        T_grid_camera = T_scene_camera.copy()
        T_grid_camera[:3, 3] += self._shift
        touched = touched_blocks(
            depth,
            K_corner,
            T_grid_camera,
            block_size=BLOCK_VOXELS * self._voxel_size,
            truncation=self._truncation * self._voxel_size,
            depth_max=depth_max,
        )
        if not len(touched):
            raise BadMessageError(
                "no valid depth",
                f"{cv2.countNonZero(depth)} of {depth.size} pixels hold depth, too few to fuse",
            )
        self._require_room(touched)
        intrinsic, extrinsic = o3c.Tensor(K_corner), o3c.Tensor(invert_pose(T_grid_camera))
        images = [open3d.t.geometry.Image(o3c.Tensor.from_numpy(one)) for one in (depth, color)]
        table, done = self._grid.hashmap(), 0
        while done < len(touched):  # mostly once, see `_require_room`
            some = touched[done : done + table.capacity() - table.size()]
            self._grid.integrate(
                o3c.Tensor.from_numpy(some),
                *images,
                intrinsic,
                intrinsic,
                extrinsic,
                _DEPTH_UNITS_PER_METRE,
                depth_max,
                self._truncation,
            )
            done += len(some)

    def extract(self, min_observations: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The surface where at least `min_observations` images have seen it.

        Returns:
            points (N, 3) float32 metres, colors (N, 3) uint8, normals (N, 3) float32.
        """
        if not self.blocks:
            return empty_cloud()
        # Open3D asks for more than the threshold
        cloud = self._grid.extract_point_cloud(min_observations - 0.5).point
        if "positions" not in cloud or not len(cloud["positions"]):
            return empty_cloud()
        points = cloud["positions"].numpy() - np.float32(self._shift)
        colors = np.rint(np.clip(cloud["colors"].numpy(), 0, 1) * 255).astype(np.uint8)
        normals = cloud["normals"].numpy().astype(np.float32, copy=False)
        finite = np.isfinite(points).all(-1)
        return points[finite], colors[finite], np.nan_to_num(normals[finite])

    def _require_room(self, blocks: np.ndarray) -> None:
        """Room for what is new of blocks (N, 3) int32, and `_SPARE` more.

        Open3D takes all blocks that it is handed for new ones, and doubles the map's memory where
        they would not fit; so it is handed no more than there is room for.
        """
        table = self._grid.hashmap()
        if table.size() + len(blocks) <= min(table.capacity(), self._max_blocks):
            return
        _, present = table.find(o3c.Tensor.from_numpy(blocks))
        needed = table.size() + len(blocks) - int(present.numpy().sum())
        if needed > self._max_blocks:
            raise MapFullError(f"{needed} blocks of voxels, max_blocks is {self._max_blocks}")
        if needed + _SPARE > table.capacity():
            table.reserve(max(needed + _SPARE, min(2 * table.capacity(), self._max_blocks)))


def empty_cloud() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, colours and normals of nothing."""
    return np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8), np.zeros((0, 3), np.float32)
