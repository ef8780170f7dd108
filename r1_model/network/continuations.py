"""Many sequences with a common start, each start read once: an opening, questions, and answers.

All questions about a scene begin with the same tokens, and all answers to a question with that
question. Reading them again for each answer would be most of the work of scoring answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.cache_utils import Cache, DynamicCache, DynamicLayer

if TYPE_CHECKING:
    from r1_model.network.modeling import R1Model

# Answers are read together with those of up to twice their length: less padding, few passes.
SHORTEST = 48


@dataclass(frozen=True)
class Prefix:
    """What B sequences begin with: one of R scenes in the same opening, then one of Q questions.

    Attributes:
        ids: (P,) the opening, with placeholders.
        positions: (3, P).
        scenes: (Q,) which of the R scenes each question is about.
        asked: (Q, L) tokens of the questions behind the opening, padding on the left.
        asked_mask: (Q, L), 0 on padding.
        asked_positions: (3, Q, L).
        rows: (B,) which question each sequence goes on from.
    """

    ids: Tensor
    positions: Tensor
    scenes: Tensor
    asked: Tensor
    asked_mask: Tensor
    asked_positions: Tensor
    rows: Tensor


def read_continuations(
    backbone: R1Model,
    prefix: Prefix,
    scene: Tensor,
    views: Tensor,
    input_ids: Tensor,
    mask: Tensor,
    position_ids: Tensor,
) -> Tensor:
    """Hidden states of what stands behind a prefix; a gradient reaches the prefix from all of it.

    Args:
        backbone: that reads.
        prefix: of the sequences.
        scene, views: (R, T, hidden) and (R, I, hidden), see `R1Model.embed`.
        input_ids, mask: (B, S), padding on the right.
        position_ids: (3, B, S).

    Returns:
        (B, S, hidden), zeros on padding beyond a sequence's neighbours of like length.
    """
    language, cache = backbone.language_model, DynamicCache(config=backbone.config.text_config)
    count = len(scene)
    language(
        inputs_embeds=backbone.embed(prefix.ids.expand(count, -1), scene, views.flatten(0, 1)),
        position_ids=prefix.positions.unsqueeze(1).expand(-1, count, -1),
        past_key_values=cache,
        use_cache=True,
    )
    cache.batch_select_indices(prefix.scenes)
    before = F.pad(prefix.asked_mask, (len(prefix.ids), 0), value=1)
    embed = backbone.get_input_embeddings()
    language(
        inputs_embeds=embed(prefix.asked),
        attention_mask=before,
        position_ids=prefix.asked_positions,
        past_key_values=cache,
        use_cache=True,
    )
    parts, order = [], []
    for rows, width in like_lengths(mask.sum(1).tolist(), input_ids.shape[1]):
        own = torch.tensor(rows, device=mask.device)
        asked = prefix.rows[own]
        hidden = language(
            inputs_embeds=embed(input_ids[own, :width]),
            attention_mask=torch.cat((before[asked], mask[own, :width]), 1),
            position_ids=position_ids[:, own, :width],
            past_key_values=_selected(cache, asked, backbone),
            use_cache=True,
        ).last_hidden_state
        parts.append(F.pad(hidden, (0, 0, 0, input_ids.shape[1] - width)))
        order += rows
    place = torch.tensor(order, device=mask.device).argsort()
    return torch.cat(parts)[place]


def like_lengths(lengths: list[int], longest: int) -> Iterator[tuple[list[int], int]]:
    """Rows of like length, and how many tokens of them to read; each row once.

    Args:
        lengths: of the rows.
        longest: tokens that there are of each row.
    """
    left, width = list(range(len(lengths))), SHORTEST
    while left:
        width = min(width, longest)
        fit = [row for row in left if lengths[row] <= width or width == longest]
        if fit:
            yield fit, width
        taken = set(fit)
        left = [row for row in left if row not in taken]
        width *= 2


def _selected(cache: Cache, rows: Tensor, backbone: R1Model) -> Cache:
    """A cache of its own with some rows of another."""
    own = DynamicCache(config=backbone.config.text_config)
    for number, layer in enumerate(cast("list[DynamicLayer]", cache.layers)):
        keys, values = cast("tuple[Tensor, Tensor]", (layer.keys, layer.values))  # it was read
        own.update(keys[rows], values[rows], number)
    return own
