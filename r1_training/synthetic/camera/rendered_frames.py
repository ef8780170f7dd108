"""What the ray tracer sees: colour, depth and annotations of every pixel."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Frames:
    """V rendered views of each of B rooms.

    Attributes:
        color: (B, V, H, W, 3) uint8.
        depth: (B, V, H, W) float32, metres along the optical axis; 0 where nothing was hit.
        instance: (B, V, H, W) int16, object id; 0 for structure, -1 where nothing was hit.
        strength: (B, V, H, W) float32 in [0, 1], how well a depth sensor sees the surface.
        normals: (B, V, H, W, 3) float32, scene frame, towards the camera; None if not asked for.
    """

    color: torch.Tensor
    depth: torch.Tensor
    instance: torch.Tensor
    strength: torch.Tensor
    normals: torch.Tensor | None = None
