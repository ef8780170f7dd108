"""Fuse point clouds: the mean position and colour of all points that fall into a voxel."""

from __future__ import annotations

import numpy as np

from r1_model.geometry.voxels import pack_cells, unpack_cells
from r1_ros.mapping.lean_open3d import o3c
from r1_ros.mapping.tsdf import MapFullError

_INITIAL_VOXELS = 65_536
# Voxel coordinates are packed into 21 bits each: +- 20 km at 2 cm.
_BITS = 21
_LIMIT = 2 ** (_BITS - 1) - 1


class VoxelCloud:
    """Running means in a hash of voxels. Not safe for use by several threads at once.

    Args:
        voxel_size: metres.
        max_voxels: voxels in use at most.
    """

    def __init__(self, voxel_size: float, max_voxels: int) -> None:
        self._voxel_size, self._max_voxels = voxel_size, max_voxels
        self.reset()

    def reset(self) -> None:
        """Forget everything."""
        self._hash = o3c.HashMap(
            min(_INITIAL_VOXELS, self._max_voxels),
            # not packed into one number: Open3D's hash of that has the lowest bits of z alone
            o3c.int32,
            (3,),
            # sums of the offsets from the voxel's corner and of the colours; number of points
            [o3c.float32],
            [(7,)],
            o3c.Device("CPU:0"),
        )

    def __len__(self) -> int:
        return self._hash.size()

    def add(self, points: np.ndarray, colors: np.ndarray) -> None:
        """Add points (N, 3) float32 metres in the scene frame with colors (N, 3) uint8.

        Points beyond 2^20 voxels from the origin are left out.

        Raises:
            MapFullError: nothing was added.
        """
        cells = np.floor(points.astype(np.float64) / self._voxel_size)
        if not (np.abs(cells) <= _LIMIT).all():
            near = (np.abs(cells) <= _LIMIT).all(-1)
            cells, points, colors = cells[near], points[near], colors[near]
        if not len(points):
            return
        packed = pack_cells(cells.astype(np.int64) + _LIMIT, _BITS)
        keys, owner = np.unique(packed, return_inverse=True)
        offsets = points - cells * self._voxel_size
        sums = np.empty((len(keys), 7), np.float32)
        for index, column in enumerate((*offsets.T, *colors.T)):
            sums[:, index] = np.bincount(owner, column)
        sums[:, 6] = np.bincount(owner)
        voxels = unpack_cells(keys, _BITS).astype(np.int32)
        slots, fresh = self._find(voxels)
        needed = len(self) + int(fresh.sum())
        if needed > self._max_voxels:
            raise MapFullError(f"{needed} voxels of points, the limit is {self._max_voxels}")
        if fresh.any():
            capacity = self._hash.capacity()
            slots[fresh] = self._hash.activate(o3c.Tensor(voxels[fresh]))[0].numpy()
            if self._hash.capacity() != capacity:  # it has grown, and everything lies elsewhere
                slots, _ = self._find(voxels)
        values = self._hash.value_tensor(0).numpy()  # a view of the hash's memory
        values[slots[fresh]] = 0
        values[slots] += sums

    def _find(self, voxels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where (N, 3) int32 lie in the hash, (N,), and which of them do not, (N,) bool."""
        slots, present = self._hash.find(o3c.Tensor(voxels))
        return slots.numpy(), ~present.numpy()

    def extract(self) -> tuple[np.ndarray, np.ndarray]:
        """points (N, 3) float32 metres and colors (N, 3) uint8: the mean of each voxel."""
        slots = self._hash.active_buf_indices().numpy()
        keys = pack_cells(self._hash.key_tensor().numpy()[slots].astype(np.int64), _BITS)
        order = np.argsort(keys)  # the hash's own order depends on its history
        slots, keys = slots[order], keys[order]
        sums = self._hash.value_tensor(0).numpy()[slots]
        means = sums[:, :6] / sums[:, 6:]
        points = (unpack_cells(keys, _BITS) - _LIMIT) * self._voxel_size + means[:, :3]
        return points.astype(np.float32), np.rint(means[:, 3:]).astype(np.uint8)
