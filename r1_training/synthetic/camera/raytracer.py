"""Analytic ray tracing of synthetic rooms: colour, depth, instance, return strength, normals.

`render_reference` tries every primitive on every pixel. On a CPU `render` looks only at the pixels
that a primitive can cover; on a GPU it runs one Triton kernel (`raytracer_triton`).
"""

from __future__ import annotations

import math

import torch

from r1_training.synthetic.camera import packed_rooms as col
from r1_training.synthetic.camera.packed_rooms import PackedRooms
from r1_training.synthetic.camera.ray_math import (
    NEAR,
    Vector,
    box_t,
    cylinder_t,
    dot,
    image_plane,
    ray_directions,
    shade,
    sphere_t,
)
from r1_training.synthetic.camera.rendered_frames import Frames
from r1_training.synthetic.household.drawing.assets import assets_of
from r1_training.synthetic.household.drawing.rasteriser import draw_meshes
from r1_training.synthetic.household.pack import MeshPack
from r1_training.synthetic.rooms.elements import BOX, SPHERE, TUBE


def render(
    rooms: PackedRooms,
    K: torch.Tensor,
    T_scene_camera: torch.Tensor,
    height: int,
    width: int,
    *,
    normals: bool = False,
    pack: MeshPack | None = None,
) -> Frames:
    """Render V views of each room, on the device where the rooms are.

    Args:
        rooms: B rooms.
        K: (B, V, 3, 3), pixels; T_scene_camera: (B, V, 4, 4), optical frame.
        pack: what rooms of meshes were made from.

    Raises:
        ValueError: K or T_scene_camera do not fit the rooms, or they have meshes and no pack.
    """
    if K.shape != (len(rooms), K.shape[1], 3, 3) or T_scene_camera.shape != (*K.shape[:2], 4, 4):
        raise ValueError(
            f"expected K ({len(rooms)}, V, 3, 3) and T_scene_camera ({len(rooms)}, V, 4, 4), "
            f"got {tuple(K.shape)} and {tuple(T_scene_camera.shape)}"
        )
    frames = _render_primitives(rooms, K, T_scene_camera, height, width, normals)
    if rooms.instances is None:
        return frames
    assets = None if pack is None else assets_of(pack, rooms.table.device)
    return draw_meshes(frames, rooms, K, T_scene_camera, assets)


def _render_primitives(
    rooms: PackedRooms,
    K: torch.Tensor,
    T_scene_camera: torch.Tensor,
    height: int,
    width: int,
    normals: bool,
) -> Frames:
    if rooms.table.is_cuda:
        from r1_training.synthetic.camera.raytracer_triton import render_triton

        return render_triton(rooms, K, T_scene_camera, height, width, normals=normals)
    views = [
        _render_view(rooms, b, K[b, v], T_scene_camera[b, v], height, width)
        for b in range(len(rooms))
        for v in range(K.shape[1])
    ]
    fields = [torch.stack(parts).unflatten(0, K.shape[:2]) for parts in zip(*views, strict=True)]
    color, depth, instance, strength, normal = fields
    return Frames(color, depth, instance, strength, normal if normals else None)


def render_reference(
    rooms: PackedRooms,
    K: torch.Tensor,
    T_scene_camera: torch.Tensor,
    height: int,
    width: int,
) -> Frames:
    """`render`, the plain way: every primitive of a room against every pixel, all rooms at once."""
    T = T_scene_camera.float()
    x, y = image_plane(K, height, width)
    direction = ray_directions(T[..., :3, :3], x, y)
    origin = T[..., :3, 3].movedim(-1, 0)[..., None, None]
    depth = torch.full_like(direction[0], math.inf)
    hit = torch.zeros_like(direction[0], dtype=torch.long)
    for p in range(rooms.table.shape[1]):
        row = rooms.table[:, p].T[..., None, None, None]
        m = row[col.AFFINE]
        o = tuple(dot(m[4 * k : 4 * k + 3], origin) + m[4 * k + 3] for k in range(3))
        d = tuple(dot(m[4 * k : 4 * k + 3], direction) for k in range(3))
        kind = row[col.KIND]
        round_t = torch.where(
            kind == SPHERE, sphere_t(o, d), cylinder_t(o, d, row[col.TAPER], kind != TUBE)
        )
        t = torch.where(kind == BOX, box_t(o, d), round_t)
        closer = (t < depth) & (p < rooms.counts)[:, None, None, None]
        depth, hit = torch.where(closer, t, depth), torch.where(closer, p, hit)
    room = torch.arange(len(rooms), device=hit.device)[:, None, None, None]
    return Frames(
        *_finish(
            rooms.table[room, hit].movedim(-1, 0),
            origin,
            direction,
            depth,
            rooms.lights.permute(1, 2, 0)[..., None, None, None],
            rooms.ambient.T[..., None, None, None],
        )
    )


def _finish(
    rows: torch.Tensor,
    origin: Vector,
    direction: Vector,
    depth: torch.Tensor,
    lights: torch.Tensor,
    ambient: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    seen = depth.isfinite()
    depth = torch.where(seen, depth, 0.0)
    rgb, normal, strength = shade(rows, origin, direction, depth, lights, ambient)
    color = torch.stack([torch.where(seen, c * 255 + 0.5, 0.0).to(torch.uint8) for c in rgb], -1)
    instance = torch.where(seen, rows[col.INSTANCE], -1).to(torch.int16)
    return (
        *(color, depth, instance, torch.where(seen, strength, 0.0)),
        torch.stack([torch.where(seen, n, 0.0) for n in normal], -1),
    )


def screen_bounds(
    table: torch.Tensor, K: torch.Tensor, T_scene_camera: torch.Tensor, height: int, width: int
) -> torch.Tensor:
    """The rectangle of pixels that each primitive can cover.

    Args:
        table: (P, 32); K: (3, 3); T_scene_camera: (4, 4).

    Returns:
        (P, 5) float64: first row, last row + 1, first column, last column + 1, nearest depth;
        an empty rectangle where the primitive is behind the camera or outside of the image.
    """
    corners = torch.tensor(
        [[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (-0.5, 0.5)]
    ).double()
    table = table.double()
    wide = table[:, col.TAPER].clamp_min(1.0)
    spread = torch.stack([wide, wide, torch.ones_like(wide)], -1)
    affine = table[:, col.AFFINE].unflatten(-1, (3, 4))
    # inverse of the affine map: columns of map_from_unit are the axes times the size
    size = table[:, col.SIZE]
    axes = affine[..., :3].transpose(1, 2) * (size**2)[:, None, :]
    center = -(axes @ affine[..., 3:]).squeeze(-1)
    points = (corners * spread[:, None]) @ axes.transpose(1, 2) + center[:, None]
    T = T_scene_camera.double()
    camera = (points - T[:3, 3]) @ T[:3, :3]
    z = camera[..., 2]
    pixel = camera[..., :2] / z.clamp_min(1e-6)[..., None]
    pixel = pixel * torch.stack([K[0, 0], K[1, 1]]).double() + K[:2, 2].double()
    low, high = pixel.amin(1), pixel.amax(1)
    crosses = (z.amin(1) < NEAR) & (z.amax(1) > 0)
    behind = z.amax(1) <= NEAR
    limit = torch.tensor([width, height]).double()
    low = torch.where(crosses[:, None], 0.0, low.floor().clamp_min(0).minimum(limit))
    high = torch.where(crosses[:, None], limit, (high.ceil() + 1).clamp_min(0).minimum(limit))
    high = torch.where(behind[:, None], low, high)
    return torch.stack([low[:, 1], high[:, 1], low[:, 0], high[:, 0], z.amin(1)], -1)


def _render_view(
    rooms: PackedRooms, b: int, K: torch.Tensor, T: torch.Tensor, height: int, width: int
) -> tuple[torch.Tensor, ...]:
    table = rooms.table[b, : int(rooms.counts[b])]
    bounds = screen_bounds(table, K, T, height, width)
    T = T.float()
    x, y = image_plane(K, height, width)
    origin = T[:3, 3]
    depth = torch.full((height, width), math.inf)
    hit = torch.zeros((height, width), dtype=torch.int32)
    affine = table[:, col.AFFINE].unflatten(-1, (3, 4))
    starts = ((affine[..., :3] @ origin) + affine[..., 3]).tolist()
    unit_from_optical = affine[..., :3] @ T[:3, :3]
    kinds, tapers = table[:, col.KIND].int().tolist(), table[:, col.TAPER].tolist()
    order = torch.argsort(bounds[:, 4]).tolist()  # near ones first: the rest is often hidden
    windows = bounds.tolist()
    for p in order:
        y0, y1, x0, x1, nearest = windows[p]
        rows, columns = slice(int(y0), int(y1)), slice(int(x0), int(x1))
        covered = depth[rows, columns]
        if not covered.numel() or nearest > covered.max():
            continue
        o = tuple(starts[p])
        d = ray_directions(unit_from_optical[p], x[:, columns], y[rows])
        if kinds[p] == BOX:
            t = box_t(o, d)
        elif kinds[p] == SPHERE:
            t = sphere_t(o, d)
        else:
            t = cylinder_t(o, d, tapers[p], kinds[p] != TUBE)
        hit[rows, columns].masked_fill_(t < covered, p)
        torch.minimum(covered, t, out=covered)
    return _finish(
        table.T.contiguous().index_select(1, hit.flatten()).unflatten(1, (height, width)),
        tuple(origin),
        ray_directions(T[:3, :3], x, y),
        depth,
        rooms.lights[b],
        rooms.ambient[b],
    )
