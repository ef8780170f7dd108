"""Object candidates -> boxes with category, colour, material, state; and which of them to keep.

The candidates' features are the very tokens that the language model reads, so language and
detection share one representation.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from r1_model.geometry.torch_boxes import aabb_iou
from r1_model.network.config import R1SceneConfig
from r1_model.network.scene_encoder import SceneFeatures, pick

MIN_SIZE = 0.01  # metres


@dataclass(frozen=True)
class Detections:
    """S candidates in each of B scenes.

    Attributes:
        objectness: (B, S) logits.
        category, color, material: (B, S, classes) logits.
        states: (B, S, states) logits, independent of each other.
        center, size: (B, S, 3) metres.
    """

    objectness: Tensor
    category: Tensor
    color: Tensor
    material: Tensor
    states: Tensor
    center: Tensor
    size: Tensor

    def pick(self, index: Tensor) -> Detections:
        """The candidates of a (B, K) index."""
        fields = {name: pick(value, index) for name, value in vars(self).items() if value.ndim == 3}
        return Detections(objectness=self.objectness.gather(1, index), **fields)


class DenseDecoder(nn.Module):
    """Linear heads over the candidate features; sizes are positive by construction."""

    def __init__(self, config: R1SceneConfig) -> None:
        super().__init__()
        self.splits = [
            1,
            len(config.categories),
            len(config.colors),
            len(config.materials),
            len(config.states),
        ]
        width = config.width
        self.hidden = nn.Sequential(nn.Linear(width, width), nn.GELU())
        self.classes = nn.Linear(width, sum(self.splits))
        self.box = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.Linear(width, 6))

    def forward(self, features: SceneFeatures) -> Detections:
        """Boxes and labels of every candidate."""
        logits = self.classes(self.hidden(features.objects)).float()
        objectness, category, color, material, states = logits.split(self.splits, -1)
        offset, log_size = self.box(features.objects).float().chunk(2, -1)
        return Detections(
            objectness=objectness[..., 0],
            category=category,
            color=color,
            material=material,
            states=states,
            center=features.seeds + offset,
            size=MIN_SIZE + log_size.clamp(-5, 2.5).exp(),
        )


def select_objects(found: Detections, count: int, duplicate_iou: float) -> tuple[Tensor, Tensor]:
    """The `count` best candidates without duplicates, best first.

    A candidate is a duplicate when a better one overlaps it by more than `duplicate_iou` (the
    parallel form of non-maximum suppression, as in YOLACT's Fast NMS, arXiv 1904.02689).

    Returns:
        index (B, count) into the candidates and score (B, count), objectness in [0, 1]; duplicates
        have score 0.
    """
    objectness = found.objectness.detach().sigmoid()
    score, order = objectness.sort(dim=1, descending=True, stable=True)
    center, size = pick(found.center.detach(), order), pick(found.size.detach(), order)
    better, worse = ((center.unsqueeze(dim), size.unsqueeze(dim)) for dim in (2, 1))
    overlap = aabb_iou(*better, *worse).triu(1)  # [i, j]: i is better than j
    score = score * (overlap.amax(1) <= duplicate_iou)
    score, rank = score.sort(dim=1, descending=True, stable=True)
    return order.gather(1, rank)[:, :count], score[:, :count]
