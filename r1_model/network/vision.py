"""Views as Qwen2.5-VL's vision tower wants them, and its forward in few large batches."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import cast

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VisionTransformerPretrainedModel,
    Qwen2_5_VLMLP,
    Qwen2_5_VLRMSNorm,
    Qwen2_5_VLVisionBlock,
    apply_rotary_pos_emb_vision,
)

from r1_model import nvrtc
from r1_model.network.config_checks import require_count

MEAN = (0.48145466, 0.4578275, 0.40821073)  # CLIP's, as in Qwen2.5-VL
STD = (0.26862954, 0.26130258, 0.27577711)
PATCH, MERGE, FRAMES = 14, 2, 2
ROTATE, ROTATE_THREADS = Path(__file__).parent / "csrc" / "rotate.cu", 256
PACKET = 8  # values of 2 bytes that a GPU loads at once
Grid = tuple[int, int]  # rows and columns of patches


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


def encode_views(
    tower: Qwen2_5_VisionTransformerPretrainedModel, patches: Tensor, grids: Sequence[Grid]
) -> Tensor:
    """Run the tower over views; its own forward goes from window to window in Python.

    Here patches are sorted by the size of their window, so that all windows of one size (there are
    few sizes) are one batch.

    Args:
        tower: the vision tower.
        patches: (P, 1176) from `patchify`, view after view.
        grids: (rows, columns) of each view's patches.

    Returns:
        (P / 4, hidden).
    """
    config = tower.config
    # the patch embedding is a convolution over exactly one patch: a product with its flat kernel
    kernel = tower.patch_embed.proj.weight.flatten(1)
    x = F.linear(patches.to(kernel.dtype), kernel)
    windowed = set(range(config.depth)) - set(config.fullatt_block_indexes)
    patch = require_count(config, "patch_size", "vision_config.")
    side = config.window_size // patch // MERGE if windowed else None
    layout = view_layout(tuple(grids), side, x.device)
    turns = [table[layout.order] for table in tower.rotary_pos_emb(x, layout.places)]
    x = x[layout.order]
    blocks = cast("list[Qwen2_5_VLVisionBlock]", tower.blocks)  # to torch they are modules
    for number, block in enumerate(blocks):
        attention = block.attn
        h = _norm(x, block.norm1)
        qkv = attention.qkv(h).view(len(x), 3, attention.num_heads, -1)
        q, k, v = _turned(qkv, *turns)
        if number in windowed:
            attended = _attend(q, k, v, layout.windows)
        elif windowed:
            q, k, v = (t[layout.back] for t in (q, k, v))
            attended = _attend(q, k, v, layout.views)[layout.order]
        else:
            attended = _attend(q, k, v, layout.views)
        x = x + attention.proj(attended.flatten(1))
        x = x + _mlp(_norm(x, block.norm2), block.mlp)
    return tower.merger(x[layout.back])


@dataclass(frozen=True)
class ViewLayout:
    """Where the patches of some views go.

    Attributes:
        places: (P, 2) row and column of each patch in its view.
        order: (P,) patches sorted by window; `back` undoes it.
        windows, views: (how many, patches of each), one entry a size, in the order of the patches.
    """

    places: Tensor
    order: Tensor
    back: Tensor
    windows: list[tuple[int, int]]
    views: list[tuple[int, int]]


@torch.compiler.disable  # numpy, once for each set of sizes; what is compiled gets it from here
@functools.lru_cache(maxsize=64)
def view_layout(grids: tuple[Grid, ...], side: int | None, device: torch.device) -> ViewLayout:
    """The layout of views; `side` is that of a window in blocks of 2 x 2 patches, None for none."""
    places, windows = [], []
    for view, (rows, columns) in enumerate(grids):
        row, column = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
        blocks = (rows // MERGE, MERGE, columns // MERGE, MERGE)
        place = [p.reshape(blocks).swapaxes(1, 2).reshape(-1) for p in (row, column)]
        places.append(np.stack(place, -1))
        cell = [p // (MERGE * side) if side else 0 * p for p in place]
        windows.append(np.stack((np.full(rows * columns, view), *cell), -1))
    _, window, sizes = np.unique(
        np.concatenate(windows), axis=0, return_inverse=True, return_counts=True
    )
    window = window.reshape(-1)
    # by size of the window, then window by window; within one, patches stay as they were
    order = np.lexsort((window, sizes[window])) if side else np.arange(len(window))
    counts = Counter(sizes.tolist())
    views = [(len(list(same)), size) for size, same in groupby(r * c for r, c in grids)]
    with torch.inference_mode(False):  # kept, and used in training as well
        return ViewLayout(
            places=torch.from_numpy(np.concatenate(places)).to(device),
            order=torch.from_numpy(order).to(device),
            back=torch.from_numpy(np.argsort(order)).to(device),
            windows=[(counts[size], size) for size in sorted(counts)],
            views=views,
        )


def _attend(q: Tensor, k: Tensor, v: Tensor, runs: list[tuple[int, int]]) -> Tensor:
    """q, k, v (P, heads, channels) -> the same; each part of `runs` attends to itself."""
    start, parts = 0, []
    for count, size in runs:
        rows = slice(start, start + count * size)
        own = [t[rows].unflatten(0, (count, size)).transpose(1, 2) for t in (q, k.to(q), v)]
        attended = F.scaled_dot_product_attention(own[0], own[1], own[2])
        parts.append(attended.transpose(1, 2).flatten(0, 1))
        start = rows.stop
    return torch.cat(parts) if len(parts) > 1 else parts[0]


def _turned(qkv: Tensor, cosine: Tensor, sine: Tensor) -> tuple[Tensor, ...]:
    """(P, 3, heads, channels), tables (P, channels) float32 -> q, k, v, the first two turned."""
    patches, _, heads, channels = qkv.shape
    in_place = (
        qkv.is_cuda
        and qkv.dtype == torch.bfloat16
        and channels % (2 * PACKET) == 0
        and not (torch.is_grad_enabled() or torch.compiler.is_compiling())
        and torch.cuda.get_device_capability(qkv.device) >= (8, 0)
        and nvrtc.available("views on a GPU are slow")
    )
    if not in_place:
        q, k, v = qkv.unbind(1)
        return *apply_rotary_pos_emb_vision(q, k, cosine, sine), v
    packets = channels // (2 * PACKET)
    nvrtc.launch(
        ROTATE,
        "rotate",
        qkv.device,
        grid=(-(-patches * 2 * heads * packets // ROTATE_THREADS),),
        threads=ROTATE_THREADS,
        arguments=(qkv, cosine, sine, patches, heads, packets),
    )
    return qkv.unbind(1)


def _mlp(x: Tensor, module: Qwen2_5_VLMLP) -> Tensor:
    """Qwen's MLP. Where its width does not suit a GPU (3,420), zeros are added to it.

    Rows that do not start at a multiple of 16 bytes make products several times slower.
    """
    missing = -module.up_proj.out_features % PACKET
    if not (x.is_cuda and missing):
        return module(x)
    gate, up = (
        F.linear(x, F.pad(one.weight, (0, 0, 0, missing)), F.pad(one.bias, (0, missing)))
        for one in (module.gate_proj, module.up_proj)
    )
    down = F.pad(module.down_proj.weight, (0, missing))
    return F.linear(module.act_fn(gate) * up, down, module.down_proj.bias)


def _norm(x: Tensor, module: Qwen2_5_VLRMSNorm) -> Tensor:
    return F.rms_norm(x, x.shape[-1:], module.weight, module.variance_epsilon)
