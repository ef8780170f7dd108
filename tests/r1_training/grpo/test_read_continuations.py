"""Answers that share what they begin with are read as if each stood alone."""

from __future__ import annotations

import pytest
import torch

from r1_model.network import continuations
from r1_model.network.continuations import Prefix, read_continuations
from tests.r1_training.grpo.toy import ToyQuestions, toy_model, toy_run


@pytest.mark.parametrize("width", [1, 2048])
def test_it_is_what_each_sequence_gives_alone(room_words, tmp_path, monkeypatch, width):
    """And so are the gradients."""
    monkeypatch.setattr(continuations, "WIDTH", width)
    model = toy_model(room_words)
    questions = ToyQuestions(model, room_words, toy_run(tmp_path), lambda text: 0.0)
    prompts = questions.prompts(range(4))
    rows, lengths = torch.tensor([3, 0, 0, 2, 3, 0]), [4, 1, 6, 2, 5, 3]
    prefix: Prefix = prompts.shown(rows)["prefix"]
    mask = (torch.arange(6) < torch.tensor(lengths).unsqueeze(1)).long()
    generator = torch.Generator().manual_seed(0)
    words = torch.randint(20, 60, mask.shape, generator=generator)
    words[:, 0] = prompts.ids[rows, -1]
    last = prompts.positions[:, rows, -1:]
    positions = last + torch.arange(6)
    wanted = torch.randn(*mask.shape, model.lm_head.in_features)
    backbone = model.model

    def gradient(hidden: torch.Tensor) -> dict[str, torch.Tensor]:
        model.zero_grad()
        (hidden * wanted * mask.unsqueeze(-1)).sum().backward()
        return {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}

    packed = read_continuations(
        backbone, prefix, prompts.scene, prompts.views, words, mask, positions
    )
    assert not packed[mask == 0].any()
    alone = torch.zeros_like(packed)
    for row, (owner, size) in enumerate(zip(rows.tolist(), lengths, strict=True)):
        real = prompts.mask[owner].bool()
        ids = torch.cat((prompts.ids[owner, real][:-1], words[row, :size]))[None]
        place = torch.cat((prompts.positions[:, owner, real][:, :-1], positions[:, row, :size]), 1)
        room = prompts.room[owner]
        hidden = backbone(
            input_ids=ids,
            position_ids=place.unsqueeze(1),
            scene=prompts.scene[room][None],
            views=prompts.views[room],
        ).last_hidden_state[0, -size:]
        alone[row, :size] = hidden
    assert torch.allclose(packed, alone, atol=1e-4)
    one, other = gradient(packed), gradient(alone)
    assert one.keys() == other.keys() and len(one) > 10
    for name, value in one.items():
        assert torch.allclose(value, other[name], atol=1e-3), name
