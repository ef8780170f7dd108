"""`r1 synthesize`: make a Scene-30K from annotation files or synthetic rooms."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from r1_training.common.messages import say
from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.datasets.rows import RowReport
from r1_training.datasets.scannet.splits import hold_out as hold_out_keys
from r1_training.datasets.scannet.splits import may_train_on, read_hold_out
from r1_training.engine.config import TEACHERS, EngineConfig, load_config
from r1_training.engine.descriptions import first_of
from r1_training.engine.errors import EngineConfigError, EngineError
from r1_training.engine.filters import PRESETS
from r1_training.engine.items import Item
from r1_training.engine.journal.journal import wait_until_free
from r1_training.engine.journal.outputs import KEPT_NAME, Report
from r1_training.engine.journal.server_log import read_server_log
from r1_training.engine.kill_guard import EXIT_INTERRUPTED, EXIT_KILLED, run_guarded, stop_on_signal
from r1_training.engine.progress import status_bar
from r1_training.engine.release import release as write_release
from r1_training.engine.run import JOURNAL_NAME
from r1_training.engine.run import synthesize as run_engine
from r1_training.engine.sources import (
    DESCRIPTION_READERS,
    ITEM_READERS,
    read_descriptions,
    read_items,
)
from r1_training.engine.statistics import read_statistics
from r1_training.engine.statistics_plot import plot_statistics
from r1_training.engine.teachers.rule_teacher import RuleTeacher
from r1_training.engine.teachers.teacher import Teacher

EXIT_ERROR, EXIT_BUDGET = 1, 3
_EXIT = {"budget reached": EXIT_BUDGET, "interrupted": EXIT_INTERRUPTED}


def synthesize(
    out: Annotated[Path, typer.Argument(help="Output folder; run again to resume.")],
    items: Annotated[
        list[str],
        typer.Option(help=f"KIND=FILE, KIND one of {', '.join(ITEM_READERS)}; repeatable."),
    ] = [],  # noqa: B006 (typer reads the default, it is never changed)
    rooms: Annotated[int, typer.Option(min=0, help="Take items from so many synthetic rooms.")] = 0,
    first_seed: Annotated[int, typer.Option(min=0, help="Seed of the first room.")] = 0,
    describe: Annotated[
        list[str],
        typer.Option(
            help="KIND=FILE with scene descriptions, KIND one of captions (scene_caption.json), "
            f"{', '.join(DESCRIPTION_READERS)}; repeatable, the first that knows a scene wins."
        ),
    ] = [],  # noqa: B006
    config: Annotated[
        Path | None, typer.Option(help="YAML as in config/engine; what it leaves out is default.")
    ] = None,
    teacher: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(TEACHERS)}; overrides the file.")
    ] = None,
    filters: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(PRESETS)}; overrides the file.")
    ] = None,
    endpoint: Annotated[str | None, typer.Option(help="REST endpoint of the teacher.")] = None,
    budget: Annotated[float | None, typer.Option(help="US dollars; the run stops there.")] = None,
    concurrency: Annotated[int | None, typer.Option(help="Requests at the same time.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="Take so many items at most.")] = None,
    keep: Annotated[int | None, typer.Option(min=1, help="Stop at so many kept items.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the rule teacher.")] = None,
    allow_held_out: Annotated[
        bool, typer.Option("--allow-held-out", help="Take validation and test scenes as well.")
    ] = False,
    hold_out: Annotated[
        Path | None,
        typer.Option(help="Scene ids, one a line, to refuse beside the official lists."),
    ] = None,
    ask_again: Annotated[
        bool,
        typer.Option(
            "--ask-again",
            help="Ask again for items without a readable answer: errors, and requests that were in "
            "flight when a run was killed. The latter may be paid for twice.",
        ),
    ] = False,
    server_log: Annotated[
        Path | None,
        typer.Option(
            help="The server's log of the requests so far, JSON lines with id, input_tokens and "
            "output_tokens: settles what requests without a readable answer cost."
        ),
    ] = None,
    release: Annotated[
        Path | None,
        typer.Option(
            help="When the run is finished, write it here as a data set for others: the published "
            "schema, card, statistics, licence, provenance, hashes."
        ),
    ] = None,
    licence: Annotated[
        str | None,
        typer.Option(help="Of the release, e.g. cc-by-nc-sa-4.0; CC0 where all is synthetic."),
    ] = None,
) -> None:
    """Turn questions into chains of thought: describe, ask the teacher, filter, write JSONL.

    The key of the Gemini API is read from the environment variable GOOGLE_API_KEY. Ctrl-C stops
    after the requests in flight, a second Ctrl-C at once; either way, and after kill -9, the same
    command resumes.
    """
    try:
        settings = _settings(config, teacher, filters, endpoint, seed, budget, concurrency)
        rows = RowReport()
        stream = islice(_items(items, rooms, first_seed, rows), limit)
        kinds = ("captions", *DESCRIPTION_READERS)
        tables = [read_descriptions(*_kind_and_path(text, kinds)) for text in describe]
        billed = read_server_log(server_log) if server_log else None
        refused = read_hold_out(hold_out) if hold_out else frozenset()
        writer = _teacher(settings)
        total = keep or _total(items, rooms, limit)
    except (EngineError, FileFormatError, OSError) as error:
        typer.secho(f"error: {error}", err=True, fg="red")
        raise typer.Exit(EXIT_ERROR) from error

    def work(stop: threading.Event) -> int:
        console = Console(stderr=True)
        try:
            _wait_for_killed_run(out, settings, stop)
            with status_bar(console, total, counts_kept=keep is not None) as bar:
                report = run_engine(
                    stream,
                    first_of(tables),
                    writer,
                    settings,
                    out,
                    is_held_out=partial(_is_held_out, refused, not allow_held_out),
                    ask_again=ask_again,
                    server_log=billed,
                    keep=keep,
                    stop=stop,
                    on_status=bar,
                )
            _show(console, report, rows, out)
            statistics = read_statistics(out / KEPT_NAME)
            (out / "statistics.json").write_text(json.dumps(statistics.as_json(), indent=1) + "\n")
            plot_statistics(statistics, out / "statistics.png")
            if release is not None and not _EXIT.get(report.outcome, 0):
                made = write_release(out, release, licence=licence)
                say(console, f"{made.folder}: {made.rows:,} rows, {made.licence}")
        except (EngineError, OSError) as error:
            typer.secho(f"error: {error}", err=True, fg="red")
            return EXIT_ERROR
        return _EXIT.get(report.outcome, 0)

    if writer.billed:
        code = run_guarded(work)
        if code == EXIT_KILLED:
            typer.secho("the engine was killed; the same command resumes", err=True, fg="red")
        raise typer.Exit(code)
    with stop_on_signal() as stop:
        raise typer.Exit(work(stop))


def _wait_for_killed_run(out: Path, settings: EngineConfig, stop: threading.Event) -> None:
    journal = out / JOURNAL_NAME
    if not wait_until_free(journal, 0.0, stop):
        seconds = settings.teacher.timeout_seconds + 10
        typer.echo(
            f"{journal} is still open: a killed run waits for its last answers "
            f"(up to {seconds:.0f} s)",
            err=True,
        )
        wait_until_free(journal, seconds, stop)  # where it stays open, opening it says so


def _settings(
    path: Path | None,
    teacher: str | None,
    filters: str | None,
    endpoint: str | None,
    seed: int | None,
    budget: float | None,
    concurrency: int | None,
) -> EngineConfig:
    """The file's settings with those of the command line on top."""
    settings = load_config(path) if path else EngineConfig()
    if filters is not None and filters not in PRESETS:
        raise EngineConfigError(f"--filters is {filters!r}, expected one of {list(PRESETS)}")
    changed_teacher = {"kind": teacher, "endpoint": endpoint, "seed": seed}
    changed_limits = {"budget_usd": budget, "concurrency": concurrency}
    return EngineConfig(
        teacher=replace(settings.teacher, **_given(changed_teacher)),
        filters=PRESETS[filters] if filters else settings.filters,
        limits=replace(settings.limits, **_given(changed_limits)),
    )


def _given(values: Mapping[str, object]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _teacher(settings: EngineConfig) -> Teacher:
    if settings.teacher.kind == "rules":
        return RuleTeacher(settings.teacher.seed)
    # Importing the client takes two seconds, which only those who need it should wait.
    from r1_training.engine.teachers.gemini import GeminiTeacher

    return GeminiTeacher(settings)


def _items(sources: Sequence[str], rooms: int, first_seed: int, rows: RowReport) -> Iterator[Item]:
    """All items, files first. Checks the sources before the first item is read."""
    if not sources and not rooms:
        raise EngineConfigError("no items: give --items KIND=FILE or --rooms N")
    files = [_kind_and_path(text, tuple(ITEM_READERS)) for text in sources]
    streams = [read_items(kind, path, rows) for kind, path in files]
    if not rooms:
        return chain(*streams)
    from r1_training.engine.room_items import room_items  # brings the whole room maker along

    return chain(*streams, room_items(rooms, first_seed))


def _total(sources: Sequence[str], rooms: int, limit: int | None) -> int | None:
    """How many items there will be, None where nobody can say.

    Reads all files: what is unreadable in them is said before anything is paid for.
    """
    count = sum(1 for _ in islice(_items(sources, 0, 0, RowReport()), limit)) if sources else 0
    if rooms and (limit is None or count < limit):
        return limit
    return count


def _kind_and_path(text: str, kinds: Sequence[str]) -> tuple[str, Path]:
    kind, _, name = text.partition("=")
    if kind not in kinds or not name:
        raise EngineConfigError(f"{text!r} is not KIND=FILE with KIND one of {', '.join(kinds)}")
    path = Path(name)
    if not path.is_file():
        raise EngineConfigError(f"{path} is not a file")
    return kind, path


def _is_held_out(refused: frozenset[str], official: bool, scene_id: str) -> bool:
    if hold_out_keys([scene_id]) & refused:
        return True
    try:
        return official and not may_train_on(scene_id)
    except RowError:
        return True  # a ScanNet id that ScanNet does not have: nobody vouches for it


def _show(console: Console, report: Report, rows: RowReport, out: Path) -> None:
    table = Table("", "", title=Text(f"{out}: {report.outcome}"), show_header=False, min_width=48)
    table.add_row("kept", f"{report.kept:,}")
    for reason, count in report.rejected.items():
        table.add_row(f"rejected: {reason}", f"{count:,}")
    if rows.bad:
        table.add_row("input rows that could not be read", f"{rows.bad:,}")
        table.add_row("the first", Text(str(rows.problems[0])))
    for outcome, count in report.requests.items():
        table.add_row(f"requests {outcome}", f"{count:,}")
    for stage, tokens in report.tokens.items():
        if any(tokens.values()):
            table.add_row(f"tokens, {stage}", f"{tokens['input']:,} in, {tokens['output']:,} out")
    if report.requests:
        table.add_row("cost", f"${report.cost_usd:.4f}")
    if report.unsure_usd:
        table.add_row("at most, for requests without an answer", f"${report.unsure_usd:.4f}")
    console.print(table)
