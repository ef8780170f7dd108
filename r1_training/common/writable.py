"""Whether an output can be written, asked before the work that makes it."""

from __future__ import annotations

import tempfile
from pathlib import Path


class OutputError(ValueError):
    """A file or folder cannot be written; the message names it and says why."""


def require_folder(path: Path) -> None:
    """Tries to write into the folder, or where it is missing, into the one that it would come in.

    Raises:
        OutputError: it cannot be made or written into.
    """
    whole = path.absolute()
    try:
        there = next(folder for folder in (whole, *whole.parents) if folder.exists())
        with tempfile.TemporaryFile(dir=there):
            pass
    except OSError as error:
        raise OutputError(f"cannot write into {path}: {error.strerror}") from error


def require_file(path: Path) -> None:
    """Tries to write the file; one that is there stays as it is, one that is not stays so.

    Raises:
        OutputError: it cannot be written.
    """
    require_folder(path.parent)
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder")
    if path.exists():
        try:
            with path.open("ab"):
                pass
        except OSError as error:
            raise OutputError(f"cannot write {path}: {error.strerror}") from error
