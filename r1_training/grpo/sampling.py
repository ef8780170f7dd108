"""Answers of the policy to be judged, many at a time. The one place that generates for training."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from transformers.cache_utils import DynamicCache

from r1_model.errors import ModelOutputError
from r1_model.generation import end_tokens, placeholders
from r1_model.modeling import R1ForConditionalGeneration

_NEVER = -1e4  # a logit; not minus infinity, whose entropy would be NaN
_LOOK = 16  # tokens between looks at whether all are done, for which a GPU must wait


@dataclass(frozen=True)
class Sampled:
    """B answers.

    Attributes:
        tokens: of each, with its end token where it has one.
        finished: whether it ended by itself.
        log_probabilities: of its tokens, at the sampling's temperature.
    """

    tokens: list[list[int]]
    finished: list[bool]
    log_probabilities: list[list[float]]


def suppress_placeholders(model: R1ForConditionalGeneration) -> None:
    """Let the head never say the tokens that stand for scene and views, in place.

    A bias of the head does it: then sampling, scoring and the reference agree about the same
    distribution. It is no parameter and is not saved.
    """
    head: nn.Linear = model.lm_head
    bias = torch.zeros(head.out_features, dtype=head.weight.dtype, device=head.weight.device)
    bias[placeholders(model)] = _NEVER
    head.register_parameter("bias", None)
    del head._parameters["bias"]
    head.register_buffer("bias", bias, persistent=False)


@torch.no_grad()
def sample_answers(
    model: R1ForConditionalGeneration,
    inputs_embeds: Tensor,
    position_ids: Tensor,
    attention_mask: Tensor,
    *,
    copies: int,
    uniforms: Tensor,
    temperature: float,
) -> Sampled:
    """`copies` answers to each of Q prompts: a prompt is read once for all of them.

    Args:
        model: whose head `suppress_placeholders` has seen.
        inputs_embeds: (Q, L, hidden), padding on the left.
        position_ids: (3, Q, L).
        attention_mask: (Q, L), 0 on padding.
        copies: answers to each prompt; they stand one after the other.
        uniforms: (Q * copies, T) in [0, 1), one number for each token: an answer depends on its own
            row alone, not on what is sampled beside it. T is the most tokens.
        temperature: above 0.

    Raises:
        ModelOutputError: a logit is NaN or infinite.
    """
    ends = torch.tensor(sorted(end_tokens(model)), device=inputs_embeds.device)
    cache = DynamicCache(config=model.config.text_config)
    step = {"inputs_embeds": inputs_embeds, "position_ids": position_ids}
    position = (position_ids.amax((0, 2)) + 1).repeat_interleave(copies)  # (B,)
    done = torch.zeros(len(position), dtype=torch.bool, device=inputs_embeds.device)
    tokens, scores = [], []
    sound = torch.ones((), dtype=torch.bool, device=inputs_embeds.device)
    for index in range(uniforms.shape[1]):
        output = model(
            **step,
            attention_mask=attention_mask,
            past_key_values=cache,
            use_cache=True,
            logits_to_keep=1,
        )
        logits = output.logits[:, -1].float()
        if index == 0:
            cache.batch_repeat_interleave(copies)
            logits, attention_mask = (
                part.repeat_interleave(copies, 0) for part in (logits, attention_mask)
            )
        sound &= logits.isfinite().all()
        token, score = _draw(logits / temperature, uniforms[:, index])
        token = torch.where(done, ends[0], token)
        tokens.append(token)
        scores.append(score)
        done |= torch.isin(token, ends)
        if index % _LOOK == _LOOK - 1 and bool(done.all()):
            break
        attention_mask = torch.cat((attention_mask, attention_mask.new_ones(len(done), 1)), 1)
        positions = position.view(1, -1, 1).expand(3, -1, -1)
        step = {"input_ids": token.unsqueeze(1), "position_ids": positions}
        position = position + 1
    if not sound:
        raise ModelOutputError("the model's output is no number: a sampled answer has NaN logits")
    return _cut(torch.stack(tokens, 1), torch.stack(scores, 1), ends)


def _draw(logits: Tensor, uniform: Tensor) -> tuple[Tensor, Tensor]:
    """(B, V) logits and (B,) numbers in [0, 1) -> (B,) tokens and their log-probabilities."""
    log_probabilities = logits.log_softmax(-1)
    below = log_probabilities.exp().cumsum(-1)
    # the sum may be a little off 1
    place = uniform.to(below).unsqueeze(1) * below[:, -1:]
    token = torch.searchsorted(below, place, right=True).clamp(max=logits.shape[1] - 1)
    return token[:, 0], log_probabilities.gather(1, token)[:, 0]


def _cut(tokens: Tensor, scores: Tensor, ends: Tensor) -> Sampled:
    """(B, T) tokens and log-probabilities -> lists that stop behind the first end token."""
    ended = torch.isin(tokens, ends)
    finished = ended.any(1)
    length = torch.where(finished, ended.int().argmax(1) + 1, tokens.shape[1]).tolist()
    rows = zip(tokens.tolist(), scores.tolist(), length, strict=True)
    cut = [(row[:most], score[:most]) for row, score, most in rows]
    return Sampled([row for row, _ in cut], finished.tolist(), [score for _, score in cut])
