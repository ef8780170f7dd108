"""What trains in a full-size run: LoRA in the language model, and the scene branch."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora import Linear as LoraLinear
from torch import nn
from transformers.models.qwen2_5_vl.configuration_qwen2_5_vl import (
    Qwen2_5_VLConfig,
    Qwen2_5_VLTextConfig,
    Qwen2_5_VLVisionConfig,
)

from r1_model.network.config import R1Config, R1SceneConfig
from r1_model.network.modeling import NEW_MODULES, R1ForConditionalGeneration
from r1_model.pretrained import PRESETS, load_pretrained
from r1_model.quantization import EightBitLinear, Int4Linear
from r1_training.common.config import TrainingConfigError
from r1_training.qwen.config import FullSizeConfig


def add_adapters(model: R1ForConditionalGeneration, config: FullSizeConfig) -> PeftModel:
    """Freezes the model, adds LoRA to its last blocks, and lets the scene branch train.

    Blocks in 8 or 4 bits (`quantization.quantize`) get adapters as others do: that is QLoRA.

    Raises:
        TrainingConfigError: the model has fewer blocks than adapters are asked for.
    """
    blocks = model.config.text_config.num_hidden_layers
    if config.lora_blocks > blocks:
        raise TrainingConfigError(f"lora_blocks is {config.lora_blocks}, the model has {blocks}")
    last = "|".join(str(number) for number in range(blocks - config.lora_blocks, blocks))
    names = "|".join(config.lora_targets)
    adapters = LoraConfig(
        r=config.lora_rank,
        lora_alpha=config.lora_alpha,
        lora_dropout=config.lora_dropout,
        target_modules=rf"model\.language_model\.layers\.({last})\.(self_attn|mlp)\.({names})",
    )
    # peft knows neither, and asks no more of a base than its sizes and its forward pass
    adapters._register_custom_module({Int4Linear: LoraLinear, EightBitLinear: LoraLinear})
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unsupported layer type", UserWarning)
        wrapped = get_peft_model(model, adapters, autocast_adapter_dtype=False)
    for name in NEW_MODULES:
        getattr(model.model, name).requires_grad_(True)
    # Where points vote for objects is a choice, which no gradient of the language loss reaches;
    # in data-parallel training a parameter without a gradient is an error.
    model.model.scene_encoder.point_heads.requires_grad_(False)
    for parameter in trainable(wrapped):
        # Adam's small steps vanish in bfloat16; what is frozen stays as it was loaded.
        parameter.data = parameter.data.to(model.device, torch.float32)
    return wrapped


def prepare_for_training(model: R1ForConditionalGeneration, config: FullSizeConfig) -> PeftModel:
    """Adapters, checkpointing and training mode; the dry run and the run share it."""
    wrapped = add_adapters(model, config)
    if config.stage == "grpo":  # else the reference, which is this model, would see by other eyes
        for name in NEW_MODULES:
            getattr(model.model, name).requires_grad_(False)
    if config.gradient_checkpointing:
        wrapped.gradient_checkpointing_enable(
            gradient_checkpointing_kwargs={"use_reentrant": False}
        )
    else:  # a model that trained before may still have it on
        wrapped.gradient_checkpointing_disable()
    return wrapped.train()


def trainable(model: nn.Module) -> list[nn.Parameter]:
    """The parameters that train."""
    return [parameter for parameter in model.parameters() if parameter.requires_grad]


def parameter_groups(model: nn.Module, config: FullSizeConfig) -> list[dict[str, object]]:
    """Optimizer groups: adapters at the run's rate, new modules at their own."""
    named = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    adapters = [p for name, p in named if "lora_" in name]
    new = [p for name, p in named if "lora_" not in name]
    return [
        {"params": adapters, "lr": config.learning_rate},
        {"params": new, "lr": config.new_modules_learning_rate},
    ]


def make_optimizer(model: nn.Module, config: FullSizeConfig) -> torch.optim.Optimizer:
    """AdamW or Adam over `parameter_groups`."""
    kind = torch.optim.AdamW if config.optimizer == "adamw" else torch.optim.Adam
    return kind(parameter_groups(model, config), weight_decay=config.weight_decay)


def load_scene_encoder(model: R1ForConditionalGeneration, source: str | Path) -> None:
    """Starts the scene encoder from that of another 3D-R1 model of the same widths.

    Args:
        model: to change.
        source: preset or folder of the other model.

    Raises:
        TrainingConfigError: the other model has no scene encoder, or one of other shapes.
        ModelLoadError: there is no such model.
    """
    loaded = load_pretrained(source, device="cpu", dtype="float32")
    if loaded.new_modules:
        raise TrainingConfigError(f"scene_encoder {source} is a plain Qwen2.5-VL: it has none")
    try:
        model.model.scene_encoder.load_state_dict(loaded.model.model.scene_encoder.state_dict())
    except RuntimeError as error:
        raise TrainingConfigError(f"{source}: scene encoder of another shape: {error}") from error


@dataclass(frozen=True)
class QwenSizes:
    """What the sizes of Qwen2.5-VL differ in (the models' own configurations say so)."""

    vocabulary: int
    hidden: int
    intermediate: int
    blocks: int
    heads: int
    key_value_heads: int
    tied: bool
    vision_intermediate: int


SIZES = {
    "qwen2.5-vl-3b": QwenSizes(151_936, 2_048, 11_008, 36, 16, 2, True, 3_420),
    "qwen2.5-vl-7b": QwenSizes(152_064, 3_584, 18_944, 28, 28, 4, False, 3_420),
    "qwen2.5-vl-32b": QwenSizes(152_064, 5_120, 27_648, 64, 40, 8, False, 3_456),
}


def qwen_config(preset: str) -> R1Config:
    """The sizes of a Qwen2.5-VL-Instruct with our scene branch, for estimates without weights.

    Args:
        preset: one of `SIZES`.
    """
    sizes = SIZES[preset]
    text: dict[str, Any] = {
        "vocab_size": sizes.vocabulary,
        "hidden_size": sizes.hidden,
        "intermediate_size": sizes.intermediate,
        "num_hidden_layers": sizes.blocks,
        "num_attention_heads": sizes.heads,
        "num_key_value_heads": sizes.key_value_heads,
        "max_position_embeddings": 128_000,
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 1_000_000.0,
            "mrope_section": [16, 24, 24],
        },
    }
    vision: dict[str, Any] = {
        "depth": 32,
        "hidden_size": 1_280,
        "intermediate_size": sizes.vision_intermediate,
        "num_heads": 16,
        "out_hidden_size": sizes.hidden,
        "window_size": 112,
        "fullatt_block_indexes": [7, 15, 23, 31],
    }
    return R1Config(
        text_config=Qwen2_5_VLTextConfig(**text),
        vision_config=Qwen2_5_VLVisionConfig(**vision),
        scene_config=R1SceneConfig(),
        tie_word_embeddings=sizes.tied,
    )


def qwen_7b_config() -> R1Config:
    """The sizes of Qwen2.5-VL-7B-Instruct, the paper's model."""
    return qwen_config("qwen2.5-vl-7b")


def run_sizes(model: str) -> tuple[R1Config, str]:
    """Sizes and name of a run's model, from its folder or the hub's cache, without its weights.

    A model that is not on this machine yet has the sizes of its preset, or is taken for the 7B.

    Args:
        model: preset, folder or hub id.
    """
    source = PRESETS.get(model, model)
    try:
        values, _ = Qwen2_5_VLConfig.get_config_dict(source, local_files_only=True)
    except OSError:
        values = {}
    if not values:
        preset = model if model in SIZES else "qwen2.5-vl-7b"
        return qwen_config(preset), preset.rpartition("-")[2].upper()
    if values.get("model_type") == R1Config.model_type:
        return R1Config.from_dict(values), model
    plain = Qwen2_5_VLConfig.from_dict(values).to_dict()
    plain.pop("model_type")
    return R1Config(**plain, scene_config=R1SceneConfig()), model


def count(parameters: Iterable[nn.Parameter]) -> int:
    """Numbers in parameters."""
    return sum(parameter.numel() for parameter in parameters)
