"""`r1 table`: a table of the paper for one's own checkpoint."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from r1_model.errors import R1Error
from r1_training.common.messages import say, say_error
from r1_training.common.resumable_lines import ResumeError
from r1_training.common.writable import OutputError, require_folder
from r1_training.datasets.errors import DatasetError
from r1_training.metrics.errors import EvaluationError

if TYPE_CHECKING:
    from r1_training.prediction.paper_tables import FilledTable


def table(
    number: Annotated[int, typer.Argument(help="2 to 10, as in the paper.")],
    models: Annotated[list[str], typer.Argument(help="Presets or folders; a row or more each.")],
    annotations: Annotated[Path, typer.Option(help="Folder of files with official names.")],
    scannet: Annotated[Path, typer.Option(help="Folder of `r1 prepare scannet`.")],
    out: Annotated[Path, typer.Option(help="Folder of predictions and reports; resumes.")],
    labels: Annotated[Path | None, typer.Option(help="scannetv2-labels.combined.tsv.")] = None,
    objects: Annotated[Path | None, typer.Option(help="Cap3D: folder of clouds.")] = None,
    renders: Annotated[Path | None, typer.Option(help="Cap3D: folder of UID/ renderings.")] = None,
    clip_weights: Annotated[str, typer.Option(help="Cap3D: CLIP's weights.")] = "openai",
    meteor: Annotated[bool, typer.Option(help="METEOR needs Java.")] = True,
    max_new_tokens: Annotated[
        int | None, typer.Option(help="Of an answer; by default its task's own.")
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Predict and score everything of one of the paper's tables, the paper's row beside it."""
    # Imported late: they load PyTorch and scipy, and --help should not.
    from r1_training.prediction.annotation_files import DataFolders
    from r1_training.prediction.paper_tables import fill_table

    console = Console(stderr=True)
    try:
        require_folder(out)
        filled = fill_table(
            number,
            models,
            DataFolders(annotations, scannet, labels, objects, renders),
            out,
            meteor=meteor,
            device=device,
            clip_weights=clip_weights,
            max_new_tokens=max_new_tokens,
            on_run=lambda name: console.print(f"[bold]{name}", highlight=False),
        )
    except (DatasetError, EvaluationError, ResumeError, R1Error, OutputError, OSError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    Console(width=max(console.width, 40 + 14 * len(filled.columns))).print(_shown(filled))
    for note in filled.notes:
        say(console, note)
    say(console, out / f"table-{number}.json", "report", "")


def _shown(filled: FilledTable) -> Table:
    shown = Table("", *filled.columns, title=f"Table {filled.number}: {filled.title}")
    for name, values in filled.rows.items():
        shown.add_row(name, *("-" if value is None else f"{value:.2f}" for value in values))
    shown.add_section()
    for name, paper in filled.paper.items():
        shown.add_row(name, *(f"{value:.2f}" for value in paper))
    return shown
