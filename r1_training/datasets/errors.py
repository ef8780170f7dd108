"""Named errors of the readers. Each names the file and, where there is one, the line."""

from __future__ import annotations

from pathlib import Path


class DatasetError(Exception):
    """Base of all errors that the readers raise on purpose."""


class FileFormatError(DatasetError, ValueError):
    """A file cannot be read on from here: broken JSON, a truncated binary, a missing key."""

    def __init__(self, path: Path, reason: str, line: int | None = None) -> None:
        where = f"{path}:{line}" if line else f"{path}"
        super().__init__(f"{where}: {reason}")
        self.path, self.line, self.reason = path, line, reason


class BadRowError(DatasetError, ValueError):
    """One row breaks its data set's format; the rows after it can still be read."""

    def __init__(self, path: Path, line: int, reason: str) -> None:
        super().__init__(f"{path}:{line}: {reason}")
        self.path, self.line, self.reason = path, line, reason


class RowError(DatasetError, ValueError):
    """What is wrong with a row, raised where file and line are not known."""


class SplitError(DatasetError, ValueError):
    """A split that does not exist, or that a benchmark does not allow."""
