"""Mean cross entropy of the tokens that are trained, in two forms of one value."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

IGNORED = -100  # label of tokens that are not trained

# (hidden, labels, head) -> loss, logits of what is trained where they were made
TokenLoss = Callable[[Tensor, Tensor, Tensor], tuple[Tensor, Tensor | None]]


def trained_token_loss(hidden: Tensor, labels: Tensor, head: Tensor) -> tuple[Tensor, Tensor]:
    """A vocabulary's worth of logits only where a token is trained.

    Args:
        hidden: (B, L, D) of the language model; position t says token t + 1.
        labels: (B, L), IGNORED where a token is not trained.
        head: (V, D) weight of the language head.

    Returns:
        The loss, and logits (T, V) of the T trained tokens. A batch in which nothing is trained
        has loss 0, with a gradient.
    """
    targets = labels[:, 1:]
    trained = targets != IGNORED
    logits = F.linear(hidden[:, :-1][trained], head)
    loss = F.cross_entropy(logits.float(), targets[trained], reduction="sum")
    return loss / trained.sum().clamp(min=1), logits


def every_token_loss(hidden: Tensor, labels: Tensor, head: Tensor) -> tuple[Tensor, None]:
    """The same loss in shapes that do not depend on the labels: nothing waits for the GPU.

    It computes logits of all tokens and returns none. Compiled (`compiling`), it costs what the
    other form costs where half of the tokens are trained, and a CUDA graph can hold it.
    """
    targets = labels[:, 1:].flatten()
    logits = F.linear(hidden[:, :-1].flatten(0, 1), head)
    loss = F.cross_entropy(logits.float(), targets, ignore_index=IGNORED, reduction="sum")
    return loss / torch.count_nonzero(targets != IGNORED).clamp(min=1), None
