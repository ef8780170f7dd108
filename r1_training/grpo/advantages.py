"""What a group of answers to one question teaches: pure functions of their rewards."""

from __future__ import annotations

import torch
from torch import Tensor

NO_SPREAD = 1e-4  # rewards closer than this are equal


def group_advantages(
    rewards: Tensor, counted: Tensor, *, scale: bool, least: float = NO_SPREAD
) -> tuple[Tensor, Tensor]:
    """What each answer of Q groups was better or worse than its group.

    Answers that do not count (cut off, say) have no part in their group's mean either. If they had,
    the longest would be what the others are measured by, and no answer would come to an end.

    Args:
        rewards: (Q, G); what is not finite does not count.
        counted: (Q, G) bool.
        scale: divide by the group's spread.
        least: spread that a group must exceed. Divided by its own, one whose answers are worth
            nearly the same would teach as loudly as one of right and wrong answers.

    Returns:
        advantages (Q, G), 0 for what does not count and in groups with less spread; and (Q, G)
        bool, what can be learned from.
    """
    counted = counted & rewards.isfinite()
    number = counted.sum(1, keepdim=True).clamp(min=1)
    rewards = torch.where(counted, rewards, 0.0)
    centred = torch.where(counted, rewards - rewards.sum(1, keepdim=True) / number, 0.0)
    spread = (centred.square().sum(1, keepdim=True) / number).sqrt()
    useful = counted & (spread > max(least, NO_SPREAD))
    if scale:
        centred = centred / spread.clamp(min=NO_SPREAD)
    return torch.where(useful, centred, 0.0), useful


def weighted_sum(rewards: Tensor, weights: Tensor) -> Tensor:
    """(N, R) rewards, NaN where one is not asked for, and (R,) weights -> (N,) sums."""
    return torch.where(rewards.isnan(), 0.0, rewards * weights).sum(1)


def right_over_wrong(advantages: Tensor, counted: Tensor, correct: Tensor) -> Tensor:
    """How much more right answers of a group are to be said than its wrong ones.

    Args:
        advantages: (Q, G).
        counted: (Q, G) bool, what can be learned from.
        correct: (Q, G), 1 where an answer is right.

    Returns:
        (Q,) differences of the means; NaN for groups without right, or without wrong answers.
    """
    right, wrong = counted & (correct == 1), counted & (correct != 1)
    nothing = advantages.new_tensor(float("nan"))
    return torch.where(right, advantages, nothing).nanmean(1) - torch.where(
        wrong, advantages, nothing
    ).nanmean(1)


def pad_rows(kept: Tensor, multiple: int) -> tuple[Tensor, Tensor]:
    """(K,) indices of rows -> (P,) with P the next multiple, at least one, and (P,) bool: is real.

    Rows are repeated to fill up; they must not count. Without any row, row 0 stands in.
    """
    size = max(-(-len(kept) // multiple), 1) * multiple
    source = kept if len(kept) else kept.new_zeros(1)
    place = torch.arange(size, device=kept.device)
    return source[place % len(source)], place < len(kept)


def rooms_in_turn(owner: Tensor, questions: int) -> Tensor:
    """(B,) question of each answer -> (B,) order: the first of every room before the second.

    Cut into slices of one length, each has answers about nearly all rooms, and whole groups: what
    an answer is measured by is in the same step, and a question is read once for all its answers.

    Args:
        owner: numbers of questions, those of a room one after the other.
        questions: of a room.
    """
    return (owner % questions).argsort(stable=True)
