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
            [o3c.float32, o3c.float32, o3c.float32],
            [(3,), (3,), (1,)],
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
        near = (np.abs(cells) <= _LIMIT).all(-1)
        cells, points, colors = cells[near].astype(np.int64), points[near], colors[near]
        if not len(points):
            return
        keys, owner = np.unique(pack_cells(cells + _LIMIT, _BITS), return_inverse=True)
        offsets = points - cells * self._voxel_size
        sums = np.stack([np.bincount(owner, column) for column in (*offsets.T, *colors.T)], -1)
        counts = np.bincount(owner)[:, None]
        tensor = o3c.Tensor(unpack_cells(keys, _BITS).astype(np.int32))
        _, present = self._hash.find(tensor)
        needed = len(self) + len(keys) - int(present.numpy().sum())
        if needed > self._max_voxels:
            raise MapFullError(f"{needed} voxels of points, the limit is {self._max_voxels}")
        _, fresh = self._hash.activate(tensor)
        slots, _ = self._hash.find(tensor)
        slots, fresh = slots.numpy(), fresh.numpy()
        columns = (sums[:, :3], sums[:, 3:], counts)
        for index, column in enumerate(columns):
            values = self._hash.value_tensor(index).numpy()  # a view of the hash's memory
            values[slots[fresh]] = 0
            values[slots] += column.astype(np.float32)

    def extract(self) -> tuple[np.ndarray, np.ndarray]:
        """points (N, 3) float32 metres and colors (N, 3) uint8: the mean of each voxel."""
        slots = self._hash.active_buf_indices().numpy()
        keys = pack_cells(self._hash.key_tensor().numpy()[slots].astype(np.int64), _BITS)
        order = np.argsort(keys)  # the hash's own order depends on its history
        slots, keys = slots[order], keys[order]
        offsets, colors, counts = (self._hash.value_tensor(i).numpy()[slots] for i in range(3))
        points = (unpack_cells(keys, _BITS) - _LIMIT) * self._voxel_size + offsets / counts
        return points.astype(np.float32), np.rint(colors / counts).astype(np.uint8)
