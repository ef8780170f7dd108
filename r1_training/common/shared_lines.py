"""A JSONL file that several processes write together, and go on with after a kill."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from r1_training.common.processes import Processes
from r1_training.common.resumable_lines import ResumableLines, read_lines


class SharedLines:
    """Each process writes a part beside the file; `merge` brings them together in the file.

    A process that is alone writes the file itself. Parts of a run that was killed count, however
    many processes it had, where they lie in the same folder.

    Attributes:
        path: the file.
        rows: what earlier runs wrote.

    Args:
        path: the file.
        group: the processes.

    Raises:
        ResumeError, OSError: see `ResumableLines`.
    """

    def __init__(self, path: Path, group: Processes) -> None:
        self.path, self._group = path, group
        self._parts: list[Path] = []
        own = path
        if path.parent.is_dir():
            self._parts = _parts(path)
        if group.count > 1:
            own = path.with_name(f"{path.stem}.{group.rank + 1}-of-{group.count}{path.suffix}")
        others = [part for part in (path, *self._parts) if part != own and part.is_file()]
        self._own = ResumableLines(own)
        earlier = [row for part in others for row in read_lines(part)]
        self.rows = [*earlier, *self._own.rows]
        self._written: list[Mapping[str, Any]] = []

    def append(self, row: Mapping[str, Any]) -> None:
        """Write a row so that a kill of this program does not lose it."""
        self._own.append(row)
        self._written.append(row)

    def close(self) -> None:
        """Put everything on the disk."""
        self._own.close()

    def merge(self, key: str) -> None:
        """Put what all processes have into the file, after `close`; all must come here.

        Args:
            key: name of what tells rows apart; of two alike the earlier one is kept.
        """
        shares = self._group.gather([*self.rows, *self._written])
        if shares:
            lines = ResumableLines(self.path)
            known = {row[key] for row in lines.rows}
            for row in (row for share in shares for row in share):
                if row[key] not in known:
                    known.add(row[key])
                    lines.append(row)
            lines.close()
        self._group.wait()  # before the parts go
        if self._group.first:
            for part in _parts(self.path):
                part.unlink()
        elif self._own.path != self.path:  # on another machine
            self._own.path.unlink(missing_ok=True)


def _parts(path: Path) -> list[Path]:
    """Files of single processes beside a file."""
    name = re.compile(rf"{re.escape(path.stem)}\.\d+-of-\d+{re.escape(path.suffix)}")
    return sorted(other for other in path.parent.iterdir() if name.fullmatch(other.name))
