"""The mathematics of the ray tracer in eager torch: rays, intersections, textures, light.

Rays are origin + t * direction with a direction of optical depth 1, so t is the depth. Unit shapes
live in [-0.5, 0.5]^3 (see `elements.Primitives`); affine maps keep t.
"""

from __future__ import annotations

import math

import torch

from r1_training.synthetic import packing as col
from r1_training.synthetic.elements import (
    BOX,
    CHECKER,
    GRAIN,
    SPECKLE,
    SPHERE,
    STRIPES,
    TUBE,
)

NEAR = 0.05  # metres
LIGHT_FALLOFF = 0.25  # strength at distance r is 1 / (1 + falloff * r^2)


def camera_rays(
    K: torch.Tensor, T_scene_camera: torch.Tensor, height: int, width: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Rays through the pixel centres, which lie at integer coordinates.

    Args:
        K: (..., 3, 3), pixels; T_scene_camera: (..., 4, 4), optical frame.

    Returns:
        origin (..., 3) and direction (..., height, width, 3), float32, scene frame; the
        direction's component along the optical axis is 1.
    """
    u = torch.arange(width, device=K.device, dtype=torch.float32)
    v = torch.arange(height, device=K.device, dtype=torch.float32)
    K, T = K.float(), T_scene_camera.float()
    x = (u - K[..., 0, 2, None]) / K[..., 0, 0, None]
    y = (v - K[..., 1, 2, None]) / K[..., 1, 1, None]
    R = T[..., :3, :3]
    direction = (
        x[..., None, :, None] * R[..., None, None, :, 0]
        + y[..., :, None, None] * R[..., None, None, :, 1]
        + R[..., None, None, :, 2]
    )
    return T[..., :3, 3], direction


def box_t(o: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
    """Depth of the first hit with the unit cube, inf where missed; o, d (..., 3) unit space."""
    d = torch.where(d.abs() < 1e-9, torch.full_like(d, 1e-9), d)
    a, b = (-0.5 - o) / d, (0.5 - o) / d
    near = torch.minimum(a, b).amax(-1)
    far = torch.maximum(a, b).amin(-1)
    t = torch.where(near > NEAR, near, far)
    return torch.where((near <= far) & (t > NEAR), t, math.inf)


def sphere_t(o: torch.Tensor, d: torch.Tensor) -> torch.Tensor:
    """Depth of the first hit with the unit ball of radius 0.5, inf where missed."""
    a = (d * d).sum(-1)
    b = (o * d).sum(-1)
    c = (o * o).sum(-1) - 0.25
    root = (b * b - a * c).clamp_min(0).sqrt()
    near, far = (-b - root) / a, (-b + root) / a
    t = torch.where(near > NEAR, near, far)
    return torch.where((b * b >= a * c) & (t > NEAR), t, math.inf)


def cylinder_t(
    o: torch.Tensor, d: torch.Tensor, taper: torch.Tensor | float, capped: torch.Tensor | bool
) -> torch.Tensor:
    """Depth of the first hit with a cone frustum, inf where missed.

    The radius is 0.5 at z = -0.5 and 0.5 * taper at z = 0.5; without caps it is a tube.
    """
    ox, oy, oz = o.unbind(-1)
    dx, dy, dz = d.unbind(-1)
    slope = 0.5 * (taper - 1.0)
    radius = 0.5 + slope * (oz + 0.5)
    a = dx * dx + dy * dy - slope * slope * dz * dz
    a = torch.where(a.abs() < 1e-12, torch.full_like(a, 1e-12), a)
    b = ox * dx + oy * dy - slope * radius * dz
    c = ox * ox + oy * oy - radius * radius
    inside = b * b - a * c
    root = inside.clamp_min(0).sqrt()
    best = torch.full_like(a, math.inf)
    for t in ((-b - root) / a, (-b + root) / a):
        ok = (inside >= 0) & (t > NEAR) & ((oz + t * dz).abs() <= 0.5)
        best = torch.where(ok & (t < best), t, best)
    dz = torch.where(dz.abs() < 1e-9, torch.full_like(dz, 1e-9), dz)
    for z, r in ((-0.5, 0.5), (0.5, 0.5 * taper)):
        t = (z - oz) / dz
        x, y = ox + t * dx, oy + t * dy
        ok = (x * x + y * y <= r * r) & (t > NEAR) & capped
        best = torch.where(ok & (t < best), t, best)
    return best


def unit_normal(kind: torch.Tensor, taper: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Outward normal in unit space, not normalised.

    Args:
        kind, taper: (...); q: (..., 3) points on the surface, unit space.
    """
    away = q.abs()
    x, y, z = q.unbind(-1)
    ax, ay, az = away.unbind(-1)
    is_x = (ax >= ay) & (ax >= az)
    is_y = ~is_x & (ay >= az)
    box = torch.stack([is_x * q[..., 0].sign(), is_y * y.sign(), (~is_x & ~is_y) * z.sign()], -1)
    slope = 0.5 * (taper - 1.0)
    radius = 0.5 + slope * (z + 0.5)
    side = torch.stack([x, y, -slope * radius], -1)
    cap = torch.stack([torch.zeros_like(z), torch.zeros_like(z), z.sign()], -1)
    on_cap = (0.5 - az < radius - (x * x + y * y).sqrt()) & (kind != TUBE)
    cylinder = torch.where(on_cap[..., None], cap, side)
    return torch.where(
        (kind == BOX)[..., None], box, torch.where((kind == SPHERE)[..., None], q, cylinder)
    )


def texture_mix(texture: torch.Tensor, scale: torch.Tensor, q: torch.Tensor) -> torch.Tensor:
    """Share of the second colour, (...) in [0, 1]; q: (..., 3) metres in the primitive's axes."""
    x, y, z = q.unbind(-1)
    stripes = ((x / scale + 0.13) % 1.0 < 0.5).float()
    cells = torch.floor(q / scale[..., None] + 0.137).int()
    i, j, k = cells.unbind(-1)
    checker = ((i + j + k) & 1).float()
    wave = (y + 0.8 * z) * (2 * math.pi / scale) + 2.0 * torch.sin(4.0 * x + 3.0 * y)
    grain = 0.5 + 0.5 * torch.sin(wave)
    h = (i * 73856093) ^ (j * 19349663) ^ (k * 83492791)
    h = (h ^ (h >> 13)) * 1274126177
    speckle = ((h >> 8) & 255).float() / 255.0
    mix = torch.zeros_like(x)
    for value, kind in ((stripes, STRIPES), (checker, CHECKER), (grain, GRAIN), (speckle, SPECKLE)):
        mix = torch.where(texture == kind, value, mix)
    return mix


def shade(
    rows: torch.Tensor,
    origin: torch.Tensor,
    direction: torch.Tensor,
    t: torch.Tensor,
    lights: torch.Tensor,
    ambient: torch.Tensor,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Colour, normal and depth-sensor return strength of hits.

    Args:
        rows: (..., 32) table rows of the primitives that were hit.
        origin, direction: (..., 3) rays, scene frame; t: (...) depth, finite.
        lights: (..., L, 6); ambient: (..., 3).

    Returns:
        rgb (..., 3) in [0, 1]; normal (..., 3) towards the camera; strength (...) in [0, 1].
    """
    point = origin + t[..., None] * direction
    affine = rows[..., col.AFFINE].unflatten(-1, (3, 4))
    linear = affine[..., :3]
    q = (linear * point[..., None, :]).sum(-1) + affine[..., 3]
    normal = unit_normal(rows[..., col.KIND], rows[..., col.TAPER], q)
    normal = (linear * normal[..., :, None]).sum(-2)
    normal = normal / normal.norm(dim=-1, keepdim=True).clamp_min(1e-12)
    ray = direction / direction.norm(dim=-1, keepdim=True)
    cosine = (normal * ray).sum(-1)
    normal = torch.where(cosine[..., None] > 0, -normal, normal)
    mix = texture_mix(rows[..., col.TEXTURE], rows[..., col.SCALE], q * rows[..., col.SIZE])
    color, color2 = rows[..., col.COLOR], rows[..., col.COLOR2]
    albedo = color + mix[..., None] * (color2 - color)
    light = ambient * (0.8 + 0.2 * normal[..., 2:3])
    for k in range(lights.shape[-2]):
        to_light = lights[..., k, :3] - point
        squared = (to_light * to_light).sum(-1)
        facing = ((to_light * normal).sum(-1) / squared.clamp_min(1e-6).sqrt()).clamp_min(0)
        light = light + lights[..., k, 3:] * (facing / (1 + LIGHT_FALLOFF * squared))[..., None]
    emissive = rows[..., col.EMISSIVE, None]
    rgb = (albedo * (emissive + (1 - emissive) * light)).clamp(0, 1)
    luminance = albedo.mean(-1)
    strength = cosine.abs() * (1 - rows[..., col.GLOSS]) * (0.3 + 0.7 * luminance)
    return rgb, normal, strength
