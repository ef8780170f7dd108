"""Cap3D (Luo et al., NeurIPS 2023): captions of Objaverse objects, a CSV of uid and caption."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.errors import FileFormatError, RowError, SplitError
from r1_training.datasets.rows import OnBad, RowReport, text, to_samples
from r1_training.datasets.text_files import open_text

# What other tools write over the first column; the published file has no header.
_HEADERS = frozenset({"uid", "uids", "id", "object_id", "object", "identifier"})


def read_cap3d(
    path: Path,
    split: str,
    *,
    test_uids: Collection[str],
    on_bad: OnBad = "fatal",
    report: RowReport | None = None,
) -> Iterator[Sample]:
    """One caption of one object a row (`Cap3D_automated_Objaverse_full.csv`, no header).

    `test` yields the objects in `test_uids`, `train` all others; there is no `val`. Rows whose uid
    cannot be read are bad in both.

    Args:
        path: the CSV.
        split: `train` or `test`.
        test_uids: Cap3D's test objects (its `test_uids.pkl` as a text file: `read_uids`).
        on_bad: as in `rows.to_samples`.
        report: as in `rows.to_samples`.

    Raises:
        SplitError: `val`, or no test objects: training data cannot be told from test data then.
    """
    if split not in ("train", "test"):
        raise SplitError(f"Cap3D has the splits train and test, got {split!r}")
    if not test_uids:
        raise SplitError("Cap3D needs the uids of its test objects, or they would be trained on")
    uids = frozenset(test_uids)
    rows = _csv_rows(path)
    if split == "test":
        rows = ((line, row) for line, row in rows if _may_be_in(row, uids))
    return to_samples(
        rows,
        partial(_build, split),
        path=path,
        split=split,
        on_bad=on_bad,
        report=report,
        held_out=uids,
    )


def read_uids(path: Path) -> frozenset[str]:
    """Uids from a text file, one a line.

    Raises:
        FileFormatError: cannot be opened, or names no object.
    """
    with open_text(path) as file:
        try:
            uids = frozenset(file.read().split())
        except UnicodeDecodeError as error:
            raise FileFormatError(path, f"not UTF-8: {error}") from error
    if not uids:
        raise FileFormatError(path, "names no object")
    return uids


def _csv_rows(path: Path) -> Iterator[tuple[int, Any]]:
    with open_text(path, newline="") as file:
        reader = csv.reader(file, strict=True)
        try:
            for row in reader:
                if len(row) == 2 and row[0].strip().lower() in _HEADERS:
                    yield reader.line_num, RowError(f"a header, not an object: {', '.join(row)}")
                elif len(row) == 2:
                    yield reader.line_num, {"uid": row[0], "caption": row[1]}
                elif row:
                    yield reader.line_num, RowError(f"2 columns expected, got {len(row)}")
        except UnicodeDecodeError as error:
            raise FileFormatError(path, f"not UTF-8: {error}") from error
        except csv.Error as error:
            raise FileFormatError(path, str(error), reader.line_num + 1) from error


def _may_be_in(row: Any, uids: Collection[str]) -> bool:
    # A row without a readable uid may be anybody's: it goes on and is reported as bad.
    return not isinstance(row, Mapping) or not row["uid"].strip() or row["uid"] in uids


def _build(split: str, _: int, row: Mapping[str, Any]) -> Sample:
    uid = text(row, "uid")
    return Sample(
        dataset="cap3d",
        split=split,
        scene_id=uid,
        id=uid,
        task="object_caption",
        question="Describe this object.",
        answers=(text(row, "caption"),),
    )
