"""What is kept of each stage in an output folder: its figures, its answers, and a table of all.

Several processes may run stages of one folder, so whoever reads and writes holds its lock.
"""

from __future__ import annotations

import fcntl
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from r1_training.common.whole_files import written_whole
from r1_training.reproduce.comparison import Figure, Row, summary
from r1_training.reproduce.config import FIRST

RESULTS, TABLE, ANSWERS = "results.json", "results.md", "answers"
COLUMNS = {
    "mean": "mean of three",
    "qa/correct": "QA EM",
    "grounding/acc50": "grounding Acc@0.5",
    "planning/valid": "plans valid",
    "format": "format",
}


@contextmanager
def locked(output: Path) -> Iterator[None]:
    """Alone with what all stages of a folder share; others wait."""
    output.mkdir(parents=True, exist_ok=True)
    with (output / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield  # closing the file gives the lock back


def read_results(output: Path) -> dict[str, dict]:
    """What is known of each stage, in the order in which they came."""
    path = output / RESULTS
    return json.loads(path.read_text()) if path.is_file() else {}


def read_answers(output: Path, name: str) -> list[Row]:
    """What is kept of each answer of a stage."""
    return json.loads((output / ANSWERS / f"{name}.json").read_text())


def is_done(output: Path, name: str) -> bool:
    """Whether a stage has its figures."""
    found = read_results(output).get(name, {})
    return bool(found.get("figures")) and (output / ANSWERS / f"{name}.json").is_file()


def note_training(output: Path, name: str, **values: float) -> None:
    """Keep `steps`, `rate` and the times of a stage."""
    with locked(output):
        _update(output, name, **values)


def note_answers(
    output: Path,
    name: str,
    rows: Sequence[Row],
    against: str | None = FIRST,
    **more: float,
) -> None:
    """Keep what an evaluation found.

    Args:
        output: folder of the stages.
        name: of the stage.
        rows: of its answers.
        against: the stage that it is compared with, where that was asked the same.
        more: other figures.
    """
    with locked(output):
        (output / ANSWERS).mkdir(exist_ok=True)
        with written_whole(output / ANSWERS / f"{name}.json") as part:
            part.write_text(json.dumps(rows))
        figures: dict[str, object] = {"figures": _plain(summary(rows))}
        if against not in (None, name) and is_done(output, str(against)):
            before = read_answers(output, str(against))
            figures["change"] = _plain(summary(rows, before))
        _update(output, name, **figures, **more)


def write_table(output: Path) -> Path:
    """The results so far: a row a stage, and how far each is from `FIRST` on the same questions."""
    with locked(output):
        results, names = read_results(output), list(COLUMNS)
        lines = [
            f"| stage | {' | '.join(COLUMNS.values())} | steps | rate | seconds |",
            "|---" * (len(COLUMNS) + 4) + "|",
        ]
        for name, found in results.items():
            cells = [_cell(found["figures"].get(column)) for column in names]
            tail = [f"{found['steps']}", f"{found['rate']:g}", f"{found['seconds']:.0f}"]
            lines.append(f"| {name} | {' | '.join(cells + tail)} |")
            if "change" in found:
                cells = [_cell(found["change"].get(column), "+") for column in names]
                lines.append(f"| {name} - {FIRST} | {' | '.join(cells)} | | | |")
        with written_whole(output / TABLE) as part:
            part.write_text("\n".join(lines) + "\n")
    return output / TABLE


def _update(output: Path, name: str, **values: object) -> None:
    results = read_results(output)
    old = results.get(name, {"seconds": 0.0, "steps": 0, "rate": 0.0, "figures": {}})
    results[name] = {**old, **values}
    with written_whole(output / RESULTS) as part:
        part.write_text(json.dumps(results, indent=1) + "\n")


def _plain(figures: Mapping[str, Figure]) -> dict[str, dict]:
    return {name: asdict(figure) for name, figure in figures.items()}


def _cell(figure: Mapping[str, float] | None, sign: str = "") -> str:
    if figure is None:
        return "-"
    return f"{figure['mean']:{sign}.3f} ± {figure['error']:.3f}"
