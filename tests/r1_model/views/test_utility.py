from __future__ import annotations

import pytest
import torch
from torch import Tensor

from r1_model.views.utility import ViewUtility, ranking_loss


def toy(questions: int, seed: int) -> tuple[Tensor, Tensor]:
    """Scores of which S_clip tells where the object is, S_img3D misleads and S_text3D helps."""
    generator = torch.Generator().manual_seed(seed)
    relevance = (torch.rand(questions, 12, generator=generator) > 0.8).float()
    noise = torch.randn(questions, 12, 3, generator=generator) * 0.05
    signal = torch.stack((0.05 * relevance, -0.1 * relevance, 0.1 * relevance), -1)
    return signal + noise, relevance


def hits(utility: Tensor, relevance: Tensor) -> float:
    """Share of the questions whose best view is relevant, where one is."""
    answerable = relevance.sum(1) > 0
    best = relevance.gather(1, utility.argmax(1, keepdim=True))[:, 0]
    return best[answerable].mean().item()


def test_starts_at_the_papers_weights() -> None:
    assert ViewUtility().weights().tolist() == pytest.approx([0.3, 0.5, 0.5])
    with pytest.raises(ValueError, match="w_c"):
        ViewUtility(w_c=1.0)


def test_utility_is_the_weighted_sum() -> None:
    scores = torch.tensor([[[1.0, 0, 0], [0, 1, 0], [0, 0, 1]]])
    assert ViewUtility(0.2, 0.7)(scores)[0].tolist() == pytest.approx([0.2, 0.7, 0.3])


def test_weights_learn_and_the_ranking_improves() -> None:
    utility = ViewUtility()
    optimizer = torch.optim.Adam(utility.parameters(), lr=0.05)
    held_out, held_out_relevance = toy(400, seed=1)
    before = hits(utility(held_out), held_out_relevance)
    for step in range(150):
        scores, relevance = toy(64, seed=100 + step)
        loss = ranking_loss(utility(scores), relevance) + utility.pull()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    w_t, w_c, w_clip = utility.weights().tolist()
    assert w_c + w_clip == pytest.approx(1)
    assert w_clip > 0.8 and w_c < 0.2  # it found out which score to trust
    assert w_t > 0.3
    assert hits(utility(held_out), held_out_relevance) > before + 0.15


def test_every_weight_gets_a_gradient() -> None:
    utility = ViewUtility()
    scores, relevance = toy(32, seed=0)
    ranking_loss(utility(scores), relevance).backward()
    assert utility.w_t.grad.abs() > 1e-3
    assert utility.balance.grad.abs() > 1e-3


def test_the_pull_alone_leads_back_to_the_papers_mean() -> None:
    utility = ViewUtility(w_t=1.5)
    optimizer = torch.optim.SGD(utility.parameters(), lr=0.3)
    for _ in range(30):
        optimizer.zero_grad()
        utility.pull().backward()
        optimizer.step()
    assert utility.w_t.item() == pytest.approx(0.3, abs=1e-3)


def test_questions_without_a_relevant_view_do_not_count() -> None:
    utility = torch.tensor([[0.1, 0.4], [0.3, 0.2]], requires_grad=True)
    relevance = torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    ranking_loss(utility, relevance).backward()
    assert (utility.grad[0] != 0).all() and (utility.grad[1] == 0).all()
    assert ranking_loss(utility, torch.zeros(2, 2)).item() == 0
