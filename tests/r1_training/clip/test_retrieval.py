from __future__ import annotations

import pytest
import torch

from r1_training.clip.losses import ClipBatch, clip_losses
from r1_training.clip.retrieval import evaluate_clip
from tests.r1_training.clip.test_losses import small_clip, toy_batch


def test_figures_rise_with_training_and_are_chance_before() -> None:
    model = small_clip()
    held_out = [toy_batch(model, 6, seed) for seed in (500, 501)]
    before = evaluate_clip(model.eval(), held_out)
    assert before.questions == 2 * 6 * 3 and before.pool == 24
    # every room shows every colour once: a quarter of all views is right
    assert before.chance_r1 == pytest.approx(0.25)
    assert before.first["random"] == pytest.approx(0.25)
    assert before.chosen["learned 0.5"][6] == before.chosen["uniform"][6] == 1  # of four views
    optimizer = torch.optim.Adam(model.train().parameters(), lr=3e-3)
    for step in range(80):
        optimizer.zero_grad()
        sum(clip_losses(model, toy_batch(model, 6, step)).values()).backward()
        optimizer.step()
    after = evaluate_clip(model.eval(), held_out)
    assert min(after.image_r1, after.points_r1, after.first["learned"]) > 0.9
    assert after.chosen["learned 0.1"][1] > 0.9 > after.chosen["coverage"][1]
    assert after.weights != before.weights
    assert "R@5" in after.table() and "w_clip" in after.table()


def test_nothing_to_evaluate_is_an_error() -> None:
    model = small_clip()
    batch = toy_batch(model, 2, 0)
    blind = ClipBatch(**(vars(batch) | {"shares": torch.zeros_like(batch.shares)}))
    with pytest.raises(ValueError, match="no question"):
        evaluate_clip(model, [blind])
