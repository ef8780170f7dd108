"""What sequences have in common from their start on: it is read once.

Keys and values of a token depend on the tokens before it alone, so two sequences with the same
embeddings at the same positions share them. Embeddings are compared exactly, scene and image tokens
like words; nothing has to say what it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

WORTH_SHARING = 0.5  # of a sequence; the few tokens that every prompt opens with are not


def common_length(one: Tensor, other: Tensor, at_one: Tensor, at_other: Tensor) -> int:
    """Tokens that two sequences share from their start on.

    Args:
        one, other: (L, hidden) and (M, hidden) embeddings.
        at_one, at_other: (3, L) and (3, M) positions.
    """
    size = min(len(one), len(other))
    same = (one[:size] == other[:size]).all(-1)
    same &= (at_one[:, :size] == at_other[:, :size]).all(0)
    return int(same.long().cumprod(0).sum())


@dataclass(frozen=True)
class Grouping:
    """Sequences by what they share.

    Attributes:
        heads: first sequence of each group.
        head_of: for each sequence, that of its group.
        shared: for each sequence, how many tokens its whole group shares; less than it has.
    """

    heads: list[int]
    head_of: list[int]
    shared: list[int]


def group(embeddings: Tensor, positions: Tensor, lengths: list[int]) -> Grouping:
    """Put sequences that share at least half of their tokens together.

    Args:
        embeddings: (B, L, hidden), each from column 0 on.
        positions: (3, B, L).
        lengths: tokens of each.
    """
    left = list(range(len(lengths)))
    heads: list[int] = []
    head_of, shared = [0] * len(lengths), [0] * len(lengths)
    while left:
        head = left[0]
        rows = torch.tensor(left, device=embeddings.device)
        same = (embeddings[rows] == embeddings[head]).all(-1)
        same &= (positions[:, rows] == positions[:, head, None]).all(0)
        common = same.long().cumprod(1).sum(1).tolist()
        # at least one token is left to each: its output is what comes next
        most = [min(c, lengths[row] - 1) for c, row in zip(common, left, strict=True)]
        members = [
            (row, size)
            for row, size in zip(left, most, strict=True)
            if row == head or size >= WORTH_SHARING * min(lengths[row], lengths[head])
        ]
        size = min(size for _, size in members)
        heads.append(head)
        for row, _ in members:
            head_of[row], shared[row] = head, size
        taken = {row for row, _ in members}
        left = [row for row in left if row not in taken]
    return Grouping(heads, head_of, shared)
