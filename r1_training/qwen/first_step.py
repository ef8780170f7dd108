"""The first optimizer step of a run, taken for the dry run and looked at."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel

from r1_model.conversation import R1Processor
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_training.datasets.annotation_sample import Sample
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import Scene30KConversations, to_device
from r1_training.qwen.grpo_step import (
    group_advantages,
    grpo_loss,
    reference_log_probabilities,
    token_log_probabilities,
)
from r1_training.qwen.model import make_optimizer, prepare_for_training, trainable

# Values of a frozen parameter that its checksum takes at a time: 8 MB as integers.
CHECKED_AT_ONCE = 1 << 20
_BITS = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}


@dataclass(frozen=True)
class FirstStep:
    """What the first optimizer step did.

    Attributes:
        losses: of each conversation.
        tokens: longest conversation.
        seconds: of the step.
        adapter_gradient, new_gradient: norms of the gradients.
        adapters_moved, new_moved: parameters that changed, of those that train. Half of the
            adapters wait for the other half, which starts at zero.
        trained, new_trained: parameters that train, and those of them that are in new modules.
        frozen_moved: frozen parameters that changed; must be 0.
        peak_bytes: peak memory of the GPU; 0 on a CPU.
    """

    losses: list[float]
    tokens: int
    seconds: float
    adapter_gradient: float
    new_gradient: float
    adapters_moved: int
    new_moved: int
    trained: int
    new_trained: int
    frozen_moved: int
    peak_bytes: int


def first_step(
    config: FullSizeConfig,
    model: R1ForConditionalGeneration,
    processor: R1Processor,
    samples: list[Sample],
) -> FirstStep:
    """One optimizer step on the first conversations of the data, as the run would take it."""
    device = next(model.parameters()).device
    torch.manual_seed(config.seed)
    wrapped = prepare_for_training(model, config)
    optimizer = make_optimizer(wrapped, config)
    data = Scene30KConversations(config, samples, processor)
    before = {name: _fingerprint(p) for name, p in wrapped.named_parameters()}
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    start = time.perf_counter()
    losses, longest = [], 0
    for index in range(config.accumulation):
        example = to_device(data.collate([{"index": index % len(data)}]), device)
        longest = max(longest, example["input_ids"].shape[1])
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            loss = _loss(wrapped, example, config)
        (loss / config.accumulation).backward()
        losses.append(float(loss.detach()))
    gradients = _gradient_norms(wrapped)
    torch.nn.utils.clip_grad_norm_(trainable(wrapped), config.max_grad_norm)
    optimizer.step()
    seconds = time.perf_counter() - start
    parameters = dict(wrapped.named_parameters())
    changed = {n for n, p in parameters.items() if not torch.equal(_fingerprint(p), before[n])}
    learning = {name for name, p in parameters.items() if p.requires_grad}
    adapters = {name for name in learning if "lora_" in name}
    return FirstStep(
        losses=losses,
        tokens=longest,
        seconds=seconds,
        **gradients,
        adapters_moved=len(changed & adapters),
        new_moved=len(changed & learning - adapters),
        trained=len(learning),
        new_trained=len(learning - adapters),
        frozen_moved=len(changed - learning),
        peak_bytes=torch.cuda.max_memory_allocated(device) if device.type == "cuda" else 0,
    )


def _loss(model: PeftModel, example: dict[str, Any], config: FullSizeConfig) -> torch.Tensor:
    if config.stage == "sft":
        return model(**example).loss
    # The answer is the target itself: gradient path and memory are those of one of a group's
    # answers; sampling them is not part of a dry run.
    advantages = group_advantages(torch.arange(config.group_size, dtype=torch.float32))
    reference = reference_log_probabilities(model, example)
    current = token_log_probabilities(model, example)
    return grpo_loss(
        current,
        current.detach(),
        reference,
        advantages[-1].to(reference.device),
        kl_beta=config.kl_beta,
        clip_epsilon=config.clip_epsilon,
    )


def _fingerprint(parameter: torch.nn.Parameter) -> torch.Tensor:
    """What tells whether a parameter changes: all of one that trains, a checksum of a frozen one.

    A copy of the frozen ones would double the memory. The checksum weighs the bits of each value
    by its place, so every change of one value shows, and changes of many do but for chance.
    """
    values = parameter.detach().flatten()
    if parameter.requires_grad:
        return values.clone()
    bits = values.view(_BITS[values.element_size()])
    weights = torch.arange(1, 2 * CHECKED_AT_ONCE, 2, device=bits.device)
    parts = [(part * weights[: len(part)]).sum() for part in bits.split(CHECKED_AT_ONCE)]
    return torch.stack(parts)


def _gradient_norms(model: PeftModel) -> dict[str, float]:
    squares = {"adapter_gradient": 0.0, "new_gradient": 0.0}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None:
            kind = "adapter_gradient" if "lora_" in name else "new_gradient"
            squares[kind] += float(parameter.grad.square().sum())
    return {name: value**0.5 for name, value in squares.items()}
