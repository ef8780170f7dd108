"""Items from the field's annotation files.

Files are read whole, held-out scenes included: the engine itself refuses these, so that every row
is accounted for among the rejects.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import DatasetError
from r1_training.datasets.nr3d import read_nr3d_csv, read_nr3d_json
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.splits import SPLITS
from r1_training.datasets.scanqa import read_scanqa
from r1_training.datasets.scanrefer import ReferringTask, read_scanrefer
from r1_training.datasets.threedllm import Kind, read_threedllm
from r1_training.engine.descriptions import descriptions_from_annotations, read_scene_captions
from r1_training.engine.errors import InputFileError
from r1_training.engine.items import Item, question_type

# The split only names the samples here; none but "train" leaves scenes out.
_WHOLE_FILE = "val"

Reader = Callable[[Path, RowReport], Iterator[Sample]]


def read_items(kind: str, path: Path, report: RowReport) -> Iterator[Item]:
    """Stream the items of one file; bad rows are skipped and counted in `report`.

    Args:
        kind: one of ITEM_READERS.

    Raises:
        InputFileError: unreadable, not of this kind, or without a single good row.
    """
    before = report.kept
    try:
        for sample in ITEM_READERS[kind](path, report):
            yield item_from_sample(sample)
    except (OSError, UnicodeDecodeError, DatasetError) as error:
        raise InputFileError(f"cannot read {path} as {kind}: {error}") from error
    if report.kept == before:
        problem = f", the first: {report.problems[0]}" if report.problems else ""
        raise InputFileError(f"{path} has no {kind} rows ({report.bad} bad rows{problem})")


def read_descriptions(kind: str, path: Path) -> dict[str, str]:
    """Scene descriptions of one file; bad rows are skipped.

    Args:
        kind: `captions` (scene_caption.json) or one of DESCRIPTION_READERS.

    Raises:
        InputFileError: unreadable, or nothing in it describes a scene.
    """
    if kind == "captions":
        return read_scene_captions(path)
    report = RowReport()
    try:
        texts = descriptions_from_annotations(DESCRIPTION_READERS[kind](path, report))
    except (OSError, UnicodeDecodeError, DatasetError) as error:
        raise InputFileError(f"cannot read {path} as {kind}: {error}") from error
    if not texts:
        raise InputFileError(f"{path} describes no scene ({report.summary()})")
    return texts


def item_from_sample(sample: Sample) -> Item:
    """An item from a dataset's sample."""
    grounding = sample.task == "grounding"
    targets = tuple(dict.fromkeys(sample.object_names))
    return Item(
        scene_id=sample.scene_id,
        question_id=sample.id,
        # A dialogue is asked with its history, in the text of its file.
        question=sample.details["prompt"] if sample.turns else sample.question,
        task=sample.task,
        question_type=sample.task if sample.task != "qa" else question_type(sample.question),
        source=sample.dataset,
        answers=sample.object_names if grounding else sample.answers,
        targets=targets,
    )


def _scanqa(path: Path, report: RowReport) -> Iterator[Sample]:
    return read_scanqa(path, _WHOLE_FILE, on_bad="skip", report=report)


def _scanrefer(task: ReferringTask) -> Reader:
    return lambda path, report: read_scanrefer(
        path, _WHOLE_FILE, task=task, on_bad="skip", report=report
    )


def _nr3d(task: ReferringTask) -> Reader:
    def read(path: Path, report: RowReport) -> Iterator[Sample]:
        if path.suffix.lower() == ".csv":
            return _nr3d_csv(path, task, report)
        return read_nr3d_json(path, _WHOLE_FILE, task=task, on_bad="skip", report=report)

    return read


def _nr3d_csv(path: Path, task: ReferringTask, report: RowReport) -> Iterator[Sample]:
    """One file of all splits, each of which is read by name; its rows are counted once."""
    for split in SPLITS:
        passed = RowReport()
        yield from read_nr3d_csv(path, split, task=task, on_bad="skip", report=passed)
        report.kept += passed.kept
        if split == SPLITS[0]:
            report.rows += passed.rows
            report.bad += passed.bad
            report.problems += passed.problems


def _threedllm(kind: Kind) -> Reader:
    return lambda path, report: read_threedllm(
        path, _WHOLE_FILE, kind, on_bad="skip", report=report
    )


ITEM_READERS: dict[str, Reader] = {
    "scanqa": _scanqa,
    "scanrefer": _scanrefer("grounding"),
    "nr3d": _nr3d("grounding"),
    "3dllm-description": _threedllm("description"),
    "3dllm-dialogue": _threedllm("dialogue"),
    "3dllm-planning": _threedllm("planning"),
}
DESCRIPTION_READERS: dict[str, Reader] = {
    "scanrefer": _scanrefer("object_caption"),
    "nr3d": _nr3d("object_caption"),
    "3dllm": _threedllm("description"),
}
