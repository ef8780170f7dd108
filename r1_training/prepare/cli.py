"""`r1 prepare`: raw data sets into what training and evaluation read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from r1_training.common.messages import say, say_error
from r1_training.common.writable import OutputError, require_file, require_folder
from r1_training.datasets.errors import FileFormatError
from r1_training.prepare.scannet_set import (
    LABELS_NAME,
    PrepareError,
    ScanRecord,
    check_prepared,
    find_scans,
    prepare_scannet,
)

app = typer.Typer(help="Prepare data sets for training and evaluation.", no_args_is_help=True)
SHOWN_PROBLEMS = 20
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TimeRemainingColumn(),
    TextColumn("{task.fields[note]}"),
)


@app.command("scannet")
def scannet(
    root: Annotated[Path, typer.Argument(help="ScanNet v2: a folder with scans/, scans_test/.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the prepared set; ROOT-prepared beside ROOT by default."),
    ] = None,
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
    root = root.resolve()
    out = out or root.with_name(f"{root.name}-prepared")
    try:
        if check:
            _report(console, check_prepared(out), "everything is as the manifest says")
            return
        folders = find_scans(root)
        require_folder(out)
        records = _run(console, folders, out, labels or root / LABELS_NAME, workers, frames)
    except (PrepareError, FileFormatError, OutputError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    console.print(_summary(records))
    short = [f"{record.scene_id}: {record.shortage}" for record in records if record.shortage]
    _list(console, "short", "yellow", short)
    problems = [f"{record.scene_id}: {record.problem}" for record in records if record.problem]
    _report(console, problems, f"manifest: {out / 'manifest.json'}")


@app.command("descriptions")
def descriptions(
    scannet: Annotated[Path, typer.Argument(help="Folder of `r1 prepare scannet`.")],
    out: Annotated[Path, typer.Option(help="scene_caption.json to write.")],
    model: Annotated[str, typer.Option(help="Preset or folder of a trained model.")] = "r1-tiny",
    device: Annotated[str, typer.Option(help="cpu, cuda or auto.")] = "auto",
) -> None:
    """Describe every prepared scan by a model's dense captions, for `r1 synthesize --describe`.

    Run it again after a kill: scans that are described are kept. Scans with problems are listed
    with the reason, and the exit status is 1.
    """
    # Imported late: they load PyTorch, and --help should not.
    from r1_model.errors import R1Error
    from r1_model.reasoner import Reasoner
    from r1_training.common.resumable_lines import ResumeError
    from r1_training.datasets.scannet.prepared import prepared_scenes
    from r1_training.prepare.scene_captions import describe_scans

    console = Console(stderr=True)
    try:
        require_file(out)
        total = len(prepared_scenes(scannet))
        reasoner = Reasoner.from_pretrained(model, device=device)
        with Progress(*_COLUMNS, console=console) as progress:
            task = progress.add_task("descriptions", total=total, note="")
            bad = 0

            def advance(scene_id: str, problem: str) -> None:
                nonlocal bad
                bad += bool(problem)
                progress.update(task, advance=1, note=f"{scene_id}, {bad} with problems")

            problems = describe_scans(scannet, out, reasoner, model, on_scan=advance)
    except (PrepareError, FileFormatError, OutputError, ResumeError, R1Error, OSError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    _report(console, [f"{scene}: {why}" for scene, why in problems.items()], f"descriptions: {out}")


@app.command("meshes")
def meshes(
    sources: Annotated[
        list[Path],
        typer.Argument(
            help="Folders of meshes.npz and meshes.json, of OBJ or GLB files with meshes.csv, or "
            "of Sweet Home 3D libraries (.sh3f)."
        ),
    ],
    out: Annotated[Path, typer.Option(help="The pack to write; CREDITS.md goes beside it.")] = Path(
        "data/meshes.npz"
    ),
    textures: Annotated[
        Path | None, typer.Option(help="Folder of sheets of swatches, GROUP.webp.")
    ] = None,
    triangles: Annotated[int, typer.Option(min=50, help="At most so many a mesh.")] = 2000,
    sheet: Annotated[Path | None, typer.Option(help="Draw all meshes into this picture.")] = None,
    rooms: Annotated[Path | None, typer.Option(help="Draw 24 rooms into this picture.")] = None,
) -> None:
    """Turn public meshes into the pack that training rooms are made from.

    A table by the words of their names says which category they are of; what is left out is
    printed with the reason. Needs the packages trimesh and fast-simplification.
    """
    from r1_training.prepare.mesh_readers import MeshSourceError, read_meshes
    from r1_training.prepare.meshes import make_pack
    from r1_training.synthetic.household.pack import MeshPackError, load_pack

    console = Console(stderr=True)
    try:
        require_file(out)
        raws = (raw for source in sources for raw in read_meshes(source))
        report = make_pack(raws, textures, out, triangles=triangles)
        pack = load_pack(out)
    except (MeshSourceError, MeshPackError, OutputError) as error:
        say_error(error)
        raise typer.Exit(2) from error
    except ModuleNotFoundError as error:
        say_error(f"{error}: pip install trimesh fast-simplification")
        raise typer.Exit(2) from error
    table = Table("category", "meshes", "held out for val and test")
    for category, (count, held) in report.counts().items():
        table.add_row(category, str(count), str(held))
    console.print(table)
    for reason, names in sorted(report.reasons().items()):
        say(console, f"{reason} ({len(names)}): {', '.join(sorted(set(names)))}")
    if sheet is not None:
        from r1_training.synthetic.household.drawing.contact_sheet import contact_sheet

        contact_sheet(pack).save(sheet)
    if rooms is not None:
        from r1_training.synthetic.household.drawing.pictures import rooms_sheet

        rooms_sheet(pack).save(rooms)
    console.print(
        f"{out}: {len(pack.meshes)} meshes of {len(pack.by_category)} categories, "
        f"{len(pack.textures)} textures, {report.bytes / 1e6:.1f} MB"
    )


def _run(
    console: Console, folders: list[Path], out: Path, labels: Path, workers: int, frames: int
) -> list[ScanRecord]:
    resumed = bad = 0
    with Progress(*_COLUMNS, console=console) as progress:
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
        say(console, fine)
        return
    _list(console, "problem", "red", problems)
    raise typer.Exit(1)


def _list(console: Console, label: str, style: str, lines: list[str]) -> None:
    for line in lines[:SHOWN_PROBLEMS]:
        say(console, line, label, style)
    if len(lines) > SHOWN_PROBLEMS:
        console.print(f"... and {len(lines) - SHOWN_PROBLEMS} more")
