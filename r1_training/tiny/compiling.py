"""Fused training kernels: what runs at every step is compiled, each part once per shape."""

from __future__ import annotations

import torch
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLDecoderLayer

from r1_model.network.dense_decoder import DenseDecoder
from r1_model.network.layers import Block
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.network.scene_encoder import SceneEncoder, SetAbstraction
from r1_model.network.token_loss import every_token_loss

PARTS = (SceneEncoder, SetAbstraction, Block, DenseDecoder, Qwen2_5_VLDecoderLayer)
FLEX = "flex_attention"


def compile_parts(model: R1ForConditionalGeneration) -> None:
    """Compile the model's parts in place; names and weights stay as they are.

    Most of a step is memory traffic between small operations (casts, norms, gathers, biases).
    Parts and not the whole model: a block that repeats is compiled once. The language model's
    attention becomes FlexAttention, which needs `packing.block_mask` and, to train, a GPU. The
    loss is computed at every token, so that no shape depends on a batch (`step_graph`).
    """
    # one entry for every width and layer number
    torch._dynamo.config.recompile_limit = 64
    for module in model.modules():
        if isinstance(module, PARTS):
            module.compile(dynamic=False)
    # the whole tower and not its blocks: its pass over equal views calls none of them
    model.model.encode_views = torch.compile(model.model.encode_views, dynamic=False)
    model.token_loss = torch.compile(every_token_loss, dynamic=False)
    use_flex(model)


def use_flex(model: R1ForConditionalGeneration) -> None:
    """Let the language model attend by FlexAttention, for this training only.

    Not by `set_attn_implementation`, which refuses it for all of Qwen2.5-VL: the tower of windowed
    views cannot use it, the language model's layers look the function up like any other's.
    """
    model.config.text_config._attn_implementation = FLEX


def uses_flex(model: R1ForConditionalGeneration) -> bool:
    """Whether the language model wants a `packing.block_mask`."""
    return model.config.text_config._attn_implementation == FLEX
