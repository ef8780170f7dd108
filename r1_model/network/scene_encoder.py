"""Point cloud -> object candidates and context, each a token with a place.

PointNet++ set abstraction gives local features; every point then says whether it belongs to an
object and votes for that object's centre (VoteNet, arXiv 1904.09664). Candidates are the furthest
points among the votes, so that small things get one too, and gather the points that vote for them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from r1_model.network.config import R1SceneConfig
from r1_model.network.layers import MLP, Block, fourier_features, strongest
from r1_model.pointnet2_ops import ball_query, furthest_point_sample, three_nn

POSITION_BANDS, POSITION_SCALE = 8, 16.0  # octaves from 16 m down to 12.5 cm
LIKELY = -1.0  # logit from which a point may be of an object


@dataclass(frozen=True)
class SceneFeatures:
    """What the encoder knows of B clouds of N points.

    Attributes:
        foreground: (B, N) logits, the point belongs to an object.
        votes: (B, N, 3) metres, where the point believes the centre of its object's box to be.
        seeds: (B, S, 3) metres, voted centres of the object candidates.
        seed_points: (B, S) index of the point that each candidate came from.
        objects: (B, S, D) candidate features.
        context: (B, M, D) features of the context centres, furthest-point order.
        context_xyz: (B, M, 3) metres.
    """

    foreground: Tensor
    votes: Tensor
    seeds: Tensor
    seed_points: Tensor
    objects: Tensor
    context: Tensor
    context_xyz: Tensor


def pick(values: Tensor, index: Tensor) -> Tensor:
    """Rows of (B, N, C) by (B, ...) index -> (B, ..., C); differentiable in `values`."""
    batch, channels = values.shape[0], values.shape[-1]
    flat = index.reshape(batch, -1, 1).long().expand(-1, -1, channels)
    return values.gather(1, flat).reshape(*index.shape, channels)


class SetAbstraction(nn.Module):
    """Max over an MLP of the neighbours within a ball, relative to its centre."""

    def __init__(self, radius: float, samples: int, in_width: int, *widths: int) -> None:
        super().__init__()
        self.radius, self.samples = radius, samples
        self.mlp = MLP(3 + in_width, *widths)
        self.norm = nn.LayerNorm(widths[-1])

    def forward(self, xyz: Tensor, features: Tensor, centers: Tensor) -> Tensor:
        """xyz (B, N, 3), features (B, N, C), centers (B, M, 3) -> (B, M, widths[-1])."""
        index = ball_query(self.radius, self.samples, xyz, centers)  # (B, M, K)
        relative = (pick(xyz, index) - centers.unsqueeze(2)) / self.radius
        grouped = torch.cat((relative, pick(features, index)), -1)
        return self.norm(strongest(self.mlp(grouped)))


class SceneEncoder(nn.Module):
    """See the module's text. Input colours are RGB in [0, 1]."""

    def __init__(self, config: R1SceneConfig) -> None:
        super().__init__()
        self.config = config
        point, context, width = config.point_width, config.context_width, config.width
        local = 2 * point
        position = 3 * 2 * POSITION_BANDS
        self.local = SetAbstraction(config.radii[0], config.samples[0], 4, point, point, local)
        self.wide = SetAbstraction(config.radii[1], config.samples[1], local, local, context)
        self.context_position = nn.Linear(position, context)
        self.context_blocks = nn.ModuleList(Block(context, 6) for _ in range(2))
        self.upsample = MLP(context + local + 3, local, local)
        self.upsample_norm = nn.LayerNorm(local)
        self.point = MLP(local + 3 + 4, local, point)
        self.point_heads = nn.Linear(point, 1 + 3)
        self.tight, self.loose = (
            MLP(3 + 3 + 4 + point, width // 2, width // 2, width // 2) for _ in range(2)
        )
        self.group_norm = nn.LayerNorm(width)
        self.object_position = nn.Linear(position, width)
        self.object_blocks = nn.ModuleList(
            Block(width, config.heads, context) for _ in range(config.layers)
        )
        self.object_norm = nn.LayerNorm(width)
        self.context_out = nn.Linear(context, width)

    def forward(self, points: Tensor, colors: Tensor) -> SceneFeatures:
        """points (B, N, 3) metres, colors (B, N, 3) in [0, 1] -> SceneFeatures."""
        config = self.config
        rank = points.shape[1] // 100 + 1
        floor = points[..., 2].kthvalue(rank, dim=1).values.view(-1, 1, 1)
        raw = torch.cat((colors, points[..., 2:] - floor), -1)  # (B, N, 4)

        coverage = points[:, : config.num_center_points].contiguous()
        center_index = furthest_point_sample(coverage, config.num_centers)
        centers = pick(points, center_index)  # (B, M, 3)
        local = self.local(points, raw, centers)
        # furthest-point order: a prefix of the centres is itself a furthest-point sample
        context_xyz = centers[:, : config.num_context].contiguous()
        context = self.wide(centers, local, context_xyz)
        middle = (points.amax(1, keepdim=True) + points.amin(1, keepdim=True)) / 2
        position = self.context_position(_position(context_xyz - middle, context))
        for block in self.context_blocks:
            context = block(context, position)

        near = three_nn(centers, context_xyz)[1][..., 0]  # (B, M)
        offset = (centers - pick(context_xyz, near)).to(local)
        local = self.upsample(torch.cat((pick(context, near), local, offset), -1))
        local = self.upsample_norm(local)
        near = three_nn(points.contiguous(), centers)[1][..., 0]  # (B, N)
        offset = (points - pick(centers, near)).to(local)
        feature = self.point(torch.cat((pick(local, near), offset, raw.to(local)), -1))
        heads = self.point_heads(feature).float()
        foreground, votes = heads[..., 0], points + heads[..., 1:]

        seeds, seed_points, objects = self._candidates(points, raw, feature, foreground, votes)
        position = self.object_position(_position(seeds - middle, objects))
        for block in self.object_blocks:
            objects = block(objects, position, context)
        return SceneFeatures(
            foreground=foreground,
            votes=votes,
            seeds=seeds,
            seed_points=seed_points,
            objects=self.object_norm(objects),
            context=self.context_out(context),
            context_xyz=context_xyz,
        )

    def _candidates(
        self, points: Tensor, raw: Tensor, feature: Tensor, foreground: Tensor, votes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        config = self.config
        total = points.shape[1]
        count = min(config.num_candidates, total)
        # The first foreground points, not the surest: sure ones are those of large things. Points
        # come in random order and indices stay ascending, so any prefix is a random subset.
        eligible = foreground.detach() > LIKELY
        rank = torch.arange(total, device=points.device) + total * ~eligible
        chosen = rank.topk(count, 1, largest=False).indices.sort(1).values  # (B, C)
        voted = pick(votes, chosen).detach().contiguous()
        seed_index = furthest_point_sample(voted, config.num_seeds)
        seeds = pick(voted, seed_index)
        xyz = pick(points, chosen)
        rest = torch.cat((pick(raw, chosen).to(feature), pick(feature, chosen)), -1)
        groups = []
        for mlp, radius, samples in zip(
            (self.tight, self.loose), config.radii[2:], config.samples[2:], strict=True
        ):
            members = ball_query(radius, samples, voted, seeds)  # (B, S, K)
            offset = pick(xyz, members) - seeds.unsqueeze(2)
            vote = (pick(voted, members) - seeds.unsqueeze(2)) / radius
            grouped = torch.cat((offset.to(rest), vote.to(rest), pick(rest, members)), -1)
            groups.append(strongest(mlp(grouped)))
        objects = self.group_norm(torch.cat(groups, -1))  # (B, S, D)
        return seeds, chosen.gather(1, seed_index.long()), objects


def _position(xyz: Tensor, like: Tensor) -> Tensor:
    return fourier_features(xyz, POSITION_BANDS, POSITION_SCALE).to(like)
