"""`r1 synthesize-scans`: a folder as a lab has ScanNet and its benchmarks, that anyone may have."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from r1_training.common.messages import say_error
from r1_training.common.writable import OutputError, require_folder


def synthesize_scans(
    out: Annotated[Path, typer.Argument(help="Folder to write; run again to go on.")],
    scans: Annotated[int, typer.Option(min=1, max=1000, help="How many.")] = 40,
    seed: Annotated[int, typer.Option(min=0, help="Number of the first room.")] = 0,
    frames: Annotated[int, typer.Option(min=1, help="Frames of each recording.")] = 24,
    width: Annotated[int, typer.Option(min=16, help="Pixels.")] = 320,
    height: Annotated[int, typer.Option(min=16, help="Pixels.")] = 240,
    voxel: Annotated[float, typer.Option(help="Metres between the mesh's vertices.")] = 0.03,
    questions: Annotated[int, typer.Option(min=1, help="Questions a task and scan.")] = 12,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = os.cpu_count() or 1,
) -> None:
    """Write synthetic rooms as ScanNet scans, with annotation files in the official schemas.

    OUT/scannet is what `r1 prepare scannet` reads; OUT/annotations has ScanQA, SQA3D, ScanRefer,
    Nr3D, Multi3DRefer, 3D-LLM and Scene-30K. Scenes have ScanNet's names, so its split rules hold.
    """
    # Imported late: torch takes seconds, which the help of any command should not.
    from r1_training.synthetic_scans.scan_set import ScanSettings
    from r1_training.synthetic_scans.scan_set import synthesize_scans as run

    console = Console(stderr=True)
    try:
        settings = ScanSettings(scans, seed, frames, width, height, voxel, questions)
        require_folder(out)
        columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(TextColumn("scans"), *columns, console=console) as progress:
            task = progress.add_task("", total=scans)
            run(out, settings, workers=workers, on_scan=lambda _: progress.advance(task))
    except (OutputError, ValueError, OSError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    console.print(f"{out}: {scans} scans; next: r1 prepare scannet {out / 'scannet'} --frames 12")
