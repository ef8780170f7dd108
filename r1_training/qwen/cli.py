"""`train-full`: the full-size run and its dry run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from r1_model.errors import R1Error
from r1_training.common.config import TrainingConfigError
from r1_training.common.messages import say_error
from r1_training.datasets.errors import DatasetError
from r1_training.metrics.errors import EvaluationInputError
from r1_training.qwen.config import FullSizeConfig

EXPECTED = (TrainingConfigError, DatasetError, R1Error, EvaluationInputError)


def train_full(
    config: Annotated[Path, typer.Option(help="config/training/qwen2.5-vl-7b-{sft,grpo}.yaml.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check data and memory, take the first step, stop.")
    ] = False,
    model: Annotated[
        str | None,
        typer.Option(
            help="Model folder, in place of the configuration's; dry run: takes the step."
        ),
    ] = None,
    data: Annotated[str | None, typer.Option(help="Scene-30K.jsonl.")] = None,
    scannet: Annotated[str | None, typer.Option(help="Folder of `r1 prepare scannet`.")] = None,
    hold_out: Annotated[
        str | None, typer.Option(help="Scene ids, one a line, to keep out beside ScanNet's lists.")
    ] = None,
    output: Annotated[str | None, typer.Option(help="Folder of the run.")] = None,
    devices: Annotated[int | None, typer.Option(help="GPUs of the run.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from a checkpoint.")] = False,
) -> None:
    """Train Qwen2.5-VL-7B on Scene-30K with the paper's settings."""
    # Imported late: they load TRL, and --help should not.
    from r1_training.grpo.trainer import TrainingDivergedError
    from r1_training.qwen.dry_run import DryRunError
    from r1_training.qwen.dry_run import dry_run as check
    from r1_training.qwen.grpo import train_full_size_grpo
    from r1_training.qwen.train import train_full_size

    console = Console()
    try:
        settings = FullSizeConfig.load(
            config,
            # A dry run estimates the configuration's model; the folder only stands in for it.
            model=None if dry_run else model,
            **{"data": data, "scannet": scannet, "hold_out": hold_out},
            **{"output": output, "devices": devices},
        )
        if dry_run:
            check(settings, model, console)
        else:
            train = train_full_size if settings.stage == "sft" else train_full_size_grpo
            console.print(f"model: {train(settings, resume)}", highlight=False)
    except (*EXPECTED, DryRunError, TrainingDivergedError) as error:
        say_error(error)
        raise typer.Exit(1) from error
