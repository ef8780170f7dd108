"""The loss of one GRPO group, from its definition: what the dry run takes a step with."""

from __future__ import annotations

from typing import Any

import torch
from peft import PeftModel
from torch import Tensor

from r1_model.network.token_loss import IGNORED


def token_log_probabilities(model: PeftModel, example: dict[str, Any]) -> Tensor:
    """(T,) log-probabilities of the target's tokens."""
    labels = example["labels"][:, 1:]
    logits = model(**example).logits.float()  # (T, vocabulary), of the target only
    targets = labels[labels != IGNORED]
    return logits.log_softmax(-1).gather(-1, targets[:, None])[:, 0]


def reference_log_probabilities(model: PeftModel, example: dict[str, Any]) -> Tensor:
    """The same under the frozen reference: the model with its adapters off."""
    with torch.no_grad(), model.disable_adapter():
        return token_log_probabilities(model, example)


def group_advantages(rewards: Tensor) -> Tensor:
    """(G,) rewards of one question's answers -> (G,) advantages: (r - mean) / std.

    Zero where all rewards are equal.
    """
    spread = rewards.std(correction=0)
    return (rewards - rewards.mean()) / spread.clamp(min=1e-6)


def grpo_loss(
    log_probabilities: Tensor,
    old: Tensor,
    reference: Tensor,
    advantage: Tensor,
    *,
    kl_beta: float,
    clip_epsilon: float,
) -> Tensor:
    """Clipped objective of one answer with the KL penalty to the reference, as a loss.

    Args:
        log_probabilities: (T,) of the policy, with a gradient.
        old: (T,) of the policy that sampled the answer.
        reference: (T,) of the reference.
        advantage: () of the answer.
        kl_beta, clip_epsilon: weights.
    """
    ratio = (log_probabilities - old).exp()
    clipped = ratio.clamp(1 - clip_epsilon, 1 + clip_epsilon)
    gain = torch.minimum(ratio * advantage, clipped * advantage)
    gap = reference - log_probabilities
    kl = gap.exp() - gap - 1
    return -(gain - kl_beta * kl).mean()
