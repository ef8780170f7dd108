"""Depth sensors other than structured light. Seeded, batched, on any device.

The models are simple and bounded by what data sheets and users report: time of flight mixes the
depths of an edge (flying pixels) and loses dark and shiny things; stereo's error grows with the
square of the depth and it blurs edges; a HoloLens keeps few points; a lidar sees rings, and no
colour.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

SENSORS = ("structured light", "time of flight", "stereo", "sparse", "lidar")
EDGE = 0.05  # relative jump of depth that counts as an edge
GREY = 128  # the colour of what has none


def other_sensors(
    noisy: Tensor,
    depth: Tensor,
    strength: Tensor,
    sensors: Tensor,
    K: Tensor,
    level: Tensor,
    generator: torch.Generator,
) -> Tensor:
    """Depth as each room's sensor measures it, (B, V, H, W) metres, 0 where lost.

    Args:
        noisy: as structured light measures it; depth, strength: as rendered, (B, V, H, W).
        sensors: (B,) numbers of `SENSORS`; K: (B, V, 3, 3), pixels; level: (B,) in [0, 1].
    """
    kind = sensors[:, None, None, None]
    amount = level[:, None, None, None]
    draw = torch.rand(depth.shape, device=depth.device, generator=generator)
    normal = torch.randn(depth.shape, device=depth.device, generator=generator)
    other = torch.stack((_before(depth, 2), _before(depth, 3)))
    jump = (other - depth).abs()
    other = other.gather(0, jump.argmax(0, keepdim=True))[0]
    at_edge = (jump.amax(0) > EDGE * depth) & (other > 0) & (depth > 0)
    out = noisy
    for number, measure in ((1, _time_of_flight), (2, _stereo), (3, _sparse), (4, _lidar)):
        measured = measure(depth, strength, other, at_edge, amount, draw, normal, K)
        out = torch.where(kind == number, measured, out)
    out = torch.where((depth > 0) & (out > 0.1), out, 0.0)
    return torch.where((kind == 0) | (amount == 0), noisy, out)  # a perfect sensor has no kind


def _time_of_flight(depth, strength, other, at_edge, amount, draw, normal, K) -> Tensor:
    flies = at_edge & (draw < 0.5 + 0.3 * amount)
    share = (normal * 0.5 + 0.5).clamp(0, 1)
    mixed = torch.where(flies, share * depth + (1 - share) * other, depth)
    out = mixed * (1 + 0.004 * amount * normal) + 0.003 * amount * normal
    lost = (strength < 0.05 + 0.1 * amount) | (draw > 1 - 0.01 * amount) | (depth > 5.5)
    return torch.where(lost, 0.0, out)


def _stereo(depth, strength, other, at_edge, amount, draw, normal, K) -> Tensor:
    baseline = 0.06  # metres
    focal = K[..., 0, 0, None, None] * 4  # the sensor's own pixels are smaller than the view's
    fat = torch.where(at_edge & (draw < 0.5), torch.minimum(depth, other), depth)
    error = 0.15 * amount * depth.square() / (focal * baseline)
    lost = (at_edge & (draw > 0.6)) | (draw > 1 - 0.02 * amount) | (depth > 8) | (depth < 0.3)
    return torch.where(lost, 0.0, fat + error * normal)


def _sparse(depth, strength, other, at_edge, amount, draw, normal, K) -> Tensor:
    kept = (draw < 0.04 + 0.08 * (1 - amount)) & ~at_edge & (depth < 3.5)
    return torch.where(kept, depth + 0.01 * normal, 0.0)


def _lidar(depth, strength, other, at_edge, amount, draw, normal, K) -> Tensor:
    height, width = depth.shape[-2:]
    v = torch.arange(height, device=depth.device, dtype=torch.float32)
    elevation = torch.atan2(v - K[..., 1, 2, None], K[..., 1, 1, None])  # (B, V, H)
    pitch = math.radians(1.0)  # between rings
    ring = (elevation / pitch).floor()
    first = torch.ones_like(ring, dtype=torch.bool)
    first[..., 1:] = ring[..., 1:] != ring[..., :-1]
    kept = first[..., None] & (draw < 0.9) & (strength > 0.02)
    return torch.where(kept, depth + 0.012 * normal, 0.0)


def without_color(color: Tensor, sensors: Tensor) -> Tensor:
    """The cloud's colours (B, ..., 3) uint8, grey where the sensor sees none."""
    blind = (sensors == SENSORS.index("lidar")).view(-1, *([1] * (color.dim() - 1)))
    return torch.where(blind, GREY, color)


def _before(x: Tensor, axis: int) -> Tensor:
    """Each pixel's neighbour along an axis; the first keeps itself."""
    size = x.shape[axis]
    return torch.cat((x.narrow(axis, 0, 1), x.narrow(axis, 0, size - 1)), axis)
