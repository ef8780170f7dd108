"""Run with TRITON_INTERPRET=1: the GPU's kernels on a CPU, beside the torch path."""

from __future__ import annotations

from dataclasses import replace

import torch

from r1_training.synthetic.camera.packed_rooms import COLUMNS, PackedRooms
from r1_training.synthetic.camera.rendered_frames import Frames
from r1_training.synthetic.household.drawing import rasteriser_triton
from r1_training.synthetic.household.drawing.assets import Triangles
from r1_training.synthetic.household.drawing.rasteriser import (
    nearby_shadow,
    nearest,
    shade_triangles,
)
from r1_training.synthetic.household.drawing.shading_triton import shade_triton
from tests.r1_training.synthetic.household.test_rasteriser import HEIGHT, WIDTH, soup, straight


def some_triangles() -> Triangles:
    """Those of two rooms, with all that they can look like."""
    generator = torch.Generator().manual_seed(0)
    corners = torch.cat((soup(0, 60), soup(1, 70))).contiguous()
    count = len(corners)

    def rand(*shape: int) -> torch.Tensor:
        return torch.rand(shape, generator=generator)

    return Triangles(
        corners=corners,
        local=corners - 0.3,
        normals=torch.nn.functional.normalize(rand(count, 3, 3) - 0.5, dim=-1),
        color=rand(count, 3),
        axis=(rand(count) * 3).long(),
        tile=(rand(count) * 3).long() - 1,
        scale=0.2 + rand(count),
        gloss=rand(count),
        emissive=rand(count) * (rand(count) > 0.7),
        instance=torch.arange(count),
        start=torch.tensor([0, 60, count]),
    )


def main() -> None:
    rasteriser_triton._WALKERS, rasteriser_triton._LISTED = 4, 5000
    both = some_triangles()
    K, T = straight()
    K, T = K.expand(2, 2, 3, 3).contiguous(), T.float().expand(2, 2, 4, 4).contiguous()
    depth = torch.zeros(2, 2, HEIGHT, WIDTH)
    depth[1, 1] = 2.0  # the ray tracer saw a wall
    hit, far = nearest(both, K, T, depth)
    again, near = rasteriser_triton.nearest_triton(both, K, T, depth)
    wrong = (hit != again).float().mean().item()
    generator = torch.Generator().manual_seed(1)
    lights = torch.rand(2, 3, 6, generator=generator) * 2
    rooms = PackedRooms(
        *(torch.zeros(2, 0, COLUMNS), torch.zeros(2, dtype=torch.int32), lights),
        *(torch.rand(2, 3, generator=generator), T, torch.ones(2), 1),
    )
    textures = (torch.rand(2, 8, 8, 3, generator=generator) * 255).to(torch.uint8)
    shape = depth.shape
    frames = Frames(
        color=torch.full((*shape, 3), 9, dtype=torch.uint8),
        depth=depth,
        instance=torch.full(shape, -1, dtype=torch.int16),
        strength=torch.zeros(shape),
        normals=torch.zeros(*shape, 3),
    )
    scene = rooms, both, K, T, hit, far, textures, nearby_shadow(far)
    slow = shade_triangles(frames, *scene)
    fast = shade_triton(replace(frames, color=frames.color.clone()), *scene)
    color = ((slow.color.int() - fast.color.int()).abs().amax(-1) > 2).float().mean().item()
    normal = ((slow.normals - fast.normals).abs() > 1e-3).float().mean().item()
    name = (slow.instance != fast.instance).float().mean().item()
    strength = (slow.strength - fast.strength).abs().max().item()
    print(f"hit {wrong} depth {(far - near).abs().max().item()} colour {color} normal {normal}")
    print(f"instance {name} strength {strength}")


if __name__ == "__main__":
    main()
