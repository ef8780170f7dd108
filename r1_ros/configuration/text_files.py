"""Text files that other programs wrote: UTF-8, also with a mark in front, and UTF-16."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import Any

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class TextFileError(ValueError):
    """A file is missing or no text; the message names file, line and byte."""


def read_text(path: Path) -> str:
    """The text of a file.

    Raises:
        TextFileError: it cannot be read, or is written in another encoding.
    """
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise TextFileError(f"missing: {path}") from None
    except OSError as error:
        raise TextFileError(f"cannot read {path}: {error.strerror}") from None
    encoding = "utf-16" if data.startswith(_UTF16) else "utf-8"
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        byte = data[min(error.start, len(data) - 1)]
        raise TextFileError(f"{path}:{line}: byte 0x{byte:02x} is not {encoding}") from None


def read_json(path: Path) -> Any:
    """The value of a JSON file.

    Raises:
        TextFileError: see `read_text`; or it is no JSON, with the line.
    """
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise TextFileError(f"{path}:{error.lineno}: not JSON: {error}") from None
    except (RecursionError, ValueError) as error:  # nested without end; a number of 5,000 digits
        if isinstance(error, TextFileError):
            raise
        raise TextFileError(f"{path}: not JSON: {error}") from None
