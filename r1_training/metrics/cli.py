"""`r1 evaluate`: the field's metrics for any model's predictions."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.progress import Progress

from r1_training.common.messages import say, say_error
from r1_training.common.writable import OutputError, require_file
from r1_training.datasets.errors import DatasetError
from r1_training.metrics.errors import EvaluationError
from r1_training.metrics.inputs import DATASETS, EvaluationInputs

PREDICTIONS_HELP = "Predictions, ours or others' (docs/evaluation.md)."


def evaluate(
    predictions: Annotated[Path, typer.Argument(help=PREDICTIONS_HELP)],
    dataset: Annotated[str, typer.Option(help=f"One of: {', '.join(DATASETS)}.")],
    annotations: Annotated[Path | None, typer.Option(help="The data set's own file.")] = None,
    questions: Annotated[Path | None, typer.Option(help="SQA3D's questions file.")] = None,
    split: Annotated[Literal["train", "val", "test"], typer.Option()] = "val",
    scannet: Annotated[
        Path | None, typer.Option(help="Folder of `r1 prepare scannet`, for all with boxes.")
    ] = None,
    labels: Annotated[
        Path | None, typer.Option(help="scannetv2-labels.combined.tsv: unique and multiple.")
    ] = None,
    renders: Annotated[
        Path | None, typer.Option(help="Cap3D from captions: folder of UID/ folders with images.")
    ] = None,
    clip_model: Annotated[
        str, typer.Option(help="Cap3D from captions: open_clip's name of the model.")
    ] = "ViT-B-32",
    clip_weights: Annotated[
        str, typer.Option(help="Cap3D from captions: tag that open_clip knows, or .safetensors.")
    ] = "openai",
    protocol: Annotated[
        Literal["ptb", "plain", "leo"] | None,
        typer.Option(help="How texts become words; by default as the benchmark does it."),
    ] = None,
    meteor: Annotated[bool, typer.Option(help="METEOR needs Java.")] = True,
    missing: Annotated[
        Literal["fatal", "empty"], typer.Option(help="What a missing prediction is.")
    ] = "fatal",
    on_bad: Annotated[
        Literal["fatal", "skip"], typer.Option(help="What a bad annotation row is.")
    ] = "fatal",
    nms: Annotated[
        float | None, typer.Option(help="Detection: class-wise NMS at this IoU (field: 0.25).")
    ] = None,
    min_score: Annotated[
        float | None, typer.Option(help="Detection: drop boxes below (field: 0.05).")
    ] = None,
    checkpoint: Annotated[str | None, typer.Option(help="Name of the model.")] = None,
    out: Annotated[Path | None, typer.Option(help="Report as JSON.")] = None,
) -> None:
    """Score a prediction file against the field's annotation files."""
    # Imported late: scipy is not needed to say what --help says.
    from r1_training.metrics.evaluate import evaluate as run_evaluation

    errors = Console(stderr=True)
    try:
        if out is not None:
            require_file(out)
        inputs = EvaluationInputs(
            dataset=dataset,
            predictions=predictions,
            annotations=annotations,
            split=split,
            questions=questions,
            scannet=scannet,
            labels=labels,
            renders=renders,
            clip_model=clip_model,
            clip_weights=clip_weights,
            protocol=protocol,
            meteor=meteor,
            on_missing=missing,
            on_bad=on_bad,
            checkpoint=checkpoint,
            nms=nms,
            min_score=min_score,
        )
        with Progress(console=errors, transient=True) as progress:
            bar = progress.add_task("images", total=None, visible=False)
            report = run_evaluation(
                inputs,
                lambda done, total: progress.update(bar, completed=done, total=total, visible=True),
            )
    except (DatasetError, EvaluationError, OutputError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    report.print()
    if out is not None:
        report.write(out)
        say(errors, out, "report", "")
