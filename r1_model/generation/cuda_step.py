"""One token on a GPU: the kernels of `csrc/step.cu`, captured as one CUDA graph.

The kernels read the model's own weights, so nothing is copied and nothing goes stale; a graph knows
their addresses, and `Generator` drops it when these change.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from r1_model import nvrtc
from r1_model.generation.language import LanguageModel, norm
from r1_model.generation.slots import Slots

SOURCE = Path(__file__).parent / "csrc" / "step.cu"
LINEAR_WARPS, ATTEND_THREADS, TILE, GATED_THREADS = 8, 128, 64, 256
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
        widths = (m.in_features for m in language.text.modules() if isinstance(m, nn.Linear))
        return (
            language.device.type == "cuda"
            and language.dtype in (torch.float32, torch.bfloat16)
            and language.is_plain
            and language.head_dim % packet == 0
            and lanes in (2, 4, 8, 16, 32)
            and all(width % packet == 0 for width in widths)
            and nvrtc.available("generation on a GPU is slow")
        )

    def __call__(self) -> Tensor:
        """See `LanguageModel.step`."""
        language, clock = self.language, self.slots.clock[:, : self.rows]
        x = F.embedding(self.slots.report[0, : self.rows], language.text.embed_tokens.weight)
        run = self._one if self.rows == 1 else self._many
        for number, layer in enumerate(language.text.layers):
            x = run(x, layer, number)
        if self.rows == 1:
            logits = torch.empty(1, language.vocabulary, device=x.device)
            self._linear(x, [language.head], norm=language.text.norm, wide=logits)
        else:
            logits = language.logits(x)
        clock += 1
        return logits

    def _one(self, x: Tensor, layer: nn.Module, number: int) -> Tensor:
        attention, mlp = layer.self_attn, layer.mlp
        projections = [attention.q_proj, attention.k_proj, attention.v_proj]
        qkv = x.new_empty(1, sum(p.out_features for p in projections))
        self._linear(x, projections, norm=layer.input_layernorm, out=qkv)
        sizes = [p.out_features for p in projections]
        attended = self._attend(*qkv.split(sizes, -1), number)
        self._linear(attended, [attention.o_proj], residual=x, out=x)
        gated = x.new_empty(1, mlp.up_proj.out_features)
        self._linear(
            x, [mlp.gate_proj, mlp.up_proj], norm=layer.post_attention_layernorm, out=gated, gated=1
        )
        self._linear(gated, [mlp.down_proj], residual=x, out=x)
        return x

    def _many(self, x: Tensor, layer: nn.Module, number: int) -> Tensor:
        attention, mlp = layer.self_attn, layer.mlp
        h = norm(x, layer.input_layernorm)
        attended = self._attend(
            attention.q_proj(h), attention.k_proj(h), attention.v_proj(h), number
        )
        x = x.addmm_(attended, attention.o_proj.weight.t())
        h = norm(x, layer.post_attention_layernorm)
        gate, up = mlp.gate_proj(h), mlp.up_proj(h)
        packets = gate.numel() * gate.element_size() // 16
        self._launch(
            "gated",
            grid=(-(-packets // GATED_THREADS),),
            threads=GATED_THREADS,
            arguments=(gate, up, packets, gate),
        )
        return x.addmm_(gate, mlp.down_proj.weight.t())

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
        norm: nn.Module | None = None,
        residual: Tensor | None = None,
        out: Tensor | None = None,
        wide: Tensor | None = None,
        gated: int = 0,
    ) -> None:
        weights = [m.weight for m in modules] + [None] * (3 - len(modules))
        biases = [None if gated else m.bias for m in modules] + [None] * (3 - len(modules))
        sizes = [m.out_features for m in modules] + [0] * (3 - len(modules))
        rows = sizes[0] if gated else sum(sizes)
        self._launch(
            "linear_one",
            grid=(-(-rows // LINEAR_WARPS),),
            threads=32 * LINEAR_WARPS,
            arguments=(
                *(x, None if norm is None else norm.weight),
                *(0.0 if norm is None else float(norm.variance_epsilon), x.shape[-1]),
                *(*weights, *biases, *sizes, residual, out, wide),
            ),
            defines=(("BF16", int(self.half)), ("GATED", gated)),
            shared_bytes=x.shape[-1] * x.element_size(),
        )

    def _launch(self, name: str, **options: object) -> None:
        defines = options.pop("defines", (("BF16", int(self.half)),))
        nvrtc.launch(SOURCE, name, self.language.device, defines=defines, **options)


def captured(run: Callable[[], None], slots: Slots, pool: object) -> Callable[[], None]:
    """`run` as one CUDA graph. Its state is as before; what it allocates lies in `pool`.

    Args:
        run: works in place on `slots` and waits for nothing.
        slots: what it works on.
        pool: from `torch.cuda.graph_pool_handle`.
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
    with torch.cuda.graph(graph, pool=pool):
        run()
    return functools.partial(_replay, graph, run)


def _replay(graph: torch.cuda.CUDAGraph, run: Callable[[], None]) -> None:
    graph.replay()  # `run` is held because the graph works on what it owns
