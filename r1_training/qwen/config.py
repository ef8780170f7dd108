"""Settings of a full-size run: one YAML file, validated here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from r1_training.common.config import TrainingConfigError, check_types, load_settings

_NOT_NEGATIVE = ("new_modules_learning_rate", "weight_decay", "kl_beta", "clip_epsilon")
PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")


@dataclass(frozen=True)
class FullSizeConfig:
    """A run on Scene-30K. Defaults are the paper's where it says something.

    Attributes:
        stage: `sft` or `grpo`.
        output: folder of checkpoints, logs and the final model.
        model: preset, plain Qwen2.5-VL folder, or one of ours (GRPO: the SFT model).
        data: `Scene-30K.jsonl`, released or made by `r1 synthesize`.
        scannet: folder of `r1 prepare scannet --frames 24`.
        hold_out: file of scene ids, one a line, to keep out beside ScanNet's official lists.
        scene_encoder: preset or folder of a trained 3D-R1 model whose scene encoder to start from.
        epochs: passes over the data.
        batch_size: conversations in an optimizer step, over all devices.
        devices: GPUs; each sees batch_size / devices conversations, one after the other.
        optimizer: `adamw` or `adam`.
        learning_rate, final_learning_rate: cosine from the first to the second; equal for a
            fixed rate.
        new_modules_learning_rate: of scene branch and depth positions, which start untrained. In
            GRPO they are frozen: the reference is the model with its adapters off.
        weight_decay, max_grad_norm, warmup: of the optimizer; warm-up in steps.
        lora_rank, lora_alpha, lora_dropout, lora_blocks, lora_targets: adapters on the last
            `lora_blocks` blocks of the language model.
        views: evenly spaced frames of the scene that are shown.
        max_tokens: longer conversations (with scene and view tokens) are left out and counted.
        gradient_checkpointing: recompute activations in the backward pass.
        quantization: how the frozen blocks are kept: none, fp8, int8 or int4 (QLoRA), see
            `r1_model.quantization.quantize`. The final model is in full precision.
        seed, workers, save_every, log_every: of the run.
        kl_beta, group_size, clip_epsilon, max_new_tokens: of GRPO; the paper gives the first only.
        answers_at_a_time: of GRPO: answers to one question that are read in one pass, behind one
            copy of it; a divisor of `group_size`. None: all of them; fewer need less memory.
        embeddings: of GRPO's semantic reward, see `load_text_embeddings`; None: no such reward.
    """

    stage: Literal["sft", "grpo"]
    output: str
    model: str
    data: str
    scannet: str
    hold_out: str | None = None
    scene_encoder: str | None = None
    epochs: int = 2
    batch_size: int = 12
    devices: int = 1
    optimizer: Literal["adamw", "adam"] = "adamw"
    learning_rate: float = 1e-5
    final_learning_rate: float = 1e-6
    new_modules_learning_rate: float = 1e-4
    weight_decay: float = 0.1
    max_grad_norm: float = 1.0
    warmup: int = 0
    lora_rank: int = 12
    lora_alpha: int = 16
    lora_dropout: float = 0.0
    lora_blocks: int = 12
    lora_targets: tuple[str, ...] = PROJECTIONS
    views: int = 6
    max_tokens: int = 4_096
    gradient_checkpointing: bool = True
    quantization: str = "none"
    seed: int = 42
    workers: int = 4
    save_every: int = 500
    log_every: int = 10
    kl_beta: float = 0.02
    group_size: int = 8
    clip_epsilon: float = 0.2
    max_new_tokens: int = 512
    answers_at_a_time: int | None = None
    embeddings: str | None = "ViT-B-32:openai"

    def __post_init__(self) -> None:
        check_types(self)
        if not isinstance(self.lora_targets, list | tuple):
            raise TrainingConfigError(f"lora_targets must be a list: {self.lora_targets!r}")
        object.__setattr__(self, "lora_targets", tuple(self.lora_targets))
        for name, allowed in (("stage", ("sft", "grpo")), ("optimizer", ("adamw", "adam"))):
            if getattr(self, name) not in allowed:
                raise TrainingConfigError(
                    f"{name} must be {' or '.join(allowed)}: {getattr(self, name)!r}"
                )
        positive = ("epochs", "batch_size", "devices", "lora_rank", "lora_alpha", "lora_blocks")
        for name in (*positive, "max_tokens", "save_every", "log_every", "max_new_tokens"):
            if not _whole(getattr(self, name), 1):
                raise TrainingConfigError(
                    f"{name} must be a whole number above 0: {getattr(self, name)!r}"
                )
        for name in ("views", "workers", "warmup", "seed"):
            if not _whole(getattr(self, name), 0):
                raise TrainingConfigError(f"{name} must be a whole number: {getattr(self, name)!r}")
        if not _whole(self.group_size, 2):
            raise TrainingConfigError(f"group_size must be at least 2: {self.group_size!r}")
        from r1_model.quantization import FORMATS  # torch with it: `--help` does without

        if self.quantization not in FORMATS:
            raise TrainingConfigError(
                f"quantization must be one of {', '.join(FORMATS)}: {self.quantization!r}"
            )
        if self.answers_at_a_time is not None and (
            not _whole(self.answers_at_a_time, 1) or self.group_size % self.answers_at_a_time
        ):
            raise TrainingConfigError(
                f"answers_at_a_time must be a divisor of group_size {self.group_size}: "
                f"{self.answers_at_a_time!r}"
            )
        if self.batch_size % self.devices:
            raise TrainingConfigError(
                f"batch_size {self.batch_size} must be a multiple of devices {self.devices}"
            )
        if not 0 <= self.final_learning_rate <= self.learning_rate:
            raise TrainingConfigError(
                f"final_learning_rate {self.final_learning_rate} must lie between 0 and "
                f"learning_rate {self.learning_rate}"
            )
        for name in ("learning_rate", *_NOT_NEGATIVE):
            if not 0 <= getattr(self, name) < math.inf:
                raise TrainingConfigError(
                    f"{name} must be a number from 0 on: {getattr(self, name)!r}"
                )
        if not 0 < self.max_grad_norm < math.inf:
            raise TrainingConfigError(f"max_grad_norm must be above 0: {self.max_grad_norm!r}")
        if not 0 <= self.lora_dropout < 1:
            raise TrainingConfigError(f"lora_dropout must lie in [0, 1): {self.lora_dropout}")
        unknown = sorted(set(map(str, self.lora_targets)) - set(PROJECTIONS))
        if unknown or not self.lora_targets:
            raise TrainingConfigError(f"lora_targets must be among {PROJECTIONS}: {unknown}")

    @property
    def accumulation(self) -> int:
        """Conversations of one device in an optimizer step."""
        return self.batch_size // self.devices

    def steps(self, conversations: int) -> int:
        """Optimizer steps of the whole run."""
        return self.epochs * -(-conversations // self.batch_size)

    @classmethod
    def load(cls, path: Path, **overrides: object) -> FullSizeConfig:
        """Reads a YAML file; overrides that are not None win.

        Raises:
            TrainingConfigError: the file is unreadable, a key is unknown or missing, a value is
                impossible.
        """
        return load_settings(cls, path, overrides)


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
