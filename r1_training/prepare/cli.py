"""`r1 prepare`: raw data sets into what training and evaluation read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from r1_training.datasets.errors import FileFormatError
from r1_training.prepare.scannet import (
    LABELS_NAME,
    PrepareError,
    ScanRecord,
    check_prepared,
    find_scans,
    prepare_scannet,
)

app = typer.Typer(help="Prepare data sets for training and evaluation.", no_args_is_help=True)
SHOWN_PROBLEMS = 20


@app.callback()
def _main() -> None:
    """Keeps the command's name although there is only one."""


@app.command("scannet")
def scannet(
    root: Annotated[Path, typer.Argument(help="ScanNet v2: a folder with scans/, scans_test/.")],
    out: Annotated[Path, typer.Option(help="Folder for the prepared set.")],
    labels: Annotated[
        Path | None, typer.Option(help=f"Label table; {LABELS_NAME} in ROOT by default.")
    ] = None,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
    frames: Annotated[
        int, typer.Option(min=0, help="Evenly spaced RGB-D frames to write a scan (training: 24).")
    ] = 0,
    check: Annotated[
        bool, typer.Option("--check", help="Only compare OUT with its manifest.")
    ] = False,
) -> None:
    """Turn raw ScanNet scans into the prepared set, with a manifest of hashes.

    Run it again after a kill: finished scans are checked and kept. Scans with problems are listed
    with the reason, and the exit status is 1.
    """
    console = Console(stderr=True)
    try:
        if check:
            _report(console, check_prepared(out), "everything is as the manifest says")
            return
        folders = find_scans(root)
        records = _run(console, folders, out, labels or root / LABELS_NAME, workers, frames)
    except (PrepareError, FileFormatError) as error:
        console.print(f"[red]error:[/] {error}", highlight=False)
        raise typer.Exit(2) from error
    console.print(_summary(records))
    problems = [f"{record.scene_id}: {record.problem}" for record in records if record.problem]
    _report(console, problems, f"manifest: {out / 'manifest.json'}")


def _run(
    console: Console, folders: list[Path], out: Path, labels: Path, workers: int, frames: int
) -> list[ScanRecord]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
    )
    resumed = bad = 0
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("scans", total=len(folders), note="")

        def advance(record: ScanRecord, earlier: bool) -> None:
            nonlocal resumed, bad
            resumed += earlier
            bad += bool(record.problem)
            progress.update(task, advance=1, note=f"{resumed} from before, {bad} with problems")

        return prepare_scannet(
            folders, out, labels, workers=workers, frames=frames, on_record=advance
        )


def _summary(records: list[ScanRecord]) -> Table:
    table = Table("split", "scans", "problems", "points", "objects", "frames")
    for split in sorted({record.split for record in records}):
        chosen = [record for record in records if record.split == split]
        table.add_row(
            split or "unknown",
            str(len(chosen)),
            str(sum(bool(record.problem) for record in chosen)),
            f"{sum(record.points for record in chosen):,}",
            f"{sum(record.objects for record in chosen):,}",
            f"{sum(record.frames for record in chosen):,}",
        )
    return table


def _report(console: Console, problems: list[str], fine: str) -> None:
    if not problems:
        console.print(fine, highlight=False)
        return
    for problem in problems[:SHOWN_PROBLEMS]:
        console.print(f"[red]problem:[/] {problem}", highlight=False)
    if len(problems) > SHOWN_PROBLEMS:
        console.print(f"... and {len(problems) - SHOWN_PROBLEMS} more, all in manifest.json")
    raise typer.Exit(1)
