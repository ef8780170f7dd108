"""`r1 rehearse`: the whole path in one command, on data that anyone may have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from r1_model.errors import R1Error
from r1_training.common.config import TrainingConfigError
from r1_training.common.messages import say_error
from r1_training.common.writable import OutputError, require_folder
from r1_training.datasets.errors import DatasetError
from r1_training.metrics.errors import EvaluationError

if TYPE_CHECKING:
    from r1_training.qwen.rehearsal import RehearsalReport


def rehearse(
    out: Annotated[Path, typer.Argument(help="Folder to write; run again to go on.")],
    scans: Annotated[int, typer.Option(min=3, max=1000, help="Synthetic scans.")] = 40,
    model: Annotated[str, typer.Option(help="Preset or folder of a 3D-R1 model.")] = "r1-tiny",
    questions: Annotated[int, typer.Option(min=1, help="Questions a task and scan.")] = 2,
    conversations: Annotated[int, typer.Option(min=1, help="Of SFT, one pass.")] = 24,
    groups: Annotated[int, typer.Option(min=1, help="Questions of GRPO, one pass.")] = 4,
    meteor: Annotated[bool, typer.Option(help="METEOR needs Java.")] = True,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> None:
    """Run scans, prepare, SFT, GRPO, predict and evaluate on synthetic scans in ScanNet's formats.

    It shows that everything fits together, not what a model can: a few steps teach nothing.
    """
    # Imported late: they load TRL, and --help should not.
    from r1_model.pretrained import PRESETS
    from r1_training.qwen.dry_run import DryRunError
    from r1_training.qwen.rehearsal import REPORT_NAME, RehearsalSettings
    from r1_training.qwen.rehearsal import rehearse as run
    from r1_training.synthetic_scans.scan_set import ScanSettings

    console = Console(stderr=True)
    try:
        if model not in PRESETS and not (Path(model) / "config.json").is_file():
            raise ValueError(f"{model} is neither a preset nor the folder of a model")
        require_folder(out)
        settings = RehearsalSettings(
            model=model,
            scans=ScanSettings(scans=scans, frames=12, width=160, height=120, questions=questions),
            conversations=conversations,
            groups=groups,
            meteor=meteor,
        )
        report = run(
            out, settings, workers=workers, on_part=lambda name: console.print(f"[bold]{name}")
        )
    except (
        *(DatasetError, EvaluationError, TrainingConfigError, DryRunError, R1Error),
        *(OutputError, ValueError, OSError),
    ) as error:
        say_error(error)
        raise typer.Exit(1) from error
    Console(width=max(console.width, 100)).print(report_table(report))
    console.print(f"report: {out / REPORT_NAME}; model: {report.model}", highlight=False)


def report_table(report: RehearsalReport) -> Table:
    """Seconds of each part, and scores by data set."""
    table = Table("part", "seconds", "samples", "missing", "scores")
    for name, seconds in report.seconds.items():
        what, _, dataset = name.partition(" ")
        if what != "evaluate":
            table.add_row(name, f"{seconds:.1f}")
            continue
        scores = ", ".join(f"{key} {value:.1f}" for key, value in report.scores[dataset].items())
        counts = str(report.samples[dataset]), str(report.missing[dataset])
        table.add_row(name, f"{seconds:.1f}", *counts, scores)
    return table
