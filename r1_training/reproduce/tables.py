"""Tables of a reproduction, over its seeds, each beside what the paper has there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from r1_training.prediction.paper_tables import TABLES as PAPER
from r1_training.reproduce.comparison import Figure, Row, summary
from r1_training.reproduce.config import FIRST, ReproduceConfig
from r1_training.reproduce.results import COLUMNS, is_done, read_answers, read_results

CLEAR = 2.0  # standard errors that tell a difference from noise
CONTROLS = ("control", "control-slow")
ALL, VERIFIED = "all-rewards", "verified"


@dataclass(frozen=True)
class Layout:
    """What stands in a table.

    Attributes:
        title: of the table.
        stages: its rows: name of a stage -> as it is called here.
        columns: name of a figure -> as it is called here.
        against: stage that the others are compared with.
        paper: number of the paper's table; None: the paper has none.
    """

    title: str
    stages: Mapping[str, str]
    columns: Mapping[str, str]
    against: str
    paper: int | None = None


LAYOUTS = (
    Layout(
        "SFT, as much time of more SFT (the control), and GRPO",
        {
            FIRST: "SFT",
            **{name: f"SFT, then {name}" for name in CONTROLS},
            ALL: "SFT, then GRPO",
            VERIFIED: "SFT, then GRPO, right or wrong told (not the paper's)",
        },
        COLUMNS,
        FIRST,
    ),
    Layout(
        "Table 7: rewards",
        {
            FIRST: "SFT",
            "format": "+ format",
            "perception": "+ perception",
            "semantic": "+ semantic",
            "plan": "+ plan (not the paper's)",
            ALL: "+ all",
            VERIFIED: "+ all, right or wrong told (not the paper's)",
        },
        COLUMNS,
        FIRST,
        7,
    ),
    Layout(
        "Losses",
        {"grpo": "GRPO", ALL: "DAPO", "dr-grpo": "Dr.GRPO", "gspo": "GSPO"},
        COLUMNS,
        FIRST,
    ),
    Layout(
        "Table 8: views, on questions about prints in rooms of meshes",
        {
            "views-selected": "selected 6",
            "views-all": "all",
            "views-horizontal": "horizontal 6",
            "views-even": "even 6",
            "views-coverage": "coverage 6",
        },
        {"correct": "right"},
        "views-even",
        8,
    ),
    Layout(
        "Table 10: what one model is shown",
        {
            "shows-text": "text",
            "shows-views": "+ views",
            "shows-depth": "+ depth",
            "shows-points": "+ points",
        },
        COLUMNS,
        "shows-text",
        10,
    ),
)


@dataclass(frozen=True)
class Line:
    """A row of a table.

    Attributes:
        stage, name: which stage, and as it is called.
        seeds: that it was run with.
        figures: name -> over the seeds; the error is of the seeds where there are several, else of
            the rooms.
        change: the same, of the differences to the stage that the table compares with.
        milliseconds: an answer took, evaluated many at a time.
    """

    stage: str
    name: str
    seeds: tuple[int, ...]
    figures: dict[str, Figure]
    change: dict[str, Figure]
    milliseconds: float


def lines_of(config: ReproduceConfig, layout: Layout) -> list[Line]:
    """The rows of a table for which there are results."""
    found = []
    for stage, name in layout.stages.items():
        outputs = {seed: Path(config.at(seed).output) for seed in config.all_seeds}
        outputs = {seed: output for seed, output in outputs.items() if is_done(output, stage)}
        if not outputs:
            continue
        rows = {seed: read_answers(output, stage) for seed, output in outputs.items()}
        before = {
            seed: read_answers(output, layout.against)
            for seed, output in outputs.items()
            if stage != layout.against and is_done(output, layout.against)
        }
        took = [
            read_results(output)[stage]["evaluation_seconds"] / len(rows[seed])
            for seed, output in outputs.items()
        ]
        found.append(
            Line(
                stage,
                name,
                tuple(outputs),
                over_seeds([summary(own) for own in rows.values()]),
                over_seeds([summary(rows[seed], own) for seed, own in before.items()]),
                1000 * float(np.mean(took)),
            )
        )
    return found


def over_seeds(each: Sequence[Mapping[str, Figure]]) -> dict[str, Figure]:
    """Means over seeds, with the standard errors of these means."""
    if len(each) < 2:
        return dict(each[0]) if each else {}
    found = {}
    for name in each[0]:
        own = [figures[name] for figures in each if name in figures]
        means = [figure.mean for figure in own]
        error = float(np.std(means, ddof=1) / np.sqrt(len(means))) if len(means) > 1 else np.nan
        count = sum(figure.count for figure in own)
        found[name] = Figure(float(np.mean(means)), error, count)
    return found


def best_control(config: ReproduceConfig, stage: str = ALL) -> dict[str, Figure]:
    """A stage of GRPO against the better of the controls, over the seeds that have both."""
    best: dict[str, Figure] = {}
    outputs = [Path(config.at(seed).output) for seed in config.all_seeds]
    scored: dict[str, tuple[float, list[tuple[list[Row], list[Row]]]]] = {}
    for name in CONTROLS:
        pairs = [
            (read_answers(output, stage), read_answers(output, name))
            for output in outputs
            if is_done(output, name) and is_done(output, stage)
        ]
        own = over_seeds([summary(control) for _, control in pairs])
        if "mean" in own:
            scored[name] = own["mean"].mean, pairs
    if scored:
        _, pairs = max(scored.values(), key=lambda one: one[0])
        best = over_seeds([summary(rows, control) for rows, control in pairs])
    return best


def table_text(layout: Layout, lines: Sequence[Line]) -> str:
    """A table in Markdown; `*` marks what has one seed."""
    timed = layout.paper == 8
    head = ["", *layout.columns.values(), "against", *(["ms an answer"] if timed else []), "seeds"]
    text = [f"### {layout.title}", "", "| " + " | ".join(head) + " |", "|---" * len(head) + "|"]
    for line in lines:
        mark = "" if len(line.seeds) > 1 else " *"
        cells = [f"{line.name}{mark}"]
        cells += [_cell(line.figures.get(name)) for name in layout.columns]
        cells.append(verdict(line.change.get(next(iter(layout.columns)))))
        cells += [f"{line.milliseconds:.1f}"] if timed else []
        text.append("| " + " | ".join([*cells, f"{len(line.seeds)}"]) + " |")
    left = [name for stage, name in layout.stages.items() if stage not in [x.stage for x in lines]]
    compared = layout.stages.get(layout.against, "SFT")
    text += ["", f"`against`: first column, the same questions, minus {compared}."]
    if left:
        text.append(f"Not run: {', '.join(left)}.")
    if layout.paper is not None:
        text += ["", *_paper(layout.paper)]
    return "\n".join(text) + "\n"


def verdict(change: Figure | None) -> str:
    """A difference in words and numbers."""
    if change is None:
        return "-"
    clear = abs(change.mean) > CLEAR * change.error
    word = ("higher" if change.mean > 0 else "lower") if clear else "within noise"
    return f"{change.mean:+.3f} ± {change.error:.3f}, {word}"


def _paper(number: int) -> list[str]:
    """The paper's own figures, on its data."""
    table = PAPER[number]
    names = [column.name for column in table.columns]
    text = [f"| the paper | {' | '.join(names)} |", "|---" * (len(names) + 1) + "|"]
    for name, values in table.paper.items():
        cells = ["-" if value != value else f"{value:.2f}" for value in values]
        text.append(f"| {name.removesuffix(' (paper)')} | {' | '.join(cells)} |")
    return text


def _cell(figure: Figure | None) -> str:
    return "-" if figure is None else f"{figure.mean:.3f} ± {figure.error:.3f}"
