from __future__ import annotations

import pytest
import torch

from r1_training.common.config import TrainingConfigError
from r1_training.tiny.modality_dropout import LEVELS, drawn_levels, partly_shown
from tests.r1_training.grpo.toy import toy_model
from tests.r1_training.tiny_model import small_run


def test_rooms_are_shown_whole_but_for_a_share():
    torch.manual_seed(0)
    drawn = drawn_levels(8000, 0.75, torch.device("cpu"))
    shares = torch.bincount(drawn, minlength=len(LEVELS)) / len(drawn)
    assert torch.allclose(shares, torch.full((4,), 0.25), atol=0.02)
    assert (drawn_levels(500, 0.0, torch.device("cpu")) == 3).all()
    assert set(drawn_levels(500, 1.0, torch.device("cpu")).tolist()) == {0, 1, 2}


def test_what_is_hidden_is_a_placeholder(room_words, monkeypatch):
    model = toy_model(room_words)
    hidden, images = model.lm_head.in_features, 3
    backbone, config = model.model, model.config

    class Encoded:
        tokens = torch.randn(4, 5, hidden)

    pictures = torch.randn(4 * images, hidden)
    monkeypatch.setattr(type(backbone), "encode_scene", lambda self, **given: Encoded)
    monkeypatch.setattr(type(backbone), "encode_views", lambda self, *given: pictures)
    views = {
        "patches": None,
        "view_grids": None,
        "view_positions": torch.rand(4 * images, 3),
        "view_positions_valid": torch.ones(4 * images, dtype=torch.bool),
    }
    shown = partly_shown(model, {}, views, torch.arange(4))
    words = backbone.get_input_embeddings().weight
    scene, image = words[config.scene_token_id], words[config.image_token_id]
    assert (shown["scene"][:3] == scene).all()
    assert torch.equal(shown["scene"][3], Encoded.tokens[3])
    seen = shown["views"].view(4, images, hidden)
    own = pictures.view_as(seen)
    assert (seen[0] == image).all()
    nowhere = backbone.depth_positions(views["view_positions"], torch.zeros(12, dtype=torch.bool))
    placed = backbone.depth_positions(views["view_positions"], views["view_positions_valid"])
    assert torch.allclose(seen[1], own[1] + nowhere.view_as(seen)[1])
    for level in (2, 3):
        assert torch.allclose(seen[level], own[level] + placed.view_as(seen)[level])


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"modality_dropout": 1.5, "language_alone": True}, "must lie in 0 to 1, not 1.5"),
        ({"modality_dropout": 0.5}, "needs language_alone"),
        ({"modality_dropout": 0.5, "language_alone": True, "blind": True}, "no blind model"),
    ],
)
def test_what_cannot_be_is_named(tmp_path, changes, match):
    with pytest.raises(TrainingConfigError, match=match):
        small_run(tmp_path, **changes)
