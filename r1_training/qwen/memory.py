"""How much memory a run needs on each device, from the configuration alone.

Weights, gradients and optimizer state are exact. Activations are counted tensor by tensor for one
conversation with the recomputation that gradient checkpointing does, attention without a stored
matrix; the allocator's rounding and the framework's own (about 1 GiB) come on top.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from r1_model.generation.slots import capacity_for
from r1_model.network.config import R1Config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.quantization import GROUP
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import view_tokens
from r1_training.qwen.model import add_adapters, count, trainable

BF16, FP32, BOOL = 2, 4, 1
FRAMEWORK = 1 << 30


@dataclass(frozen=True)
class MemoryEstimate:
    """Bytes on one device.

    Attributes:
        parameters, trained: numbers of parameters.
        sequence: tokens of the conversation that it is for.
        parts: bytes by what they are for.
    """

    parameters: int
    trained: int
    sequence: int
    parts: dict[str, int]

    @property
    def total(self) -> int:
        """Bytes of all parts."""
        return sum(self.parts.values())


def estimate_memory(
    config: FullSizeConfig, model: R1Config, tokens: int | None = None, trained_tokens: int = 300
) -> MemoryEstimate:
    """Memory of a training step with `config.views` frames of 640 x 480.

    Args:
        config: of the run.
        model: of the model; no weights are made.
        tokens: of the longest conversation with its scene and views; None is what Scene-30K needs,
            600 tokens of question and target.
        trained_tokens: of these, the target's.
    """
    with torch.device("meta"):
        wrapped = add_adapters(R1ForConditionalGeneration(model), config)
    total, trained = count(wrapped.parameters()), count(trainable(wrapped))
    text, vision = model.text_config, model.vision_config
    per_view = view_tokens(model)
    sequence = tokens or 600 + model.scene_config.num_tokens + config.views * (per_view + 2)
    key_value_heads = text.num_key_value_heads or text.num_attention_heads
    key_value = key_value_heads * (text.hidden_size // text.num_attention_heads)
    prompt, read, learning = sequence - trained_tokens, sequence, text.num_hidden_layers
    if config.stage == "grpo":
        # one copy of the question and so many answers; nothing before the first adapter learns
        read = prompt + (config.answers_at_a_time or config.group_size) * config.max_new_tokens
        learning = config.lora_blocks
    # One block: norms, q, k, v, o and residuals of hidden width; gate, up, their product, silu.
    block = read * (8 * text.hidden_size + 2 * key_value + 4 * text.intermediate_size) * BF16
    stored = read * text.hidden_size * BF16 * learning
    if not config.gradient_checkpointing:
        if config.stage == "grpo":
            # TRL has no autocast: adapters in float32 keep copies of what they read in float32
            block += read * (6 * text.hidden_size + text.intermediate_size) * FP32
        stored, block = stored + block * learning, 0
    patches = config.views * per_view * 4
    tower = patches * (8 * vision.hidden_size + 3 * vision.intermediate_size) * BF16
    scene = model.scene_config
    neighbours = scene.num_centers * sum(scene.samples[:2]) * scene.context_width * 3
    parts = {
        "frozen weights": (total - trained) * BF16 - _saved_by_rounding(config, model),
        "trained weights (fp32)": trained * FP32,
        "gradients (fp32)": trained * FP32,
        "Adam's two moments (fp32)": 2 * trained * FP32,
        "activations between blocks": stored,
        "activations of one block": block,
        "logits of the target": trained_tokens * text.vocab_size * (BF16 + 2 * FP32),
        "views in the vision tower": tower,
        "scene encoder": neighbours * FP32,
        "framework": FRAMEWORK,
    }
    if config.quantization != "none":
        # of a block they are kept for its backward pass; of one there are the unpacked integers too
        one = text.hidden_size * text.intermediate_size
        wide = _block_numbers(model) * (1 if config.gradient_checkpointing else learning)
        parts["matrices as they are widened"] = wide * BF16 + one * 2 * FP32
    if config.stage == "grpo":
        length = prompt + config.max_new_tokens
        parts["cache of the group's rollouts"] = (
            config.group_size
            * capacity_for(length)
            * text.num_hidden_layers
            * (2 * key_value * BF16)
        )
        # Which token sees which, and the same as numbers to add to scores.
        parts["mask of the answers"] = read * read * (BOOL + BF16)
        # The reference is the same model with its adapters off: no second set of weights.
        parts["reference log-probabilities"] = (
            config.max_new_tokens * text.vocab_size * (BF16 + FP32)
        )
    return MemoryEstimate(total, trained, sequence, parts)


def _block_numbers(model: R1Config) -> int:
    """Numbers in the matrices of a block of the language model."""
    text = model.text_config
    return text.hidden_size * (_block_rows(model) + text.intermediate_size)


def _block_rows(model: R1Config) -> int:
    """Rows of a block's matrices but the last one, which has `hidden_size`."""
    text = model.text_config
    key_value_heads = text.num_key_value_heads or text.num_attention_heads
    key_value = key_value_heads * (text.hidden_size // text.num_attention_heads)
    return 2 * text.hidden_size + 2 * key_value + 2 * text.intermediate_size


def _saved_by_rounding(config: FullSizeConfig, model: R1Config) -> int:
    """Bytes that the language model's blocks are smaller in 8 or 4 bits than in 16."""
    text, numbers = model.text_config, _block_numbers(model)
    if config.quantization == "none":
        return 0
    if config.quantization == "int4":
        kept = numbers // 2 + numbers // GROUP * BF16
    else:
        kept = numbers + (_block_rows(model) + text.hidden_size) * FP32
    return text.num_hidden_layers * (numbers * BF16 - kept)
