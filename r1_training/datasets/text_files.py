"""Text files of others: UTF-8, also with a mark in front; what is something else is named."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from r1_training.datasets.errors import FileFormatError

# What files start with that are no text, though people have them under its name.
_FOREIGN = {
    b"\x1f\x8b": "is compressed: gunzip it",
    b"PK\x03\x04": "is a zip archive: unzip it",
    b"BZh": "is compressed: bunzip2 it",
    b"\xfd7zXZ": "is compressed: unxz it",
    b"\x28\xb5\x2f\xfd": "is compressed: unzstd it",
    b"\xff\xfe\0\0": "is UTF-32: save it as UTF-8",
    b"\xff\xfe": "is UTF-16: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
    b"\x80": "is a pickle, which can run code: save it as JSON",
    b"version https://git-lfs": "is a Git LFS pointer, not the file: git lfs pull",
}
_HEAD = 32


def open_text(path: Path, newline: str | None = None) -> TextIO:
    """The file, to be read as text; `newline` as in `open`.

    Raises:
        FileFormatError: cannot be opened, is compressed, or its beginning is no text.
    """
    try:
        with path.open("rb") as raw:
            start = raw.read(_HEAD)
        foreign = next((why for magic, why in _FOREIGN.items() if start.startswith(magic)), None)
        if foreign is None and b"\0" in start:
            foreign = "is no text: it starts with zero bytes (UTF-16 is saved as UTF-8 first)"
        if foreign is not None:
            raise FileFormatError(path, foreign)
        return path.open(encoding="utf-8-sig", newline=newline)
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error
