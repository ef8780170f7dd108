"""Answers of the policy to be judged, many at a time. The one place that generates for training."""

from __future__ import annotations

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from r1_model.generation import Generator, end_tokens, placeholders
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfigError

_NEVER = -1e4  # a logit; not minus infinity, whose entropy would be NaN


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


class Sampler:
    """Samples with the project's generator, from the weights as they are at each call.

    Args:
        model: policy; only its language model may change between calls.
        half: sample from a copy in bf16 of a policy in float32, whose cache is half as large.

    Raises:
        TrainingConfigError: answers may end in several ways, and nobody could tell in which.
    """

    def __init__(self, model: R1ForConditionalGeneration, half: bool = False) -> None:
        self._copied: list[tuple[Tensor, Tensor]] = []  # of the copy, of the policy
        if half and next(model.parameters()).dtype == torch.float32:
            policy, model = model, copy.deepcopy(model).to(torch.bfloat16)  # type: ignore[arg-type]
            model.requires_grad_(False)
            own = dict(model.named_parameters())
            self._copied = [(own[n], p) for n, p in policy.named_parameters() if p.requires_grad]
        self._dtype = next(model.parameters()).dtype
        self._generate = Generator(model)
        ends = end_tokens(model)
        if len(ends) != 1:
            raise TrainingConfigError(f"the model has {len(ends)} end tokens, not one: {ends}")
        [self._end] = ends

    def __call__(
        self,
        inputs_embeds: Tensor,
        position_ids: Tensor,
        attention_mask: Tensor,
        *,
        copies: int,
        max_new_tokens: int,
        temperature: float,
        seed: int,
    ) -> Sampled:
        """`copies` answers to each of Q prompts, one after the other.

        Args:
            inputs_embeds: (Q, L, hidden), padding on the left.
            position_ids: (3, Q, L).
            attention_mask: (Q, L), 0 on padding.
            copies: answers to each prompt.
            max_new_tokens: of an answer, the end token not counted.
            temperature: above 0.
            seed: equal seeds give equal answers.

        Raises:
            ModelOutputError: a logit is NaN or infinite.
        """
        with torch.no_grad():
            for own, policy in self._copied:  # in place: recorded graphs know their addresses
                own.copy_(policy)
        found = self._generate(
            inputs_embeds.to(self._dtype).repeat_interleave(copies, 0),
            position_ids.repeat_interleave(copies, 1),
            attention_mask.repeat_interleave(copies, 0),
            max_new_tokens=max_new_tokens,
            temperature=temperature,
            generator=torch.Generator(inputs_embeds.device).manual_seed(seed),
            log_probabilities=True,
        )
        return Sampled(
            [one.tokens + [self._end] * one.finished for one in found],
            [one.finished for one in found],
            [one.log_probabilities for one in found],
        )


def suppress_placeholders(model: R1ForConditionalGeneration) -> None:
    """Let the head never say the tokens that stand for scene and views, in place.

    A bias of the head does it: then sampling, scoring and the reference agree about the same
    distribution. It is no parameter and is not saved.
    """
    head: nn.Linear = model.lm_head
    bias = torch.zeros(head.out_features, dtype=head.weight.dtype, device=head.weight.device)
    bias[placeholders(model)] = _NEVER
    del head._parameters["bias"]  # registered as None, which a buffer of the name collides with
    head.register_buffer("bias", bias, persistent=False)
