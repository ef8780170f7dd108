"""Run with TRITON_INTERPRET=1: the GPU's kernels on a CPU, beside the torch path."""

from __future__ import annotations

import torch

from r1_training.synthetic.household import rasteriser_triton
from r1_training.synthetic.household.rasteriser import nearest

from .test_rasteriser import HEIGHT, WIDTH, Soup, soup, straight


def main() -> None:
    rasteriser_triton._WALKERS, rasteriser_triton._LISTED = 4, 5000
    first, second = soup(0, 60), soup(1, 70)
    both = Soup(torch.cat((first, second)).contiguous())
    both.start = torch.tensor([0, 60, 130])
    K, T = straight()
    K, T = K.expand(2, 2, 3, 3), T.float().expand(2, 2, 4, 4)
    depth = torch.zeros(2, 2, HEIGHT, WIDTH)
    depth[1, 1] = 2.0  # the ray tracer saw a wall
    hit, far = nearest(both, K, T, depth)
    again, near = rasteriser_triton.nearest_triton(both, K, T, depth)
    wrong = (hit != again).float().mean().item()
    print(f"differ {wrong:.6f} depth {(far - near).abs().max().item():.6f}")


if __name__ == "__main__":
    main()
