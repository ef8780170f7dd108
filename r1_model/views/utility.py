"""The utility of a view: three similarities, weighted by numbers that are learned.

U(v) = w_t S_text3D + w_c S_img3D + w_clip S_clip with w_c + w_clip = 1 (arXiv 2507.23478, 3.3).
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

W_T_MEAN = 0.3  # the paper's mu, to which w_t is pulled
TEMPERATURE = 0.05  # of the ranking loss; utilities are sums of cosines and lie close together


class ViewUtility(nn.Module):
    """The three weights. w_c is a sigmoid and w_clip its rest: their sum is 1 by construction."""

    def __init__(self, w_t: float = W_T_MEAN, w_c: float = 0.5) -> None:
        super().__init__()
        if not 0 < w_c < 1:
            raise ValueError(f"w_c must lie in (0, 1), got {w_c}")
        self.w_t = nn.Parameter(torch.tensor(float(w_t)))
        self.balance = nn.Parameter(torch.tensor(math.log(w_c / (1 - w_c))))

    @property
    def w_c(self) -> Tensor:
        """Weight of S_img3D."""
        return torch.sigmoid(self.balance)

    @property
    def w_clip(self) -> Tensor:
        """Weight of S_clip."""
        return torch.sigmoid(-self.balance)

    def weights(self) -> Tensor:
        """(3,): w_t, w_c, w_clip."""
        return torch.stack((self.w_t, self.w_c, self.w_clip))

    def forward(self, scores: Tensor) -> Tensor:
        """Scores (..., V, 3) in the order S_text3D, S_img3D, S_clip -> utilities (..., V)."""
        return scores @ self.weights().to(scores)

    def pull(self) -> Tensor:
        """The L2 term that keeps w_t near the paper's 0.3."""
        return (self.w_t - W_T_MEAN) ** 2


def ranking_loss(utility: Tensor, relevance: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Listwise ranking loss (ListNet's top-one form): a differentiable stand-in for choosing.

    The softmax of the utilities is the chance of each view to be chosen; the loss is its cross
    entropy to the relevance. A hard top-k, as in the paper's code, gives the weights no gradient.

    Args:
        utility: (Q, V).
        relevance: (Q, V) >= 0, how much of what question q needs is visible in view v; rows of
            zeros say nothing and do not count.
        temperature: the smaller, the closer to a hard choice.

    Returns:
        Scalar; 0 where no row counts.
    """
    total = relevance.sum(-1, keepdim=True)
    target = relevance / total.clamp(min=1e-12)
    loss = -(target * F.log_softmax(utility / temperature, -1)).sum(-1)
    counted = (total[..., 0] > 0).to(loss)
    return (loss * counted).sum() / counted.sum().clamp(min=1)
