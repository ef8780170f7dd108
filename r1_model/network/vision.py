"""Views as Qwen2.5-VL's vision tower wants them, and a batched pass for views of equal size."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VisionTransformerPretrainedModel,
    Qwen2_5_VLVisionBlock,
    apply_rotary_pos_emb_vision,
)

MEAN = (0.48145466, 0.4578275, 0.40821073)  # CLIP's, as in Qwen2.5-VL
STD = (0.26862954, 0.26130258, 0.27577711)
PATCH, MERGE, FRAMES = 14, 2, 2


def patchify(images: Tensor, height: int, width: int) -> Tensor:
    """Resize, normalise and cut images into the patches of Qwen2.5-VL, in its order.

    Args:
        images: (V, H, W, 3) uint8.
        height, width: target size, multiples of 28.

    Returns:
        (V, height/14 * width/14, 1176) float32; four patches of a 2 x 2 block follow each other.
    """
    views = len(images)
    x = images.permute(0, 3, 1, 2).float() / 255
    if x.shape[2:] != (height, width):
        x = F.interpolate(x, (height, width), mode="bilinear", antialias=True, align_corners=False)
    mean, std = (torch.tensor(v, device=x.device).view(1, 3, 1, 1) for v in (MEAN, STD))
    x = (x - mean) / std
    step = PATCH * MERGE
    x = x.reshape(views, 3, height // step, MERGE, PATCH, width // step, MERGE, PATCH)
    x = x.permute(0, 2, 5, 3, 6, 1, 4, 7)  # V, rows, columns, 2, 2, 3, 14, 14
    x = x.unsqueeze(6).expand(*x.shape[:6], FRAMES, PATCH, PATCH)  # one image is two equal frames
    return x.reshape(views, (height // PATCH) * (width // PATCH), 3 * FRAMES * PATCH * PATCH)


def encode_equal_views(
    tower: Qwen2_5_VisionTransformerPretrainedModel, patches: Tensor, rows: int, columns: int
) -> Tensor:
    """Run the tower over V views of one size as a batch; its own forward loops over views.

    Only for towers whose layers all attend over the whole view (no windows).

    Args:
        tower: the vision tower.
        patches: (V, rows * columns, 1176) from `patchify`.
        rows, columns: patches down and across.

    Returns:
        (V, rows * columns / 4, hidden).
    """
    views, count, _ = patches.shape
    # the patch embedding is a convolution over exactly one patch: a product with its flat kernel
    kernel = tower.patch_embed.proj.weight.flatten(1)
    x = F.linear(patches.to(kernel.dtype), kernel)
    cos, sin = _rotary(tower, x, rows, columns)
    blocks = cast("list[Qwen2_5_VLVisionBlock]", tower.blocks)  # torch: a list of modules
    heads = blocks[0].attn.num_heads
    for block in blocks:
        attention = block.attn
        qkv = attention.qkv(block.norm1(x)).view(views, count, 3, heads, -1)
        q, k, v = qkv.unbind(2)  # (V, L, heads, channels)
        q, k = apply_rotary_pos_emb_vision(q, k, cos, sin)
        q, k, v = (t.transpose(1, 2) for t in (q, k.to(q), v))
        attended = F.scaled_dot_product_attention(q, k, v)
        x = x + attention.proj(attended.transpose(1, 2).reshape(views, count, -1))
        x = x + block.mlp(block.norm2(x))
    return tower.merger(x.flatten(0, 1)).view(views, count // MERGE**2, -1)


def _rotary(
    tower: Qwen2_5_VisionTransformerPretrainedModel, x: Tensor, rows: int, columns: int
) -> tuple[Tensor, Tensor]:
    """Rotary tables of one view: (L, channels) each, in the order of `patchify`."""
    row, column = torch.meshgrid(
        torch.arange(rows, device=x.device), torch.arange(columns, device=x.device), indexing="ij"
    )
    blocks = (rows // MERGE, MERGE, columns // MERGE, MERGE)
    order = [p.reshape(blocks).transpose(1, 2).flatten() for p in (row, column)]
    return tower.rotary_pos_emb(x, torch.stack(order, -1))
