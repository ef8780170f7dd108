"""Greedy generation for many sequences at once; `r1_model.generation` is its readable twin."""

from __future__ import annotations

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from r1_model.generation import end_tokens, placeholders
from r1_model.modeling import R1ForConditionalGeneration


@torch.inference_mode()
def generate_batch(
    model: R1ForConditionalGeneration,
    inputs_embeds: Tensor,
    position_ids: Tensor,
    attention_mask: Tensor,
    max_new_tokens: int,
) -> list[list[int]]:
    """Continue B left-padded sequences greedily.

    Args:
        model: in evaluation mode.
        inputs_embeds: (B, L, hidden), padding on the left.
        position_ids: (3, B, L).
        attention_mask: (B, L), 0 on padding.
        max_new_tokens: upper bound.

    Returns:
        New tokens of each sequence, without the end token.
    """
    device = inputs_embeds.device
    ends = torch.tensor(sorted(end_tokens(model)), device=device)
    forbidden = torch.tensor(placeholders(model), device=device)
    cache = DynamicCache(config=model.config.text_config)
    batch = len(inputs_embeds)
    position = position_ids.amax((0, 2)) + 1  # (B,)
    produced: list[Tensor] = []
    done = torch.zeros(batch, dtype=torch.bool, device=device)
    step = {"inputs_embeds": inputs_embeds, "position_ids": position_ids}
    for index in range(max_new_tokens):
        output = model(
            **step,
            attention_mask=attention_mask,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits = output.logits[:, -1]
        logits[:, forbidden] = -torch.inf
        token = logits.argmax(-1)
        token = torch.where(done, ends[0], token)
        produced.append(token)
        done |= torch.isin(token, ends)
        # asking the GPU whether all are done makes it wait, so ask seldom
        if index % 16 == 15 and bool(done.all()):
            break
        attention_mask = torch.cat((attention_mask, attention_mask.new_ones(batch, 1)), 1)
        positions = position.view(1, batch, 1).expand(3, -1, -1)
        step = {"input_ids": token.unsqueeze(1), "position_ids": positions}
        position = position + 1
    rows = torch.stack(produced, 1).tolist()
    stops = set(ends.tolist())
    return [row[: next((i for i, t in enumerate(row) if t in stops), len(row))] for row in rows]
