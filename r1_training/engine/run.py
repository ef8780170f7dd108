"""A run: items through the pipeline in many threads, stopped and resumed at any moment."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from r1_training.engine.config import EngineConfig
from r1_training.engine.errors import BudgetReachedError, JournalError, StopRequested
from r1_training.engine.items import Item, number
from r1_training.engine.journal.journal import Journal
from r1_training.engine.journal.journal_state import UNANSWERED
from r1_training.engine.journal.outputs import Report, write_outputs
from r1_training.engine.journal.server_log import settle
from r1_training.engine.pipeline import Describe, Pipeline
from r1_training.engine.teachers.asking import Asker
from r1_training.engine.teachers.budget import Spending
from r1_training.engine.teachers.teacher import Teacher, Usage

JOURNAL_NAME = "journal.jsonl"
_REFRESH_SECONDS = 0.2


@dataclass(frozen=True)
class Status:
    """How far a run is, for its progress bar.

    Attributes:
        kept, rejected: items ended over all runs of this output.
        ended_now: items ended by this run.
        requests: sent over all runs.
        tokens: input and output, over all runs.
        cost_usd: what the server is known to bill, over all runs.
        seconds: of this run.
    """

    kept: int
    rejected: int
    ended_now: int
    requests: int
    tokens: int
    cost_usd: float
    seconds: float


def synthesize(
    items: Iterable[Item],
    describe: Describe,
    teacher: Teacher,
    config: EngineConfig,
    folder: Path,
    *,
    is_held_out: Callable[[str], bool],
    ask_again: bool = False,
    server_log: Mapping[str, Usage] | None = None,
    keep: int | None = None,
    stop: threading.Event | None = None,
    on_status: Callable[[Status], None] = lambda status: None,
) -> Report:
    """Bring every item to its end and write `folder`; nothing of an earlier run is repeated.

    Args:
        items: may be a stream; the same input gives the same items on resume.
        describe: scene id -> description of the scene, "" where there is none.
        is_held_out: scene id -> True for validation and test scenes; these are rejected.
        ask_again: also items that ended, or were killed, without a readable answer (they may be
            paid for twice).
        server_log: request id -> tokens that the server billed, of all requests of earlier runs;
            settles those without a readable answer. See `server_log`.
        keep: stop once so many items are kept.
        stop: set it to stop; requests in flight are awaited, everything else stays for later.
        on_status: called a few times a second.

    Returns:
        The report, which is also in `folder`/report.json.

    Raises:
        FatalTeacherError: the teacher cannot work.
        ServerLogError: the server's log disagrees with the journal.
        JournalError: the journal is in use, damaged, cannot be written or has other settings.
        InputFileError: the input cannot be read.
    """
    folder.mkdir(parents=True, exist_ok=True)
    journal = Journal(
        folder / JOURNAL_NAME,
        config.limits.min_free_bytes,
        survives_power_cut=teacher.billed,
    )
    try:
        _begin(journal, config, ask_again, server_log)
        run = _Run(items, describe, teacher, config, journal, is_held_out, keep, stop)
        run.execute(on_status)
        return write_outputs(folder, journal.path, config, run.outcome, run.seconds)
    finally:
        journal.close()


def _begin(
    journal: Journal,
    config: EngineConfig,
    ask_again: bool,
    server_log: Mapping[str, Usage] | None,
) -> None:
    """Check that the journal is of these settings; settle what a kill left in flight."""
    state, identity = journal.state, config.identity()
    if state.identity is None:
        journal.append({"e": "run", "identity": identity})
    elif state.identity != identity:
        changed = [name for name in identity if state.identity.get(name) != identity[name]]
        raise JournalError(
            f"{journal.path} was made with other settings ({', '.join(changed)}); "
            "use them again or choose another folder"
        )
    for request_id, sent in list(state.in_flight.items()):
        event = {"e": "fail", "r": request_id, "k": sent["k"], "s": sent["s"], "o": "lost"}
        event |= {"x": "in flight when the run was killed", "u": None}
        journal.append(event)
        state.apply(event, state.size)
    if server_log is not None:
        settle(journal, server_log)
    if ask_again:
        again = [key for key, ending in state.ended.items() if ending.reason in UNANSWERED]
        for key in {*again, *state.lost}:
            event = {"e": "reopen", "k": key}
            journal.append(event)
            state.apply(event, state.size)


class _Run:
    """Threads, the shared stream of items, and why the run ended."""

    def __init__(
        self,
        items: Iterable[Item],
        describe: Describe,
        teacher: Teacher,
        config: EngineConfig,
        journal: Journal,
        is_held_out: Callable[[str], bool],
        keep: int | None,
        stop: threading.Event | None,
    ) -> None:
        self.outcome = "complete"
        self.seconds = 0.0
        self._external_stop = stop or threading.Event()
        self._stop = threading.Event()
        self._asker = Asker(teacher, journal, config, self._stop)
        self._pipeline = Pipeline(self._asker, journal, config, describe, is_held_out)
        self._items = number(items)
        self._items_lock = threading.Lock()
        self._ended = journal.state.ended
        self._keep = keep
        self._config = config
        self._verdicts: Counter[str] = Counter(
            "rejected" if ending.reason else "kept" for ending in self._ended.values()
        )
        self._ended_before = sum(self._verdicts.values())
        self._verdicts_lock = threading.Lock()

    def execute(self, on_status: Callable[[Status], None]) -> None:
        """Work until the items are used up or something stops the run.

        Raises:
            EngineError: what stopped it, unless it was a request to stop or the budget.
        """
        start = time.monotonic()
        count = self._config.limits.concurrency
        with ThreadPoolExecutor(count, thread_name_prefix="engine") as pool:
            pending: set[Future[None]] = {pool.submit(self._work) for _ in range(count)}
            futures = list(pending)
            try:
                while pending:
                    pending = wait(pending, timeout=_REFRESH_SECONDS).not_done
                    if self._external_stop.is_set():
                        self._stop_because("interrupted")
                    self.seconds = time.monotonic() - start
                    on_status(self._status())
            finally:
                # Without effect at the end; an error here must not leave the threads working.
                self._stop_because("error" if pending else self.outcome)
        for future in futures:
            future.result()

    def _work(self) -> None:
        finished = False
        try:
            while not self._stop.is_set():
                item = self._next_item()
                if item is None:
                    break
                try:
                    reason = self._pipeline.process(item)
                except BudgetReachedError:
                    self._stop_because("budget reached")
                    break
                except StopRequested:
                    break
                self._count(reason)
            finished = True
        finally:
            if not finished:
                self._stop_because("error")

    def _next_item(self) -> Item | None:
        """The next open item of the stream."""
        with self._items_lock:
            for item in self._items:
                if item.key not in self._ended:
                    return item
        return None

    def _count(self, reason: str) -> None:
        with self._verdicts_lock:
            self._verdicts["rejected" if reason else "kept"] += 1
            enough = self._keep is not None and self._verdicts["kept"] >= self._keep
        if enough:
            self._stop_because("kept enough")

    def _stop_because(self, outcome: str) -> None:
        with self._verdicts_lock:
            if not self._stop.is_set():
                self.outcome = outcome
                self._stop.set()

    def _status(self) -> Status:
        spending: Spending = self._asker.budget.spending
        tokens = sum(u.input_tokens + u.output_tokens for u in spending.usage.values())
        kept, rejected = self._verdicts["kept"], self._verdicts["rejected"]
        return Status(
            kept=kept,
            rejected=rejected,
            ended_now=kept + rejected - self._ended_before,
            requests=sum(spending.requests.values()),
            tokens=tokens,
            cost_usd=spending.cost(self._config),
            seconds=self.seconds,
        )
