"""One token on a GPU: the kernels of `csrc`, captured as one CUDA graph.

The kernels read the model's own weights, so nothing is copied and nothing goes stale; a graph knows
their addresses, and `Generator` drops it when these change. What LoRA adds is a product beside them
(`low_rank`), whose small copies `Generator` refreshes in place before each call.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VLDecoderLayer,
    Qwen2_5_VLRMSNorm,
)

from r1_model import nvrtc
from r1_model.generation.language import LanguageModel, norm
from r1_model.generation.low_rank import GROUPS, LowRank, LowRanks, unadapted
from r1_model.generation.slots import Slots
from r1_model.quantization import FORMATS, Stored, stored

_FOLDER = Path(__file__).parent / "csrc"
ATTEND, PRODUCTS = _FOLDER / "attend.cu", _FOLDER / "products.cu"
SOURCES = {"attend": ATTEND, "gated": PRODUCTS, "linear_few": PRODUCTS}  # of the kernels
# A kernel may start before the one before it has ended (see `nvrtc.launch`).
OVERLAPS = True
ROWS, VECTORS, COLUMNS, LINEAR_THREADS = 16, 8, 32, 256  # of `linear_few`
ATTEND_THREADS, TILE, GATED_THREADS = 128, 64, 256
WANTED_BLOCKS = 256  # of attention: two for each SM of a large GPU
MOST_PARTS = 64


class _Layer:
    """A layer's projections without adapters, its norms, and what adapters add."""

    def __init__(self, layer: Qwen2_5_VLDecoderLayer, low: dict[str, LowRank]) -> None:
        # to torch they are modules
        self.plain = {
            group: [
                cast(nn.Linear, unadapted(getattr(getattr(layer, part), name))) for name in names
            ]
            for group, (part, names) in GROUPS.items()
        }
        self.low = low
        self.before, self.between = layer.input_layernorm, layer.post_attention_layernorm


class CudaStep:
    """A step of a model for the first `rows` rows of its cache.

    Args:
        language: the model; its projections are single matrices, with LoRA or without.
        slots: its cache.
        rows: how many of it.
        low_ranks: what its adapters add; None: taken from it, as it is now.
    """

    def __init__(
        self, language: LanguageModel, slots: Slots, rows: int, low_ranks: LowRanks | None = None
    ) -> None:
        self.language, self.slots, self.rows = language, slots, rows
        lows = low_ranks or LowRanks(language.layers, language.dtype)
        self.layers = [_Layer(*both) for both in zip(language.layers, lows.of, strict=True)]
        device = language.device
        self.half = language.dtype == torch.bfloat16
        modules = [*language.projections, language.head]
        self.stored = {id(module): _stored(module) for module in modules}
        self.is_few = (
            self.half
            and rows <= VECTORS
            and all(_suits(module, self.stored[id(module)].kind) for module in modules[:-1])
            and language.head.in_features % COLUMNS == 0  # it stands alone: any rows will do
            and torch.cuda.get_device_capability(device) >= (8, 0)
        )
        self.frequencies = language.text.rotary_emb.inv_freq.float().contiguous()
        self.parts = 1
        while self.parts * 2 <= min(
            MOST_PARTS,
            slots.capacity // TILE,
            WANTED_BLOCKS // (rows * language.kv_heads) or 1,
        ):
            self.parts *= 2
        group = language.heads // language.kv_heads
        self.partial = torch.empty(
            rows, language.kv_heads, self.parts, group, language.head_dim + 2, device=device
        )
        self.tickets = torch.zeros(rows, language.kv_heads, dtype=torch.int32, device=device)
        self.defines = (
            ("BF16", int(self.half)),
            ("HEAD_DIM", language.head_dim),
            ("GROUP", group),
            ("SPLITS", self.parts),
        )

    @staticmethod
    def fits(language: LanguageModel) -> bool:
        """Whether a model can take this way."""
        packet = 16 // language.dtype.itemsize
        lanes = language.head_dim // packet
        widths = (_sizes(module)[0] for module in language.projections)
        return (
            language.device.type == "cuda"
            and language.dtype in (torch.float32, torch.bfloat16)
            and language.storage is not None
            and language.head_dim % packet == 0
            and lanes in (2, 4, 8, 16, 32)
            and all(width % packet == 0 for width in widths)
            and nvrtc.available("generation on a GPU is slow")
        )

    def __call__(self) -> Tensor:
        """See `LanguageModel.step`."""
        language, clock = self.language, self.slots.clock[:, : self.rows]
        x = F.embedding(self.slots.report[0, : self.rows], language.text.embed_tokens.weight)
        run = self._few if self.is_few else self._many
        for number, layer in enumerate(self.layers):
            x = run(x, layer, number)
        if self.is_few:
            logits = torch.empty(self.rows, language.vocabulary, device=x.device)
            self._linear(x, [language.head], norm=language.text.norm, wide=logits)
        else:
            logits = language.logits(x)
        clock += 1
        return logits

    def _few(self, x: Tensor, layer: _Layer, number: int) -> Tensor:
        plain, low = layer.plain, layer.low
        sizes = [projection.out_features for projection in plain["qkv"]]
        qkv = x.new_empty(self.rows, sum(sizes))
        self._linear(x, plain["qkv"], norm=layer.before, out=qkv)
        if "qkv" in low:
            low["qkv"].add(norm(x, layer.before), qkv)
        q, k, v = qkv.split(sizes, -1)
        attended = self._attend(q, k, v, number)
        self._linear(attended, plain["o"], residual=x, out=x, fetch=1)
        if "o" in low:
            low["o"].add(attended, x)
        width = plain["down"][0].in_features
        if "gate_up" in low:  # what is added comes before the gate, so that is a step of its own
            both = x.new_empty(self.rows, 2 * width)
            self._linear(x, plain["gate_up"], norm=layer.between, out=both)
            low["gate_up"].add(norm(x, layer.between), both)
            gate, up = both.chunk(2, -1)
            gated = F.silu(gate).mul_(up)
        else:
            gated = x.new_empty(self.rows, width)
            self._linear(x, plain["gate_up"], norm=layer.between, out=gated, gated=1)
        self._linear(gated, plain["down"], residual=x, out=x)
        if "down" in low:
            low["down"].add(gated, x)
        return x

    def _many(self, x: Tensor, layer: _Layer, number: int) -> Tensor:
        plain, low = layer.plain, layer.low
        h = norm(x, layer.before)
        q, k, v = self._products(h, plain["qkv"], low.get("qkv"))
        attended = self._attend(q, k, v, number)
        x = self._add(x, attended, plain["o"][0], low.get("o"))
        h = norm(x, layer.between)
        gate, up = self._products(h, plain["gate_up"], low.get("gate_up"))
        if "gate_up" in low:
            gate = F.silu(gate).mul_(up)
        else:
            packets = gate.numel() * gate.element_size() // 16
            self._launch(
                "gated",
                grid=(-(-packets // GATED_THREADS),),
                threads=GATED_THREADS,
                arguments=(gate, up, packets, gate),
            )
        return self._add(x, gate, plain["down"][0], low.get("down"))

    def _products(
        self, h: Tensor, modules: list[nn.Linear], low: LowRank | None
    ) -> Sequence[Tensor]:
        """(rows, out) of each projection."""
        outs = [module(h) for module in modules]
        if low is None:
            return outs
        joined = torch.cat(outs, -1)
        low.add(h, joined)
        return joined.split([module.out_features for module in modules], -1)

    def _add(self, x: Tensor, values: Tensor, module: nn.Linear, low: LowRank | None) -> Tensor:
        """x (rows, out) + module(values), with what its adapter adds; x may be written to."""
        own = self.stored[id(module)]
        x = x.addmm_(values, own.data.t()) if own.kind == "none" else x + module(values)
        if low is not None:
            low.add(values, x)
        return x

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, number: int) -> Tensor:
        language, slots = self.language, self.slots
        out = q.new_empty(self.rows, language.heads * language.head_dim)
        self._launch(
            "attend",
            grid=(language.kv_heads, self.parts, self.rows),
            threads=ATTEND_THREADS,
            arguments=(
                *(q, k, v, q.stride(0), k.stride(0), slots.clock[0], slots.clock[1]),
                *(self.frequencies, slots.keys[number], slots.values[number], slots.capacity),
                *(language.head_dim**-0.5, self.partial, self.tickets, out),
            ),
            defines=self.defines,
        )
        return out

    def _linear(
        self,
        x: Tensor,
        modules: list[nn.Linear],
        *,
        norm: Qwen2_5_VLRMSNorm | None = None,
        residual: Tensor | None = None,
        out: Tensor | None = None,
        wide: Tensor | None = None,
        gated: int = 0,
        fetch: int = 0,
    ) -> None:
        missing = [None] * (3 - len(modules))
        own = [self.stored[id(module)] for module in modules]
        weights = [one.data for one in own] + missing
        scales = [one.scales for one in own] + missing
        biases = [None if gated else module.bias for module in modules] + missing
        sizes = [module.out_features for module in modules] + [0] * len(missing)
        rows = sizes[0] if gated else sum(sizes)
        self._launch(
            "linear_few",
            grid=(-(-rows // ROWS),),
            threads=LINEAR_THREADS,
            arguments=(
                *(x, None if norm is None else norm.weight),
                *(0.0 if norm is None else float(norm.variance_epsilon), self.rows, x.shape[-1]),
                *(*weights, *scales, *biases, *sizes, residual, out, wide),
            ),
            defines=(
                ("BF16", 1),
                ("NORM", int(norm is not None)),
                ("GATED", gated),
                ("FORMAT", FORMATS[own[0].kind]),
                ("FETCH", fetch),
            ),
        )

    def _launch(self, name: str, **options: Any) -> None:
        defines = options.pop("defines", (("BF16", int(self.half)),))
        nvrtc.launch(
            SOURCES[name],
            name,
            self.language.device,
            defines=defines,
            overlaps=OVERLAPS,
            **options,
        )


def _stored(module: nn.Module) -> Stored:
    found = stored(module)
    if found is None:
        raise TypeError(f"{type(module).__name__} is no single matrix")
    return found


def _sizes(module: nn.Module) -> tuple[int, int]:
    """Columns and rows of a projection's matrix."""
    return int(module.in_features), int(module.out_features)  # type: ignore[arg-type]


def _suits(module: nn.Module, kind: str) -> bool:
    """Whether `linear_few` can multiply with a projection's matrix."""
    columns, rows = _sizes(module)
    chunks = {"none": 1, "int4": 4}.get(kind, 2)
    return columns % (COLUMNS * chunks) == 0 and rows % ROWS == 0


def captured(run: Callable[[], None], slots: Slots) -> Callable[[], None]:
    """`run` as one CUDA graph; the state of `slots` is as it was.

    Args:
        run: works in place on `slots` and waits for nothing.
        slots: what it works on.
    """
    state = (slots.clock, slots.report, slots.log_probability)
    before = [tensor.clone() for tensor in state]
    stream = torch.cuda.Stream()
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(2):  # libraries set themselves up at first use, which cannot be captured
            run()
            for tensor, old in zip(state, before, strict=True):
                tensor.copy_(old)
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        run()
    return functools.partial(_replay, graph, run)


def _replay(graph: torch.cuda.CUDAGraph, run: Callable[[], None]) -> None:
    graph.replay()  # `run` is held because the graph works on what it owns
