"""`r1 prepare scannet`: raw ScanNet scans into the prepared set, in parallel and resumable.

Output folder: six `.npy` files a scan (see `datasets.scannet_prepared`), its frames in
`frames/{scan}/` where asked for, `records/{scan}.json` written last for each scan, and
`manifest.json` over all of them. A scan whose record is there and
whose files have the recorded hashes is not done again, so a killed run continues where it was.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.datasets.scannet.class_labels import LabelTable, read_labels
from r1_training.datasets.scannet.prepared import prepared_arrays
from r1_training.datasets.scannet.scans import read_scan
from r1_training.datasets.scannet.splits import official_split
from r1_training.prepare.frames import even_views, frame_files, write_bytes
from r1_training.prepare.manifest import sha256, write_array, write_json

LABELS_NAME = "scannetv2-labels.combined.tsv"
FORMAT = 1
# How frames are chosen. Scans that an earlier version chose otherwise are done again.
FRAME_CHOICE = 2
_SOURCES = ("_vh_clean_2.ply", ".aggregation.json", "_vh_clean_2.0.010000.segs.json", ".txt")


class PrepareError(ValueError):
    """The run cannot start; the message says why."""


@dataclass(frozen=True)
class ScanRecord:
    """What became of one scan.

    Attributes:
        scene_id: e.g. `scene0011_00`.
        split: ScanNet's official split.
        problem: why it was not prepared; empty where it was.
        points, objects: how many there are.
        frames: frames written.
        frames_asked: frames asked for.
        shortage: why there are fewer; empty where there are not.
        frame_choice: how they were chosen; the first versions did not say.
        sources: sha256 by name of the raw files that were read.
        files: sha256 by name of the files written.
        labels: sha256 of the label table.
    """

    scene_id: str
    split: str
    problem: str = ""
    points: int = 0
    objects: int = 0
    frames: int = 0
    frames_asked: int = 0
    shortage: str = ""
    frame_choice: int = 1
    sources: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    labels: str = ""


def find_scans(root: Path) -> list[Path]:
    """Scan folders `scene*` in `root`, `root/scans` and `root/scans_test`, sorted by name.

    Raises:
        PrepareError: there are none, or two folders hold the same scan.
    """
    folders = [
        path
        for parent in (root, root / "scans", root / "scans_test")
        if parent.is_dir()
        for path in parent.glob("scene*")
        if path.is_dir()
    ]
    if not folders:
        raise PrepareError(f"{root} holds no folders scene*, nor do its scans and scans_test")
    names = [path.name for path in folders]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise PrepareError(f"{twice[0]} is there twice")
    return sorted(folders, key=lambda path: path.name)


def prepare_scannet(
    folders: Sequence[Path],
    output: Path,
    labels: Path,
    *,
    workers: int,
    frames: int = 0,
    on_record: Callable[[ScanRecord, bool], None] = lambda record, resumed: None,
) -> list[ScanRecord]:
    """Prepares every scan; problems become records, they stop nothing.

    Args:
        folders: of `find_scans`.
        output: folder to write to; made if missing.
        labels: ScanNet's label table.
        workers: processes.
        frames: evenly spaced frames to write for each scan; 0 for none.
        on_record: called as each scan is done; the flag says that an earlier run had done it.

    Returns:
        Records in order of the scans' names, also written to `manifest.json`.

    Raises:
        FileFormatError: the label table is broken.
    """
    table, table_hash = read_labels(labels), sha256(labels)
    (output / "records").mkdir(parents=True, exist_ok=True)
    records: dict[str, ScanRecord] = {}
    # Processes are spawned: forking a program with threads (torch, OpenCV) may hang.
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        tasks = [
            pool.submit(_prepare_or_resume, path, output, table, table_hash, frames)
            for path in folders
        ]
        for task in as_completed(tasks):
            record, resumed = task.result()
            records[record.scene_id] = record
            on_record(record, resumed)
    ordered = [records[path.name] for path in folders]
    write_manifest(output, labels, ordered)
    return ordered


def prepare_scan(
    folder: Path, output: Path, labels: LabelTable, labels_hash: str, frames: int
) -> ScanRecord:
    """Reads, checks and writes one scan; a problem is in the record."""
    scene_id = folder.name
    try:
        split = official_split(scene_id)
    except RowError as error:
        return ScanRecord(scene_id, "", problem=str(error))
    if split is None:
        return ScanRecord(scene_id, "", problem="the folder's name is not scene<4 digits>_<2>")
    written: dict[str, str] = {}
    try:
        scan = read_scan(folder, labels)
        # Frames of an earlier run with another number must not stay among the new ones.
        shutil.rmtree(output / "frames" / scene_id, ignore_errors=True)
        if frames:
            views = even_views(folder, frames, scan.T_aligned_scan)
            for name, data in frame_files(views):
                path = output / "frames" / scene_id / name
                write_bytes(path, data)
                written[str(path.relative_to(output))] = sha256(path)
            if not written:
                raise FileFormatError(
                    folder, "has no frames: no .sens file, no folder pose/, or no valid pose"
                )
    except FileFormatError as error:
        return ScanRecord(scene_id, split, problem=str(error))
    for key, array in prepared_arrays(scan).items():
        name = f"{scene_id}_{key}.npy"
        written[name] = write_array(output / name, array)
    count = sum(name.endswith(".jpg") for name in written)
    return ScanRecord(
        scene_id=scene_id,
        split=split,
        points=len(scan.points),
        objects=len(scan.boxes),
        frames=count,
        frames_asked=frames,
        shortage=f"only {count} of {frames} frames have a pose" if count < frames else "",
        frame_choice=FRAME_CHOICE,
        sources={path.name: sha256(path) for path in _sources(folder)},
        files=written,
        labels=labels_hash,
    )


def write_manifest(output: Path, labels: Path, records: Sequence[ScanRecord]) -> None:
    """`manifest.json`: hashes of everything, and the problems."""
    write_json(
        output / "manifest.json",
        {
            "format": FORMAT,
            "labels": {"name": labels.name, "sha256": sha256(labels)},
            "scans": {record.scene_id: asdict(record) for record in records if not record.problem},
            "problems": {record.scene_id: record.problem for record in records if record.problem},
        },
    )


def check_prepared(output: Path) -> list[str]:
    """Compares the files of a prepared folder with its manifest; what differs, in words.

    Raises:
        FileFormatError: no manifest, or a broken one.
    """
    path = output / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        scans: dict[str, Any] = manifest["scans"]
        files = {name: value for scan in scans.values() for name, value in scan["files"].items()}
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise FileFormatError(path, f"not a manifest: {error!r}") from error
    problems = [f"{scene}: {reason}" for scene, reason in manifest.get("problems", {}).items()]
    for name, value in files.items():
        if not (output / name).is_file():
            problems.append(f"{name} is missing")
        elif sha256(output / name) != value:
            problems.append(f"{name} has changed since it was prepared")
    return problems


def _prepare_or_resume(
    folder: Path, output: Path, labels: LabelTable, labels_hash: str, frames: int
) -> tuple[ScanRecord, bool]:
    done = _finished(folder, output)
    if done is not None and (done.labels, done.frames_asked) == (labels_hash, frames):
        as_now = not frames or done.frame_choice == FRAME_CHOICE
        if as_now:
            return done, True
    record = prepare_scan(folder, output, labels, labels_hash, frames)
    if not record.problem:
        write_json(output / "records" / f"{record.scene_id}.json", asdict(record))
    return record, False


def _finished(folder: Path, output: Path) -> ScanRecord | None:
    """The record of an earlier run, if its sources and files are still what it says."""
    path = output / "records" / f"{folder.name}.json"
    if not path.is_file():
        return None
    try:
        record = ScanRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (json.JSONDecodeError, TypeError):
        return None
    expected = {folder / name: value for name, value in record.sources.items()}
    expected |= {output / name: value for name, value in record.files.items()}
    current = all(file.is_file() and sha256(file) == value for file, value in expected.items())
    same_sources = {file.name for file in _sources(folder)} == set(record.sources)
    return record if current and same_sources else None


def _sources(folder: Path) -> list[Path]:
    # Not the .sens file: hashing gigabytes would take longer than preparing the scan.
    paths = [folder / f"{folder.name}{ending}" for ending in _SOURCES]
    return [path for path in paths if path.is_file()]
