"""Small building blocks shared by the scene branch: Fourier features, MLP, pre-norm attention."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def fourier_features(x: Tensor, bands: int, scale: float) -> Tensor:
    """Sine and cosine of coordinates at octaves of a base wavelength.

    Args:
        x: (..., D) coordinates.
        bands: number of octaves.
        scale: longest wavelength, in the unit of x.

    Returns:
        (..., D * 2 * bands).
    """
    octaves = 2.0 ** torch.arange(bands, device=x.device, dtype=torch.float32)
    angles = x.float().unsqueeze(-1) * (2 * math.pi / scale) * octaves  # (..., D, bands)
    return torch.cat((angles.sin(), angles.cos()), -1).flatten(-2)


class ZeroLinear(nn.Linear):
    """Starts at zero: what it is added to stays as it was until training says otherwise."""

    def reset_parameters(self) -> None:
        """Zeros."""
        nn.init.zeros_(self.weight)
        nn.init.zeros_(self.bias)


class MLP(nn.Module):
    """Linear layers, each followed by a ReLU.

    Without normalisation: it runs over millions of neighbours, where a layer norm costs more than
    the products. What is pooled from it is normalised instead.
    """

    def __init__(self, *widths: int) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for fan_in, fan_out in zip(widths[:-1], widths[1:], strict=True):
            layers += [nn.Linear(fan_in, fan_out), nn.ReLU(inplace=True)]
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        """(..., widths[0]) -> (..., widths[-1])."""
        return self.layers(x)


def strongest(x: Tensor) -> Tensor:
    """(B, M, K, D) -> (B, M, D), the largest of K each."""
    if x.requires_grad:  # the gradient of amax looks for ties: as long as the layers before it
        return x.max(2).values
    return x.amax(2)


class Attention(nn.Module):
    """Multi-head attention of queries (B, Q, D) over memory (B, M, D)."""

    def __init__(self, width: int, heads: int, memory_width: int | None = None) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(memory_width or width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, queries: Tensor, memory: Tensor, mask: Tensor | None = None) -> Tensor:
        """queries (B, Q, D), memory (B, M, D_m), mask (B, 1, Q, M) bool or None -> (B, Q, D)."""
        batch, count, width = queries.shape
        split = (batch, -1, self.heads, width // self.heads)
        q = self.query(queries).reshape(split).transpose(1, 2)
        k, v = self.key_value(memory).chunk(2, -1)
        k, v = (t.reshape(split).transpose(1, 2) for t in (k, v))
        attended = F.scaled_dot_product_attention(q, k, v, attn_mask=mask)
        return self.out(attended.transpose(1, 2).reshape(batch, count, width))


class Block(nn.Module):
    """Pre-norm transformer block: self attention, optional cross attention, feed forward."""

    def __init__(self, width: int, heads: int, memory_width: int | None = None) -> None:
        super().__init__()
        self.self_norm, self.self_attention = nn.LayerNorm(width), Attention(width, heads)
        self.cross_attention = None
        if memory_width is not None:
            self.cross_norm = nn.LayerNorm(width)
            self.cross_attention = Attention(width, heads, memory_width)
        self.mlp_norm = nn.LayerNorm(width)
        hidden = 2 * width
        self.mlp = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))

    def forward(self, x: Tensor, position: Tensor, memory: Tensor | None = None) -> Tensor:
        """x, position: (B, Q, D); memory: (B, M, D_m). Positions are added before attention."""
        normed = self.self_norm(x) + position
        x = x + self.self_attention(normed, normed)
        if self.cross_attention is not None:
            x = x + self.cross_attention(self.cross_norm(x) + position, memory)
        return x + self.mlp(self.mlp_norm(x))
