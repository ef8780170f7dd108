"""Scenes that are encoded once: what a graph of one is given, and what it gives."""

from __future__ import annotations

import copy

import pytest
import torch

from r1_model.asking.scenes import ROUND, padded
from r1_model.network.looks import best_views
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.reasoner import Reasoner
from tests.r1_model.network.test_looks import inputs
from tests.r1_model.small import random_scene, scene_tokenizer, seeded, small_config


def test_views_that_are_added_show_nothing():
    pictures = inputs()["pictures"]
    views = pictures.color.shape[1]
    more = padded(pictures)
    assert more.color.shape[1] == ROUND > views
    for own, given in zip(more.tensors, pictures.tensors, strict=True):
        assert own.dtype == given.dtype and torch.equal(own[:, :views], given)
    center, size = torch.rand(1, 40, 3) * 2 - 0.5, torch.rand(1, 40, 3) + 0.1
    for before, after in zip(
        vars(best_views(pictures, center, size)).values(),
        vars(best_views(more, center, size)).values(),
        strict=True,
    ):
        assert torch.equal(before, after)
    assert padded(more).color.shape == more.color.shape


@torch.no_grad()
def test_what_is_seen_in_padded_pictures_is_the_same():
    config = small_config(scene_tokenizer())
    config.scene_config.look_size, config.scene_config.read_width = 32, 32
    model = seeded(lambda: R1ForConditionalGeneration(config)).eval()
    torch.nn.init.normal_(model.model.looks.classes.weight, std=0.1)
    cloud = inputs()
    given = model.model.encode_scene(**cloud)
    more = model.model.encode_scene(**{**cloud, "pictures": padded(cloud["pictures"])})
    assert torch.allclose(given.tokens, more.tokens, atol=1e-5)


@pytest.mark.gpu
@pytest.mark.parametrize("views", [0, 5, 12])
def test_a_graph_sees_what_the_model_sees(views):
    if not torch.cuda.is_available():
        pytest.skip("no CUDA device")
    reasoner = Reasoner.from_pretrained("r1-tiny", device="cuda", dtype="float32")
    scene = random_scene(views=views, points=30_000)
    known = reasoner._scenes.known(scene)
    prepared = known.prepared
    cloud = [part.cuda() for part in prepared.cloud]
    shown = None if prepared.pictures is None else prepared.pictures.to(reasoner.device)
    with torch.inference_mode():
        plain = copy.copy(reasoner._model.model.encode_scene(*cloud, shown))
    assert torch.equal(known.encoded.index, plain.index)
    assert torch.allclose(known.encoded.tokens, plain.tokens, atol=1e-3)
