"""Open one storage file of a bag: by its index where it has one, else front to back."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol

import zstandard
from mcap.reader import make_reader
from rosbags.interfaces import Connection
from rosbags.rosbag2 import Reader, ReaderError
from rosbags.rosbag2.storage_sqlite3 import apsw  # what it reads databases with

from r1_ros.bags.salvage import (
    DAMAGE_ERRORS,
    STORAGE_MAGICS,
    ZSTD_MAGIC,
    StoredMessage,
    decompress_message,
    is_mcap,
    scan_file,
)

# rosbags trusts lengths and offsets that it reads: damage shows as any of these.
READ_ERRORS = (*DAMAGE_ERRORS, ReaderError, apsw.Error, TypeError, ValueError, LookupError)
_INDEX_RECORD_BYTES, _INDEX_ENTRY_BYTES = 15, 16  # of a MessageIndex record of mcap
_SHOWN_BYTES = 16
_GZIP_MAGIC = b"\x1f\x8b"
_WAL = "-wal"  # what sqlite has not yet written into the database itself


class StorageFile(Protocol):
    """One file of a bag.

    Attributes:
        connections: its topics, each with its number of messages.
        count: of messages that can be read.
        start, end: receive times of the first and the last one, nanoseconds.
        damage: what ends the reading too early, or None.
    """

    connections: list[Connection]
    count: int
    start: int
    end: int
    damage: str | None

    def messages(self, wanted: Collection[int], start: int | None) -> Iterator[StoredMessage]:
        """Messages of some connections in the order of time, from `start` on."""


class IndexedFile:
    """A whole file, read by its index; see `StorageFile`."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self.connections = list(reader.connections)
        self.count = reader.message_count
        self.start, self.end = reader.start_time, reader.end_time - 1
        if self.count and not (isinstance(self.start, int) and self.start <= self.end):
            raise ValueError(f"times from {self.start!r} to {self.end!r}")
        self.damage: str | None = None

    def messages(self, wanted: Collection[int], start: int | None) -> Iterator[StoredMessage]:
        """See `StorageFile`."""
        connections = [c for c in self.connections if c.id in wanted]
        if not connections:  # none would mean all
            return
        for connection, time, data in self._reader.messages(connections, start=start):
            if not isinstance(time, int):  # sqlite keeps what it is given
                raise ValueError(f"a message has the time {time!r}")
            yield connection.id, time, decompress_message(bytes(data))


@contextmanager
def open_storage(path: Path) -> Iterator[StorageFile]:
    """Open a .mcap or .db3 file, `.zstd`-compressed or not. Damage is described, not raised."""
    with ExitStack() as stack:
        storage, damage = _plain_file(path, stack)
        damage = damage or _no_storage(storage, path.name)
        reader = None if damage else _indexed(storage, stack)
        if reader is not None:
            yield reader
            return
        result = scan_file(storage, path.name)
        result.damage = damage or result.damage
        yield result


def _no_storage(path: Path, name: str) -> str | None:
    """Why a file is no part of a bag at all, which is another thing than damage."""
    with path.open("rb") as file:
        head = file.read(_SHOWN_BYTES)
    if not head:
        return f"{name} is empty"
    if head.startswith(STORAGE_MAGICS):
        return None
    if head.startswith(_GZIP_MAGIC):
        return f"{name} is compressed with gzip, which no recorder does; gunzip it first"
    return f"{name} is neither mcap nor sqlite3: it begins with {head!r}"


def _plain_file(path: Path, stack: ExitStack) -> tuple[Path, str | None]:
    """The file that can be read where it lies, or a temporary one, and what is missing of it."""
    with path.open("rb") as file:
        compressed = path.suffix == ".zstd" or file.read(4) == ZSTD_MAGIC
    wal = path.with_name(path.name + _WAL)
    if not compressed and not (wal.is_file() and wal.stat().st_size):
        return path, None
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    if not compressed:
        # Its recorder was killed. sqlite merges the two, which it must not do in the bag itself.
        for source in (path, wal):
            shutil.copy(source, folder / source.name)
        _merge_wal(folder / path.name)
        return folder / path.name, None
    target = folder / path.name.removesuffix(".zstd")
    return target, f"{path.name} is cut off" if _decompress(path, target) else None


def _merge_wal(database: Path) -> None:
    import sqlite3

    connection = sqlite3.connect(database)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.DatabaseError:
        pass  # damaged: what can be read of it is found by scanning
    finally:
        connection.close()


def _indexed(path: Path, stack: ExitStack) -> IndexedFile | None:
    """The file by its index; None where that has none, or one that does not tell all."""
    try:
        if is_mcap(path) and not _index_is_complete(path):
            return None
        return IndexedFile(stack.enter_context(Reader(path)))
    except READ_ERRORS:
        return None  # no word of rosbags: scanning finds out whether anything is wrong


def _index_is_complete(path: Path) -> bool:
    """Whether the index of an mcap leads to every message that its statistics count."""
    with path.open("rb") as file:
        summary = make_reader(file).get_summary()
    if summary is None or summary.statistics is None:
        return False
    indexed = 0
    for chunk in summary.chunk_indexes:
        entries = chunk.message_index_length - _INDEX_RECORD_BYTES * len(
            chunk.message_index_offsets
        )
        indexed += entries // _INDEX_ENTRY_BYTES
    return indexed == summary.statistics.message_count


def _decompress(source: Path, target: Path) -> bool:
    """Decompress as far as possible; True when the source ends too early."""
    with source.open("rb") as compressed, target.open("wb") as out:
        decompressor = zstandard.ZstdDecompressor().decompressobj()
        try:
            while block := compressed.read(1 << 20):
                out.write(decompressor.decompress(block))
                if decompressor.eof:
                    return False
        except zstandard.ZstdError:
            return True
    return True
