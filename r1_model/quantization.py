"""A language model's matrices in 8 or 4 bits: torchao rounds them, our kernels read them.

Layers are rounded; embeddings, the output matrix, norms, the vision tower and the scene branch stay
as they are. Long prompts are read with the rounded matrices widened, one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from r1_model.errors import ModelLoadError

if TYPE_CHECKING:
    from r1_model.network.modeling import R1ForConditionalGeneration

# how a matrix is stored -> FORMAT of csrc/products.cu
FORMATS = {"none": 0, "fp8": 1, "int8": 2, "int4": 4}
GROUP = 32  # columns of a matrix that share a scale in 4 bits
_INT4 = getattr(torch, "int4")  # noqa: B009 (torch's own types do not know it)
# place in its word of each of 8 neighbouring values, in 4 bits; csrc/products.cu takes pairs
_PLACES = (0, 4, 1, 5, 2, 6, 3, 7)


class EightBitLinear(nn.Module):
    """`nn.Linear` of numbers in 8 bits, each row with a scale.

    Attributes:
        kind: fp8 or int8.
        numbers: (out, in) uint8, the bits: as a number float8 would go with a model's precision.
        scales: (out,) float32.
        bias: (out,) or None.
    """

    def __init__(self, kind: str, numbers: Tensor, scales: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.kind = kind
        self.out_features, self.in_features = numbers.shape
        self.numbers = nn.Parameter(numbers.view(torch.uint8), requires_grad=False)
        self.scales = nn.Parameter(scales.reshape(-1).float().contiguous(), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)

    def widened(self) -> Tensor:
        """(out, in) float32: the matrix that it stands for."""
        kept = self.numbers.view(torch.float8_e4m3fn if self.kind == "fp8" else torch.int8)
        return kept.float() * self.scales.unsqueeze(-1)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        kept = self.numbers.view(torch.float8_e4m3fn if self.kind == "fp8" else torch.int8)
        product = F.linear(x, kept.to(x.dtype)).mul_(self.scales)
        return product if self.bias is None else product.add_(self.bias)


class Int4Linear(nn.Module):
    """`nn.Linear` of whole numbers from -8 to 7, each group of columns with a scale.

    Attributes:
        packed: (out, in / 8) int32, eight values plus 8 a word.
        scales: (out, in / GROUP).
        bias: (out,) or None.
    """

    shifts: Tensor

    def __init__(self, values: Tensor, scales: Tensor, bias: Tensor | None) -> None:
        super().__init__()
        self.out_features, self.in_features = values.shape
        words = (values.to(torch.int32) + 8).view(len(values), -1, 8)
        packed = torch.zeros_like(words[..., 0])
        for number, place in enumerate(_PLACES):
            packed |= words[..., number] << (4 * place)
        self.packed = nn.Parameter(packed, requires_grad=False)
        self.scales = nn.Parameter(scales.contiguous(), requires_grad=False)
        self.bias = None if bias is None else nn.Parameter(bias, requires_grad=False)
        # there already where a CUDA graph is captured
        shifts = 4 * torch.tensor(_PLACES, dtype=torch.int32, device=packed.device)
        self.register_buffer("shifts", shifts, persistent=False)

    def widened(self) -> Tensor:
        """(out, in): the matrix that it stands for."""
        values = ((self.packed.unsqueeze(-1) >> self.shifts) & 15) - 8
        grouped = values.view(self.out_features, -1, GROUP).to(self.scales.dtype)
        return (grouped * self.scales.unsqueeze(-1)).view(self.out_features, self.in_features)

    def forward(self, x: Tensor) -> Tensor:
        """(..., in) -> (..., out)."""
        return F.linear(x, self.widened().to(x.dtype), self.bias)


@dataclass(frozen=True)
class Stored:
    """A projection as a kernel reads it.

    Attributes:
        kind: one of FORMATS.
        data: its numbers.
        scales: (out,) float32 for 8 bits, (out, in / GROUP) for 4; None where there are none.
    """

    kind: str
    data: Tensor
    scales: Tensor | None = None


def stored(module: nn.Module) -> Stored | None:
    """How a projection's matrix is stored; None where it is no single matrix (an adapter)."""
    if type(module) is Int4Linear:
        return Stored("int4", module.packed, module.scales)
    if type(module) is EightBitLinear:
        return Stored(module.kind, module.numbers, module.scales)
    return Stored("none", module.weight) if type(module) is nn.Linear else None


def require_kind(kind: str) -> None:
    """Raise ModelLoadError unless `kind` is one of FORMATS."""
    if kind not in FORMATS:
        raise ModelLoadError(f"quantization must be one of {', '.join(FORMATS)}, not {kind!r}")


def quantize(model: R1ForConditionalGeneration, kind: str, device: torch.device) -> None:
    """Round a model's layers in place, each on `device`, where it then stays.

    Args:
        model: in its full precision, anywhere; a GPU need never hold all of that.
        kind: one of FORMATS.
        device: where the model is to run.

    Raises:
        ModelLoadError: torchao is missing, or a matrix does not fit.
    """
    if kind == "none":
        return
    try:
        from torchao.quantization import (
            Float8WeightOnlyConfig,
            Int8WeightOnlyConfig,
            IntxWeightOnlyConfig,
            quantize_,
        )
        from torchao.quantization.granularity import PerGroup
    except ImportError as error:
        raise ModelLoadError(f"quantization needs the package torchao: {error}") from error
    configs = {
        "fp8": Float8WeightOnlyConfig(),
        "int8": Int8WeightOnlyConfig(),
        "int4": IntxWeightOnlyConfig(weight_dtype=_INT4, granularity=PerGroup(GROUP)),
    }
    for layer in model.model.language_model.layers:
        for parent in (layer.self_attn, layer.mlp):
            for name, linear in list(parent.named_children()):
                if type(linear) is not nn.Linear:
                    continue
                if kind == "int4" and linear.in_features % GROUP:
                    raise ModelLoadError(
                        f"{name} has {linear.in_features} columns, no multiple of {GROUP}"
                    )
                linear.to(device)
                quantize_(linear, configs[kind])
                setattr(parent, name, _rounded(kind, linear))
                # torchao gives a module a method of its own: a cycle, which would keep its weight
                # until garbage is collected
                del linear.weight


def _rounded(kind: str, linear: nn.Linear) -> nn.Module:
    weight: Any = linear.weight  # torchao's own kind of tensor
    if kind == "int4":
        return Int4Linear(weight.qdata, weight.scale, linear.bias)
    return EightBitLinear(kind, weight.qdata, weight.scale, linear.bias)
