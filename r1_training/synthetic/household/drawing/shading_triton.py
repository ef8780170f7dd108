"""`rasteriser.shade_triangles` as one Triton kernel: a program shades a row of pixels of a view."""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from torch import Tensor

from r1_training.synthetic.camera.packed_rooms import PackedRooms
from r1_training.synthetic.camera.ray_math import KNEE, LIGHT_FALLOFF
from r1_training.synthetic.camera.raytracer_triton import _byte
from r1_training.synthetic.camera.rendered_frames import Frames
from r1_training.synthetic.household.drawing.assets import Triangles

_BLOCK = 256
# columns of a triangle: corners, local and normals (9 each), colour, then one each
_COLUMNS = 36


def shade_triton(
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
    """`rasteriser.shade_triangles` on a GPU; the frames' own tensors are written."""
    batch, views, height, width = depth.shape
    parts = [triangles.axis, triangles.tile, triangles.scale, triangles.gloss]
    parts += [triangles.emissive, triangles.instance]
    table = torch.cat(
        (
            *(x.flatten(1) for x in (triangles.corners, triangles.local, triangles.normals)),
            *(triangles.color, torch.stack([part.float() for part in parts], 1)),
        ),
        1,
    )
    normals = frames.normals is not None
    pixels = height * width
    _shade[(triton.cdiv(pixels, _BLOCK), batch * views)](
        *(table, rooms.lights.contiguous(), rooms.ambient.contiguous()),
        *(K.contiguous(), T.contiguous(), hit, depth, shadow.contiguous(), textures),
        *(frames.color, frames.instance, frames.strength),
        frames.normals if normals else frames.strength,
        *(views, rooms.lights.shape[1], width, pixels, textures.shape[1] if len(textures) else 0),
        BLOCK=_BLOCK,
        COLUMNS=_COLUMNS,
        FALLOFF=LIGHT_FALLOFF,
        KNEE=KNEE,
        NORMALS=normals,
        TEXTURED=len(textures) > 0,
        num_warps=4,
    )
    return Frames(frames.color, depth, frames.instance, frames.strength, frames.normals)


@triton.jit
def _load3(pointer, ok):
    return (
        tl.load(pointer, mask=ok, other=0.0),
        tl.load(pointer + 1, mask=ok, other=0.0),
        tl.load(pointer + 2, mask=ok, other=0.0),
    )


@triton.jit
def _cross(ax, ay, az, bx, by, bz):
    return ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx


@triton.jit
def _shade(
    table_ptr,
    lights_ptr,
    ambient_ptr,
    K_ptr,
    T_ptr,
    hit_ptr,
    depth_ptr,
    shadow_ptr,
    textures_ptr,
    color_ptr,
    instance_ptr,
    strength_ptr,
    normal_ptr,
    views,
    lights,
    width,
    pixels,
    edge,
    BLOCK: tl.constexpr,
    COLUMNS: tl.constexpr,
    FALLOFF: tl.constexpr,
    KNEE: tl.constexpr,
    NORMALS: tl.constexpr,
    TEXTURED: tl.constexpr,
):
    view = tl.program_id(1)
    room = view // views
    number = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    place = view * pixels + number
    row = tl.load(hit_ptr + place, mask=number < pixels, other=-1)
    ok = row >= 0
    t = tl.load(depth_ptr + place, mask=ok, other=1.0)
    u, v = (number % width).to(tl.float32), (number // width).to(tl.float32)
    lens = K_ptr + view * 9
    x = (u - tl.load(lens + 2)) / tl.load(lens)
    y = (v - tl.load(lens + 5)) / tl.load(lens + 4)
    pose = T_ptr + view * 16
    dx = tl.load(pose) * x + tl.load(pose + 1) * y + tl.load(pose + 2)
    dy = tl.load(pose + 4) * x + tl.load(pose + 5) * y + tl.load(pose + 6)
    dz = tl.load(pose + 8) * x + tl.load(pose + 9) * y + tl.load(pose + 10)
    gx, gy, gz = tl.load(pose + 3) + t * dx, tl.load(pose + 7) + t * dy, tl.load(pose + 11) + t * dz
    triangle = table_ptr + tl.maximum(row, 0) * COLUMNS
    ax, ay, az = _load3(triangle, ok)
    bx, by, bz = _load3(triangle + 3, ok)
    cx, cy, cz = _load3(triangle + 6, ok)
    fx, fy, fz = _cross(bx - ax, by - ay, bz - az, cx - ax, cy - ay, cz - az)
    # weights of the corners
    area = tl.maximum(fx * fx + fy * fy + fz * fz, 1e-24)
    px, py, pz = _cross(cx - bx, cy - by, cz - bz, gx - bx, gy - by, gz - bz)
    first = (px * fx + py * fy + pz * fz) / area
    px, py, pz = _cross(ax - cx, ay - cy, az - cz, gx - cx, gy - cy, gz - cz)
    second = (px * fx + py * fy + pz * fz) / area
    first, second, third = (
        tl.minimum(tl.maximum(first, 0.0), 1.0),
        tl.minimum(tl.maximum(second, 0.0), 1.0),
        tl.minimum(tl.maximum(1.0 - first - second, 0.0), 1.0),
    )
    total = tl.maximum(first + second + third, 1e-6)
    first, second, third = first / total, second / total, third / total
    ax, ay, az = _load3(triangle + 18, ok)
    bx, by, bz = _load3(triangle + 21, ok)
    cx, cy, cz = _load3(triangle + 24, ok)
    nx = first * ax + second * bx + third * cx
    ny = first * ay + second * by + third * cy
    nz = first * az + second * bz + third * cz
    facing = fx * dx + fy * dy + fz * dz
    same = (nx * fx + ny * fy + nz * fz) > 0
    flip = tl.where((facing > 0) == same, -1.0, 1.0)
    size = tl.maximum(tl.sqrt(nx * nx + ny * ny + nz * nz), 1e-12)
    nx, ny, nz = nx * flip / size, ny * flip / size, nz * flip / size
    red, green, blue = _load3(triangle + 27, ok)
    if TEXTURED:
        ax, ay, az = _load3(triangle + 9, ok)
        bx, by, bz = _load3(triangle + 12, ok)
        cx, cy, cz = _load3(triangle + 15, ok)
        lx = first * ax + second * bx + third * cx
        ly = first * ay + second * by + third * cy
        lz = first * az + second * bz + third * cz
        axis = tl.load(triangle + 30, mask=ok, other=0.0)
        tile = tl.load(triangle + 31, mask=ok, other=-1.0).to(tl.int32)
        scale = tl.maximum(tl.load(triangle + 32, mask=ok, other=1.0), 1e-6)
        across = tl.where(axis == 0.0, ly, lx) / scale
        along = tl.where(axis == 2.0, ly, lz) / scale
        i = ((across - tl.floor(across)) * edge).to(tl.int32)
        j = ((along - tl.floor(along)) * edge).to(tl.int32)
        i = tl.minimum(tl.maximum(i, 0), edge - 1)
        j = tl.minimum(tl.maximum(j, 0), edge - 1)
        painted = ok & (tile >= 0)
        texel = textures_ptr + ((tl.maximum(tile, 0) * edge + edge - 1 - j) * edge + i) * 3
        red *= tl.load(texel, mask=painted, other=128).to(tl.float32) / 128
        green *= tl.load(texel + 1, mask=painted, other=128).to(tl.float32) / 128
        blue *= tl.load(texel + 2, mask=painted, other=128).to(tl.float32) / 128
    sky = 0.8 + 0.2 * nz
    light_r = tl.load(ambient_ptr + room * 3) * sky
    light_g = tl.load(ambient_ptr + room * 3 + 1) * sky
    light_b = tl.load(ambient_ptr + room * 3 + 2) * sky
    for k in range(lights):
        lamp = lights_ptr + (room * lights + k) * 6
        hx, hy, hz = tl.load(lamp) - gx, tl.load(lamp + 1) - gy, tl.load(lamp + 2) - gz
        squared = hx * hx + hy * hy + hz * hz
        lit = (hx * nx + hy * ny + hz * nz) / tl.sqrt(tl.maximum(squared, 1e-6))
        lit = tl.maximum(lit, 0.0) / (1.0 + FALLOFF * squared)
        light_r += tl.load(lamp + 3) * lit
        light_g += tl.load(lamp + 4) * lit
        light_b += tl.load(lamp + 5) * lit
    shadow = tl.load(shadow_ptr + place, mask=ok, other=1.0)
    gloss = tl.load(triangle + 33, mask=ok, other=0.0)
    glow = tl.load(triangle + 34, mask=ok, other=0.0)
    red_out = red * (glow + (1.0 - glow) * light_r * shadow)
    green_out = green * (glow + (1.0 - glow) * light_g * shadow)
    blue_out = blue * (glow + (1.0 - glow) * light_b * shadow)
    cosine = tl.abs(facing) / tl.maximum(
        tl.sqrt(area) * tl.sqrt(dx * dx + dy * dy + dz * dz), 1e-20
    )
    bright = tl.minimum(tl.maximum((red + green + blue) / 3, 0.0), 1.0)
    tl.store(color_ptr + place * 3, _byte(red_out, KNEE), mask=ok)
    tl.store(color_ptr + place * 3 + 1, _byte(green_out, KNEE), mask=ok)
    tl.store(color_ptr + place * 3 + 2, _byte(blue_out, KNEE), mask=ok)
    name = tl.load(triangle + 35, mask=ok, other=0.0)
    tl.store(instance_ptr + place, name.to(tl.int16), mask=ok)
    tl.store(strength_ptr + place, cosine * (1.0 - gloss) * (0.3 + 0.7 * bright), mask=ok)
    if NORMALS:
        tl.store(normal_ptr + place * 3, nx, mask=ok)
        tl.store(normal_ptr + place * 3 + 1, ny, mask=ok)
        tl.store(normal_ptr + place * 3 + 2, nz, mask=ok)
