"""The rasteriser's inner loop on a GPU: the nearest triangle of every pixel, in two kernels.

A program takes a handful of triangles of one room in one view. Small ones (nearly all) are tried
on the few pixels of their rectangle at once; large ones are put on a list, and the second kernel
lets a program walk over the rectangle of each. The nearest wins by one atomic minimum of depth and
number, so the result does not depend on the order. The formulas are those of `rasteriser`.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from r1_training.synthetic.camera.ray_math import NEAR
from r1_training.synthetic.household.drawing.assets import Triangles
from r1_training.synthetic.household.drawing.rasteriser import NOTHING

_BLOCK = 32  # triangles a program
_SMALL = 8  # pixels, the edge up to which a rectangle is tried at once
_PATCH = 16  # pixels, the edge of what a program of the second kernel tries at once
_WALKERS = 2048  # programs of the second kernel
_LISTED = 3_000_000  # large triangles that the list has room for


def nearest_triton(
    triangles: Triangles, K: Tensor, T: Tensor, depth: Tensor
) -> tuple[Tensor, Tensor]:
    """`rasteriser.nearest` on a GPU."""
    batch, views, height, width = depth.shape
    start = torch.where(depth > 0, depth, float("inf")).contiguous().view(torch.int32).long()
    keys = (start << 32) | NOTHING
    most = int((triangles.start[1:] - triangles.start[:-1]).max())
    large = torch.empty(_LISTED, 2, dtype=torch.int32, device=depth.device)
    count = torch.zeros(1, dtype=torch.int32, device=depth.device)
    corners, offsets = triangles.corners, triangles.start
    K, T = K.contiguous(), T.contiguous()
    sizes = {"views": views, "height": height, "width": width, "listed": _LISTED}
    _small_triangles[(triton.cdiv(most, _BLOCK), batch * views)](
        *(corners, offsets, K, T, keys, large, count),
        **sizes,
        BLOCK=_BLOCK,
        SMALL=_SMALL,
        NEAR=NEAR,
        num_warps=4,
    )
    _large_triangles[(_WALKERS,)](
        *(corners, offsets, K, T, keys, large, count),
        **sizes,
        PATCH=_PATCH,
        NEAR=NEAR,
        num_warps=4,
    )
    low = keys & NOTHING
    hit = torch.where(low != NOTHING, low + offsets[:-1, None, None, None], -1)
    far = (keys >> 32).int().view(torch.float32)
    return hit, torch.where(low != NOTHING, far, depth)


@triton.jit
def _corner(pointer, T_ptr, ok):
    """A corner in the camera's frame."""
    x = tl.load(pointer, mask=ok, other=0.0) - tl.load(T_ptr + 3)
    y = tl.load(pointer + 1, mask=ok, other=0.0) - tl.load(T_ptr + 7)
    z = tl.load(pointer + 2, mask=ok, other=0.0) - tl.load(T_ptr + 11)
    return (
        x * tl.load(T_ptr) + y * tl.load(T_ptr + 4) + z * tl.load(T_ptr + 8),
        x * tl.load(T_ptr + 1) + y * tl.load(T_ptr + 5) + z * tl.load(T_ptr + 9),
        x * tl.load(T_ptr + 2) + y * tl.load(T_ptr + 6) + z * tl.load(T_ptr + 10),
    )


@triton.jit
def _widen(u0, u1, v0, v1, x, y, z, ok, fx, fy, px, py, NEAR: tl.constexpr):
    """A rectangle with one more point in it, where the point counts."""
    depth = tl.maximum(z, NEAR / 2)
    u, v = x / depth * fx + px, y / depth * fy + py
    return (
        tl.where(ok, tl.minimum(u0, u), u0),
        tl.where(ok, tl.maximum(u1, u), u1),
        tl.where(ok, tl.minimum(v0, v), v0),
        tl.where(ok, tl.maximum(v1, v), v1),
    )


@triton.jit
def _cut(u0, u1, v0, v1, ax, ay, az, bx, by, bz, fx, fy, px, py, NEAR: tl.constexpr):
    """The same with the point where the edge a b crosses the near plane."""
    share = (NEAR - az) / tl.where(bz == az, 1.0, bz - az)
    share = tl.minimum(tl.maximum(share, 0.0), 1.0)
    ok = (az < NEAR) != (bz < NEAR)
    x, y, z = ax + share * (bx - ax), ay + share * (by - ay), az + share * (bz - az)
    return _widen(u0, u1, v0, v1, x, y, z, ok, fx, fy, px, py, NEAR)


@triton.jit
def _bounds(ax, ay, az, bx, by, bz, cx, cy, cz, fx, fy, px, py, width, height, NEAR: tl.constexpr):
    """First column, last + 1, first row, last + 1."""
    u0, u1 = ax * 0.0 + 1e6, ax * 0.0 - 1e6
    v0, v1 = u0, u1
    u0, u1, v0, v1 = _widen(u0, u1, v0, v1, ax, ay, az, az >= NEAR, fx, fy, px, py, NEAR)
    u0, u1, v0, v1 = _widen(u0, u1, v0, v1, bx, by, bz, bz >= NEAR, fx, fy, px, py, NEAR)
    u0, u1, v0, v1 = _widen(u0, u1, v0, v1, cx, cy, cz, cz >= NEAR, fx, fy, px, py, NEAR)
    u0, u1, v0, v1 = _cut(u0, u1, v0, v1, ax, ay, az, bx, by, bz, fx, fy, px, py, NEAR)
    u0, u1, v0, v1 = _cut(u0, u1, v0, v1, bx, by, bz, cx, cy, cz, fx, fy, px, py, NEAR)
    u0, u1, v0, v1 = _cut(u0, u1, v0, v1, cx, cy, cz, ax, ay, az, fx, fy, px, py, NEAR)
    x0 = tl.ceil(tl.minimum(tl.maximum(u0 - 5e-4, 0.0), 1e6)).to(tl.int32)
    x1 = tl.floor(tl.minimum(tl.maximum(u1 + 5e-4, -1.0), 1e6)).to(tl.int32) + 1
    y0 = tl.ceil(tl.minimum(tl.maximum(v0 - 5e-4, 0.0), 1e6)).to(tl.int32)
    y1 = tl.floor(tl.minimum(tl.maximum(v1 + 5e-4, -1.0), 1e6)).to(tl.int32) + 1
    return x0, tl.minimum(x1, width), y0, tl.minimum(y1, height)


@triton.jit
def _small_triangles(
    corners_ptr,
    offsets_ptr,
    K_ptr,
    T_ptr,
    keys_ptr,
    large_ptr,
    count_ptr,
    views,
    height,
    width,
    listed,
    BLOCK: tl.constexpr,
    SMALL: tl.constexpr,
    NEAR: tl.constexpr,
):
    view = tl.program_id(1)
    room = view // views
    first = tl.load(offsets_ptr + room)
    count = tl.load(offsets_ptr + room + 1) - first
    number = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    if tl.program_id(0) * BLOCK < count:
        ok = number < count
        corner = corners_ptr + (first + number) * 9
        T_view = T_ptr + view * 16
        ax, ay, az = _corner(corner, T_view, ok)
        bx, by, bz = _corner(corner + 3, T_view, ok)
        cx, cy, cz = _corner(corner + 6, T_view, ok)
        fx, px = tl.load(K_ptr + view * 9), tl.load(K_ptr + view * 9 + 2)
        fy, py = tl.load(K_ptr + view * 9 + 4), tl.load(K_ptr + view * 9 + 5)
        x0, x1, y0, y1 = _bounds(
            ax, ay, az, bx, by, bz, cx, cy, cz, fx, fy, px, py, width, height, NEAR
        )
        some = ok & (x1 > x0) & (y1 > y0)
        is_large = some & ((x1 - x0 > SMALL) | (y1 - y0 > SMALL))
        # room on the list for the large ones
        rank = tl.cumsum(is_large.to(tl.int32), 0)
        wanted = tl.max(rank, 0)
        if wanted > 0:
            base = tl.atomic_add(count_ptr, wanted)
            place = base + rank - 1
            fits = is_large & (place < listed)
            tl.store(large_ptr + place * 2, tl.zeros_like(number) + view, mask=fits)
            tl.store(large_ptr + place * 2 + 1, number, mask=fits)
        small = some & (is_large == 0)
        high = tl.max(tl.where(small, y1 - y0, 0), 0)
        p0x, p0y, p0z = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
        p1x, p1y, p1z = cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax
        p2x, p2y, p2z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        det = ax * p0x + ay * p0y + az * p0z
        nearest = tl.minimum(tl.minimum(az, bz), cz)
        farthest = tl.maximum(tl.maximum(az, bz), cz)
        columns = x0[:, None] + tl.arange(0, SMALL)[None, :]
        across = small[:, None] & (columns < x1[:, None])
        dx = (columns.to(tl.float32) - px) / fx
        for step in range(high):
            row = y0 + step
            dy = (row.to(tl.float32) - py) / fy
            w0 = p0x[:, None] * dx + (p0y * dy)[:, None] + p0z[:, None]
            w1 = p1x[:, None] * dx + (p1y * dy)[:, None] + p1z[:, None]
            w2 = p2x[:, None] * dx + (p2y * dy)[:, None] + p2z[:, None]
            total = w0 + w1 + w2
            same = ((w0 >= 0) & (w1 >= 0) & (w2 >= 0)) | ((w0 <= 0) & (w1 <= 0) & (w2 <= 0))
            t = det[:, None] / tl.where(total == 0, 1.0, total)
            t = tl.minimum(tl.maximum(t, nearest[:, None]), farthest[:, None])
            hit = across & (row < y1)[:, None] & same & (total != 0) & (t > NEAR)
            key = t.to(tl.int32, bitcast=True).to(tl.int64) << 32
            key = key | (number[:, None].to(tl.int64) + tl.zeros_like(columns).to(tl.int64))
            pixel = keys_ptr + (view * height + row[:, None]) * width + columns
            hit = hit & (key < tl.load(pixel, mask=hit, other=0))
            tl.atomic_min(pixel, key, mask=hit)


@triton.jit
def _large_triangles(
    corners_ptr,
    offsets_ptr,
    K_ptr,
    T_ptr,
    keys_ptr,
    large_ptr,
    count_ptr,
    views,
    height,
    width,
    listed,
    PATCH: tl.constexpr,
    NEAR: tl.constexpr,
):
    many = tl.minimum(tl.load(count_ptr), listed)
    lanes = tl.arange(0, PATCH * PATCH)
    for item in range(tl.program_id(0), many, tl.num_programs(0)):
        view, number = tl.load(large_ptr + item * 2), tl.load(large_ptr + item * 2 + 1)
        first = tl.load(offsets_ptr + view // views)
        corner = corners_ptr + (first + number) * 9
        T_view = T_ptr + view * 16
        ax, ay, az = _corner(corner, T_view, True)
        bx, by, bz = _corner(corner + 3, T_view, True)
        cx, cy, cz = _corner(corner + 6, T_view, True)
        fx, px = tl.load(K_ptr + view * 9), tl.load(K_ptr + view * 9 + 2)
        fy, py = tl.load(K_ptr + view * 9 + 4), tl.load(K_ptr + view * 9 + 5)
        x0, x1, y0, y1 = _bounds(
            ax, ay, az, bx, by, bz, cx, cy, cz, fx, fy, px, py, width, height, NEAR
        )
        p0x, p0y, p0z = by * cz - bz * cy, bz * cx - bx * cz, bx * cy - by * cx
        p1x, p1y, p1z = cy * az - cz * ay, cz * ax - cx * az, cx * ay - cy * ax
        p2x, p2y, p2z = ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx
        det = ax * p0x + ay * p0y + az * p0z
        nearest = tl.minimum(tl.minimum(az, bz), cz)
        farthest = tl.maximum(tl.maximum(az, bz), cz)
        name = number.to(tl.int64)
        for y in range(y0, y1, PATCH):
            for x in range(x0, x1, PATCH):
                column, row = x + lanes % PATCH, y + lanes // PATCH
                dx = (column.to(tl.float32) - px) / fx
                dy = (row.to(tl.float32) - py) / fy
                w0 = p0x * dx + p0y * dy + p0z
                w1 = p1x * dx + p1y * dy + p1z
                w2 = p2x * dx + p2y * dy + p2z
                total = w0 + w1 + w2
                same = ((w0 >= 0) & (w1 >= 0) & (w2 >= 0)) | ((w0 <= 0) & (w1 <= 0) & (w2 <= 0))
                t = det / tl.where(total == 0, 1.0, total)
                t = tl.minimum(tl.maximum(t, nearest), farthest)
                hit = (column < x1) & (row < y1) & same & (total != 0) & (t > NEAR)
                key = (t.to(tl.int32, bitcast=True).to(tl.int64) << 32) | name
                pixel = keys_ptr + (view * height + row) * width + column
                hit = hit & (key < tl.load(pixel, mask=hit, other=0))
                tl.atomic_min(pixel, key, mask=hit)
