"""Small random models and scenes for tests, built by the test itself."""

from __future__ import annotations

import numpy as np
import torch
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import PreTrainedTokenizerFast

from r1_model.network.config import (
    SCENE_END,
    SCENE_PAD,
    SCENE_START,
    R1Config,
    R1SceneConfig,
    tiny_config,
)
from r1_model.scene.scene import Scene, View

QWEN_TOKENS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|image_pad|>",
    "<|video_pad|>",
)


def byte_tokenizer(*extra: str) -> PreTrainedTokenizerFast:
    """One token a byte, Qwen's special tokens and `extra` ones."""
    letters = sorted(pre_tokenizers.ByteLevel.alphabet())  # a set: each process has another order
    alphabet = {letter: index for index, letter in enumerate(letters)}
    tokenizer = Tokenizer(models.BPE(vocab=alphabet, merges=[]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token) for token in (*QWEN_TOKENS, *extra)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=[*QWEN_TOKENS, *extra],
        clean_up_tokenization_spaces=False,
    )


def small_config(tokenizer: PreTrainedTokenizerFast) -> R1Config:
    """r1-tiny's shape, smaller."""
    config = tiny_config(tokenizer.get_vocab(), vocab_size=len(tokenizer))
    config.text_config.num_hidden_layers = 2
    config.text_config.layer_types = config.text_config.layer_types[:2]
    config.vision_config.depth = 2
    config.view_size = [56, 84]
    config.scene_config = R1SceneConfig(
        num_points=512,
        num_centers=64,
        num_context=32,
        num_candidates=128,
        num_seeds=24,
        num_objects=16,
        num_uniform=8,
        samples=(8, 8, 8, 8),
        categories=["chair", "table"],
        colors=["red", "blue"],
        materials=["wood"],
        states=["on"],
    )
    return config


def scene_tokenizer() -> PreTrainedTokenizerFast:
    """`byte_tokenizer` with the scene placeholders."""
    return byte_tokenizer(SCENE_START, SCENE_PAD, SCENE_END)


def random_scene(views: int = 2, points: int = 2_000, seed: int = 0) -> Scene:
    """A box of coloured points, seen by cameras in its middle."""
    rng = np.random.default_rng(seed)
    cloud = rng.uniform((0, 0, 0), (4, 3, 2.5), (points, 3)).astype(np.float32)
    K = np.array([[60.0, 0, 40], [0, 60, 30], [0, 0, 1]])
    T = np.array([[1.0, 0, 0, 2], [0, 0, 1, 1], [0, -1, 0, 1.2], [0, 0, 0, 1]])
    return Scene(
        points=cloud,
        colors=rng.integers(0, 256, (points, 3), dtype=np.uint8),
        views=[
            View(
                color=rng.integers(0, 256, (60, 80, 3), dtype=np.uint8),
                depth=rng.uniform(0.5, 2, (60, 80)).astype(np.float32),
                K=K,
                T_scene_camera=T,
                id=number,
            )
            for number in range(views)
        ],
    )


def seeded(build, seed: int = 0):
    """`build()` after seeding torch."""
    torch.manual_seed(seed)
    return build()
