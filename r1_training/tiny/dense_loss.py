"""Supervision of the scene encoder and dense decoder, per point and per candidate; no matching.

Every candidate comes from a point, and every point lies on one object or on none: that assignment
is exact on synthetic rooms and taken from the instance labels on ScanNet.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from r1_model.geometry.torch_boxes import aabb_giou
from r1_model.network.dense_decoder import Detections
from r1_model.network.modeling import EncodedScene
from r1_model.network.scene_encoder import pick
from r1_training.common.labels import STATES


@dataclass(frozen=True)
class SceneTargets:
    """Truth about B scenes with at most O objects and N points.

    Attributes:
        instance: (B, N) 0 for structure, else 1 + index of the object.
        center, size: (B, O, 3) metres.
        category, color, material: (B, O) class index; -1 where unknown or not applicable.
        states: (B, O, S) 1, 0, or -1 where not applicable.
    """

    instance: Tensor
    center: Tensor
    size: Tensor
    category: Tensor
    color: Tensor
    material: Tensor
    states: Tensor


def dense_losses(encoded: EncodedScene, targets: SceneTargets) -> dict[str, Tensor]:
    """Named scalar losses, already weighted; their sum is the loss.

    Small objects weigh as much as large ones: candidates and points are averaged per object.
    """
    features, found = encoded.features, encoded.found
    on_object = (targets.instance > 0).float()
    losses = {
        "foreground": F.binary_cross_entropy_with_logits(features.foreground, on_object),
        "vote": _vote_loss(features.votes, targets),
    }
    seed_instance = targets.instance.gather(1, features.seed_points)  # (B, S)
    positive = seed_instance > 0
    index = (seed_instance - 1).clamp(min=0).long()
    weight = _per_object_weight(seed_instance, targets.center.shape[1])
    truth_center, truth_size = pick(targets.center, index), pick(targets.size, index)
    iou, giou = aabb_giou(found.center, found.size, truth_center, truth_size)
    quality = torch.where(positive, iou.detach(), 0.0)
    losses["objectness"] = 2 * F.binary_cross_entropy_with_logits(found.objectness, quality)
    # relative to each edge: a plate's centre must be right to millimetres in height
    scale = truth_size.clamp(min=0.03)
    center_error = F.smooth_l1_loss(
        found.center / scale, truth_center / scale, reduction="none", beta=0.1
    )
    size_error = F.smooth_l1_loss(
        found.size.log(), truth_size.clamp(min=0.01).log(), reduction="none", beta=0.1
    )
    losses["center"] = (weight * center_error.log1p().sum(-1)).sum()
    losses["size"] = (weight * size_error.sum(-1)).sum()
    losses["giou"] = 2 * (weight * (1 - giou)).sum()
    losses |= _label_losses(found, targets, index, weight)
    if targets.states.shape[-1] > len(STATES):
        # only what is kept is looked at
        kept = torch.zeros_like(weight).scatter_(1, encoded.index, 1.0)
        losses["prints"] = _print_loss(found, targets, index, weight * kept)
    return losses


def _vote_loss(votes: Tensor, targets: SceneTargets) -> Tensor:
    weight = _per_object_weight(targets.instance, targets.center.shape[1])
    truth = pick(targets.center, (targets.instance - 1).clamp(min=0).long())
    error = F.smooth_l1_loss(votes, truth, reduction="none", beta=0.1).sum(-1)
    return 5 * (weight * error).sum()


def _per_object_weight(instance: Tensor, objects: int) -> Tensor:
    """(B, K) weights that sum to one, equal for every object that has an entry."""
    counts = torch.zeros(len(instance), objects + 1, device=instance.device)
    counts.scatter_add_(1, instance.long(), torch.ones_like(instance, dtype=torch.float32))
    counts[:, 0] = 0
    present = (counts > 0).sum().clamp(min=1)
    inverse = torch.where(counts > 0, 1 / counts.clamp(min=1), 0.0)
    return inverse.gather(1, instance.long()) / present


def _label_losses(
    found: Detections, targets: SceneTargets, index: Tensor, weight: Tensor
) -> dict[str, Tensor]:
    losses = {}
    for name in ("category", "color", "material"):
        truth = getattr(targets, name).gather(1, index)
        logits = getattr(found, name).flatten(0, 1)
        error = F.cross_entropy(logits, truth.flatten(), ignore_index=-1, reduction="none")
        losses[name] = (weight * error.view_as(weight)).sum()
    truth = pick(targets.states, index)
    error = F.binary_cross_entropy_with_logits(
        found.states, truth.clamp(min=0).float(), reduction="none"
    )
    losses["states"] = (weight.unsqueeze(-1) * error * (truth >= 0)).sum()
    return losses


def _print_loss(found: Detections, targets: SceneTargets, index: Tensor, weight: Tensor) -> Tensor:
    """Which print it is, of the objects that bear one which a view shows; 0 without any.

    Beside the loss of single states: there one object in twenty bears a print, and to say of none
    that it does is nearly right.

    Args:
        found, targets, index: as in `_label_losses`.
        weight: (B, S), of those that were looked at.
    """
    truth = pick(targets.states, index)[..., len(STATES) :]
    logits = found.states[..., len(STATES) :]
    bears = weight * (truth == 1).any(-1)
    error = F.cross_entropy(
        logits.flatten(0, 1), truth.clamp(min=0).argmax(-1).flatten(), reduction="none"
    )
    return (bears * error.view_as(bears)).sum() / bears.sum().clamp(min=1e-6)
