"""A new SceneClip knows what an old one knew, under the words' new numbers."""

from __future__ import annotations

import torch
from transformers import AutoTokenizer

from r1_model.views.scene_clip import SceneClip, SceneClipConfig, tokenize
from r1_training.clip.train import carry_over_clip
from r1_training.synthetic.language.corpus import corpus
from r1_training.tiny.tokenizer import train_tokenizer
from tests.r1_model.small import seeded


def test_a_text_of_old_words_has_the_same_embedding(room_model, tmp_path):
    words = AutoTokenizer.from_pretrained(room_model)
    words.save_pretrained(tmp_path)
    old = seeded(lambda: SceneClip(SceneClipConfig.for_tokenizer(words, layers=1, trained=True)))
    old.save_pretrained(tmp_path)
    tokenizer = train_tokenizer(corpus(9), 1_500)
    new = seeded(lambda: SceneClip(SceneClipConfig.for_tokenizer(tokenizer, layers=1)), seed=1)
    carry_over_clip(new, tokenizer, tmp_path)
    shared = set(words.get_vocab()) & set(tokenizer.get_vocab())
    text = "12, 7"
    assert {words.convert_ids_to_tokens(i) for i in words(text)["input_ids"]} <= shared
    with torch.no_grad():
        before = old.encode_text(tokenize(words, old.config, [text]))
        after = new.encode_text(tokenize(tokenizer, new.config, [text]))
    assert torch.allclose(before, after, atol=5e-3)  # kept in half precision
