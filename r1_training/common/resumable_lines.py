"""A JSONL file that grows row by row, and that a program goes on with after a kill."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class ResumeError(ValueError):
    """A file of an earlier run cannot be gone on with; the message says why."""


class ResumableLines:
    """Whole lines count; one that a kill cut off is taken away. One process at a time has it.

    Attributes:
        path: the file; it is made where it is missing.
        rows: what earlier runs wrote, in order.

    Raises:
        ResumeError: another process has the file open, or a line is no JSON object.
        OSError: the file cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab")
        try:
            self._lock()
            whole = _whole_lines(path)
            self.rows = _rows(path, whole)
            self._file.truncate(len(whole))
        except (ResumeError, OSError):
            self._file.close()
            raise

    def append(self, row: Mapping[str, Any]) -> None:
        """Write a row so that a kill of this program does not lose it."""
        text = json.dumps(row, ensure_ascii=False) + "\n"
        # Lone surrogates have no UTF-8; in JSON they may stand escaped.
        self._file.write(text.encode("utf-8", "backslashreplace"))
        self._file.flush()

    def close(self) -> None:
        """Put everything on the disk."""
        os.fsync(self._file.fileno())
        self._file.close()

    def _lock(self) -> None:
        # Two runs would write every line twice. A kill lets go of it, as closing does.
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ResumeError(f"{self.path} is in use by another run") from error


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of such a file, which another process may be writing.

    Raises:
        ResumeError: a line is no JSON object.
        OSError: the file cannot be read.
    """
    return _rows(path, _whole_lines(path))


def _whole_lines(path: Path) -> bytes:
    content = path.read_bytes()
    return content[: content.rfind(b"\n") + 1]


def _rows(path: Path, content: bytes) -> list[dict[str, Any]]:
    return [_row(path, number, line) for number, line in enumerate(content.splitlines(), 1)]


def _row(path: Path, number: int, line: bytes) -> dict[str, Any]:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise ResumeError(f"{path}:{number}: not JSON: {error}") from error
    if not isinstance(row, dict):
        raise ResumeError(f"{path}:{number}: not an object: {line[:60]!r}")
    return row
