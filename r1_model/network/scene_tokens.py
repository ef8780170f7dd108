"""Detections and context as tokens of the language model."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from r1_model.network.config import R1SceneConfig
from r1_model.network.dense_decoder import Detections
from r1_model.network.layers import fourier_features
from r1_model.network.scene_encoder import POSITION_BANDS, POSITION_SCALE, SceneFeatures, pick

LEVELS = 256  # integers 0..255 of the box grammar


def normalise_boxes(center: Tensor, size: Tensor, bounds: Tensor) -> Tensor:
    """Boxes in the units of the text grammar, not rounded.

    Args:
        center, size: (B, S, 3) metres.
        bounds: (B, 2, 3) metres, minimum and maximum corner of the cloud.

    Returns:
        (B, S, 6) in 0..255: centre over the bounds, size over the extent.
    """
    low, extent = bounds[:, :1], (bounds[:, 1:] - bounds[:, :1]).clamp(min=1e-3)
    return torch.cat(((center - low) / extent, size / extent), -1).clamp(0, 1) * (LEVELS - 1)


class CoordinateEmbedding(nn.Module):
    """One table per box coordinate, read at fractional levels by linear interpolation.

    The language model has to say these very numbers, so every level has its own vector.
    """

    def __init__(self, width: int, channels: int = 32) -> None:
        super().__init__()
        self.tables = nn.Parameter(torch.empty(6, LEVELS, channels))
        self.out = nn.Linear(6 * channels, width)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Independent vectors for all levels."""
        nn.init.normal_(self.tables, std=0.5)

    def forward(self, levels: Tensor) -> Tensor:
        """(B, S, 6) in 0..255 -> (B, S, width)."""
        below = levels.floor().clamp(0, LEVELS - 2)
        weight = (levels - below).unsqueeze(-1)
        axis = torch.arange(6, device=levels.device)
        low = self.tables[axis, below.long()]
        high = self.tables[axis, below.long() + 1]
        mixed = low + weight.to(low) * (high - low)  # (B, S, 6, channels)
        return self.out(mixed.flatten(-2))


class SceneTokens(nn.Module):
    """Object and context tokens in the language model's width.

    An object token is the sum of its feature, its box in the grammar's numbers, its place in
    metres, and its labels as probabilities: what the dense decoder names is not learned twice.
    """

    def __init__(self, config: R1SceneConfig, hidden_size: int) -> None:
        super().__init__()
        width, position = config.width, 3 * 2 * POSITION_BANDS
        labels = (
            len(config.categories) + len(config.colors) + len(config.materials) + len(config.states)
        )
        self.feature = nn.Linear(width, hidden_size)
        self.coordinates = CoordinateEmbedding(hidden_size)
        self.place = nn.Linear(2 * position, hidden_size)
        self.labels = nn.Linear(labels + 1, hidden_size)
        self.context = nn.Linear(width + position, hidden_size)
        self.norm = nn.LayerNorm(hidden_size)
        self.num_uniform = config.num_uniform

    def forward(
        self,
        features: SceneFeatures,
        found: Detections,
        index: Tensor,
        score: Tensor,
        bounds: Tensor,
    ) -> Tensor:
        """Candidates of `index` (B, K), then context -> (B, K + num_uniform, hidden)."""
        found = found.pick(index)
        origin = bounds[:, :1]
        objects = pick(features.objects, index)
        place = torch.cat((_fourier(found.center - origin), _fourier(found.size)), -1)
        labels = torch.cat(
            (
                score.unsqueeze(-1),
                found.category.softmax(-1),
                found.color.softmax(-1),
                found.material.softmax(-1),
                found.states.sigmoid(),
            ),
            -1,
        )
        tokens = (
            self.feature(objects)
            + self.coordinates(normalise_boxes(found.center, found.size, bounds).detach())
            + self.place(place.to(objects))
            + self.labels(labels.to(objects))
        )
        xyz = features.context_xyz[:, : self.num_uniform]
        context = features.context[:, : self.num_uniform]
        context = self.context(torch.cat((context, _fourier(xyz - origin).to(context)), -1))
        return self.norm(torch.cat((tokens, context), 1))


def _fourier(xyz: Tensor) -> Tensor:
    return fourier_features(xyz, POSITION_BANDS, POSITION_SCALE)
