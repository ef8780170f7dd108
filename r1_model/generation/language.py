"""The language model over a static cache: the readable, general way."""

from __future__ import annotations

from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers.models.qwen2_5_vl.modeling_qwen2_5_vl import (
    Qwen2_5_VLDecoderLayer,
    Qwen2_5_VLRMSNorm,
    apply_rotary_pos_emb,
)

from r1_model.generation.low_rank import GROUPS, unadapted
from r1_model.generation.slots import Slots
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.quantization import stored


class LanguageModel:
    """What generation needs of a model: its sizes, and its layers run over `Slots`.

    Attributes:
        text: the model below the head; `layers`: its layers; `head`: the output matrix's module.
        heads, kv_heads, head_dim, vocabulary: sizes.
        silence: (vocabulary,) float32, minus infinity for placeholders.
    """

    def __init__(self, model: R1ForConditionalGeneration) -> None:
        self.text, self.head = model.model.language_model, model.lm_head
        config = model.config.text_config
        # to torch they are modules
        self.layers = cast("list[Qwen2_5_VLDecoderLayer]", self.text.layers)
        self.heads = config.num_attention_heads
        self.kv_heads = config.num_key_value_heads or self.heads
        self.head_dim = config.hidden_size // self.heads
        self.vocabulary = config.vocab_size
        weight = self.text.embed_tokens.weight
        self.device, self.dtype = weight.device, weight.dtype
        self.silence = torch.zeros(self.vocabulary, device=self.device)
        self.silence[placeholders(model)] = -torch.inf

    @property
    def parameters(self) -> list[nn.Parameter]:
        """All weights that a step reads."""
        return [*self.text.parameters(), *self.head.parameters()]

    @property
    def projections(self) -> list[nn.Module]:
        """The modules around the layers' matrices, without adapters."""
        return [
            unadapted(getattr(getattr(layer, part), name))
            for layer in self.layers
            for part, names in GROUPS.values()
            for name in names
        ]

    @property
    def storage(self) -> str | None:
        """How the layers' matrices are stored (see `quantization.stored`).

        None: in several ways, or a projection is neither a single matrix nor one with LoRA.
        """
        if type(self.head) is not nn.Linear:
            return None
        found = [stored(module) for module in self.projections]
        kinds = {None if one is None else one.kind for one in found}
        return kinds.pop() if len(kinds) == 1 else None

    def slots(self, rows: int, capacity: int) -> Slots:
        """Empty slots of this model's shape."""
        return Slots(
            rows,
            capacity,
            layers=len(self.layers),
            kv_heads=self.kv_heads,
            head_dim=self.head_dim,
            vocabulary=self.vocabulary,
            dtype=self.dtype,
            device=self.device,
        )

    def extend(
        self,
        x: Tensor,
        positions: Tensor,
        slots: Slots,
        rows: slice | Tensor,
        offsets: int | Tensor,
    ) -> Tensor:
        """Read more tokens into rows of the cache.

        Args:
            x: (R, S, hidden) embeddings; what stands behind a row's own tokens does no harm, for
                no token looks ahead and the next one written there replaces it.
            positions: (3, R, S).
            slots: the cache.
            rows: which R rows of it.
            offsets: tokens that the rows hold already: one number, or (R,).

        Returns:
            (R, S, hidden) before the last norm.
        """
        count, size, _ = x.shape
        cos, sin = self.text.rotary_emb(x, positions)
        places: slice | Tensor
        mask, reach = None, size
        if isinstance(offsets, Tensor):
            places = offsets[:, None] + torch.arange(size, device=x.device)  # (R, S)
            reach = min(int(offsets.max()) + size, slots.capacity)
            places = places.clamp(max=slots.capacity - 1)
            mask = (torch.arange(reach, device=x.device) <= places[..., None]).unsqueeze(1)
        else:
            places = slice(offsets, offsets + size)
            reach = offsets + size
            if offsets:
                seen = torch.arange(offsets, reach, device=x.device)
                mask = torch.arange(reach, device=x.device) <= seen[:, None]
        grouped = self.heads != self.kv_heads
        for number, layer in enumerate(self.layers):
            attention = layer.self_attn
            h = norm(x, layer.input_layernorm)
            q, k, v = (
                projection(h).view(count, size, -1, self.head_dim).transpose(1, 2)
                for projection in (attention.q_proj, attention.k_proj, attention.v_proj)
            )
            q, k = apply_rotary_pos_emb(q, k, cos, sin)
            slots.write(number, rows, places, k, v)
            if mask is not None:
                k = slots.keys[number][rows][:, :, :reach]
                v = slots.values[number][rows][:, :, :reach]
            attended = F.scaled_dot_product_attention(
                q, k, v, attn_mask=mask, is_causal=mask is None, enable_gqa=grouped
            )
            x = x + attention.o_proj(attended.transpose(1, 2).reshape(count, size, -1))
            x = x + layer.mlp(norm(x, layer.post_attention_layernorm))
        return x

    def logits(self, x: Tensor) -> Tensor:
        """(R, hidden) -> (R, vocabulary)."""
        return self.head(norm(x, self.text.norm))

    def step(self, slots: Slots, rows: int) -> Tensor:
        """The newest tokens of the first rows read into the cache: logits of the next ones.

        Returns:
            (rows, vocabulary). `slots.clock` stands one further.
        """
        clock = slots.clock[:, :rows]
        x = self.text.embed_tokens(slots.report[0, :rows, None])
        positions = clock[0].view(1, rows, 1).expand(3, -1, -1)
        x = self.extend(x, positions, slots, slice(0, rows), clock[1])
        clock += 1
        return self.logits(x[:, 0])


def norm(x: Tensor, module: Qwen2_5_VLRMSNorm) -> Tensor:
    """The root mean square norm of Qwen's module, in one operation."""
    return F.rms_norm(x, x.shape[-1:], module.weight, module.variance_epsilon)


def end_tokens(model: R1ForConditionalGeneration) -> set[int]:
    """Tokens that end an answer."""
    ends = model.config.text_config.eos_token_id
    return {ends} if isinstance(ends, int) else set(ends or ())


def placeholders(model: R1ForConditionalGeneration) -> list[int]:
    """Tokens that stand for scene and views, and are never said."""
    config = model.config
    return [
        config.image_token_id,
        config.video_token_id,
        config.vision_start_token_id,
        config.vision_end_token_id,
        config.scene_start_token_id,
        config.scene_token_id,
        config.scene_end_token_id,
    ]
