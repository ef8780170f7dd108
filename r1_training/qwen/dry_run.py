"""`--dry-run`: checks the data, estimates the memory and takes the first step."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import isfinite
from pathlib import Path
from statistics import mean

import torch
from rich.console import Console
from rich.table import Table

from r1_model.errors import ModelLoadError
from r1_model.pretrained import load_pretrained
from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.scannet.splits import official_split
from r1_training.qwen.config import FullSizeConfig
from r1_training.qwen.data import DataReport, conversation_tokens, usable_samples
from r1_training.qwen.first_step import FirstStep, first_step
from r1_training.qwen.memory import MemoryEstimate, estimate_memory
from r1_training.qwen.model import load_scene_encoder, run_sizes

GIB = 1 << 30


class DryRunError(Exception):
    """The run would fail; the message says at what."""


def dry_run(config: FullSizeConfig, model: str | None, console: Console) -> None:
    """Checks a run and prints what it found.

    Args:
        config: of the run; its model is what the memory is estimated for.
        model: folder to take the first step with; None is the model of the configuration.
        console: to print on.

    Raises:
        DryRunError: the run would fail, or the first step cannot be taken because the model of
            the configuration is not on this machine.
        DatasetError, TrainingConfigError, ModelLoadError: a file or setting is wrong.
    """
    samples, report = usable_samples(config)
    console.print(_data_table(config, samples, report))
    check_data(config, samples, report)
    sizes, name = run_sizes(config.model)
    memory, available = estimate_memory(config, sizes), _device_bytes()
    console.print(_memory_table(config, memory, name, available))
    check_memory(memory, available)
    try:
        loaded = load_pretrained(model or config.model, quantization=config.quantization)
    except ModelLoadError as error:
        if model is not None:
            raise
        raise DryRunError(
            f"dry run incomplete: the first step is left out, {error} (--model FOLDER takes it)"
        ) from error
    if config.scene_encoder is not None:
        load_scene_encoder(loaded.model, Path(config.scene_encoder))
    blocks = loaded.model.config.text_config.num_hidden_layers
    if blocks < config.lora_blocks:
        # A small model may stand in for the 7B.
        console.print(f"{loaded.name} has {blocks} blocks: all of them get adapters")
        config = replace(config, lora_blocks=blocks)
    lengths = conversation_tokens(samples, loaded.processor, config)
    pairs = zip(samples, lengths, strict=True)
    kept = [sample for sample, (tokens, _) in pairs if tokens <= config.max_tokens]
    console.print(
        f"conversations longer than {config.max_tokens} tokens: {len(samples) - len(kept)}"
    )
    check_data(config, kept, report)
    longest = max(length for length in lengths if length[0] <= config.max_tokens)
    memory = estimate_memory(config, loaded.processor.config, *longest)
    console.print(_memory_table(config, memory, loaded.name, available))
    check_memory(memory, available)
    step = first_step(config, loaded.model, loaded.processor, kept)
    console.print(_step_table(step, loaded.name))
    check_step(step)
    compared = "" if available is not None else "; memory was not compared: no GPU here"
    console.print(f"[green]dry run passed[/]{compared}")


def check_data(config: FullSizeConfig, samples: list[Sample], report: DataReport) -> None:
    """Raises `DryRunError` if there is nothing to train on or a held-out scene is among it."""
    if not samples:
        raise DryRunError(
            f"no conversation is usable: {report.rows.summary()}, "
            f"{sum(report.missing.values())} of scenes that are not prepared in {config.scannet}"
        )
    leaked = sorted({s.scene_id for s in samples if official_split(s.scene_id) in ("val", "test")})
    if leaked:
        raise DryRunError(f"{leaked[0]} is held out by ScanNet and must not be trained on")


def check_memory(memory: MemoryEstimate, available: int | None) -> None:
    """Raises `DryRunError` if the run does not fit a device of `available` bytes; None fits all."""
    if available is not None and memory.total > available:
        raise DryRunError(
            f"the run needs about {memory.total / GIB:.1f} GiB on each device, this one has "
            f"{available / GIB:.1f} GiB"
        )


def check_step(step: FirstStep) -> None:
    """Raises `DryRunError` if the step would not train.

    GRPO's loss says little there: policy, sampler and reference are still one, so it is the
    advantage's alone. What a step does shows in gradients and weights.
    """
    if not all(isfinite(loss) for loss in step.losses):
        raise DryRunError(f"a loss is not finite: {step.losses}")
    parts = [("adapters", step.adapter_gradient, step.adapters_moved)]
    if step.new_trained:  # in GRPO they are frozen
        parts.append(("new modules", step.new_gradient, step.new_moved))
    for part, gradient, moved in parts:
        if not isfinite(gradient):
            raise DryRunError(f"the gradient of the {part} is not finite: {gradient}")
        if not gradient > 0:
            raise DryRunError(f"the {part} get no gradient")
        if not moved:
            raise DryRunError(f"the step moved nothing in the {part}")
    if step.frozen_moved:
        raise DryRunError(f"{step.frozen_moved} frozen parameters changed")


def _data_table(config: FullSizeConfig, samples: list[Sample], report: DataReport) -> Table:
    rows = report.rows
    words = report.answer_words
    table = _rows_table(f"data: {config.data}")
    table.add_row("rows", f"{rows.rows:,}")
    table.add_row("bad rows (skipped)", f"{rows.bad:,}")
    for problem in rows.problems[:3]:
        table.add_row("", str(problem))
    table.add_row("of held-out scenes (not trained on)", f"{rows.held_out + rows.other_split:,}")
    table.add_row("of scenes that are not prepared", f"{sum(report.missing.values()):,}")
    table.add_row("usable, scenes", f"{report.usable:,}, {report.scenes:,}")
    if words:
        table.add_row("words of a target: mean, longest", f"{mean(words):.0f}, {max(words)}")
        steps = config.steps(len(samples))
        table.add_row(f"optimizer steps of {config.epochs} epochs", f"{steps:,}")
        table.add_row("conversations a device sees in a step", f"{config.accumulation}")
    return table


def _memory_table(
    config: FullSizeConfig, estimate: MemoryEstimate, name: str, available: int | None
) -> Table:
    table = _rows_table(f"memory of one device, {name}, {config.stage}")
    table.add_row("parameters", f"{estimate.parameters / 1e9:.2f} billion")
    table.add_row("that train", f"{estimate.trained / 1e6:.2f} million")
    table.add_row("tokens of a conversation", f"{estimate.sequence:,}")
    for part, size in estimate.parts.items():
        table.add_row(part, f"{size / GIB:.2f} GiB")
    table.add_row("[bold]sum[/]", f"[bold]{estimate.total / GIB:.1f} GiB[/]")
    here = "none here, not compared" if available is None else f"{available / GIB:.1f} GiB"
    table.add_row("this GPU", here)
    return table


def _device_bytes() -> int | None:
    """Memory of the GPU, None without one."""
    if not torch.cuda.is_available():
        return None
    return torch.cuda.get_device_properties(0).total_memory


def _step_table(step: FirstStep, name: str) -> Table:
    shown: Mapping[str, str] = {
        "losses": ", ".join(f"{loss:.3f}" for loss in step.losses),
        "longest conversation": f"{step.tokens:,} tokens",
        "gradient of the adapters": f"{step.adapter_gradient:.3g}",
        "gradient of the new modules": f"{step.new_gradient:.3g}",
        "parameters that moved": f"{step.adapters_moved} of adapters, {step.new_moved} of new "
        f"modules; {step.trained} train",
        "frozen parameters that moved": str(step.frozen_moved),
        "time": f"{step.seconds:.1f} s",
    }
    table = _rows_table(f"first step, {name}")
    for label, value in shown.items():
        table.add_row(label, value)
    if step.peak_bytes:
        table.add_row("peak memory", f"{step.peak_bytes / GIB:.1f} GiB")
    return table


def _rows_table(title: str) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column("what")
    table.add_column("value", overflow="fold")
    return table
