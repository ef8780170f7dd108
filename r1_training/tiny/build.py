"""A new `r1-tiny`: tokenizer, configuration and random weights."""

from __future__ import annotations

import torch
from transformers import PreTrainedTokenizerFast

from r1_model.network.config import tiny_config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.labels import NAMES


def build_tiny(tokenizer: PreTrainedTokenizerFast, seed: int) -> R1ForConditionalGeneration:
    """Random weights for a tokenizer of `tokenizer.train_tokenizer`."""
    torch.manual_seed(seed)
    config = tiny_config(tokenizer.get_vocab(), vocab_size=len(tokenizer), **NAMES)
    return R1ForConditionalGeneration(config)
