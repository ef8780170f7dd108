"""Pinhole cameras, as `projection`, for torch tensors."""

from __future__ import annotations

import torch
from torch import Tensor


def pixel_slopes(K: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """x / z of every column (..., W) and y / z of every row (..., H), float32.

    Args:
        K: (..., 3, 3) pixels; pixel centres are at integers.
        height, width: of the image.
    """
    K = K.float()
    u = torch.arange(width, device=K.device, dtype=torch.float32)
    v = torch.arange(height, device=K.device, dtype=torch.float32)
    return (
        (u - K[..., 0, 2, None]) / K[..., 0, 0, None],
        (v - K[..., 1, 2, None]) / K[..., 1, 1, None],
    )
