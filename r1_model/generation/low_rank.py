"""What LoRA adapters add to projections, packed for a step: s B (A x) beside W x.

Not merged into W. In bfloat16 what a young adapter adds to a number is less than the distance to
the next one and would be rounded away: a policy would sample the answers of the model that it
started from. Beside W nothing is lost, the base needs no copy, and it may be stored in 4 bits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

ALIGNED = 8  # ranks are filled up to a multiple of it: rows then start at multiples of 16 bytes
# projections of a layer that read the same input, by the name of what they make
GROUPS = {
    "qkv": ("self_attn", ("q_proj", "k_proj", "v_proj")),
    "o": ("self_attn", ("o_proj",)),
    "gate_up": ("mlp", ("gate_proj", "up_proj")),
    "down": ("mlp", ("down_proj",)),
}


@dataclass(frozen=True)
class Adapter:
    """A projection as peft wraps it.

    Attributes:
        base: the projection alone.
        pairs: A (r, in), B (out, r) and s of each active adapter; none where they are switched off.
    """

    base: nn.Module
    pairs: tuple[tuple[Tensor, Tensor, float], ...]


def adapter_of(module: nn.Module) -> Adapter | None:
    """The adapter around a projection; None where there is none, or none of plain LoRA.

    Told by its parts: who answers has no peft installed.
    """
    found: Any = module
    base = getattr(module, "base_layer", None)
    if not isinstance(base, nn.Module) or not hasattr(module, "lora_A"):
        return None
    variants, biases = found.lora_variant, found.lora_bias.values()
    if variants or any(biases) or found.fan_in_fan_out or (found.merged and found.disable_adapters):
        return None
    names = () if found.merged or found.disable_adapters else found.active_adapters
    pairs = (
        (found.lora_A[name].weight, found.lora_B[name].weight, float(found.scaling[name]))
        for name in names
        if name in found.lora_A
    )
    return Adapter(base, tuple(pairs))


def unadapted(module: nn.Module) -> nn.Module:
    """A projection without its adapter, as far as `adapter_of` knows it."""
    found = adapter_of(module)
    return module if found is None else found.base


def with_adapter(module: nn.Module) -> Tensor:
    """(out, in): a projection's matrix with what its adapter adds; a plain one's own."""
    found = adapter_of(module)
    plain: Any = unadapted(module)
    weight: Tensor = plain.weight.detach()
    for down, up, scale in () if found is None else found.pairs:
        weight = weight + (scale * (up @ down)).detach().to(weight.dtype)
    return weight


class LowRank:
    """What adapters add to the outputs of projections that read the same input.

    Attributes:
        down: (R, in) all A, one below the other.
        up: (sum of out, R) all s B, each in the rows of its projection and the columns of its A.
    """

    def __init__(self, modules: Sequence[nn.Module], dtype: torch.dtype) -> None:
        self._parts: list[tuple[Tensor, Tensor, float, slice, slice]] = []
        rank = rows = 0
        for module in modules:
            plain: Any = unadapted(module)
            found = adapter_of(module)
            for down, up, scale in () if found is None else found.pairs:
                own = slice(rank, rank + len(down))
                self._parts.append((down, up, scale, own, slice(rows, rows + plain.out_features)))
                rank = own.stop
            rows, width = rows + plain.out_features, plain.in_features
        self.is_empty = not self._parts
        if self.is_empty:
            return
        device = self._parts[0][0].device
        rank = -(-rank // ALIGNED) * ALIGNED
        self.down = torch.zeros(rank, width, dtype=dtype, device=device)
        self.up = torch.zeros(rows, rank, dtype=dtype, device=device)
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """Take the adapters as they are now, in place: graphs know where the copies lie."""
        for down, up, scale, own, rows in self._parts:
            self.down[own].copy_(down)
            torch.mul(up, scale, out=self.up[rows, own])

    def add(self, x: Tensor, out: Tensor) -> None:
        """Add it for inputs x (n, in) to their outputs (n, sum of out)."""
        out.addmm_(x @ self.down.t(), self.up.t())


class LowRanks:
    """What adapters add in all layers: `of[layer][group]`, where they add something.

    Args:
        layers: with `self_attn` and `mlp`.
        dtype: of the step.
    """

    def __init__(self, layers: Sequence[nn.Module], dtype: torch.dtype) -> None:
        self.of: list[dict[str, LowRank]] = []
        for layer in layers:
            groups = {
                group: LowRank([getattr(getattr(layer, part), name) for name in names], dtype)
                for group, (part, names) in GROUPS.items()
            }
            self.of.append({group: low for group, low in groups.items() if not low.is_empty})

    def refresh(self) -> None:
        """Take all adapters as they are now."""
        for groups in self.of:
            for low in groups.values():
                low.refresh()


def adapter_state(layers: Sequence[nn.Module]) -> tuple[object, ...]:
    """What about adapters decides which products a step makes: equal where it may be kept."""
    state: list[object] = []
    for layer in layers:
        for part, names in GROUPS.values():
            for name in names:
                found = adapter_of(getattr(getattr(layer, part), name))
                pairs = () if found is None else found.pairs
                state += [(id(down), id(up), scale) for down, up, scale in pairs]
    return tuple(state)
