"""`r1 predict`: our model's answers to the field's data sets, for `r1 evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from r1_model.errors import R1Error
from r1_training.common.resumable_lines import ResumeError
from r1_training.datasets.errors import DatasetError
from r1_training.metrics.errors import EvaluationError, EvaluationInputError
from r1_training.metrics.inputs import DATASETS, EvaluationInputs

PREDICTED = tuple(name for name in DATASETS if name != "cap3d")
SHOWN_PROBLEMS = 10


def predict(
    model: Annotated[str, typer.Argument(help="Preset or folder of the model.")],
    out: Annotated[Path, typer.Argument(help="Predictions, .jsonl; run again to resume.")],
    dataset: Annotated[str, typer.Option(help=f"One of: {', '.join(PREDICTED)}.")],
    scannet: Annotated[Path, typer.Option(help="Folder of `r1 prepare scannet`.")],
    annotations: Annotated[Path | None, typer.Option(help="The data set's own file.")] = None,
    questions: Annotated[Path | None, typer.Option(help="SQA3D's questions file.")] = None,
    labels: Annotated[
        Path | None, typer.Option(help="scannetv2-labels.combined.tsv, for detection.")
    ] = None,
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="Which split the file is.")
    ] = "val",
    on_bad: Annotated[
        Literal["fatal", "skip"], typer.Option(help="What a bad annotation row is.")
    ] = "fatal",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Ask a model everything that `r1 evaluate` scores, and write the prediction file.

    The exit status is 1 where predictions are missing: scenes that are not prepared or broken.
    """
    # Imported late: they load PyTorch and scipy, and --help should not.
    from r1_model.reasoner import Reasoner
    from r1_training.evaluation.predict import predict as run

    console = Console(stderr=True)
    try:
        if dataset not in PREDICTED:
            raise EvaluationInputError(f"{dataset!r} is not one of {', '.join(PREDICTED)}")
        inputs = EvaluationInputs(
            dataset=dataset,
            predictions=out,
            annotations=annotations,
            split=split,
            questions=questions,
            scannet=scannet,
            labels=labels,
            on_bad=on_bad,
        )
        reasoner = Reasoner.from_pretrained(model, device=device)
        if not reasoner.trained:
            console.print(f"[yellow]{model} is not trained: its answers mean nothing")
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(TextColumn("predictions"), *columns, console=console) as progress:
            task = progress.add_task("", total=None)
            result = run(
                inputs,
                reasoner,
                model,
                on_progress=lambda done, total: progress.update(task, completed=done, total=total),
            )
    except (DatasetError, EvaluationError, ResumeError, R1Error, OSError) as error:
        console.print(f"[red]error:[/] {error}", highlight=False, soft_wrap=True)
        raise typer.Exit(2) from error
    console.print(f"{out}: {result.made} predictions, {result.earlier} from before")
    if result.rows.bad:
        console.print(
            f"bad annotation rows: {result.rows.bad}, the first: {result.rows.problems[0]}"
        )
    for scene, count in list(result.unprepared.items())[:SHOWN_PROBLEMS]:
        console.print(f"[red]problem:[/] {scene} is not prepared: {count} left out")
    for name, why in list(result.problems.items())[:SHOWN_PROBLEMS]:
        console.print(f"[red]problem:[/] {name}: {why}", highlight=False)
    missing = sum(result.unprepared.values()) + len(result.problems)
    if missing:
        console.print(f"{missing} predictions are missing")
        raise typer.Exit(1)
