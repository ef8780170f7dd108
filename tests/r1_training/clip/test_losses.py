from __future__ import annotations

import pytest
import torch

from r1_model.views.scene_clip import SceneClip, SceneClipConfig
from r1_training.clip.losses import (
    ClipBatch,
    clip_losses,
    embed,
    other_rooms_match,
    relevance,
)
from tests.r1_model.small import byte_tokenizer, seeded

TOKENIZER = byte_tokenizer()
PALETTE = torch.tensor([[230, 20, 20], [20, 230, 20], [20, 20, 230], [230, 230, 20]])
WORDS = ("red", "green", "blue", "yellow")
WIDTH = 8


def small_clip() -> SceneClip:
    config = SceneClipConfig.for_tokenizer(
        TOKENIZER,
        scene_width=WIDTH,
        embed_dim=16,
        image_size=16,
        patch_size=8,
        width=32,
        layers=1,
        context_length=10,
    )
    return seeded(lambda: SceneClip(config))


def toy_batch(model: SceneClip, rooms: int, seed: int) -> ClipBatch:
    """Rooms of four objects in four colours; view v shows object order[v] and nothing else."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.stack([torch.randperm(4, generator=generator) for _ in range(rooms)])
    asked = torch.stack([torch.randperm(4, generator=generator)[:3] for _ in range(rooms)])
    noise = torch.randint(-15, 16, (rooms, 4, 16, 16, 3), generator=generator)
    one_hot = torch.eye(4)
    texts = [f"the {WORDS[i]} one" for row in asked.tolist() for i in row]
    return ClipBatch(
        images=(PALETTE[order][:, :, None, None] + noise).clamp(0, 255).to(torch.uint8),
        ids=model.tokenize(TOKENIZER, texts).view(rooms, 3, -1),
        present=torch.ones(rooms, 3, dtype=torch.bool),
        needed=one_hot[asked].bool(),
        shares=0.2 * one_hot[order],
        kind=torch.arange(4).repeat(rooms, 1),
        features=one_hot.repeat(rooms, 1, 2) + 0.1,
        seen=one_hot[order].bool(),
    )


def test_relevance_is_relative_to_the_best_view() -> None:
    batch = toy_batch(small_clip(), 1, 0)
    shares = torch.tensor([[[0.4, 0.0], [0.1, 0.2], [0.0001, 0.0]]])
    needed = torch.tensor([[[True, False], [True, True], [False, True]]])
    fields = vars(batch) | {"shares": shares, "needed": needed, "kind": torch.tensor([[0, 1]])}
    found = relevance(ClipBatch(**fields))
    expected = [[1, 0.25, 0], [0.5, 0.625, 0], [0, 1, 0]]
    assert found[0].tolist() == [pytest.approx(row) for row in expected]
    fields["present"] = torch.tensor([[True, False, True]])
    assert (relevance(ClipBatch(**fields))[0, 1] == 0).all()


def test_the_same_thing_in_another_room_is_no_mistake() -> None:
    batch = toy_batch(small_clip(), 3, 0)
    matches = other_rooms_match(batch).view(3, 3, 3, 4)
    for r in range(3):
        assert not matches[r, :, r].any()  # a room's own views are judged by its own objects
        for other in {0, 1, 2} - {r}:
            # each text names one colour and one view of each other room shows it
            assert (matches[r, :, other].sum(-1) == 1).all()


def test_left_out_texts_get_no_gradient() -> None:
    model = small_clip()
    batch = toy_batch(model, 3, 0)
    present = batch.present.clone()
    present[1] = False
    losses = clip_losses(model, ClipBatch(**(vars(batch) | {"present": present})))
    junk = batch.ids.clone()
    junk[1] = junk[0].flip(-1)
    again = clip_losses(model, ClipBatch(**(vars(batch) | {"present": present, "ids": junk})))
    for name in losses:
        assert losses[name].item() == pytest.approx(again[name].item(), rel=1e-4), name


def test_learns_to_find_what_is_asked_for_in_images_and_in_points() -> None:
    model = small_clip()
    start = model.utility.weights().detach().clone()
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for step in range(80):
        loss = sum(clip_losses(model, toy_batch(model, 6, step)).values())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    batch = toy_batch(model, 8, 1_000)
    with torch.inference_mode():
        found = embed(model, batch)
        similarities = model.similarities(found.text, found.images, found.points)
        utility = model.utility(similarities)
    right = relevance(batch).argmax(-1)
    assert (similarities[..., 0].argmax(-1) == right).float().mean() > 0.9
    assert (similarities[..., 2].argmax(-1) == right).float().mean() > 0.9
    assert (utility.argmax(-1) == right).float().mean() > 0.9
    assert not torch.allclose(model.utility.weights(), start, atol=1e-3)


def test_weights_of_the_utility_do_not_bend_the_embeddings() -> None:
    model = small_clip()
    losses = clip_losses(model, toy_batch(model, 2, 0))
    (losses["utility"] + losses["pull"]).backward()
    assert model.utility.balance.grad is not None
    assert model.clip.token_embedding.weight.grad is None
