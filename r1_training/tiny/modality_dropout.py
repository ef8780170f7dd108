"""Scenes that a model is shown in part, so that it learns to answer from what there is.

What is not shown leaves its placeholders in the text, as in `r1_training.evaluation.modalities`.
"""

from __future__ import annotations

import torch
from torch import Tensor

from r1_model.network.modeling import R1ForConditionalGeneration

# What is shown beside the text, cumulative: a level has all before it.
LEVELS = ("text", "views", "depth", "points")


def drawn_levels(rooms: int, share: float, device: torch.device) -> Tensor:
    """(R,) a level of each room: the last for `1 - share` of them, the others equally often."""
    drawn = torch.rand(rooms, device=device)
    last = len(LEVELS) - 1
    low = (drawn / max(share, 1e-9) * last).long()
    return torch.where(drawn < share, low.clamp(max=last - 1), last)


def partly_shown(
    model: R1ForConditionalGeneration,
    scene: dict[str, Tensor],
    views: dict[str, Tensor],
    levels: Tensor,
) -> dict[str, Tensor]:
    """Scene and image tokens of R rooms by the names of the model's forward.

    Args:
        model: that encodes them.
        scene, views: of `RoomBatch`.
        levels: (R,) of `LEVELS`.
    """
    backbone, config = model.model, model.config
    words = backbone.get_input_embeddings().weight
    tokens = backbone.encode_scene(**scene).tokens
    pictures = backbone.encode_views(views["patches"], views["view_grids"])
    images = len(pictures) // len(levels)
    of_image = levels.repeat_interleave(images, output_size=len(pictures))
    valid = views["view_positions_valid"] & (of_image >= LEVELS.index("depth"))
    pictures = pictures + backbone.depth_positions(views["view_positions"], valid)
    has_views = (of_image >= LEVELS.index("views")).unsqueeze(1)
    has_points = (levels >= LEVELS.index("points")).view(-1, 1, 1)
    return {
        "scene": torch.where(has_points, tokens, words[config.scene_token_id].to(tokens)),
        "views": torch.where(has_views, pictures, words[config.image_token_id].to(pictures)),
    }
