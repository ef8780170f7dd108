"""The progress bar of a run: rate, counts, cost."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)
from rich.table import Column

from r1_training.engine.run import Status


class StatusBar:
    """Shows `Status`es; call it with each."""

    def __init__(self, progress: Progress, total: int | None, counts_kept: bool) -> None:
        self._progress = progress
        self._task = progress.add_task("synthesize", total=total, note="")
        self._counts_kept = counts_kept

    def __call__(self, status: Status) -> None:
        """Show how far the run is."""
        done = status.kept if self._counts_kept else status.kept + status.rejected
        rate = 60 * status.ended_now / status.seconds if status.seconds > 0 else 0.0
        note = f"{status.kept} kept {status.rejected} rejected {rate:.0f}/min"
        if status.requests:
            note += (
                f" {status.requests} requests {status.tokens / 1e6:.2f} Mtok ${status.cost_usd:.2f}"
            )
        self._progress.update(self._task, completed=done, note=note)


@contextmanager
def status_bar(console: Console, total: int | None, *, counts_kept: bool) -> Iterator[StatusBar]:
    """A bar while the context lasts. `counts_kept`: progress is kept items, else all ended ones."""
    columns = (
        BarColumn(bar_width=12),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}", table_column=Column(ratio=1)),
    )
    with Progress(*columns, console=console, refresh_per_second=5) as progress:
        yield StatusBar(progress, total, counts_kept)
