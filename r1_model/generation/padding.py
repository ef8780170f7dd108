"""Sequences of different lengths as one tensor, filled up on the left or on the right."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def padded_left(
    embeddings: Sequence[Tensor], positions: Sequence[Tensor]
) -> tuple[Tensor, Tensor, Tensor]:
    """(L_i, hidden) and (3, L_i) each -> (B, L, hidden), (3, B, L) and a mask (B, L)."""
    longest = max(map(len, embeddings))
    batch = len(embeddings)
    x = embeddings[0].new_zeros(batch, longest, embeddings[0].shape[1])
    places = positions[0].new_zeros(3, batch, longest)
    mask = positions[0].new_zeros(batch, longest)
    for row, (own, at) in enumerate(zip(embeddings, positions, strict=True)):
        x[row, longest - len(own) :] = own
        places[:, row, longest - len(own) :], mask[row, longest - len(own) :] = at, 1
    return x, places, mask


def left_aligned(
    x: Tensor, positions: Tensor, mask: Tensor | None
) -> tuple[Tensor, Tensor, list[int]]:
    """Sequences that are padded on the left, from column 0 on; and their lengths."""
    batch, size, _ = x.shape
    if mask is None:
        return x, positions, [size] * batch
    lengths = mask.sum(1).tolist()
    if min(lengths) < 1:
        raise ValueError(f"sequence {lengths.index(min(lengths))} holds no token")
    if min(lengths) == size:
        return x, positions, lengths
    skipped = torch.tensor([size - n for n in lengths], device=x.device)
    columns = torch.arange(size, device=x.device) + skipped[:, None]
    columns = columns.clamp(max=size - 1)  # what stands behind the end is never seen
    rows = torch.arange(batch, device=x.device)[:, None]
    return x[rows, columns], positions[:, rows, columns], lengths


def last_positions(positions: Tensor, lengths: list[int]) -> list[int]:
    """(3, B, L) -> the largest position of each sequence."""
    size = positions.shape[2]
    own = torch.arange(size, device=positions.device) < torch.tensor(
        lengths, device=positions.device
    ).unsqueeze(1)
    return positions.masked_fill(~own, 0).amax((0, 2)).tolist()
