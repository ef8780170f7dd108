from __future__ import annotations

import pytest
import torch

from r1_model.network.token_loss import IGNORED, every_token_loss, trained_token_loss

FORMS = (trained_token_loss, every_token_loss)


def inputs(share: float) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(2, 9, 4, generator=generator, requires_grad=True)
    head = torch.randn(7, 4, generator=generator, requires_grad=True)
    labels = torch.randint(0, 7, (2, 9), generator=generator)
    labels[torch.rand(2, 9, generator=generator) >= share] = IGNORED
    return hidden, labels, head


@pytest.mark.parametrize("share", [0.5, 1.0, 0.1])
def test_both_forms_have_one_loss_and_one_gradient(share):
    results = []
    for form in FORMS:
        hidden, labels, head = inputs(share)
        loss, _ = form(hidden, labels, head)
        loss.backward()
        results.append((loss.detach(), hidden.grad, head.grad))
    for ours, reference in zip(*results, strict=True):
        assert torch.allclose(ours, reference, atol=1e-6)


def test_the_loss_is_the_mean_over_trained_tokens_of_what_comes_next():
    hidden, labels, head = inputs(0.5)
    loss, logits = trained_token_loss(hidden, labels, head)
    terms = [
        -(hidden[b, t] @ head.T).log_softmax(-1)[labels[b, t + 1]]
        for b in range(2)
        for t in range(8)
        if labels[b, t + 1] != IGNORED
    ]
    assert len(logits) == len(terms)
    assert loss.item() == pytest.approx(torch.stack(terms).mean().item(), rel=1e-5)


@pytest.mark.parametrize("form", FORMS)
def test_a_batch_in_which_nothing_is_trained_has_loss_0_with_a_gradient(form):
    hidden, labels, head = inputs(0.0)
    loss, _ = form(hidden, labels, head)
    loss.backward()
    assert loss.item() == 0.0
    assert head.grad.abs().sum() == 0.0
