"""A finished Scene-30K as a data set for others: rows, card, figure, licence, provenance, hashes.

Scene-30K.jsonl      {"scene_id", "question", "cot"}: the schema of the published file
provenance.jsonl     of each row, in the same order: item, source, task, teacher, filters, ...
scene_caption.json   what the teacher was told of the scenes
README.md            the card, with what `datasets.load_dataset(FOLDER)` needs
statistics.json, .png, LICENSE, SHA256SUMS
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from r1_training.common.whole_files import written_whole
from r1_training.datasets.errors import RowError
from r1_training.datasets.json_stream import iterate_lines
from r1_training.datasets.scannet.splits import may_train_on
from r1_training.engine.errors import EngineError
from r1_training.engine.journal.outputs import CAPTIONS_NAME, KEPT_NAME, REPORT_NAME
from r1_training.engine.statistics import Statistics, read_statistics
from r1_training.engine.statistics_plot import plot_statistics

ROWS_NAME, PROVENANCE_NAME, SUMS_NAME = KEPT_NAME, "provenance.jsonl", "SHA256SUMS"
PUBLISHED = ("scene_id", "question", "cot")
FINISHED = ("complete", "kept enough")
SYNTHETIC = "synthetic"
SYNTHETIC_LICENCE = "cc0-1.0"
# Whose terms hold for rows that were made of their questions.
SOURCE_TERMS = {
    "scanqa": "ScanQA (github.com/ATR-DBI/ScanQA) and ScanNet (scan-net.org)",
    "scanrefer": "ScanRefer (github.com/daveredrum/ScanRefer) and ScanNet (scan-net.org)",
    "nr3d": "ReferIt3D (referit3d.github.io) and ScanNet (scan-net.org)",
    "3dllm_description": "3D-LLM (vis-www.cs.umass.edu/3dllm) and ScanNet (scan-net.org)",
    "3dllm_dialogue": "3D-LLM (vis-www.cs.umass.edu/3dllm) and ScanNet (scan-net.org)",
    "3dllm_planning": "3D-LLM (vis-www.cs.umass.edu/3dllm) and ScanNet (scan-net.org)",
}


class ReleaseError(EngineError):
    """What was made cannot be released; the message says why."""


@dataclass(frozen=True)
class Released:
    """What a release holds.

    Attributes:
        folder: where it is.
        rows, scenes: how many.
        sources: rows by source.
        licence: its identifier.
    """

    folder: Path
    rows: int
    scenes: int
    sources: Mapping[str, int]
    licence: str


def release(
    run: Path, folder: Path, *, title: str = "Scene-30K", licence: str | None = None
) -> Released:
    """Write a finished run as a data set and load it back.

    Args:
        run: output folder of `r1 synthesize`.
        folder: to write; it takes its place whole.
        title: of the card.
        licence: identifier as Hugging Face has them; None: CC0 where all is synthetic. A release
            with rows of other sources needs one, which their terms must allow.

    Raises:
        ReleaseError: the run is not finished, holds a row that must not be trained on, needs a
            licence, or does not come back as it was written.
        InputFileError: a file of the run is broken.
    """
    _require_finished(run)
    rows = list(_rows(run / KEPT_NAME))
    if not rows:
        raise ReleaseError(f"{run / KEPT_NAME} holds no row")
    statistics = read_statistics(run / KEPT_NAME)
    sources = Counter(str(row.get("source", "unknown")) for row in rows)
    if licence is None:
        others = sorted(set(sources) - {SYNTHETIC})
        if others:
            raise ReleaseError(
                f"rows of {', '.join(others)} stand under their authors' terms: say --licence"
            )
        licence = SYNTHETIC_LICENCE
    made = Released(folder, len(rows), len(statistics.scenes), dict(sources), licence)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(folder) as part:
        part.mkdir()
        _lines(part / ROWS_NAME, ({key: row[key] for key in PUBLISHED} for row in rows))
        _lines(part / PROVENANCE_NAME, map(_provenance, rows))
        (part / CAPTIONS_NAME).write_bytes((run / CAPTIONS_NAME).read_bytes())
        counted = json.dumps(statistics.as_json(), indent=1, ensure_ascii=False)
        (part / "statistics.json").write_text(counted + "\n", encoding="utf-8")
        plot_statistics(statistics, part / "statistics.png", title)
        (part / "LICENSE").write_text(_licence_text(made), encoding="utf-8")
        (part / "README.md").write_text(_card(made, statistics, rows, title), encoding="utf-8")
        _check_loads(part, rows)
        names = sorted(path.name for path in part.iterdir())
        sums = (f"{hashlib.sha256((part / n).read_bytes()).hexdigest()}  {n}\n" for n in names)
        (part / SUMS_NAME).write_text("".join(sums), encoding="utf-8")
    return made


def _require_finished(run: Path) -> None:
    path = run / REPORT_NAME
    try:
        outcome = json.loads(path.read_text(encoding="utf-8"))["outcome"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ReleaseError(f"{path} is no report of a run: {error}") from error
    if outcome not in FINISHED:
        raise ReleaseError(f"the run is not finished ({outcome}): run `r1 synthesize` again first")


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    for line, row in iterate_lines(path):
        where = f"{path}:{line}"
        if isinstance(row, RowError) or not isinstance(row, dict):
            raise ReleaseError(f"{where}: {row if isinstance(row, RowError) else 'no object'}")
        missing = [key for key in PUBLISHED if not isinstance(row.get(key), str)]
        if missing:
            raise ReleaseError(f"{where}: `{missing[0]}` must be text")
        try:
            allowed = may_train_on(row["scene_id"])
        except RowError as error:
            raise ReleaseError(f"{where}: {error}") from error
        if not allowed:
            raise ReleaseError(
                f"{where}: {row['scene_id']} is a validation or test scene and must not be released"
            )
        yield row


def _provenance(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key not in ("question", "cot")}


def _lines(path: Path, rows: Any) -> None:
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="\n") as file:
        file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def _check_loads(folder: Path, rows: list[dict[str, Any]]) -> None:
    """Loads the folder as others will, and compares every row."""
    # Imported late: it takes seconds, and no other part of the engine needs it.
    from datasets import load_dataset

    with TemporaryDirectory() as cache:
        loaded = load_dataset(str(folder), split="train", cache_dir=cache)
        if sorted(loaded.column_names) != sorted(PUBLISHED) or len(loaded) != len(rows):
            raise ReleaseError(
                f"loaded back, it has {len(loaded)} rows of {loaded.column_names}, "
                f"not {len(rows)} of {list(PUBLISHED)}"
            )
        for number, (there, here) in enumerate(zip(loaded, rows, strict=True)):
            if any(there[key] != here[key] for key in PUBLISHED):
                raise ReleaseError(f"loaded back, row {number} is another: {there!r:.120}")


def _licence_text(made: Released) -> str:
    lines = [f"Licence of this data set: {made.licence}", ""]
    for source, count in made.sources.items():
        terms = (
            "synthetic rooms of r1_ros (Apache-2.0), whose output is given away under CC0 1.0"
            if source == SYNTHETIC
            else f"the terms of {SOURCE_TERMS.get(source, source)}"
        )
        lines.append(f"{count} rows made of {source}: {terms}.")
    return "\n".join([*lines, ""])


def _card(made: Released, statistics: Statistics, rows: list[dict[str, Any]], title: str) -> str:
    """The card: front matter that the hub and `datasets` read, then words."""
    languages = [name for name in statistics.languages if name] or ["en"]
    codes = sorted({name.partition("-")[0] for name in languages})
    teachers = Counter(str(row.get("teacher", "unknown")) for row in rows)
    counted = statistics.as_json()
    words = counted["words"]
    size = next((name for least, name in _SIZES if made.rows >= least), "n<1K")
    front = [
        "---",
        f"license: {made.licence}",
        "language:",
        *(f"- {code}" for code in codes),
        "task_categories:",
        "- question-answering",
        "- visual-question-answering",
        f"pretty_name: {title}",
        "size_categories:",
        f"- {size}",
        "configs:",
        "- config_name: default",
        "  data_files:",
        "  - split: train",
        f"    path: {ROWS_NAME}",
        "---",
    ]
    body = [
        f"# {title}",
        "",
        f"{made.rows:,} questions about {made.scenes:,} indoor scenes with chains of thought, "
        "`<think>..</think><answer>..</answer>`, after 3D-R1 (arXiv 2507.23478).",
        "",
        "```python",
        "from datasets import load_dataset",
        'rows = load_dataset("PATH OR HUB ID", split="train")',
        "```",
        "",
        "| field | meaning |",
        "|---|---|",
        "| `scene_id` | the scan or synthetic room |",
        "| `question` | what is asked; boxes are `<obj>cx, cy, cz, w, h, l</obj>`, 0 to 255 over "
        "the scene's bounds; earlier turns of a dialogue stand before it |",
        "| `cot` | thought and answer |",
        "",
        f"`{PROVENANCE_NAME}` says of each row, in the same order, where it comes from. "
        f"`{CAPTIONS_NAME}` has the scene descriptions that the teacher was given.",
        "",
        "| task | rows |",
        "|---|---|",
        *(f"| {task or 'not said'} | {count:,} |" for task, count in counted["tasks"].items()),
        "",
        "| part | words, mean | median |",
        "|---|---|---|",
        *(f"| {part} | {of['mean']} | {of['median']} |" for part, of in words.items()),
        "",
        "![statistics](statistics.png)",
        "",
        "## Provenance",
        "",
        "| source | rows |",
        "|---|---|",
        *(f"| {source} | {count:,} |" for source, count in made.sources.items()),
        "",
        "| teacher | rows |",
        "|---|---|",
        *(f"| {teacher} | {count:,} |" for teacher, count in teachers.most_common()),
        "",
        "Made by `r1 synthesize` (r1_ros) with its filters on format, length, steps, target and "
        "consistency. No scan of a space on ScanNet's validation or test list is in it.",
        "",
        "## Licence",
        "",
        _licence_text(made),
    ]
    return "\n".join([*front, "", *body])


_SIZES = ((100_000, "100K<n<1M"), (10_000, "10K<n<100K"), (1_000, "1K<n<10K"))
