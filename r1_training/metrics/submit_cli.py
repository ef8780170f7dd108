"""`r1 submit`: the file that a benchmark's server scores."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from r1_training.common.messages import say, say_error
from r1_training.common.writable import OutputError, require_file
from r1_training.datasets.errors import DatasetError
from r1_training.metrics.errors import EvaluationError
from r1_training.metrics.inputs import EvaluationInputs


def submit(
    predictions: Annotated[Path, typer.Argument(help="Predictions, as for `r1 evaluate`.")],
    out: Annotated[Path, typer.Argument(help="File for the server, e.g. pred.json.")],
    dataset: Annotated[str, typer.Option(help="One of: scanqa, scanrefer, scan2cap.")],
    annotations: Annotated[Path, typer.Option(help="The data set's own file of the split.")],
    split: Annotated[
        Literal["train", "val", "test"], typer.Option(help="Which split the file is.")
    ] = "test",
    labels: Annotated[
        Path | None, typer.Option(help="scannetv2-labels.combined.tsv, for ScanRefer.")
    ] = None,
    missing: Annotated[
        Literal["fatal", "empty"], typer.Option(help="What a missing prediction is.")
    ] = "fatal",
) -> None:
    """Write what the server of ScanQA, ScanRefer or Scan2Cap takes, of a prediction file."""
    # Imported late: scipy is not needed to say what --help says.
    from r1_training.metrics.submission import write_submission

    errors = Console(stderr=True)
    try:
        require_file(out)
        inputs = EvaluationInputs(
            dataset=dataset,
            predictions=predictions,
            annotations=annotations,
            split=split,
            scannet=Path(),  # nothing is looked up there: the server knows the boxes
            labels=labels,
            on_missing=missing,
        )
        count = write_submission(inputs, out)
    except (DatasetError, EvaluationError, OutputError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    say(errors, f"{out}: {count} predictions")
