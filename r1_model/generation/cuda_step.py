"""One token on a GPU: the kernels of `csrc/step.cu`, captured as one CUDA graph.

The kernels read the model's own weights, so nothing is copied and nothing goes stale; a graph knows
their addresses, and `Generator` drops it when these change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VLDecoderLayer,
    Qwen2_5_VLRMSNorm,
)

from r1_model import nvrtc
from r1_model.generation.language import LanguageModel, norm
from r1_model.generation.slots import Slots
from r1_model.quantization import FORMATS, Stored, stored

SOURCE = Path(__file__).parent / "csrc" / "step.cu"
# A kernel may start before the one before it has ended (see `nvrtc.launch`).
OVERLAPS = True
ROWS, VECTORS, COLUMNS, LINEAR_THREADS = 16, 8, 32, 256  # of `linear_few`
ATTEND_THREADS, TILE, GATED_THREADS = 128, 64, 256
WANTED_BLOCKS = 256  # of attention: two for each SM of a large GPU
MOST_PARTS = 64


class CudaStep:
    """A step of a model with plain projections for the first `rows` rows of its cache.

    Args:
        language: the model.
        slots: its cache.
        rows: how many of it.
    """

    def __init__(self, language: LanguageModel, slots: Slots, rows: int) -> None:
        self.language, self.slots, self.rows = language, slots, rows
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
        for number, layer in enumerate(language.layers):
            x = run(x, layer, number)
        if self.is_few:
            logits = torch.empty(self.rows, language.vocabulary, device=x.device)
            self._linear(x, [language.head], norm=language.text.norm, wide=logits)
        else:
            logits = language.logits(x)
        clock += 1
        return logits

    def _few(self, x: Tensor, layer: Qwen2_5_VLDecoderLayer, number: int) -> Tensor:
        attention, mlp = layer.self_attn, layer.mlp
        projections = [attention.q_proj, attention.k_proj, attention.v_proj]
        sizes = [projection.out_features for projection in projections]
        qkv = x.new_empty(self.rows, sum(sizes))
        self._linear(x, projections, norm=layer.input_layernorm, out=qkv)
        q, k, v = qkv.split(sizes, -1)
        attended = self._attend(q, k, v, number)
        self._linear(attended, [attention.o_proj], residual=x, out=x)
        gated = x.new_empty(self.rows, mlp.up_proj.out_features)
        self._linear(
            x, [mlp.gate_proj, mlp.up_proj], norm=layer.post_attention_layernorm, out=gated, gated=1
        )
        self._linear(gated, [mlp.down_proj], residual=x, out=x)
        return x

    def _many(self, x: Tensor, layer: Qwen2_5_VLDecoderLayer, number: int) -> Tensor:
        attention, mlp = layer.self_attn, layer.mlp
        h = norm(x, layer.input_layernorm)
        attended = self._attend(
            attention.q_proj(h), attention.k_proj(h), attention.v_proj(h), number
        )
        x = self._add(x, attended, attention.o_proj)
        h = norm(x, layer.post_attention_layernorm)
        gate, up = mlp.gate_proj(h), mlp.up_proj(h)
        packets = gate.numel() * gate.element_size() // 16
        self._launch(
            "gated",
            grid=(-(-packets // GATED_THREADS),),
            threads=GATED_THREADS,
            arguments=(gate, up, packets, gate),
        )
        return self._add(x, gate, mlp.down_proj)

    def _add(self, x: Tensor, values: Tensor, module: nn.Module) -> Tensor:
        """x (rows, out) + module(values); x may be written to."""
        own = self.stored[id(module)]
        return x.addmm_(values, own.data.t()) if own.kind == "none" else x + module(values)

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
            ),
        )

    def _launch(self, name: str, **options: Any) -> None:
        defines = options.pop("defines", (("BF16", int(self.half)),))
        nvrtc.launch(
            SOURCE, name, self.language.device, defines=defines, overlaps=OVERLAPS, **options
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
