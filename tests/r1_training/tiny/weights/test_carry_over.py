"""What a model knew is there in a new one with more words and categories."""

from __future__ import annotations

import copy

import pytest
import torch
from transformers import AutoTokenizer

from r1_model.errors import InvalidConfigError
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.synthetic.language.corpus import corpus
from r1_training.tiny.tokenizer import train_tokenizer
from r1_training.tiny.weights.carry_over import RARE, carried_words, carry_over, label_rows
from tests.r1_model.network.test_looks import inputs
from tests.r1_model.small import scene_tokenizer, seeded, small_config


@pytest.fixture(scope="module")
def known(room_model):
    model = R1ForConditionalGeneration.from_pretrained(room_model, dtype=torch.float32)
    return model.eval(), AutoTokenizer.from_pretrained(room_model)


def wider(known, **scene: list[str]):
    """A random model with a larger vocabulary and other labels."""
    model, _ = known
    tokenizer = train_tokenizer(corpus(9), 1_500)
    config = copy.deepcopy(model.config)
    config.text_config.vocab_size = len(tokenizer)
    for kind, names in scene.items():
        setattr(config.scene_config, kind, names)
    return seeded(lambda: R1ForConditionalGeneration(config)).eval(), tokenizer


def test_detections_are_the_same_under_their_names(known):
    model, _ = known
    old = model.config.scene_config.categories
    new, tokenizer = wider(known, categories=["unheard of", *reversed(old)])
    carry_over(new, tokenizer, *known)
    cloud = torch.rand(1, 4_096, 3), torch.rand(1, 4_096, 3), torch.tensor([[[0.0] * 3, [1.0] * 3]])
    before, after = (m.model.encode_scene(*cloud).found for m in (model, new))
    assert torch.equal(before.objectness, after.objectness)
    assert torch.equal(before.states, after.states)
    order = [new.config.scene_config.categories.index(name) for name in old]
    assert torch.equal(before.category, after.category[..., order])


@torch.no_grad()
def test_looks_are_carried_to_more_labels_and_to_a_reader():
    config = small_config(scene_tokenizer())
    config.scene_config.look_size = 32
    old = seeded(lambda: R1ForConditionalGeneration(config)).eval()
    for layer in (old.model.looks.feature, old.model.looks.classes):
        torch.nn.init.normal_(layer.weight, std=0.1)
        torch.nn.init.normal_(layer.bias, std=0.1)
    wide = copy.deepcopy(config)
    wide.scene_config.read_width = 32
    wide.scene_config.states = [*config.scene_config.states, "shows star", "shows 7"]
    wide.scene_config.categories = ["unheard of", *config.scene_config.categories]
    new = seeded(lambda: R1ForConditionalGeneration(wide)).eval()
    carry_over(new, scene_tokenizer(), old, scene_tokenizer())
    cloud = inputs()
    before, after = (m.model.encode_scene(**cloud).found for m in (old, new))
    assert torch.allclose(before.category, after.category[..., 1:], atol=1e-5)
    states = after.states[..., : before.states.shape[-1]]
    assert torch.allclose(before.states, states, atol=1e-5)
    blind = new.model.encode_scene(**{**cloud, "pictures": None}).found
    # it was the looks that were compared
    assert not torch.allclose(blind.category, after.category, atol=0.01)
    assert (blind.states[..., before.states.shape[-1] :] == RARE).all()  # nobody has seen them yet


def test_the_same_text_has_the_same_logits(known):
    model, words = known
    new, tokenizer = wider(known)
    carry_over(new, tokenizer, *known)
    text = "<answer><obj>12, 7"
    places = torch.arange(len(words(text)["input_ids"])).expand(3, 1, -1)
    read = (t(text, add_special_tokens=False)["input_ids"] for t in (words, tokenizer))
    ids = [torch.tensor([row]) for row in read]
    before, after = (
        m(input_ids=i, position_ids=places[..., : i.shape[1]]).logits
        for m, i in zip((model, new), ids, strict=True)
    )
    shared = sorted(set(words.get_vocab()) & set(tokenizer.get_vocab()))
    rows = [[t.get_vocab()[token] for token in shared] for t in (words, tokenizer)]
    assert torch.allclose(before[..., rows[0]], after[..., rows[1]], atol=1e-5)


def test_a_new_word_is_the_mean_of_its_old_pieces(known):
    model, words = known
    _, tokenizer = wider(known)
    embeddings = model.get_input_embeddings().weight
    carried = carried_words(tokenizer, words, embeddings)
    new = next(t for t in sorted(tokenizer.get_vocab()) if t not in words.get_vocab())
    row = tokenizer.get_vocab()[new]
    pieces = words(tokenizer.decode([row]), add_special_tokens=False)["input_ids"]
    assert len(pieces) > 1 and torch.allclose(carried[row], embeddings[pieces].mean(0))


def test_a_label_that_is_gone_is_named(known):
    model, _ = known
    old = model.config.scene_config
    shorter = copy.deepcopy(old)
    shorter.colors = old.colors[1:]
    with pytest.raises(InvalidConfigError, match=f"colors lack {old.colors[0]}"):
        label_rows(shorter, old)


def test_another_width_is_refused(known):
    model, words = known
    config = copy.deepcopy(model.config)
    config.scene_config.point_width *= 2
    other = R1ForConditionalGeneration(config)
    with pytest.raises(InvalidConfigError, match="scene_encoder.local"):
        carry_over(other, words, model, words)
