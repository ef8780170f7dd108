"""Meshes into views that the ray tracer has filled: exact depth, ids and colours of triangles.

A pixel's ray (x, y, 1) meets the triangle a, b, c (camera frame) at depth det / sum(w), where w
are its inner products with b x c, c x a, a x b and det = a . (b x c). All w of one sign means
inside. No clipping is needed: a triangle that crosses the image plane is tried on every pixel.

Rooms reuse a few hundred meshes, so a depth map of each mesh from many sides could stand in for
its triangles. That is not exact at its edges and for other sizes, and small triangles are cheap:
a triangle costs the pixels of its rectangle, mostly one or two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor

from r1_training.common.present import present
from r1_training.synthetic.camera.packed_rooms import PackedRooms
from r1_training.synthetic.camera.ray_math import NEAR, film, illumination, image_plane
from r1_training.synthetic.camera.rendered_frames import Frames
from r1_training.synthetic.household.drawing.assets import MeshAssets, Triangles, triangles_of

NOTHING = 2**31 - 1  # in place of a triangle: what the ray tracer saw is nearer
_FRAGMENTS = 400_000
_SMALL = 600  # pixels: larger rectangles are tried one by one


class MissingPackError(ValueError):
    """Rooms of meshes were given without the pack that they are made from."""


def draw_meshes(
    frames: Frames, rooms: PackedRooms, K: Tensor, T_scene_camera: Tensor, assets: MeshAssets | None
) -> Frames:
    """The frames with the rooms' meshes in them.

    Args:
        frames: of the rooms' primitives, (B, V, H, W).
        rooms: with `instances`.
        K: (B, V, 3, 3); T_scene_camera: (B, V, 4, 4).
        assets: of the rooms' pack.

    Raises:
        MissingPackError: no assets.
    """
    if assets is None:
        raise MissingPackError("these rooms have meshes: give the pack that they were made from")
    triangles = triangles_of(present(rooms.instances, "the meshes of the rooms"), assets)
    K, T = K.float(), T_scene_camera.float()
    scene = rooms, triangles, K, T
    if frames.depth.is_cuda:
        from r1_training.synthetic.household.drawing.rasteriser_triton import nearest_triton
        from r1_training.synthetic.household.drawing.shading_triton import shade_triton

        hit, depth = nearest_triton(triangles, K, T, frames.depth)
        return shade_triton(frames, *scene, hit, depth, assets.textures, nearby_shadow(depth))
    hit, depth = nearest(triangles, K, T, frames.depth)
    return shade_triangles(frames, *scene, hit, depth, assets.textures, nearby_shadow(depth))


def nearest(triangles: Triangles, K: Tensor, T: Tensor, depth: Tensor) -> tuple[Tensor, Tensor]:
    """The nearest triangle of every pixel.

    Args:
        triangles: of B rooms; K: (B, V, 3, 3); T: (B, V, 4, 4), scene from camera.
        depth: (B, V, H, W) metres, of what is there already; 0 for nothing.

    Returns:
        hit (B, V, H, W) int64, row of `triangles` or -1; depth (B, V, H, W) with the triangles.
    """
    hits = torch.full_like(depth, -1, dtype=torch.long)
    out = depth.clone()
    for b in range(depth.shape[0]):
        first, last = int(triangles.start[b]), int(triangles.start[b + 1])
        for v in range(depth.shape[1]):
            corners = triangles.corners[first:last]
            found = _nearest_view(corners, K[b, v], T[b, v], depth[b, v])
            seen = (found & NOTHING) != NOTHING
            hits[b, v] = torch.where(seen, (found & NOTHING) + first, -1)
            far = (found >> 32).int().view(torch.float32)
            out[b, v] = torch.where(seen, far, depth[b, v])
    return hits, out


def camera_triangles(corners: Tensor, T: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Corners in the camera's frame, the normals (N, 3, 3) of the three planes, det (N,)."""
    inside = (corners - T[:3, 3]) @ T[:3, :3]
    a, b, c = inside.unbind(1)
    planes = torch.stack(
        (torch.linalg.cross(b, c), torch.linalg.cross(c, a), torch.linalg.cross(a, b)), 1
    )
    return inside, planes, (a * planes[:, 0]).sum(1)


def pixel_bounds(inside: Tensor, K: Tensor, height: int, width: int) -> Tensor:
    """First column, last + 1, first row, last + 1 that a triangle can cover, (N, 4) int64.

    A triangle that crosses the image plane is cut there: what is left of it bounds it.
    """
    after = inside.roll(-1, 1)
    z, next_z = inside[..., 2], after[..., 2]
    share = (NEAR - z) / torch.where(next_z == z, 1.0, next_z - z)
    cut = inside + share.clamp(0, 1)[..., None] * (after - inside)
    crosses = (z < NEAR) != (next_z < NEAR)
    points = torch.cat((inside, cut), 1)
    counts = torch.cat((z >= NEAR, crosses), 1)[..., None]
    pixel = points[..., :2] / points[..., 2:].clamp_min(NEAR / 2)
    pixel = pixel * torch.stack((K[0, 0], K[1, 1])) + K[:2, 2]
    limit = torch.tensor((width, height))
    # half a thousandth of a pixel more than exact: a product may round the other way
    low = torch.where(counts, pixel, math.inf).amin(1) - 5e-4
    high = torch.where(counts, pixel, -math.inf).amax(1) + 5e-4
    low = torch.minimum(low.clamp(-1.0, 1e6).ceil().long().clamp_min(0), limit)
    high = torch.minimum(high.clamp(-1.0, 1e6).floor().long() + 1, limit)
    return torch.stack((low[:, 0], high[:, 0], low[:, 1], high[:, 1]), 1)


def _nearest_view(corners: Tensor, K: Tensor, T: Tensor, depth: Tensor) -> Tensor:
    """(H, W) int64: depth's bits above, triangle or NOTHING below; the least is the nearest."""
    height, width = depth.shape
    start = torch.where(depth > 0, depth, math.inf).contiguous().view(torch.int32).long()
    keys = (start << 32) | NOTHING
    inside, planes, det = camera_triangles(corners, T)
    span = torch.stack((inside[..., 2].amin(1), inside[..., 2].amax(1)), -1)
    bounds = pixel_bounds(inside, K, height, width)
    wide, high = bounds[:, 1] - bounds[:, 0], bounds[:, 3] - bounds[:, 2]
    area = wide.clamp_min(0) * high.clamp_min(0)
    x, y = image_plane(K, height, width)
    x, y = x.flatten(), y.flatten()
    for number in (area > _SMALL).nonzero().flatten().tolist():
        x0, x1, y0, y1 = bounds[number].tolist()
        planes_of = planes[number].tolist()
        window = keys[y0:y1, x0:x1]
        across, down = x[x0:x1], y[y0:y1, None]
        w = [p * across + (q * down + r) for p, q, r in planes_of]
        t = _depth_of(w, det[number], span[number])
        key = torch.where(t.isfinite(), _keys(t, number), window)
        torch.minimum(window, key, out=window)
    keys = keys.flatten()
    some = ((area > 0) & (area <= _SMALL)).nonzero().squeeze(1)
    batches = torch.cumsum(area[some], 0).div(_FRAGMENTS, rounding_mode="floor")
    for part in torch.unique(batches).tolist():
        chosen = some[batches == part]
        owner = torch.repeat_interleave(chosen, area[chosen])
        begin = torch.cumsum(area[chosen], 0) - area[chosen]
        offset = torch.arange(len(owner)) - torch.repeat_interleave(begin, area[chosen])
        row = offset.div(wide[owner], rounding_mode="floor")
        column = bounds[owner, 0] + offset - row * wide[owner]
        row = row + bounds[owner, 2]
        t = triangle_depth(planes[owner], det[owner], span[owner], x[column], y[row])
        good = t.isfinite()
        key = _keys(t[good], owner[good])
        keys.scatter_reduce_(0, (row * width + column)[good], key, "amin")
    return keys.view(height, width)


def _keys(t: Tensor, number: Tensor | int) -> Tensor:
    return (t.contiguous().view(torch.int32).long() << 32) | number


def _depth_of(w: Sequence[Tensor], det: Tensor, span: Tensor) -> Tensor:
    """Depth from the inner products; seen edge-on they say little, but it lies in the span."""
    total = w[0] + w[1] + w[2]
    inside = ((w[0] >= 0) & (w[1] >= 0) & (w[2] >= 0)) | ((w[0] <= 0) & (w[1] <= 0) & (w[2] <= 0))
    t = det / torch.where(total == 0, 1.0, total)
    t = torch.minimum(torch.maximum(t, span[..., 0]), span[..., 1])
    return torch.where(inside & (total != 0) & (t > NEAR), t, math.inf)


def triangle_depth(planes: Tensor, det: Tensor, span: Tensor, x: Tensor, y: Tensor) -> Tensor:
    """Depth where rays (x, y, 1) meet triangles, inf where they miss.

    Args:
        planes: (..., 3, 3); det: (...); span: (..., 2) least and greatest depth; x, y: (...).
    """
    w = planes[..., 0] * x[..., None] + (planes[..., 1] * y[..., None] + planes[..., 2])
    return _depth_of(w.unbind(-1), det, span)


def shade_triangles(
    frames: Frames,
    rooms: PackedRooms,
    triangles: Triangles,
    K: Tensor,
    T: Tensor,
    hit: Tensor,
    depth: Tensor,
    textures: Tensor,
    shadow: Tensor,
) -> Frames:
    """Frames with the colour, id and strength of the triangles that were hit.

    Args:
        hit: (B, V, H, W) row of `triangles` or -1; depth: with the triangles.
        textures: (T, S, S, 3) uint8; shadow: (B, V, H, W), share of the light, `nearby_shadow`.
    """
    height, width = depth.shape[2:]
    views = depth.shape[1]
    where = (hit >= 0).flatten().nonzero().squeeze(1)
    pixel = where % (height * width)
    view = where.div(height * width, rounding_mode="floor")
    room = view.div(views, rounding_mode="floor")
    K, T = K.flatten(0, 1)[view], T.flatten(0, 1)[view]
    u, v = (pixel % width).float(), pixel.div(width, rounding_mode="floor").float()
    optical = torch.stack(
        ((u - K[:, 0, 2]) / K[:, 0, 0], (v - K[:, 1, 2]) / K[:, 1, 1], torch.ones_like(u)), 1
    )
    direction = (T[:, :3, :3] @ optical[..., None]).squeeze(-1)
    row = hit.flatten()[where]
    t = depth.flatten()[where]
    point = T[:, :3, 3] + t[:, None] * direction
    a, b, c = triangles.corners[row].unbind(1)
    flat = torch.linalg.cross(b - a, c - a)
    weight = _barycentric(point, a, b, c, flat)
    normal = (weight[..., None] * triangles.normals[row]).sum(1)
    # light falls on the smooth surface, but the side that is seen is the triangle's
    away = (flat * direction).sum(1) > 0
    same = (normal * flat).sum(1) > 0
    normal = torch.where((away == same)[:, None], -normal, normal)
    normal = normal / normal.norm(dim=1, keepdim=True).clamp_min(1e-12)
    local = (weight[..., None] * triangles.local[row]).sum(1)
    albedo = triangles.color[row] * texel(
        textures, triangles.tile[row], triangles.axis[row], local, triangles.scale[row]
    )
    lights = rooms.lights[room].permute(1, 2, 0)
    light = illumination(tuple(point.T), tuple(normal.T), lights, rooms.ambient[room].T)
    glow = triangles.emissive[row]
    light = [e * shadow.flatten()[where] for e in light]
    rgb = torch.stack(
        [film(a * (glow + (1 - glow) * e)) for a, e in zip(albedo.T, light, strict=True)], 1
    )
    facing = (flat * direction).sum(1).abs()
    facing = facing / (flat.norm(dim=1) * direction.norm(dim=1)).clamp_min(1e-20)
    strength = facing * (1 - triangles.gloss[row]) * (0.3 + 0.7 * albedo.mean(1).clamp(0, 1))

    def put(old: Tensor, new: Tensor) -> Tensor:
        out = old.clone()
        out.view(-1, *old.shape[4:])[where] = new.to(old.dtype)
        return out

    return Frames(
        color=put(frames.color, (rgb.clamp(0, 1) * 255 + 0.5).floor()),
        depth=depth,
        instance=put(frames.instance, triangles.instance[row]),
        strength=put(frames.strength, strength),
        normals=None if frames.normals is None else put(frames.normals, normal),
    )


def nearby_shadow(depth: Tensor) -> Tensor:
    """How much light reaches a surface that lies behind its surroundings, (B, V, H, W) in [0.6, 1].

    Corners and the floor beside furniture are darker. After Luft et al. (2006): the depth image
    against a soft copy of itself.
    """
    near = torch.where(depth > 0, depth, depth.amax((2, 3), keepdim=True))
    reach = 2 * (depth.shape[3] // 24) + 1
    soft = near.flatten(0, 1)[:, None]
    for _ in range(2):  # rows, then columns: the same as a square
        for window in ((reach, 1), (1, reach)):
            pad = (window[0] // 2, window[1] // 2)
            soft = F.avg_pool2d(soft, window, 1, pad, count_include_pad=False)
    behind = (near - soft[:, 0].unflatten(0, depth.shape[:2])).clamp_min(0) / near.clamp_min(0.3)
    return 1 - (3.0 * behind).clamp(0, 0.4)


def _barycentric(point: Tensor, a: Tensor, b: Tensor, c: Tensor, flat: Tensor) -> Tensor:
    """Weights (M, 3) of a triangle's corners at a point on it."""
    area = (flat * flat).sum(1).clamp_min(1e-24)
    first = (torch.linalg.cross(c - b, point - b) * flat).sum(1) / area
    second = (torch.linalg.cross(a - c, point - c) * flat).sum(1) / area
    weight = torch.stack((first, second, 1 - first - second), 1).clamp(0, 1)
    return weight / weight.sum(1, keepdim=True).clamp_min(1e-6)


def texel(textures: Tensor, tile: Tensor, axis: Tensor, local: Tensor, scale: Tensor) -> Tensor:
    """What a texture does to a colour, (M, 3) about 1; 1 without a texture.

    Args:
        textures: (T, S, S, 3) uint8, channels with a mean of 128.
        tile: (M,) row or -1; axis: (M,) the axis that the surface faces; local: (M, 3) metres;
        scale: (M,) metres a tile.
    """
    if len(textures) == 0:
        return torch.ones_like(local)
    across = torch.tensor(((1, 2), (0, 2), (0, 1)), device=local.device)[axis]
    uv = local.gather(1, across) / scale[:, None].clamp_min(1e-6)
    edge = textures.shape[1]
    place = ((uv - uv.floor()) * edge).long().clamp(0, edge - 1)
    found = textures[tile.clamp_min(0), edge - 1 - place[:, 1], place[:, 0]].float() / 128
    return torch.where((tile >= 0)[:, None], found, 1.0)
