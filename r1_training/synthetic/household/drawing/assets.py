"""A pack's meshes on a device, and the triangles of rooms that are made from them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from r1_training.synthetic.household.drawing import instances as col
from r1_training.synthetic.household.motifs import motif_tiles
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.household.wear import wear_tiles

CREASE = 0.77  # cosine of the angle from which an edge between two triangles is sharp


@dataclass(frozen=True)
class MeshAssets:
    """All meshes of a pack, and a box behind them, on a device.

    Attributes:
        corners: (F, 3, 3) float32, triangles in unit space ([-0.5, 0.5]^2 x [0, 1]).
        normals: (F, 3, 3) float32 at the corners, for meshes of their natural size.
        colors: (F, 3) float32; is_main: (F,) bool; shade: (F,) float32, brightness of a triangle of
            the main part over the part's mean.
        first, count: (M + 1,) int64, triangles of each mesh; the last row is the box.
        textures: (T, S, S, 3) uint8, those of the pack, then `motif_tiles`, then `wear_tiles`.
    """

    corners: Tensor
    normals: Tensor
    colors: Tensor
    is_main: Tensor
    shade: Tensor
    first: Tensor
    count: Tensor
    textures: Tensor


@dataclass(frozen=True)
class Triangles:
    """Triangles of B rooms, N of all together, room by room.

    Attributes:
        corners: (N, 3, 3) float32, metres, scene frame.
        local: (N, 3, 3) float32, metres along the object's own axes, for textures.
        normals: (N, 3, 3) float32, scene frame, at the corners.
        color: (N, 3) float32 in [0, 1].
        axis: (N,) int64, the object's axis that it faces most.
        tile: (N,) int64, -1 for none; scale, gloss, emissive: (N,) float32.
        instance: (N,) int64.
        start: (B + 1,) int64, the first triangle of each room.
    """

    corners: Tensor
    local: Tensor
    normals: Tensor
    color: Tensor
    axis: Tensor
    tile: Tensor
    scale: Tensor
    gloss: Tensor
    emissive: Tensor
    instance: Tensor
    start: Tensor


@lru_cache(maxsize=4)
def assets_of(pack: MeshPack, device: str | torch.device) -> MeshAssets:
    """The pack's arrays on a device; computed once."""
    corners, normals, first, count, shade = [], [], [], [], []
    total = 0
    for number, mesh in enumerate(pack.meshes):
        unit = pack.unit_vertices(number)
        f0, f1 = mesh.faces
        faces = pack.faces[f0:f1]
        metres = unit * mesh.size
        corners.append(unit[faces])
        normals.append(corner_normals(metres, faces))
        main = max(float(np.mean(mesh.main)), 0.02)
        bright = pack.colors[f0:f1].mean(1) / 255 / main
        shade.append(bright.clip(0.55, 1.5))
        first.append(total)
        count.append(f1 - f0)
        total += f1 - f0
    box, box_faces = _box()
    corners.append(box[box_faces])
    normals.append(corner_normals(box, box_faces))
    first.append(total)
    count.append(len(box_faces))

    def put(array: np.ndarray, dtype: torch.dtype) -> Tensor:
        return torch.from_numpy(np.ascontiguousarray(array)).to(device=device, dtype=dtype)

    grey = np.full((len(box_faces), 3), 128, np.uint8)
    return MeshAssets(
        corners=put(np.concatenate(corners), torch.float32),
        normals=put(np.concatenate(normals), torch.float32),
        colors=put(np.concatenate((pack.colors, grey)) / 255.0, torch.float32),
        is_main=put(np.concatenate((pack.is_main, np.ones(len(grey), bool))), torch.bool),
        shade=put(np.concatenate((*shade, np.ones(len(grey)))), torch.float32),
        first=put(np.array(first), torch.int64),
        count=put(np.array(count), torch.int64),
        textures=put(np.concatenate((pack.textures, motif_tiles(), wear_tiles())), torch.uint8),
    )


def _box() -> tuple[np.ndarray, np.ndarray]:
    """The unit box in [-0.5, 0.5]^2 x [0, 1]."""
    vertices = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0, 1)])
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    return vertices, np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])


def corner_normals(vertices: np.ndarray, faces: np.ndarray) -> np.ndarray:
    """(F, 3, 3) unit normals at the corners: means over the triangles at a vertex, up to creases.

    Args:
        vertices: (V, 3) metres; faces: (F, 3).
    """
    a, b, c = vertices[faces].transpose(1, 0, 2)
    flat = np.cross(b - a, c - a)
    area = np.linalg.norm(flat, axis=1, keepdims=True)
    unit = flat / np.maximum(area, 1e-12)
    owner = faces.reshape(-1)
    order = np.argsort(owner, kind="stable")
    face_of = order // 3
    ends = np.searchsorted(owner[order], np.arange(len(vertices) + 1))
    out = np.repeat(unit[:, None], 3, 1)
    degree = np.diff(ends)
    most = int(min(degree.max(initial=1), 16))
    # neighbours of every vertex, padded; more than 16 at one vertex are not looked at
    place = ends[:-1, None] + np.arange(most)
    known = np.arange(most) < degree[:, None]
    around = np.where(known, face_of[place.clip(max=len(face_of) - 1)], 0)  # (V, most)
    there = around[faces]  # (F, 3, most)
    cosine = np.einsum("fk,fcmk->fcm", unit, unit[there])
    weight = known[faces] * (np.abs(cosine) > CREASE) * area[there, 0] * np.sign(cosine)
    mean = np.einsum("fcm,fcmk->fck", weight, unit[there])
    length = np.linalg.norm(mean, axis=2, keepdims=True)
    return np.where(length > 1e-12, mean / np.maximum(length, 1e-12), out)


def triangles_of(table: Tensor, assets: MeshAssets) -> Triangles:
    """The triangles of rooms from their instance table (B, I, 24), on the assets' device."""
    rooms, most = table.shape[:2]
    rows = table.flatten(0, 1)
    mesh = rows[:, col.MESH].long()
    index = torch.where(mesh == col.BOX, len(assets.first) - 1, mesh.clamp_min(0))
    count = torch.where(mesh == col.NO_MESH, 0, assets.count[index])
    owner = torch.repeat_interleave(count)  # (N,) row of the table
    begin = torch.cumsum(count, 0) - count
    face = torch.arange(len(owner), device=table.device) - begin[owner] + assets.first[index][owner]
    affine = rows[:, col.AFFINE].view(-1, 3, 4)[owner]
    size = rows[:, col.SIZE]
    unit = assets.corners[face]
    corners = _transformed(unit, affine[:, :, :3]) + affine[:, None, :, 3]
    # normals of the natural size are close enough to those of the size here, turned with it
    turn = affine[:, :, :3] / size[owner][:, None, :].clamp_min(1e-6)
    normals = _transformed(assets.normals[face], turn)
    local = unit * size[owner][:, None]
    flat = torch.linalg.cross(local[:, 1] - local[:, 0], local[:, 2] - local[:, 0])
    wanted = rows[:, col.COLOR][owner]
    recolor = assets.is_main[face] & ~wanted[:, 0].isnan()
    painted = (wanted * assets.shade[face, None]).clamp(0, 1)
    tile = rows[:, col.TILE].long()[owner]
    per_room = count.view(rooms, most).sum(1)
    start = torch.zeros(rooms + 1, dtype=torch.long, device=table.device)
    start[1:] = torch.cumsum(per_room, 0)
    return Triangles(
        corners=corners.contiguous(),
        local=local,
        normals=normals,
        color=torch.where(recolor[:, None], painted, assets.colors[face]),
        axis=flat.abs().argmax(1),
        tile=torch.where(assets.is_main[face], tile, -1),
        scale=rows[:, col.SCALE][owner],
        gloss=rows[:, col.GLOSS][owner],
        emissive=rows[:, col.EMISSIVE][owner],
        instance=rows[:, col.INSTANCE].long()[owner],
        start=start,
    )


def _transformed(points: Tensor, linear: Tensor) -> Tensor:
    """linear (N, 3, 3) times each row of points (N, 3, 3); a GPU is slow at many small products."""
    columns = linear[:, None]
    x, y, z = points[..., 0:1], points[..., 1:2], points[..., 2:3]
    return x * columns[..., 0] + y * columns[..., 1] + z * columns[..., 2]
