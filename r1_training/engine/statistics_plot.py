"""A picture of a Scene-30K file's statistics, like the paper's Figure 2."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from r1_training.engine.statistics import Statistics, mean, quantile

_TASK_COLORS = {
    "qa": "tab:blue",
    "grounding": "tab:orange",
    "planning": "tab:green",
    "dialogue": "tab:red",
    "object_caption": "tab:purple",
    "reasoning": "tab:brown",
    "dense_caption": "tab:pink",
}
_OTHER_COLOR = "tab:gray"
_LENGTH_COLOR = "slategray"
_COLUMN_ROWS = 30  # question types in one of the two columns


def plot_statistics(statistics: Statistics, path: Path, title: str = "Scene-30K") -> None:
    """Draw tasks, question types (coloured by task) and lengths into a PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(15, 11), layout="constrained")
    FigureCanvasAgg(figure)
    languages = ", ".join(
        f"{count:,} {name}" for name, count in statistics.languages.most_common() if name
    )
    figure.suptitle(
        f"{title}: {statistics.items:,} items in {len(statistics.scenes):,} scenes"
        + (f" ({languages})" if languages else ""),
        fontsize=15,
    )
    grid = figure.add_gridspec(2, 1, height_ratios=(3, 2))
    top, bottom = grid[0].subgridspec(1, 3), grid[1].subgridspec(1, 3)
    tasks = [(name, name, count) for name, count in statistics.tasks.most_common()]
    _bars(figure.add_subplot(top[0, 0]), tasks, "items by task")
    types = [(task, name, count) for (task, name), count in statistics.question_types.most_common()]
    shown, rest = types[: 2 * _COLUMN_ROWS], types[2 * _COLUMN_ROWS :]
    heading = "items by question type, coloured by task"
    if len(shown) > _COLUMN_ROWS:
        largest = shown[0][2]
        first, second = shown[:_COLUMN_ROWS], shown[_COLUMN_ROWS:]
        _bars(figure.add_subplot(top[0, 1]), first, heading, largest)
        missing = sum(count for _, _, count in rest)
        more = f"; {len(rest)} rarer types: {missing:,} items" if rest else ""
        _bars(figure.add_subplot(top[0, 2]), second, f"continued{more}", largest)
    else:
        _bars(figure.add_subplot(top[0, 1:]), shown, heading)
    for column, (part, counts) in enumerate(statistics.lengths.items()):
        _histogram(figure.add_subplot(bottom[0, column]), part, counts)
    figure.savefig(path, dpi=110)


def _bars(
    axes: Any, rows: Sequence[tuple[str, str, int]], title: str, largest: int | None = None
) -> None:
    """A horizontal bar for each (task, name, items), in the task's colour."""
    bars = axes.barh(
        range(len(rows)),
        [count for _, _, count in rows],
        color=[_TASK_COLORS.get(task, _OTHER_COLOR) for task, _, _ in rows],
    )
    axes.bar_label(bars, fmt="{:,.0f}", fontsize=9, padding=2)
    names = [name.replace("_", " ") or "(not said)" for _, name, _ in rows]
    axes.set_yticks(range(len(rows)), names, fontsize=9)
    axes.invert_yaxis()
    longest = largest or max((count for _, _, count in rows), default=1)
    axes.set_xlim(0, 1.2 * longest)
    axes.locator_params(axis="x", nbins=4)
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.set_title(title, fontsize=12)


def _histogram(axes: Any, part: str, counts: Mapping[int, int]) -> None:
    axes.set_title(
        f"{part}: mean {mean(counts):.1f}, median {quantile(counts, 0.5)} words", fontsize=12
    )
    axes.set_ylabel("items")
    axes.yaxis.set_major_formatter("{x:,.0f}")
    if not counts:
        return
    # The longest percent would squeeze everything else to the left: it goes into the last bin.
    top = max(quantile(counts, 0.99), 1)
    step = -(-(top + 1) // 40)
    axes.hist(
        [min(length, top) for length in counts],
        bins=range(0, top + 1 + step, step),
        weights=list(counts.values()),
        color=_LENGTH_COLOR,
    )
    axes.set_xlabel(f"words (a CJK character or a box is one); last bar: {top} to {max(counts)}")
