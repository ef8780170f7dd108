"""Generation that streams, stops between tokens when asked, and never says placeholders."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from transformers.cache_utils import DynamicCache

from .errors import ModelOutputError
from .modeling import R1ForConditionalGeneration


@dataclass(frozen=True)
class Generated:
    """What came out.

    Attributes:
        tokens: ids without the end-of-sequence token.
        finished: the model ended by itself.
        stopped: `should_stop` ended it.
    """

    tokens: list[int]
    finished: bool
    stopped: bool


@torch.inference_mode()
def generate(
    model: R1ForConditionalGeneration,
    inputs_embeds: Tensor,
    position_ids: Tensor,
    *,
    max_new_tokens: int,
    temperature: float = 0.0,
    generator: torch.Generator | None = None,
    on_token: Callable[[list[int]], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Generated:
    """Continue one sequence.

    Args:
        model: in evaluation mode.
        inputs_embeds: (1, L, hidden) from `R1Model.embed`.
        position_ids: (3, 1, L).
        max_new_tokens: upper bound.
        temperature: 0 is greedy.
        generator: source of randomness for temperature > 0.
        on_token: called with all tokens so far after each token.
        should_stop: asked before each token; True ends the generation.

    Raises:
        ModelOutputError: a logit is NaN or infinite.
    """
    ends = end_tokens(model)
    forbidden = torch.tensor(placeholders(model), device=inputs_embeds.device)
    cache = DynamicCache(config=model.config.text_config)
    position = int(position_ids.max()) + 1
    tokens: list[int] = []
    step = {"inputs_embeds": inputs_embeds, "position_ids": position_ids}
    while len(tokens) < max_new_tokens:
        if should_stop is not None and should_stop():
            return Generated(tokens, finished=False, stopped=True)
        logits = model(**step, past_key_values=cache, use_cache=True, logits_to_keep=1).logits[
            0, -1
        ]
        wrong = ~logits.isfinite()
        if wrong.any():  # argmax would take the first of them for an answer
            raise ModelOutputError(
                f"the model's output is no number: token {len(tokens) + 1} has {int(wrong.sum())} "
                f"logits of {len(logits)} that are NaN or infinite"
            )
        logits[forbidden] = -torch.inf
        if temperature > 0:
            probabilities = (logits.float() / temperature).softmax(-1)
            token = int(torch.multinomial(probabilities, 1, generator=generator))
        else:
            token = int(logits.argmax())
        if token in ends:
            return Generated(tokens, finished=True, stopped=False)
        tokens.append(token)
        if on_token is not None:
            on_token(tokens)
        input_ids = torch.tensor([[token]], device=inputs_embeds.device)
        positions = torch.full((3, 1, 1), position, device=inputs_embeds.device)
        step = {"input_ids": input_ids, "position_ids": positions}
        position += 1
    return Generated(tokens, finished=False, stopped=False)


def end_tokens(model: R1ForConditionalGeneration) -> set[int]:
    """Tokens that end an answer."""
    ends = model.config.text_config.eos_token_id
    return {ends} if isinstance(ends, int) else set(ends or ())


def placeholders(model: R1ForConditionalGeneration) -> list[int]:
    """Tokens that stand for scene and views, and are never said."""
    config = model.config
    return [
        config.image_token_id,
        config.video_token_id,
        config.vision_start_token_id,
        config.vision_end_token_id,
        config.scene_start_token_id,
        config.scene_token_id,
        config.scene_end_token_id,
    ]
