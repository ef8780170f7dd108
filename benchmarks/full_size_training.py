"""SFT and GRPO steps of Qwen2.5-VL-7B's true architecture with random weights: speed and memory.

    python benchmarks/full_size_training.py [--json FILE]              # one GPU, 4 minutes
    torchrun --nproc_per_node 2 benchmarks/full_size_training.py --parts sft   # and 4, 8: scaling
    python benchmarks/full_size_training.py --small                    # a CPU: only that it runs

Every step is the run's own: `prepare_for_training`, `make_optimizer`, `training_example`, and
`R1GRPOTrainer` with groups of 8. Conversations have six views of 640x480, a cloud of 40,000 points
and about 3,200 tokens; as in a run, other processes make them. Random weights never end an answer
and give every answer the same reward, so answers count as ended at their limit and are worth a
number made of their text: a group has spread. `caps` repeats single steps with the allocator held
to the memory of smaller cards, the last of them on a base in 4 bits.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from r1_model.conversation import R1Inputs, R1Processor
from r1_model.network.config import R1Config
from r1_model.network.modeling import R1ForConditionalGeneration
from r1_model.pretrained import load_pretrained
from r1_model.quantization import quantize
from r1_model.scene.scene import Scene, View
from r1_training.datasets.annotation_sample import Sample
from r1_training.grpo.sampling import Sampled
from r1_training.grpo.trainer import R1GRPOTrainer
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import to_device, training_example
from r1_training.qwen.grpo import SceneQuestions, run_settings
from r1_training.qwen.memory import estimate_memory
from r1_training.qwen.model import make_optimizer, prepare_for_training, qwen_7b_config, trainable
from r1_training.rewards.judge import Judged

GIB = 1 << 30
# What cards of these names leave to a program, GiB, and how a run is set up for them. The model is
# rounded for the last one, and stays so.
CAPS: dict[str, tuple[float, dict[str, Any]]] = {
    "24 GB": (23.3, {}),
    "40 GB": (38.7, {}),
    "80 GB": (78.5, {"gradient_checkpointing": False}),
    "24 GB, 4 bits": (23.3, {"quantization": "int4", "answers_at_a_time": 4}),
}
TARGETS = {"conversations_per_s": 2.0, "sampling_s": 2.0, "grpo_step_s": 7.0}
ANSWER_TOKENS, CAPPED_STEPS = 300, 2
_IDS = ("image_token_id", "video_token_id", "vision_start_token_id", "vision_end_token_id")
_SCENE_IDS = ("scene_start_token_id", "scene_token_id", "scene_end_token_id")
_WORDS = "the grey sofa stands by the window and a red cushion lies on it "


@dataclass(frozen=True)
class Sizes:
    """How much is asked for; the small ones try the script on a CPU."""

    points: int = 40_000
    views: int = 6
    height: int = 480
    width: int = 640
    question_words: int = 150
    answer_words: int = 150
    sft_steps: int = 20
    batch: int = 2
    grpo_steps: int = 10
    group: int = 8
    new_tokens: int = ANSWER_TOKENS


SMALL = Sizes(2_000, 2, 60, 80, 8, 8, 3, 2, 2, 4, 6)


class Conversations:
    """Questions about a made-up scene, in place of `Scene30KConversations`."""

    def __init__(self, processor: R1Processor, sizes: Sizes, count: int = 4) -> None:
        self.processor, self.sizes = processor, sizes
        self.scene = made_up_scene(sizes)
        question = (_WORDS * 20).split()[: sizes.question_words]
        answer = " ".join((_WORDS * 20).split()[: sizes.answer_words])
        cot = f"<think>{answer}</think><answer>{answer}</answer>"
        self.samples = [
            Sample(
                *("synthetic", "train", "scene0000_00", str(number), "qa"),
                question=f"{number} {' '.join(question)}?",
                answers=(answer,),
                details={"cot": cot},
            )
            for number in range(count)
        ]

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> dict[str, Any]:
        """Forward arguments of one conversation."""
        sample = self.samples[index % len(self)]
        made = training_example(self.processor, sample, self.scene, list(self.scene.views))
        return {name: value for name, value in made.items() if value is not None}

    def question(self, index: int) -> tuple[Sample, R1Inputs]:
        """As `Scene30KConversations.question`."""
        sample = self.samples[index]
        return sample, self.processor(self.scene, self.scene.views, sample.question)


class SpreadQuestions(SceneQuestions):
    """The run's questions with a reward that random weights can differ in."""

    def judge(self, prompts: Any, texts: Sequence[Sequence[str]]) -> list[list[Judged]]:
        """A number in [0, 1) made of each text."""
        return [
            [
                Judged(zlib.crc32(text.encode("utf-8", "replace")) / 2**32, None, None, 0.0, "", "")
                for text in group
            ]
            for group in texts
        ]


class TimedTrainer(R1GRPOTrainer):
    """The run's trainer; an answer of random weights counts as ended at its limit."""

    def _sample(self, prompts: Any) -> Sampled:
        sampled = super()._sample(prompts)
        return replace(sampled, finished=[True] * len(sampled.tokens))

    def _save_checkpoint(self, *arguments: Any, **options: Any) -> None:
        """Nothing: the last step would write it, and nobody goes on from here."""


def made_up_scene(sizes: Sizes) -> Scene:
    """The walls and the floor of a room in random colours, seen from its middle."""
    rng = np.random.default_rng(0)
    points = rng.uniform((0, 0, 0), (6, 5, 2.7), (sizes.points, 3))
    side = rng.integers(0, 3, sizes.points)
    points[side == 0, 0], points[side == 1, 1], points[side == 2, 2] = 0, 0, 0
    focal = sizes.width * 0.9
    K = np.array([[focal, 0, sizes.width / 2], [0, focal, sizes.height / 2], [0, 0, 1.0]])
    T = np.array([[1.0, 0, 0, 3], [0, 0, 1, 2], [0, -1, 0, 1.3], [0, 0, 0, 1]])
    views = [
        View(
            color=rng.integers(0, 256, (sizes.height, sizes.width, 3), dtype=np.uint8),
            depth=rng.uniform(1, 3, (sizes.height, sizes.width)).astype(np.float32),
            K=K,
            T_scene_camera=T,
            id=number,
        )
        for number in range(sizes.views)
    ]
    colors = rng.integers(0, 256, (sizes.points, 3), dtype=np.uint8)
    return Scene(points=points.astype(np.float32), colors=colors, views=views)


def random_model(device: torch.device, small: bool) -> tuple[Any, R1Processor]:
    """The 7B with random bfloat16 weights and a tokenizer that has its marks; or r1-tiny."""
    tiny = load_pretrained("r1-tiny", device="cpu")
    if small:
        return tiny.model.float(), tiny.processor
    config: R1Config = qwen_7b_config()
    for name in (*_IDS, *_SCENE_IDS):
        setattr(config, name, getattr(tiny.model.config, name))
    tokenizer = tiny.processor.tokenizer
    config.text_config.pad_token_id = tokenizer.pad_token_id
    config.text_config.eos_token_id = tokenizer.eos_token_id
    torch.manual_seed(0)
    torch.set_default_dtype(torch.bfloat16)
    try:
        with device:
            model = R1ForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(torch.float32)
    return model, R1Processor(tokenizer, config)


def settings(stage: str, sizes: Sizes, small: bool, **changes: Any) -> FullSizeConfig:
    """The paper's settings of a run, with changes."""
    config = FullSizeConfig(
        stage=stage,  # type: ignore[arg-type]  # checked there
        output=tempfile.mkdtemp(),
        model="none",  # nothing is read: weights and conversations are made here
        data="none",
        scannet="none",
        batch_size=sizes.batch if stage == "sft" else 1,
        learning_rate=1e-6,
        final_learning_rate=1e-6,
        optimizer="adamw" if stage == "sft" else "adam",
        lora_blocks=2 if small else 12,
        views=sizes.views,
        group_size=sizes.group,
        max_new_tokens=sizes.new_tokens,
        embeddings=None,
        workers=0 if small else 4,
        save_every=10_000,
        log_every=1,
    )
    if changes.get("answers_at_a_time", 1) > sizes.group:
        changes.pop("answers_at_a_time")
    return replace(config, **changes)


def conversations(data: Conversations, config: FullSizeConfig, steps: int) -> Iterator[Any]:
    """As many as `steps` need, made by other processes as `FullSizeTrainer` has them made."""
    needed = [index % len(data) for index in range(steps * config.accumulation)]
    loader: DataLoader[Any] = DataLoader(
        data,  # type: ignore[arg-type]  # it has what a data set must have
        sampler=needed,
        batch_size=1,
        collate_fn=_only,  # torch's own would make lists of the views' sizes
        num_workers=config.workers,
        pin_memory=torch.cuda.is_available(),
    )
    return iter(loader)


def _only(rows: list[dict[str, Any]]) -> dict[str, Any]:
    [row] = rows
    return row


def sft(
    wrapped: Any, data: Conversations, config: FullSizeConfig, device: torch.device, steps: int
) -> dict[str, float]:
    """Optimizer steps of SFT of a model with adapters: figures of the later ones."""
    optimizer = make_optimizer(wrapped, config)
    shared: Any = wrapped
    if dist.is_initialized():  # as the run's trainer does
        shared = DistributedDataParallel(wrapped, broadcast_buffers=False)
    times: dict[str, list[float]] = {name: [] for name in ("data", "forward", "backward", "step")}
    tokens, losses = 0, []
    made = conversations(data, config, steps)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    for _ in range(steps):
        parts = dict.fromkeys(times, 0.0)
        for index in range(config.accumulation):
            clock = _Clock(device)
            example = to_device(next(made), device)
            parts["data"] += clock.lap()
            is_last = index == config.accumulation - 1
            # gradients are exchanged once a step, while its last backward pass runs
            with nullcontext() if is_last or shared is wrapped else shared.no_sync():
                with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
                    loss = shared(**example).loss
                parts["forward"] += clock.lap()
                (loss / config.accumulation).backward()
                parts["backward"] += clock.lap()
            tokens = example["input_ids"].shape[1]
        clock = _Clock(device)
        torch.nn.utils.clip_grad_norm_(trainable(wrapped), config.max_grad_norm)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        parts["step"] += clock.lap()
        losses.append(float(loss.detach()))
        for name, value in parts.items():
            times[name].append(value)
    later = slice(min(2, steps - 1), None)  # the first steps compile and allocate
    seconds = sum(float(np.median(values[later])) for values in times.values())
    processes = dist.get_world_size() if dist.is_initialized() else 1
    figures = {f"{name}_s": float(np.median(values[later])) for name, values in times.items()}
    figures |= {
        "optimizer_s": figures.pop("step_s"),
        "steps": float(steps),
        "tokens": float(tokens),
        "step_s": seconds,
        "conversations_per_s": config.accumulation * processes / seconds,
        "tokens_per_s": config.accumulation * processes * tokens / seconds,
        "last_loss": losses[-1],
        "peak_gib": _peak(device),
    }
    return figures


def grpo(
    wrapped: Any, data: Conversations, config: FullSizeConfig, device: torch.device, steps: int
) -> dict[str, float]:
    """Steps of the run's trainer with groups, of a model with adapters: figures of the later."""
    run = replace(run_settings(config, len(data)), steps=steps, reward_perception=0.0)
    backbone = wrapped.get_base_model().model
    questions = SpreadQuestions(data, backbone, config.seed)  # type: ignore[arg-type]  # as they do
    trainer = TimedTrainer(wrapped, data.processor.tokenizer, run, questions)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    trainer.train()
    rows = [row for row in trainer.state.log_history if "step_time" in row]
    later = rows[min(2, len(rows) - 1) :]

    def middle(name: str) -> float:
        return float(np.median([row[name] for row in later]))

    sampling = middle("seconds/sampling")
    figures = {
        "steps": float(len(rows)),
        "group": float(config.group_size),
        "new_tokens": float(config.max_new_tokens),
        "prompts_s": middle("seconds/prompts"),
        "sampling_s": sampling,
        "reference_s": middle("seconds/scoring"),
        "grpo_step_s": middle("step_time"),
        "forward_s": middle("seconds/forward"),
        "backward_s": middle("seconds/backward"),
        "first_sampling_s": rows[0]["seconds/sampling"],
        "sampled_tokens_per_s": config.group_size * config.max_new_tokens / sampling,
        "mismatch_mean": rows[0].get("sampling/mismatch_mean", 0.0),
        "reward_std": middle("reward_std"),
        "grad_norm": middle("grad_norm"),
        "peak_gib": _peak(device),
    }
    training = figures["grpo_step_s"] - sampling - figures["reference_s"] - figures["prompts_s"]
    return figures | {"training_s": training}


def capped(
    model: Any, data: Conversations, sizes: Sizes, device: torch.device, small: bool
) -> dict[str, dict[str, Any]]:
    """Single steps with the allocator held to the memory of smaller cards."""
    total = torch.cuda.get_device_properties(device).total_memory if device.type == "cuda" else 0
    found: dict[str, dict[str, Any]] = {}
    for name, (gib, changes) in CAPS.items():
        quantize(model, changes.get("quantization", "none"), device)
        _free(device)
        if total:
            torch.cuda.set_per_process_memory_fraction(min(1.0, gib * GIB / total))
        for stage, run in (("sft", sft), ("grpo", grpo)):
            config = settings(stage, sizes, small, **changes)
            wrapped = prepare_for_training(model, config)
            setup = {"checkpointing": config.gradient_checkpointing}
            try:
                figures = run(wrapped, data, config, device, CAPPED_STEPS)
                figures["estimate_gib"] = estimate_memory(config, data.processor.config).total / GIB
                found[f"{name} {stage}"] = {"fits": True} | setup | figures
            except torch.cuda.OutOfMemoryError as error:
                found[f"{name} {stage}"] = {"fits": False} | setup | {"why": str(error)[:200]}
            model = _without_adapters(wrapped)
            _free(device)
    if total:
        torch.cuda.set_per_process_memory_fraction(1.0)
    return found


def _without_adapters(model: Any) -> Any:
    """The base again, frozen in half precision, as it was loaded."""
    base = model.unload()
    if base.lm_head._buffers.pop("bias", None) is not None:  # `suppress_placeholders` gave it one
        base.lm_head.register_parameter("bias", None)
    for parameter in base.parameters():
        parameter.requires_grad_(False)
        parameter.grad = None
        if parameter.is_cuda and parameter.dtype == torch.float32:
            parameter.data = parameter.data.bfloat16()
    return base


def _free(device: torch.device) -> None:
    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()


def _peak(device: torch.device) -> float:
    return torch.cuda.max_memory_allocated() / GIB if device.type == "cuda" else 0.0


class _Clock:
    """Seconds between laps, of what the device has done."""

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self.lap()

    def lap(self) -> float:
        """Seconds since the last lap."""
        if self.device.type == "cuda":
            torch.cuda.synchronize()
        now = time.perf_counter()
        past, self.at = now - getattr(self, "at", now), now
        return past


def main() -> int:
    """Runs the parts, prints tables and says which targets are missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--parts", nargs="+", default=["sft", "grpo", "caps"])
    parser.add_argument("--small", action="store_true", help="r1-tiny, to try the script")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    cuda = torch.cuda.is_available() and not options.small
    if not cuda and not options.small:
        print("skipped: needs a GPU (--small tries the script on a CPU)")
        return 0
    if "RANK" in os.environ:
        dist.init_process_group("nccl" if cuda else "gloo")
    rank = dist.get_rank() if dist.is_initialized() else 0
    device = torch.device(f"cuda:{int(os.environ.get('LOCAL_RANK', 0))}" if cuda else "cpu")
    if cuda:
        torch.cuda.set_device(device)
    sizes = SMALL if options.small else Sizes()
    start = time.perf_counter()
    model, processor = random_model(device, options.small)
    model.requires_grad_(False)
    data = Conversations(processor, sizes)
    report: dict[str, Any] = {
        "device": torch.cuda.get_device_name() if cuda else "cpu",
        "torch": torch.__version__,
        "processes": dist.get_world_size() if dist.is_initialized() else 1,
        "model_s": time.perf_counter() - start,
    }
    for part, run, steps in (("sft", sft, sizes.sft_steps), ("grpo", grpo, sizes.grpo_steps)):
        if part in options.parts:
            config = settings(part, sizes, options.small)
            wrapped = prepare_for_training(model, config)
            report[part] = run(wrapped, data, config, device, steps)
            model = _without_adapters(wrapped)
            _free(device)
            _print(rank, part, report[part])
    if "caps" in options.parts:
        report["caps"] = capped(model, data, sizes, device, options.small)
        for name, figures in report["caps"].items():
            _print(rank, name, figures)
    report["seconds"] = time.perf_counter() - start
    measured = report.get("sft", {}) | report.get("grpo", {})
    missed = [
        f"{name} is {measured[name]:.2f}, target {target}"
        for name, target in TARGETS.items()
        if name in measured
        and (measured[name] < target if name.endswith("per_s") else measured[name] > target)
    ]
    if rank == 0:
        print("\n".join(missed) or "every target is reached")
        if options.json:
            options.json.parent.mkdir(parents=True, exist_ok=True)
            options.json.write_text(json.dumps(report, indent=1) + "\n")
    if dist.is_initialized():
        dist.destroy_process_group()
    return 0


def _print(rank: int, name: str, figures: dict[str, Any]) -> None:
    if rank == 0:
        shown = (f"{k} {v:.3g}" if isinstance(v, float) else f"{k} {v}" for k, v in figures.items())
        print(f"{name}: {', '.join(shown)}", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
