"""Rooms as padded tensors: what the ray tracer and the GPU's data path read."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import torch

from r1_training.synthetic.camera.trajectories import sample_views
from r1_training.synthetic.household.drawing.instances import NO_MESH, instance_table
from r1_training.synthetic.household.sensors import SENSORS
from r1_training.synthetic.rooms.catalog import SPLITS
from r1_training.synthetic.rooms.elements import Primitives, Room

# Columns of the primitive table.
AFFINE = slice(0, 12)  # unit_from_map, row-major
KIND, TAPER = 12, 13
SIZE = slice(14, 17)
COLOR = slice(17, 20)
COLOR2 = slice(20, 23)
TEXTURE, SCALE, EMISSIVE, GLOSS, INSTANCE = 23, 24, 25, 26, 27
SPHERE_CENTER, SPHERE_RADIUS = slice(28, 31), 31
COLUMNS = 32


@dataclass(frozen=True)
class PackedRooms:
    """B rooms, padded.

    Attributes:
        table: (B, P, 32) float32, one row a primitive (columns: see this module).
        counts: (B,) int32, primitives of each room.
        lights: (B, L, 6) float32, position and colour; colour 0 where there is none.
        ambient: (B, 3) float32.
        T_scene_camera: (B, V, 4, 4) float64, poses of V keyframes of a scan, optical frame.
        fov: (B,) float32, horizontal field of view of the room's camera, radians.
        objects: the largest number of annotated objects of a room.
        instances: (B, I, 24) float32, one row a mesh (columns: `household.drawing.instances`);
            None where no room has any.
        crops: (B, 2, 3) float32, metres, what is mapped of each room; infinite for all of it.
        sensors: (B,) int64, number of each room's sensor; None where all have structured light.
        voxels: (B,) float32, metres, of each room's map; None where all are as in `observe`.
    """

    table: torch.Tensor
    counts: torch.Tensor
    lights: torch.Tensor
    ambient: torch.Tensor
    T_scene_camera: torch.Tensor
    fov: torch.Tensor
    objects: int
    instances: torch.Tensor | None = None
    crops: torch.Tensor | None = None
    sensors: torch.Tensor | None = None
    voxels: torch.Tensor | None = None

    def to(self, device: str | torch.device) -> PackedRooms:
        """The same rooms on another device."""
        tensors = {f.name: getattr(self, f.name) for f in fields(self) if f.name != "objects"}
        moved: dict[str, Any] = {
            name: t if t is None else t.to(device, non_blocking=True) for name, t in tensors.items()
        }
        return replace(self, **moved)

    def __len__(self) -> int:
        return len(self.table)


def primitive_table(primitives: Primitives) -> np.ndarray:
    """(P, 32) float32 with the columns of this module, bounding spheres included."""
    p = primitives
    table = np.empty((len(p), COLUMNS), np.float32)
    table[:, AFFINE] = p.unit_from_map.reshape(-1, 12)
    table[:, KIND], table[:, TAPER] = p.kind, p.taper
    table[:, SIZE], table[:, COLOR], table[:, COLOR2] = p.size, p.color, p.color2
    table[:, TEXTURE], table[:, SCALE] = p.texture, p.texture_scale
    table[:, EMISSIVE], table[:, GLOSS], table[:, INSTANCE] = p.emissive, p.gloss, p.instance
    # rows of the linear part are the axes divided by the size
    linear, offset = p.unit_from_map[:, :, :3].astype(np.float64), p.unit_from_map[:, :, 3]
    size = p.size.astype(np.float64)
    center = -np.einsum("pji,pj->pi", linear, offset * size**2)
    wide = np.maximum(p.taper, 1.0)[:, None] * [1.0, 1.0, 0.0] + [0.0, 0.0, 1.0]
    table[:, SPHERE_CENTER] = center
    table[:, SPHERE_RADIUS] = np.linalg.norm(size * wide, axis=1) / 2
    return table


def pack_rooms(rooms: list[Room], views: int = 12, partial: float = 0.25) -> PackedRooms:
    """Pad rooms into tensors on the CPU, with the cameras of a scan; cheap enough for a worker.

    The cameras depend on nothing but the room and these arguments.

    Args:
        views: cameras a room.
        partial: the share of rooms that are scanned from one side only.

    Raises:
        ValueError: no rooms.
    """
    if not rooms:
        raise ValueError("pack_rooms needs at least one room")
    counts = [len(room.primitives) for room in rooms]
    lights = [len(room.lights.position) for room in rooms]
    table = np.zeros((len(rooms), max(counts), COLUMNS), np.float32)
    light = np.zeros((len(rooms), max(1, *lights), 6), np.float32)
    for k, room in enumerate(rooms):
        table[k, : counts[k]] = primitive_table(room.primitives)
        light[k, : lights[k], :3] = room.lights.position
        light[k, : lights[k], 3:] = room.lights.color
    cameras = [
        sample_views(
            room, np.random.default_rng([SPLITS[room.split], room.seed, 1]), views, partial
        )
        for room in rooms
    ]
    return PackedRooms(
        table=torch.from_numpy(table),
        counts=torch.tensor(counts, dtype=torch.int32),
        lights=torch.from_numpy(light),
        ambient=torch.from_numpy(np.stack([room.lights.ambient for room in rooms])),
        objects=max(len(room.objects) for room in rooms),
        T_scene_camera=torch.from_numpy(np.stack([T for T, _ in cameras])),
        fov=torch.tensor([fov for _, fov in cameras], dtype=torch.float32),
        instances=_instances(rooms),
        crops=_crops(rooms),
        sensors=_sensors(rooms),
        voxels=_voxels(rooms),
    )


def _sensors(rooms: list[Room]) -> torch.Tensor | None:
    if all(room.meshes is None for room in rooms):
        return None
    return torch.tensor([SENSORS.index(room.sensor) for room in rooms])


def _voxels(rooms: list[Room]) -> torch.Tensor | None:
    if all(room.meshes is None for room in rooms):
        return None
    return torch.tensor([room.voxel for room in rooms], dtype=torch.float32)


def _instances(rooms: list[Room]) -> torch.Tensor | None:
    most = max(len(room.meshes) if room.meshes is not None else 0 for room in rooms)
    if not most:
        return None
    table = np.zeros((len(rooms), most, 24), np.float32)
    table[..., 23] = NO_MESH
    for k, room in enumerate(rooms):
        if room.meshes is not None:
            table[k, : len(room.meshes)] = instance_table(room.meshes)
    return torch.from_numpy(table)


def _crops(rooms: list[Room]) -> torch.Tensor | None:
    if all(room.crop is None for room in rooms):
        return None
    whole = np.array([[-np.inf] * 3, [np.inf] * 3])
    crops = [whole if room.crop is None else room.crop for room in rooms]
    return torch.from_numpy(np.stack(crops).astype(np.float32))
