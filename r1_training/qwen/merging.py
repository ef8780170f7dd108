"""What a run leaves behind: one plain model, with its adapters merged."""

from __future__ import annotations

from typing import Any

import torch
from peft import PeftModel
from torch import nn

from r1_model.generation.low_rank import adapter_of, unadapted
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.quantization import EightBitLinear, Int4Linear


@torch.no_grad()
def merged(wrapped: PeftModel) -> R1ForConditionalGeneration:
    """The model with what its adapters add in its own matrices; `wrapped` is used up.

    Sums are float32, rounded once to the model's precision. Matrices in 8 or 4 bits are widened
    first, so that it is the model that was trained, and go to the CPU: a GPU that they were
    rounded for has no room for them.
    """
    model: Any = wrapped.get_base_model()
    dtype = model.get_input_embeddings().weight.dtype
    for layer in model.model.language_model.layers:
        for parent in (layer.self_attn, layer.mlp):
            for name, module in list(parent.named_children()):
                found, plain = adapter_of(module), unadapted(module)
                rounded = isinstance(plain, Int4Linear | EightBitLinear)
                if not rounded and (found is None or not isinstance(plain, nn.Linear)):
                    continue
                kept: Any = plain
                weight = (kept.widened() if rounded else kept.weight).float()
                for down, up, scale in () if found is None else found.pairs:
                    weight += scale * (up.float() @ down.float())
                where = torch.device("cpu") if rounded else weight.device
                rows, columns = weight.shape
                linear = nn.Linear(columns, rows, bias=kept.bias is not None, device="meta")
                linear.weight = nn.Parameter(weight.to(where, dtype), requires_grad=False)
                if kept.bias is not None:
                    linear.bias = nn.Parameter(kept.bias.to(where, dtype), requires_grad=False)
                setattr(parent, name, linear)
    result: R1ForConditionalGeneration = model
    return result
