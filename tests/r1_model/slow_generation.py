"""The generator's slow twin: the whole sequence through the model again for every token."""

from __future__ import annotations

import torch
from torch import Tensor

from r1_model.generation import end_tokens, placeholders
from r1_model.network.modeling import R1ForConditionalGeneration


@torch.inference_mode()
def generate_slowly(
    model: R1ForConditionalGeneration, embeddings: Tensor, positions: Tensor, most: int
) -> list[int]:
    """Continue one sequence (1, L, hidden) at positions (3, 1, L) greedily, without any cache."""
    tokens: list[int] = []
    while len(tokens) < most:
        logits = model(inputs_embeds=embeddings, position_ids=positions).logits[0, -1].float()
        logits[placeholders(model)] = -torch.inf
        token = int(logits.argmax())
        if token in end_tokens(model):
            return tokens
        tokens.append(token)
        word = torch.tensor([[token]], device=embeddings.device)
        embeddings = torch.cat((embeddings, model.get_input_embeddings()(word)), 1)
        positions = torch.cat((positions, positions.new_full((3, 1, 1), positions.max() + 1)), 2)
    return tokens
