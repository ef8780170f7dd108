"""A language model's matrices in 8 or 4 bits: torchao rounds them, our kernels read them.

Layers are rounded; embeddings, the output matrix, norms, the vision tower and the scene branch stay
as they are. Long prompts are read with the rounded matrices widened, one at a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from r1_model.errors import ModelLoadError

if TYPE_CHECKING:
    from r1_model.network.modeling import R1ForConditionalGeneration

# how a matrix is stored -> FORMAT of csrc/step.cu
FORMATS = {"none": 0, "fp8": 1, "int8": 2, "int4": 4}
GROUP = 32  # columns of a matrix that share a scale in 4 bits
# place in its word of each of 8 neighbouring values, in 4 bits: csrc/step.cu takes them in pairs
_INT4 = getattr(torch, "int4")  # noqa: B009 (torch's own types do not know it)
_PLACES = (0, 4, 1, 5, 2, 6, 3, 7)


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
    if type(module) is not nn.Linear:
        return None
    weight: Any = module.weight
    data = getattr(weight, "qdata", None)
    if data is None:
        return Stored("none", weight)
    kind = "fp8" if data.dtype == torch.float8_e4m3fn else "int8"
    return Stored(kind, data, weight.scale.reshape(-1).float().contiguous())


def plain_data(weight: Tensor) -> Tensor:
    """The memory behind a weight: torchao's are shells around theirs."""
    return cast("Tensor", getattr(weight, "qdata", weight))


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
                if kind == "int4":
                    weight: Any = linear.weight
                    bias = linear.bias
                    setattr(parent, name, Int4Linear(weight.qdata, weight.scale, bias))
