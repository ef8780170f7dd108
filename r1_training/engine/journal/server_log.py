"""The server's own log of requests, where one is kept: its books against ours.

What a request without a readable answer cost only the server knows. Gateways log every request with
its headers, `x-r1-request-id` among them; such a log says of each request in doubt whether it was
received and what it was billed. All other requests are compared: both sides must agree on each.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from r1_training.datasets.errors import FileFormatError, RowError
from r1_training.datasets.json_stream import iterate_lines
from r1_training.engine.errors import InputFileError, ServerLogError
from r1_training.engine.journal.journal import Journal, read_events
from r1_training.engine.teachers.teacher import Usage

# The server has answered these, so a log without one of them is not the whole log. One that it
# refused (`failed`) may be missing: not every gateway logs those.
_ANSWERED = ("answered", "blocked", "empty", "unread")


def read_server_log(path: Path) -> dict[str, Usage]:
    """Read JSON lines `{"id": ..., "input_tokens": ..., "output_tokens": ...}`.

    `output_tokens` includes hidden reasoning, as it is billed. Other keys are ignored.

    Raises:
        InputFileError: unreadable, a line of another form, or an id that comes twice.
    """
    log: dict[str, Usage] = {}
    try:
        for line, row in iterate_lines(path):
            if isinstance(row, RowError):
                raise InputFileError(f"{path}:{line}: {row}")
            request_id, usage = _entry(row, f"{path}:{line}")
            if request_id in log:
                raise InputFileError(f"{path}:{line}: request {request_id!r} comes twice")
            log[request_id] = usage
    except FileFormatError as error:
        raise InputFileError(str(error)) from error
    return log


def settle(journal: Journal, log: Mapping[str, Usage]) -> None:
    """Compare the log with the journal, then write what it says of requests in doubt.

    Raises:
        ServerLogError: the two disagree, or the log is not whole; nothing is written then.
    """
    ours = _known(journal.path)
    doubts = dict(journal.state.doubts)
    problems = [
        f"{name}: the log has {_said(log.get(name))}, the journal {_said(usage)} ({outcome})"
        for name, (outcome, usage) in ours.items()
        if not _agree(outcome, usage, log.get(name))
    ]
    strange = log.keys() - ours.keys() - doubts.keys()
    problems += [f"{name}: not in the journal" for name in sorted(strange)]
    if problems:
        raise ServerLogError(
            f"the server's log and {journal.path} disagree on {len(problems)} requests, "
            f"the first: {problems[0]}"
        )
    for request_id in doubts:
        usage = log.get(request_id)
        outcome, usage = ("unsent", Usage()) if usage is None else ("unread", usage)
        tokens = [usage.input_tokens, usage.output_tokens]
        event = {"e": "bill", "r": request_id, "o": outcome, "u": tokens}
        journal.append(event)
        journal.state.apply(event, journal.state.size)


def _agree(outcome: str, ours: Usage, theirs: Usage | None) -> bool:
    if outcome in _ANSWERED:
        return theirs == ours
    return theirs is None or (outcome != "unsent" and theirs == ours)


def _known(path: Path) -> dict[str, tuple[str, Usage]]:
    """Request id -> outcome and tokens, of all requests that are not in doubt."""
    known: dict[str, tuple[str, Usage]] = {}
    for _, event in read_events(path):
        if event["e"] == "got":
            known[event["r"]] = ("answered", Usage(*event["u"]))
        elif event["e"] in ("fail", "bill"):
            known[event["r"]] = (event["o"], Usage(*(event["u"] or ())))
    return {
        name: (outcome, usage)
        for name, (outcome, usage) in known.items()
        if outcome not in ("unsure", "lost")
    }


def _entry(row: object, where: str) -> tuple[str, Usage]:
    if not isinstance(row, Mapping) or not isinstance(row.get("id"), str):
        raise InputFileError(f"{where}: needs an object with the text `id`, got {row!r:.80}")
    counts = [row.get(name) for name in ("input_tokens", "output_tokens")]
    whole = [count for count in counts if type(count) is int and count >= 0]
    if len(whole) != len(counts):
        raise InputFileError(f"{where}: needs whole `input_tokens` and `output_tokens`: {counts}")
    return row["id"], Usage(*whole)


def _said(usage: Usage | None) -> str:
    return "nothing" if usage is None else f"{usage.input_tokens} + {usage.output_tokens} tokens"
