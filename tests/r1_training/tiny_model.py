"""A small random model of the rooms' names and words, and runs that a CPU trains in seconds."""

from __future__ import annotations

from pathlib import Path

from transformers import PreTrainedTokenizerFast

from r1_model.network.config import R1Config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.config import TrainingConfig
from r1_training.common.labels import NAMES
from r1_training.synthetic.language.corpus import corpus
from r1_training.tiny.tokenizer import train_tokenizer
from tests.r1_model.small import seeded, small_config


def room_tokenizer() -> PreTrainedTokenizerFast:
    """Numbers, tags and some words of the rooms."""
    return train_tokenizer(corpus(6), 1_400)


def room_config(tokenizer: PreTrainedTokenizerFast) -> R1Config:
    """`small_config` with the names of the rooms; two views and a coarse cloud."""
    config = small_config(tokenizer)
    config.num_views = 2
    config.scene_config.num_points = 16_384  # of fewer, small things would count as unseen
    config.scene_config.num_center_points = 4_096
    for kind, names in NAMES.items():
        setattr(config.scene_config, kind, names)
    return config


def save_room_model(folder: Path) -> Path:
    """Random weights with their tokenizer."""
    tokenizer = room_tokenizer()
    config = room_config(tokenizer)
    seeded(lambda: R1ForConditionalGeneration(config)).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def small_run(output: Path, **changes: object) -> TrainingConfig:
    """Two rooms a step, seen from five coarse views."""
    settings = {
        "steps": 3,
        "rooms": 2,
        "conversations": 6,
        "sequence_length": 768,
        "scan_views": 5,
        "scan_size": (72, 96),
        "warmup": 0,
        "workers": 0,
        "log_every": 1,
        "precision": "fp32",
    }
    return TrainingConfig(output=str(output), **{**settings, **changes})
