"""The kernels of `generation/csrc` in torch: what `CudaStep` asks of them can be tried on a CPU."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor


def launch(source: object, name: str, device: object, **options: Any) -> None:
    """In place of `nvrtc.launch`; takes the arguments of the kernel `name`."""
    defines = dict(options["defines"])
    {"linear_few": linear_few, "gated": gated, "attend": attend}[name](
        defines, *options["arguments"]
    )


def linear_few(defines: dict[str, int], *arguments: Any) -> None:
    """out = residual + W norm(x) + bias, or the gated product of two."""
    x, gain, epsilon, count, width = arguments[:5]
    weights, _, biases, sizes = (arguments[start : start + 3] for start in (5, 8, 11, 14))
    residual, out, wide = arguments[17:]
    assert defines["FORMAT"] == 0 and x.shape == (count, width) and x.is_contiguous()
    h = x.float()
    if defines["NORM"]:
        h = F.rms_norm(h, (width,), gain.float(), epsilon)
    made = []
    for weight, bias, size in zip(weights, biases, sizes, strict=True):
        if weight is not None:
            assert weight.shape == (size, width)
            made.append(F.linear(h, weight.float(), None if bias is None else bias.float()))
    result = F.silu(made[0]) * made[1] if defines["GATED"] else torch.cat(made, -1)
    if residual is not None:
        result = result + residual.float()
    target = out if wide is None else wide
    assert target.shape == result.shape and target.is_contiguous()
    target.copy_(result)


def gated(defines: dict[str, int], gate: Tensor, up: Tensor, packets: int, out: Tensor) -> None:
    """out = silu(gate) * up."""
    assert gate.is_contiguous() and up.is_contiguous()
    assert packets * 16 == gate.numel() * gate.element_size()
    out.copy_(F.silu(gate.float()) * up.float())


def attend(defines: dict[str, int], *arguments: Any) -> None:
    """Attention of one new token a row over a static cache, into which it is written."""
    q, k, v, query_stride, key_stride, positions, lengths, frequencies = arguments[:8]
    keys, values, _, scale, _, _, out = arguments[8:]
    assert (q.stride(0), k.stride(0), v.stride(0)) == (query_stride, key_stride, key_stride)
    rows, kv_heads, _, dim = keys[: len(q)].shape
    angles = positions.float()[:, None] * frequencies
    cos, sin = (torch.cat((f(angles),) * 2, -1)[:, None] for f in (torch.cos, torch.sin))

    def turned(x: Tensor) -> Tensor:
        heads = x.reshape(rows, -1, dim).float()
        one, other = heads.chunk(2, -1)
        return heads * cos + torch.cat((-other, one), -1) * sin

    query = turned(q)
    for row in range(rows):
        place = int(lengths[row])
        keys[row, :, place] = turned(k)[row].to(keys)
        values[row, :, place] = v.reshape(rows, kv_heads, dim)[row]
        own = query[row].view(kv_heads, -1, dim)
        scores = own @ keys[row, :, : place + 1].float().transpose(1, 2) * scale
        found = scores.softmax(-1) @ values[row, :, : place + 1].float()
        out[row] = found.reshape(-1).to(out)
