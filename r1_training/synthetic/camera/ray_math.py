"""The mathematics of the ray tracer in eager torch: rays, intersections, textures, light.

Rays are origin + t * direction with a direction of optical depth 1, so t is the depth. Unit shapes
live in [-0.5, 0.5]^3 (see `elements.Primitives`); affine maps keep t. A vector is a tuple of its
three components, each a tensor of pixels: several times faster on a CPU than a last axis of 3.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce

import torch

from r1_training.synthetic.camera import packed_rooms as col
from r1_training.synthetic.rooms.elements import (
    BOX,
    CHECKER,
    GRAIN,
    SPECKLE,
    SPHERE,
    STRIPES,
    TUBE,
)

Vector = Sequence[torch.Tensor] | torch.Tensor

NEAR = 0.05  # metres
KNEE = 0.7  # brightness from which film saturates
LIGHT_FALLOFF = 0.25  # strength at distance r is 1 / (1 + falloff * r^2)


def dot(a: Vector, b: Vector) -> torch.Tensor:
    """Inner product of two vectors, pixel by pixel."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def image_plane(K: torch.Tensor, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Coordinates of the pixel centres, which lie at integers, at optical depth 1.

    Args:
        K: (..., 3, 3), pixels.

    Returns:
        x (..., 1, width) and y (..., height, 1), float32.
    """
    u = torch.arange(width, device=K.device, dtype=torch.float32)
    v = torch.arange(height, device=K.device, dtype=torch.float32)
    K = K.float()
    x = (u - K[..., 0, 2, None]) / K[..., 0, 0, None]
    y = (v - K[..., 1, 2, None]) / K[..., 1, 1, None]
    return x[..., None, :], y[..., :, None]


def ray_directions(M: torch.Tensor, x: torch.Tensor, y: torch.Tensor) -> Vector:
    """M @ (x, y, 1) of every pixel; M (..., 3, 3) takes optical to the wanted axes."""
    M = M.float()[..., None, None]
    return tuple(
        x * M[..., k, 0, :, :] + (y * M[..., k, 1, :, :] + M[..., k, 2, :, :]) for k in range(3)
    )


def box_t(o: Vector, d: Vector) -> torch.Tensor:
    """Depth of the first hit with the unit cube, inf where missed; rays in unit space."""
    lows, highs = [], []
    for o_k, d_k in zip(o, d, strict=True):
        inverse = 1 / torch.where(d_k.abs() < 1e-9, 1e-9, d_k)
        a, b = (-0.5 - o_k) * inverse, (0.5 - o_k) * inverse
        lows.append(torch.minimum(a, b))
        highs.append(torch.maximum(a, b))
    near, far = reduce(torch.maximum, lows), reduce(torch.minimum, highs)
    t = torch.where(near > NEAR, near, far)
    return torch.where((near <= far) & (t > NEAR), t, math.inf)


def sphere_t(o: Vector, d: Vector) -> torch.Tensor:
    """Depth of the first hit with the unit ball of radius 0.5, inf where missed."""
    a, b, c = dot(d, d), dot(o, d), dot(o, o) - 0.25
    inside = b * b - a * c
    root = inside.clamp_min(0).sqrt()
    near, far = (-b - root) / a, (-b + root) / a
    t = torch.where(near > NEAR, near, far)
    return torch.where((inside >= 0) & (t > NEAR), t, math.inf)


def cylinder_t(
    o: Vector, d: Vector, taper: torch.Tensor | float, capped: torch.Tensor | bool
) -> torch.Tensor:
    """Depth of the first hit with a cone frustum, inf where missed.

    The radius is 0.5 at z = -0.5 and 0.5 * taper at z = 0.5; without caps it is a tube.
    """
    (ox, oy, oz), (dx, dy, dz) = o, d
    slope = 0.5 * (taper - 1.0)
    radius = 0.5 + slope * (oz + 0.5)
    a = dx * dx + dy * dy - slope * slope * dz * dz
    a = torch.where(a.abs() < 1e-12, 1e-12, a)
    b = ox * dx + oy * dy - slope * radius * dz
    c = ox * ox + oy * oy - radius * radius
    inside = b * b - a * c
    root = inside.clamp_min(0).sqrt()
    best = torch.full_like(a, math.inf)
    for t in ((-b - root) / a, (-b + root) / a):
        ok = (inside >= 0) & (t > NEAR) & ((oz + t * dz).abs() <= 0.5)
        best = torch.where(ok & (t < best), t, best)
    dz = torch.where(dz.abs() < 1e-9, 1e-9, dz)
    for z, r in ((-0.5, 0.5), (0.5, 0.5 * taper)):
        t = (z - oz) / dz
        x, y = ox + t * dx, oy + t * dy
        ok = (x * x + y * y <= r * r) & (t > NEAR) & capped
        best = torch.where(ok & (t < best), t, best)
    return best


def unit_normal(kind: torch.Tensor, taper: torch.Tensor, q: Vector) -> Vector:
    """Outward normal at a point q of a surface, all in unit space; not normalised."""
    x, y, z = q
    ax, ay, az = x.abs(), y.abs(), z.abs()
    is_x = (ax >= ay) & (ax >= az)
    is_y = ~is_x & (ay >= az)
    slope = 0.5 * (taper - 1.0)
    radius = 0.5 + slope * (z + 0.5)
    on_cap = (0.5 - az < radius - (x * x + y * y).sqrt()) & (kind != TUBE)
    round_side = (torch.where(on_cap, 0.0, x), torch.where(on_cap, 0.0, y))
    round_z = torch.where(on_cap, z.sign(), -slope * radius)
    flat = (is_x * x.sign(), is_y * y.sign(), ~(is_x | is_y) * z.sign())
    return tuple(
        torch.where(kind == BOX, f, torch.where(kind == SPHERE, q_k, c))
        for f, q_k, c in zip(flat, q, (*round_side, round_z), strict=True)
    )


def texture_mix(texture: torch.Tensor, scale: torch.Tensor, q: Vector) -> torch.Tensor:
    """Share of the second colour in [0, 1]; q in metres along the primitive's axes."""
    x, y, z = q
    i, j, k = (torch.floor(c / scale + 0.137).int() for c in q)
    phase = x / scale + 0.13
    stripes = (phase - phase.floor() < 0.5).float()
    checker = ((i + j + k) & 1).float()
    wave = (y + 0.8 * z) * (2 * math.pi / scale) + 1.2 * torch.sin(3.0 * x + 1.5 * y)
    grain = 0.5 + 0.5 * torch.sin(wave)
    h = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    h = (h ^ (h >> 13)) * 1274126177
    speckle = ((h >> 8) & 255).float() / 255.0
    mix = torch.where(texture == STRIPES, stripes, torch.where(texture == CHECKER, checker, 0.0))
    return torch.where(texture == GRAIN, grain, torch.where(texture == SPECKLE, speckle, mix))


def film(x: torch.Tensor) -> torch.Tensor:
    """Bright light saturates softly: linear up to the knee, below 1 for any amount of light."""
    bright = 1 - (1 - KNEE) * torch.exp((KNEE - x) / (1 - KNEE))
    return torch.where(x > KNEE, bright, x)


def illumination(
    point: Vector, n: Vector, lights: torch.Tensor, ambient: torch.Tensor
) -> list[torch.Tensor]:
    """Light of three colours that falls on a point.

    Args:
        point, n: scene frame, metres; n is the unit normal towards the camera.
        lights: (L, 6, ...); ambient: (3, ...); both broadcast against the pixels.
    """
    sky = 0.8 + 0.2 * n[2]
    light = [a * sky for a in ambient]
    for lamp in lights:
        to_light = tuple(p - x for p, x in zip(lamp[:3], point, strict=True))
        squared = dot(to_light, to_light)
        lit = (dot(to_light, n) / squared.clamp_min(1e-6).sqrt()).clamp_min(0)
        lit = lit / (1 + LIGHT_FALLOFF * squared)
        light = [total + c * lit for total, c in zip(light, lamp[3:], strict=True)]
    return light


def shade(
    rows: torch.Tensor,
    origin: Vector,
    direction: Vector,
    t: torch.Tensor,
    lights: torch.Tensor,
    ambient: torch.Tensor,
) -> tuple[Vector, Vector, torch.Tensor]:
    """Colour, normal and depth-sensor return strength of hits.

    Args:
        rows: (32, ...) columns of the primitive table for each pixel.
        origin, direction: rays, scene frame; t: depth, finite.
        lights: (L, 6, ...); ambient: (3, ...); both broadcast against the pixels.

    Returns:
        rgb in [0, 1]; normal towards the camera, scene frame; strength in [0, 1].
    """
    point = tuple(o + t * d for o, d in zip(origin, direction, strict=True))
    m = rows[col.AFFINE]
    q = tuple(dot(m[4 * k : 4 * k + 3], point) + m[4 * k + 3] for k in range(3))
    unit = unit_normal(rows[col.KIND], rows[col.TAPER], q)
    n = tuple(m[k] * unit[0] + m[4 + k] * unit[1] + m[8 + k] * unit[2] for k in range(3))
    length = dot(n, n).sqrt().clamp_min(1e-12)
    cosine = dot(n, direction) / (length * dot(direction, direction).sqrt())
    outward = torch.where(cosine > 0, -1.0, 1.0) / length
    n = tuple(n_k * outward for n_k in n)
    metres = tuple(q_k * size for q_k, size in zip(q, rows[col.SIZE], strict=True))
    mix = texture_mix(rows[col.TEXTURE], rows[col.SCALE].clamp_min(1e-6), metres)
    albedo = [a + mix * (b - a) for a, b in zip(rows[col.COLOR], rows[col.COLOR2], strict=True)]
    light = illumination(point, n, lights, ambient)
    glow = rows[col.EMISSIVE]
    rgb = tuple(film(a * (glow + (1 - glow) * e)) for a, e in zip(albedo, light, strict=True))
    luminance = (albedo[0] + albedo[1] + albedo[2]) / 3
    strength = cosine.abs() * (1 - rows[col.GLOSS]) * (0.3 + 0.7 * luminance)
    return rgb, n, strength
