"""The journal: one append-only file that says everything that happened to every item.

It alone decides what is done and what is paid; the output files are written from it. A request is
journaled before it is sent, its answer before anything is made of it, so after `kill -9` at any
moment each request is known as answered (its text is used, never asked for again) or as *lost*: in
flight, perhaps billed, its answer gone.

Events, one JSON object a line:
  {"e": "run",    "identity": {...}}                              settings of the output
  {"e": "sent",   "r": id, "k": key, "s": stage, "m": largest cost}   about to be sent
  {"e": "got",    "r": id, "k", "s", "t": text, "u": [input, output]} answered: paid
  {"e": "fail",   "r": id, "k", "s", "o": outcome, "x": message, "u": [...] or null}
  {"e": "bill",   "r": id, "o": outcome, "u": [input, output]}        settled by the server's log
  {"e": "end",    "k": key, "n": ordinal, "y": reason or "", "d": record}   "" is kept
  {"e": "reopen", "k": key}                                       asked for again
  {"e": "scene",  "k": scene id, "t": description}                    what the teacher was told
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from r1_training.engine.errors import JournalError, JournalWriteError
from r1_training.engine.journal.journal_state import JournalState


def read_events(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Every event with its byte offset; a torn last line is left out.

    Raises:
        JournalError: a line before the last is not an event.
    """
    offset = 0
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            if not line.endswith(b"\n"):
                return
            try:
                event = json.loads(line)
                event["e"]  # noqa: B018 (raises for what is no event)
            except (ValueError, TypeError, KeyError) as error:
                raise JournalError(f"{path}, line {number}: not an event ({error})") from error
            yield offset, event
            offset += len(line)


def wait_until_free(path: Path, seconds: float, stop: threading.Event) -> bool:
    """Wait until no process has the journal open; False where one still has after `seconds`.

    A killed run keeps it until its requests in flight are answered (see `kill_guard`).
    """
    if not path.exists():
        return True
    deadline = time.monotonic() + seconds
    with path.open("rb") as file:
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return True
            except BlockingIOError:
                if time.monotonic() >= deadline or stop.wait(0.1):
                    return False


class Journal:
    """The open journal. `append` returns once its line is safe; one process at a time.

    Args:
        path: the file.
        min_free_bytes: see `require_free_disk`.
        survives_power_cut: False leaves it to the operating system when lines reach the disk: a
            kill loses nothing then either, and on a busy disk it is several times as fast. For
            what costs nothing.

    Attributes:
        state: what the file said when it was opened.

    Raises:
        JournalError: another process has it open, or a line before the last is damaged.
    """

    def __init__(
        self, path: Path, min_free_bytes: int = 0, *, survives_power_cut: bool = True
    ) -> None:
        self.path = path
        self._survives_power_cut = survives_power_cut
        self._min_free_bytes = min_free_bytes
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o644)
        except OSError as error:
            raise JournalWriteError(f"cannot open {path}: {error}") from error
        try:
            if not stat.S_ISREG(os.fstat(self._fd).st_mode):
                raise JournalWriteError(f"{path} is not a regular file")
            self._lock_file()
            self.state = self._recover()
        except JournalError:
            os.close(self._fd)
            raise
        self._failure: OSError | None = None
        self._pending: list[bytes] = []
        self._added = self._durable = 0
        self._pending_lock = threading.Lock()
        self._commit_lock = threading.Lock()

    def append(self, event: dict[str, Any]) -> None:
        """Write one event and wait until it is safe (threads share one fsync).

        Raises:
            JournalWriteError: it is not; nothing more can be appended, what was there stays whole.
        """
        line = json.dumps(event, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"
        with self._pending_lock:
            self._pending.append(line)
            self._added += 1
            ticket = self._added
        with self._commit_lock:
            if self._durable >= ticket:
                return  # whoever held the lock before us wrote our line with its own
            if self._failure is None:
                self._commit()
        if self._failure is not None:
            raise JournalWriteError(f"cannot write {self.path}: {self._failure}")

    def require_free_disk(self) -> None:
        """Called before a request is paid for: its answer must find room.

        Raises:
            JournalWriteError: less is free than `min_free_bytes`.
        """
        disk = os.fstatvfs(self._fd)
        free = disk.f_bavail * disk.f_frsize
        if free < self._min_free_bytes:
            raise JournalWriteError(
                f"only {free / 1e6:.0f} MB are free beside {self.path}, "
                f"{self._min_free_bytes / 1e6:.0f} MB are wanted: nothing more is sent"
            )

    def close(self) -> None:
        """Close the file and let others open it."""
        os.close(self._fd)

    def _commit(self) -> None:
        with self._pending_lock:
            lines, self._pending = self._pending, []
            upto = self._added
        data = b"".join(lines)
        try:
            view = memoryview(data)
            while view:
                view = view[os.write(self._fd, view) :]
            if self._survives_power_cut:
                os.fsync(self._fd)
        except OSError as error:
            # Nothing is appended after this, so that a half line can only be the last.
            self._failure = error
            return
        self._durable = upto

    def _lock_file(self) -> None:
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise JournalError(f"{self.path} is in use by another run") from error

    def _recover(self) -> JournalState:
        state = JournalState()
        size = os.fstat(self._fd).st_size
        try:
            for offset, event in read_events(self.path):
                state.apply(event, offset)
        except (KeyError, TypeError) as error:
            raise JournalError(f"{self.path}: an event lacks {error}") from error
        state.size = self._end_of_lines(size)
        state.torn_bytes = size - state.size
        os.ftruncate(self._fd, state.size)
        return state

    def _end_of_lines(self, size: int) -> int:
        """Bytes up to and with the last newline."""
        position = size
        while position > 0:
            start = max(0, position - 65536)
            index = os.pread(self._fd, position - start, start).rfind(b"\n")
            if index >= 0:
                return start + index + 1
            position = start
        return 0
