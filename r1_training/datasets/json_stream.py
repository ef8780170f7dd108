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
from r1_training.datasets.text_files import open_text

CHUNK = 1 << 16
# The longest token that a chunk can cut so that the decoder reports an error at its start.
LONGEST_CUT = 16
WHITESPACE = " \t\r\n"
SHOWN = 30  # characters at which an error stands


class _RepeatedKeyError(ValueError):
    """An object has one key twice: one of the values would be lost."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) != len(pairs):
        keys = [key for key, _ in pairs]
        raise _RepeatedKeyError(next(key for key in keys if keys.count(key) > 1))
    return value


_decoder = json.JSONDecoder(object_pairs_hook=_object)
_decode = _decoder.raw_decode


def first_characters(path: Path) -> str:
    """The first 65,536 characters of a file, to tell what it is.

    Raises:
        FileFormatError: cannot be opened, or is no text.
    """
    with open_text(path) as file:
        try:
            return file.read(CHUNK)
        except UnicodeDecodeError as error:
            raise FileFormatError(path, f"not UTF-8: {error}") from error


def iterate_array(path: Path, key: str | None = None) -> Iterator[tuple[int, Any]]:
    """Line and value of every item of a top-level array, or of the array under `key`.

    Raises:
        FileFormatError: no such array, or broken JSON; names file and line.
    """
    with open_text(path) as file:
        reader = _Reader(path, file)
        if key is not None:
            _enter_member(reader, key)
        elif reader.peek() == "{":
            raise reader.error(
                "expected [, got '{': not a list but an object. Give the list alone if it stands "
                "under a name"
            )
        elif reader.peek() != "[":
            raise reader.error(f"expected a list of JSON{reader.shown()}")
        yield from _items(reader)
        if key is None:
            reader.expect_end()


def iterate_rows(path: Path) -> Iterator[tuple[int, Any]]:
    """Line and value of every row of a list or of JSONL, whatever the file is called.

    Raises:
        FileFormatError: neither; names file and line.
    """
    start = first_characters(path)
    return iterate_lines(path) if one_a_line(path, start) else iterate_array(path)


def one_a_line(path: Path, start: str) -> bool:
    """Whether a file with these first characters has an object a line: JSONL."""
    first, _, rest = start.strip().partition("\n")
    if first.startswith("[") or path.suffix == ".jsonl":
        return not first.startswith("[")
    try:
        # An object of one line without another is what it is: an object.
        return isinstance(_decoder.decode(first), dict) and bool(rest)
    except (ValueError, RecursionError):
        return False


def iterate_members(path: Path) -> Iterator[tuple[int, str, Any]]:
    """Line, key and value of every member of a top-level object.

    Raises:
        FileFormatError: not an object, or broken JSON; names file and line.
    """
    with open_text(path) as file:
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
    with open_text(path) as file:
        for line, text in enumerate(_lines(path, file), 1):
            if text.isspace():
                continue
            try:
                yield line, _decoder.decode(text)
            except json.JSONDecodeError as error:
                at = _shown(text.rstrip("\n"), error.pos)
                yield line, RowError(f"broken JSON: {error.msg} (column {error.colno}{at})")
            except (ValueError, RecursionError) as error:
                yield line, RowError(_unreadable(error))


def _unreadable(error: ValueError | RecursionError) -> str:
    if isinstance(error, _RepeatedKeyError):
        return f"the key {str(error)!r:.60} comes twice in one object"
    # The decoder's only other ValueError is of integers that Python does not convert.
    if isinstance(error, RecursionError):
        return "JSON that cannot be read: brackets are nested too deeply"
    return "JSON that cannot be read: an integer of more than 4,300 digits"


def _shown(text: str, position: int) -> str:
    """What stands at a position, for the end of a message."""
    return f", at {text[position : position + SHOWN]!r}" if text[position:] else ", at the end"


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
                at = _shown(self._buffer, error.pos)
                raise self.error(f"broken JSON: {error.msg}{at}") from None
            except (ValueError, RecursionError) as error:
                raise self.error(_unreadable(error)) from None
            # A number near the end of the window may go on in the next chunk ("1" of "1e+5").
            if end > len(self._buffer) - LONGEST_CUT and self._more():
                continue
            self._position = end
            return value

    def shown(self) -> str:
        """What stands at the next character, for a message."""
        return _shown(self._buffer, self._position)

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
