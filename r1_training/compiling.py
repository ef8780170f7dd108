"""Fused training kernels: the blocks that repeat are compiled, each once per shape."""

from __future__ import annotations

import torch
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import Qwen2_5_VLDecoderLayer

from r1_model.layers import MLP, Block
from r1_model.modeling import R1ForConditionalGeneration

BLOCKS = (MLP, Block, Qwen2_5_VLDecoderLayer)


def compile_blocks(model: R1ForConditionalGeneration) -> None:
    """Compile the model's blocks in place; names and weights stay as they are.

    Most of a step is memory traffic between small operations (casts, norms, activations, biases).
    Blocks and not the whole model: the point operators are kernels of our own, and a block that
    repeats is compiled once.
    """
    # one entry for every width and layer number
    torch._dynamo.config.recompile_limit = 64
    for module in model.modules():
        if isinstance(module, BLOCKS):
            module.compile(dynamic=False)
