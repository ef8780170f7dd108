"""JSON arrays, objects and lines read one item at a time, with line numbers.

Memory holds one chunk and one item, whatever the size of the file. The standard library's scanner
does the decoding: it is several times faster than an event parser, and it keeps the offsets that
line numbers need.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NoReturn, TextIO

from r1_training.datasets.errors import FileFormatError, RowError

CHUNK = 1 << 16
# The longest token that a chunk can cut so that the decoder reports an error at its start.
LONGEST_CUT = 16
WHITESPACE = " \t\r\n"
# What files start with that are no JSON, though people have them under its name.
_FOREIGN = {
    b"\x1f\x8b": "is compressed: gunzip it",
    b"PK\x03\x04": "is a zip archive: unzip it",
    b"BZh": "is compressed: bunzip2 it",
    b"\xfd7zXZ": "is compressed: unxz it",
    b"\x28\xb5\x2f\xfd": "is compressed: unzstd it",
    b"\xff\xfe": "is UTF-16: save it as UTF-8",
    b"\xfe\xff": "is UTF-16: save it as UTF-8",
    b"\x80": "is a pickle, which can run code: save it as JSON",
    b"version https://git-lfs": "is a Git LFS pointer, not the file: git lfs pull",
}

_decode = json.JSONDecoder().raw_decode


def first_characters(path: Path) -> str:
    """The first 65,536 characters of a file, to tell what it is.

    Raises:
        FileFormatError: cannot be opened, or is no text.
    """
    with _open(path) as file:
        try:
            return file.read(CHUNK)
        except UnicodeDecodeError as error:
            raise FileFormatError(path, f"not UTF-8: {error}") from error


def iterate_array(path: Path, key: str | None = None) -> Iterator[tuple[int, Any]]:
    """Line and value of every item of a top-level array, or of the array under `key`.

    Raises:
        FileFormatError: no such array, or broken JSON; names file and line.
    """
    with _open(path) as file:
        reader = _Reader(path, file)
        if key is not None:
            _enter_member(reader, key)
        elif reader.peek() == "{":
            raise reader.error(
                "expected [, got '{': not a list but an object. Give the list alone if it stands "
                "under a name; a file of one object a line is JSONL"
            )
        yield from _items(reader)
        if key is None:
            reader.expect_end()


def iterate_members(path: Path) -> Iterator[tuple[int, str, Any]]:
    """Line, key and value of every member of a top-level object.

    Raises:
        FileFormatError: not an object, or broken JSON; names file and line.
    """
    with _open(path) as file:
        reader = _Reader(path, file)
        reader.expect("{")
        if reader.peek() == "}":
            reader.expect("}")
            reader.expect_end()
            return
        while True:
            reader.peek()
            line = reader.line
            name = _member_name(reader)
            yield line, name, reader.value()
            if reader.expect(",}") == "}":
                reader.expect_end()
                return


def iterate_lines(path: Path) -> Iterator[tuple[int, Any]]:
    """Line and value of every non-blank line of a JSONL file.

    A broken line is yielded as a `RowError`, because the lines after it are still readable.
    """
    with _open(path) as file:
        for line, text in enumerate(_lines(path, file), 1):
            if text.isspace():
                continue
            try:
                yield line, json.loads(text)
            except json.JSONDecodeError as error:
                yield line, RowError(f"broken JSON: {error.msg} (column {error.colno})")
            except (ValueError, RecursionError) as error:
                yield line, RowError(_unreadable(error))


def _open(path: Path) -> TextIO:
    try:
        with path.open("rb") as raw:
            start = raw.read(32)
        foreign = next((why for magic, why in _FOREIGN.items() if start.startswith(magic)), None)
        if foreign is not None:
            raise FileFormatError(path, foreign)
        return path.open(encoding="utf-8-sig")
    except OSError as error:
        raise FileFormatError(path, f"cannot be opened: {error.strerror}") from error


def _unreadable(error: ValueError | RecursionError) -> str:
    # The decoder's only other ValueError is of integers that Python does not convert.
    if isinstance(error, RecursionError):
        return "JSON that cannot be read: brackets are nested too deeply"
    return "JSON that cannot be read: an integer of more than 4,300 digits"


def _lines(path: Path, file: TextIO) -> Iterator[str]:
    try:
        yield from file
    except UnicodeDecodeError as error:
        raise FileFormatError(path, f"not UTF-8: {error}") from error


def _items(reader: _Reader) -> Iterator[tuple[int, Any]]:
    reader.expect("[")
    if reader.peek() == "]":
        reader.expect("]")
        return
    while True:
        reader.peek()
        line = reader.line
        yield line, reader.value()
        if reader.expect(",]") == "]":
            return


def _enter_member(reader: _Reader, key: str) -> None:
    reader.expect("{")
    while reader.peek() != "}":
        if _member_name(reader) == key:
            return
        reader.value()
        if reader.expect(",}") == "}":
            break
    raise FileFormatError(reader.path, f"has no key `{key}`", reader.line)


def _member_name(reader: _Reader) -> str:
    if reader.peek() != '"':
        raise reader.error("expected a key")
    name = reader.value()
    reader.expect(":")
    return name


class _Reader:
    """A window on the file: `buffer` from `position` on is still to be read."""

    def __init__(self, path: Path, file: TextIO) -> None:
        self.path = path
        self.line = 1
        self._file = file
        self._buffer = ""
        self._position = 0
        self._counted = 0
        self._chunk = CHUNK
        self._anything = False

    def peek(self) -> str:
        """The next character that is not white space."""
        while True:
            while self._position < len(self._buffer):
                character = self._buffer[self._position]
                if character not in WHITESPACE:
                    self._count_lines(self._position)
                    return character
                self._position += 1
            if not self._more():
                self._ended()

    def expect(self, characters: str) -> str:
        """Consumes the next character, which must be one of `characters`."""
        character = self.peek()
        if character not in characters:
            raise self.error(f"expected {' or '.join(characters)}, got {character!r}")
        self._position += 1
        return character

    def expect_end(self) -> None:
        """Nothing but white space may follow."""
        while self._buffer[self._position :].isspace() or self._position == len(self._buffer):
            self._position = len(self._buffer)
            if not self._more():
                return
        raise self.error("text after the end of the JSON value")

    def value(self) -> Any:
        """Decodes and consumes one value."""
        self.peek()
        self._chunk = CHUNK
        while True:
            try:
                value, end = _decode(self._buffer, self._position)
            except json.JSONDecodeError as error:
                if self._cut(error) and self._more():
                    continue
                self._count_lines(error.pos)
                raise self.error(f"broken JSON: {error.msg}") from None
            except (ValueError, RecursionError) as error:
                raise self.error(_unreadable(error)) from None
            # A number near the end of the window may go on in the next chunk ("1" of "1e+5").
            if end > len(self._buffer) - LONGEST_CUT and self._more():
                continue
            self._position = end
            return value

    def error(self, reason: str) -> FileFormatError:
        return FileFormatError(self.path, reason, self.line)

    def _ended(self) -> NoReturn:
        empty = not self._anything
        raise self.error("the file ends too early" + (": it is empty" if empty else ""))

    def _cut(self, error: json.JSONDecodeError) -> bool:
        """Whether the error may come from the end of the window rather than from the file."""
        at_end = error.pos >= len(self._buffer) - LONGEST_CUT
        return at_end or error.msg.startswith("Unterminated string")

    def _more(self) -> bool:
        try:
            text = self._file.read(self._chunk)
        except UnicodeDecodeError as error:
            raise FileFormatError(self.path, f"not UTF-8: {error}", self.line) from error
        if not text:
            return False
        self._anything = self._anything or not text.isspace()
        self._count_lines(self._position)
        self._buffer = self._buffer[self._position :] + text
        self._position = self._counted = 0
        # Doubling keeps an item larger than a chunk linear in its size.
        self._chunk *= 2
        return True

    def _count_lines(self, position: int) -> None:
        self.line += self._buffer.count("\n", self._counted, position)
        self._counted = position
