"""The ray tracer as one Triton kernel: a program is a tile of pixels of one view.

It walks over the primitives of its room, leaves out those whose bounding sphere misses the cone
around the tile, and shades what it hit before it writes. The formulas are those of `ray_math`.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl

from r1_training.synthetic.camera.packed_rooms import COLUMNS, PackedRooms
from r1_training.synthetic.camera.ray_math import KNEE, LIGHT_FALLOFF, NEAR
from r1_training.synthetic.camera.rendered_frames import Frames

_TILE = 16


def render_triton(
    rooms: PackedRooms,
    K: torch.Tensor,
    T_scene_camera: torch.Tensor,
    height: int,
    width: int,
    *,
    normals: bool = False,
) -> Frames:
    """`raytracer.render` for rooms on a GPU."""
    batch, views = K.shape[:2]
    device, shape = rooms.table.device, (batch, views, height, width)
    color = torch.empty((*shape, 3), dtype=torch.uint8, device=device)
    depth = torch.empty(shape, device=device)
    instance = torch.empty(shape, dtype=torch.int16, device=device)
    strength = torch.empty(shape, device=device)
    normal = torch.empty((*shape, 3) if normals else (1,), device=device)
    tiles_x = triton.cdiv(width, _TILE)
    grid = (tiles_x * triton.cdiv(height, _TILE), batch * views)
    _trace[grid](
        *(rooms.table.contiguous(), rooms.counts, rooms.lights.contiguous(), rooms.ambient),
        *(K.float().contiguous(), T_scene_camera.float().contiguous()),
        *(color, depth, instance, strength, normal),
        *(views, rooms.table.shape[1], rooms.lights.shape[1], height, width, tiles_x),
        TILE=_TILE,
        COLUMNS=COLUMNS,
        NEAR=NEAR,
        FALLOFF=LIGHT_FALLOFF,
        KNEE=KNEE,
        NORMALS=normals,
        num_warps=4,
    )
    return Frames(color, depth, instance, strength, normal if normals else None)


@triton.jit
def _box(ox, oy, oz, dx, dy, dz, NEAR: tl.constexpr):
    dx = tl.where(tl.abs(dx) < 1e-9, 1e-9, dx)
    dy = tl.where(tl.abs(dy) < 1e-9, 1e-9, dy)
    dz = tl.where(tl.abs(dz) < 1e-9, 1e-9, dz)
    ax, bx = (-0.5 - ox) / dx, (0.5 - ox) / dx
    ay, by = (-0.5 - oy) / dy, (0.5 - oy) / dy
    az, bz = (-0.5 - oz) / dz, (0.5 - oz) / dz
    near = tl.maximum(tl.maximum(tl.minimum(ax, bx), tl.minimum(ay, by)), tl.minimum(az, bz))
    far = tl.minimum(tl.minimum(tl.maximum(ax, bx), tl.maximum(ay, by)), tl.maximum(az, bz))
    t = tl.where(near > NEAR, near, far)
    return tl.where((near <= far) & (t > NEAR), t, float("inf"))


@triton.jit
def _sphere(ox, oy, oz, dx, dy, dz, NEAR: tl.constexpr):
    a = dx * dx + dy * dy + dz * dz
    b = ox * dx + oy * dy + oz * dz
    c = ox * ox + oy * oy + oz * oz - 0.25
    inside = b * b - a * c
    root = tl.sqrt(tl.maximum(inside, 0.0))
    near, far = (-b - root) / a, (-b + root) / a
    t = tl.where(near > NEAR, near, far)
    return tl.where((inside >= 0) & (t > NEAR), t, float("inf"))


@triton.jit
def _nearer(best, t, ok):
    return tl.where(ok & (t < best), t, best)


@triton.jit
def _cylinder(ox, oy, oz, dx, dy, dz, taper, kind, NEAR: tl.constexpr):
    slope = 0.5 * (taper - 1.0)
    radius = 0.5 + slope * (oz + 0.5)
    a = dx * dx + dy * dy - slope * slope * dz * dz
    a = tl.where(tl.abs(a) < 1e-12, 1e-12, a)
    b = ox * dx + oy * dy - slope * radius * dz
    c = ox * ox + oy * oy - radius * radius
    inside = b * b - a * c
    root = tl.sqrt(tl.maximum(inside, 0.0))
    t0, t1 = (-b - root) / a, (-b + root) / a
    best = tl.full(a.shape, float("inf"), tl.float32)
    best = _nearer(best, t0, (inside >= 0) & (t0 > NEAR) & (tl.abs(oz + t0 * dz) <= 0.5))
    best = _nearer(best, t1, (inside >= 0) & (t1 > NEAR) & (tl.abs(oz + t1 * dz) <= 0.5))
    dz = tl.where(tl.abs(dz) < 1e-9, 1e-9, dz)
    t2, t3 = (-0.5 - oz) / dz, (0.5 - oz) / dz
    x2, y2 = ox + t2 * dx, oy + t2 * dy
    x3, y3 = ox + t3 * dx, oy + t3 * dy
    bottom = tl.where(kind == 1.0, 0.25, -1.0)  # a tube has no caps
    top = tl.where(kind == 1.0, 0.25 * taper * taper, -1.0)
    best = _nearer(best, t2, (x2 * x2 + y2 * y2 <= bottom) & (t2 > NEAR))
    return _nearer(best, t3, (x3 * x3 + y3 * y3 <= top) & (t3 > NEAR))


@triton.jit
def _sign(x):
    return tl.where(x > 0, 1.0, tl.where(x < 0, -1.0, 0.0))


@triton.jit
def _texture(kind, scale, x, y, z):
    phase = x / scale + 0.13
    stripes = tl.where(phase - tl.floor(phase) < 0.5, 1.0, 0.0)
    i = tl.floor(x / scale + 0.137).to(tl.int32)
    j = tl.floor(y / scale + 0.137).to(tl.int32)
    k = tl.floor(z / scale + 0.137).to(tl.int32)
    checker = ((i + j + k) & 1).to(tl.float32)
    wave = (y + 0.8 * z) * (6.283185307179586 / scale) + 1.2 * tl.sin(3.0 * x + 1.5 * y)
    grain = 0.5 + 0.5 * tl.sin(wave)
    h = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    h = (h ^ (h >> 13)) * 1274126177
    speckle = ((h >> 8) & 255).to(tl.float32) / 255.0
    mix = tl.where(kind == 1.0, stripes, tl.where(kind == 2.0, checker, 0.0))
    return tl.where(kind == 3.0, grain, tl.where(kind == 4.0, speckle, mix))


@triton.jit
def _byte(x, KNEE: tl.constexpr):
    bright = 1.0 - (1.0 - KNEE) * tl.exp((KNEE - x) / (1.0 - KNEE))
    return tl.floor(tl.where(x > KNEE, bright, x) * 255.0 + 0.5).to(tl.uint8)


@triton.jit
def _trace(
    table_ptr,
    counts_ptr,
    lights_ptr,
    ambient_ptr,
    K_ptr,
    T_ptr,
    color_ptr,
    depth_ptr,
    instance_ptr,
    strength_ptr,
    normal_ptr,
    views,
    primitives,
    lights,
    height,
    width,
    tiles_x,
    TILE: tl.constexpr,
    COLUMNS: tl.constexpr,
    NEAR: tl.constexpr,
    FALLOFF: tl.constexpr,
    KNEE: tl.constexpr,
    NORMALS: tl.constexpr,
):
    tile, view = tl.program_id(0), tl.program_id(1).to(tl.int64)
    room = view // views
    row0, col0 = (tile // tiles_x) * TILE, (tile % tiles_x) * TILE
    lane = tl.arange(0, TILE * TILE)
    py, px = row0 + lane // TILE, col0 + lane % TILE
    on_image = (py < height) & (px < width)

    # rays
    fx, cx = tl.load(K_ptr + view * 9), tl.load(K_ptr + view * 9 + 2)
    fy, cy = tl.load(K_ptr + view * 9 + 4), tl.load(K_ptr + view * 9 + 5)
    T = T_ptr + view * 16
    r00, r01, r02, ox = tl.load(T), tl.load(T + 1), tl.load(T + 2), tl.load(T + 3)
    r10, r11, r12, oy = tl.load(T + 4), tl.load(T + 5), tl.load(T + 6), tl.load(T + 7)
    r20, r21, r22, oz = tl.load(T + 8), tl.load(T + 9), tl.load(T + 10), tl.load(T + 11)
    x, y = (px - cx) / fx, (py - cy) / fy
    dx, dy, dz = x * r00 + y * r01 + r02, x * r10 + y * r11 + r12, x * r20 + y * r21 + r22
    length = tl.sqrt(x * x + y * y + 1.0)

    # the cone around the tile's rays
    mx, my = (col0 + 0.5 * (TILE - 1) - cx) / fx, (row0 + 0.5 * (TILE - 1) - cy) / fy
    norm = tl.sqrt(mx * mx + my * my + 1.0)
    ax = (mx * r00 + my * r01 + r02) / norm
    ay = (mx * r10 + my * r11 + r12) / norm
    az = (mx * r20 + my * r21 + r22) / norm
    cosine = tl.min((dx * ax + dy * ay + dz * az) / length, axis=0)
    sine = tl.sqrt(tl.maximum(1.0 - cosine * cosine, 0.0))

    best = tl.full((TILE * TILE,), float("inf"), tl.float32)
    hit = tl.zeros((TILE * TILE,), tl.int32)
    rows = table_ptr + room * primitives * COLUMNS
    count = tl.load(counts_ptr + room)
    for p in range(count):
        row = rows + p * COLUMNS
        sx, sy, sz = tl.load(row + 28) - ox, tl.load(row + 29) - oy, tl.load(row + 30) - oz
        radius = tl.load(row + 31) * 1.001 + 1e-4
        along = sx * ax + sy * ay + sz * az
        across = tl.sqrt(tl.maximum(sx * sx + sy * sy + sz * sz - along * along, 0.0))
        if (across * cosine - along * sine <= radius) & (along > -radius):
            m00, m01, m02, m03 = _load4(row)
            m10, m11, m12, m13 = _load4(row + 4)
            m20, m21, m22, m23 = _load4(row + 8)
            ux = m00 * ox + m01 * oy + m02 * oz + m03
            uy = m10 * ox + m11 * oy + m12 * oz + m13
            uz = m20 * ox + m21 * oy + m22 * oz + m23
            ex = m00 * dx + m01 * dy + m02 * dz
            ey = m10 * dx + m11 * dy + m12 * dz
            ez = m20 * dx + m21 * dy + m22 * dz
            kind = tl.load(row + 12)
            t = tl.full((TILE * TILE,), float("inf"), tl.float32)
            if kind == 0.0:
                t = _box(ux, uy, uz, ex, ey, ez, NEAR)
            else:
                if kind == 2.0:
                    t = _sphere(ux, uy, uz, ex, ey, ez, NEAR)
                else:
                    taper = tl.load(row + 13)
                    t = _cylinder(ux, uy, uz, ex, ey, ez, taper, kind, NEAR)
            closer = t < best
            best = tl.where(closer, t, best)
            hit = tl.where(closer, p, hit)

    # what was hit
    seen = best < float("inf")
    t = tl.where(seen, best, 0.0)
    row = rows + hit * COLUMNS
    gx, gy, gz = ox + t * dx, oy + t * dy, oz + t * dz
    m00, m01, m02, m03 = _load4(row)
    m10, m11, m12, m13 = _load4(row + 4)
    m20, m21, m22, m23 = _load4(row + 8)
    qx = m00 * gx + m01 * gy + m02 * gz + m03
    qy = m10 * gx + m11 * gy + m12 * gz + m13
    qz = m20 * gx + m21 * gy + m22 * gz + m23
    kind, taper = tl.load(row + 12), tl.load(row + 13)

    # normal in unit space, then in the scene
    bx, by, bz = tl.abs(qx), tl.abs(qy), tl.abs(qz)
    is_x = (bx >= by) & (bx >= bz)
    is_y = (by >= bz) & (is_x == 0)
    is_z = (is_x == 0) & (is_y == 0)
    slope = 0.5 * (taper - 1.0)
    radius_at = 0.5 + slope * (qz + 0.5)
    on_cap = (0.5 - bz < radius_at - tl.sqrt(qx * qx + qy * qy)) & (kind != 3.0)
    nx = tl.where(on_cap, 0.0, qx)
    ny = tl.where(on_cap, 0.0, qy)
    nz = tl.where(on_cap, _sign(qz), -slope * radius_at)
    nx = tl.where(kind == 0.0, tl.where(is_x, _sign(qx), 0.0), tl.where(kind == 2.0, qx, nx))
    ny = tl.where(kind == 0.0, tl.where(is_y, _sign(qy), 0.0), tl.where(kind == 2.0, qy, ny))
    nz = tl.where(kind == 0.0, tl.where(is_z, _sign(qz), 0.0), tl.where(kind == 2.0, qz, nz))
    wx = m00 * nx + m10 * ny + m20 * nz
    wy = m01 * nx + m11 * ny + m21 * nz
    wz = m02 * nx + m12 * ny + m22 * nz
    size = tl.maximum(tl.sqrt(wx * wx + wy * wy + wz * wz), 1e-12)
    wx, wy, wz = wx / size, wy / size, wz / size
    facing = (wx * dx + wy * dy + wz * dz) / length
    flip = tl.where(facing > 0, -1.0, 1.0)
    wx, wy, wz = wx * flip, wy * flip, wz * flip

    # albedo and light
    lx, ly, lz = tl.load(row + 14) * qx, tl.load(row + 15) * qy, tl.load(row + 16) * qz
    mix = _texture(tl.load(row + 23), tl.maximum(tl.load(row + 24), 1e-6), lx, ly, lz)
    red, green, blue = tl.load(row + 17), tl.load(row + 18), tl.load(row + 19)
    red += mix * (tl.load(row + 20) - red)
    green += mix * (tl.load(row + 21) - green)
    blue += mix * (tl.load(row + 22) - blue)
    sky = 0.8 + 0.2 * wz
    light_r = tl.load(ambient_ptr + room * 3) * sky
    light_g = tl.load(ambient_ptr + room * 3 + 1) * sky
    light_b = tl.load(ambient_ptr + room * 3 + 2) * sky
    for k in range(lights):
        lamp = lights_ptr + (room * lights + k) * 6
        hx, hy, hz = tl.load(lamp) - gx, tl.load(lamp + 1) - gy, tl.load(lamp + 2) - gz
        squared = hx * hx + hy * hy + hz * hz
        lit = (hx * wx + hy * wy + hz * wz) / tl.sqrt(tl.maximum(squared, 1e-6))
        lit = tl.maximum(lit, 0.0) / (1.0 + FALLOFF * squared)
        light_r += tl.load(lamp + 3) * lit
        light_g += tl.load(lamp + 4) * lit
        light_b += tl.load(lamp + 5) * lit
    emissive = tl.load(row + 25)
    red_out = tl.where(seen, red * (emissive + (1.0 - emissive) * light_r), 0.0)
    green_out = tl.where(seen, green * (emissive + (1.0 - emissive) * light_g), 0.0)
    blue_out = tl.where(seen, blue * (emissive + (1.0 - emissive) * light_b), 0.0)
    returned = tl.abs(facing) * (1.0 - tl.load(row + 26)) * (0.3 + 0.7 * (red + green + blue) / 3)

    pixel = view * height * width + py * width + px
    tl.store(color_ptr + pixel * 3, _byte(red_out, KNEE), mask=on_image)
    tl.store(color_ptr + pixel * 3 + 1, _byte(green_out, KNEE), mask=on_image)
    tl.store(color_ptr + pixel * 3 + 2, _byte(blue_out, KNEE), mask=on_image)
    tl.store(depth_ptr + pixel, t, mask=on_image)
    name = tl.where(seen, tl.load(row + 27), -1.0).to(tl.int16)
    tl.store(instance_ptr + pixel, name, mask=on_image)
    tl.store(strength_ptr + pixel, tl.where(seen, returned, 0.0), mask=on_image)
    if NORMALS:
        tl.store(normal_ptr + pixel * 3, tl.where(seen, wx, 0.0), mask=on_image)
        tl.store(normal_ptr + pixel * 3 + 1, tl.where(seen, wy, 0.0), mask=on_image)
        tl.store(normal_ptr + pixel * 3 + 2, tl.where(seen, wz, 0.0), mask=on_image)


@triton.jit
def _load4(pointer):
    return tl.load(pointer), tl.load(pointer + 1), tl.load(pointer + 2), tl.load(pointer + 3)
