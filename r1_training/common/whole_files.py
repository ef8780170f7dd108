"""Files and folders that are either there and whole or not there, also after a kill."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """Where to write a file or a folder, beside `path`; it takes that place when the block ends.

    An error in the block leaves what was at `path`.
    """
    part = path.with_name(f"{path.name}.part")
    _remove(part)
    yield part
    if part.is_dir():
        _remove(path)  # a folder can take no place that is taken
    else:
        with part.open("rb") as file:
            os.fsync(file.fileno())
    part.replace(path)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
