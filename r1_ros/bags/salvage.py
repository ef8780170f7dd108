"""Read the part of a damaged storage file that lies before the damage, front to back.

A recorder that was killed, a full disk or a broken copy leaves an mcap without its footer and
index, or an sqlite3 file whose last pages are missing. The messages before that point are whole.
"""

from __future__ import annotations

import sqlite3
import struct
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import zstandard
from backports import zstd
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Channel, Chunk, Message, Schema
from mcap.stream_reader import CRCValidationError, StreamReader, breakup_chunk
from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinition,
    MessageDefinitionFormat,
)
from rosbags.rosbag2.metadata import parse_qos

_ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # CDR starts with 00 xx, so a compressed message is known by it

# What the decoders raise on bytes that are cut off or overwritten.
DAMAGE_ERRORS = (
    McapError,
    CRCValidationError,
    zstandard.ZstdError,
    zstd.ZstdError,  # what rosbags uses; mcap uses zstandard
    sqlite3.DatabaseError,
    struct.error,
    EOFError,
    OSError,
    RuntimeError,  # lz4
    UnicodeDecodeError,
    OverflowError,  # lengths that no memory holds
    MemoryError,
)


@dataclass
class SalvagedFile:
    """What can be read of one storage file.

    Attributes:
        path: the file.
        connections: topics that occur before the damage, with their message counts.
        count: messages before the damage.
        start, end: nanoseconds; meaningless when count is 0.
        damage: what ended the reading, or None when the file is whole.
    """

    path: Path
    connections: list[Connection] = field(default_factory=list)
    count: int = 0
    start: int = 0
    end: int = 0
    damage: str | None = None

    def messages(self, start: int | None = None) -> Iterator[tuple[str, int, bytes]]:
        """(topic, time in nanoseconds, CDR bytes) before the damage, from time `start` on."""
        topics = {c.id: c.topic for c in self.connections}
        try:
            for channel, time, data in _scan(self.path):
                if start is None or time >= start:
                    yield topics[channel], time, data
        except DAMAGE_ERRORS:
            return  # reported as `damage` since the file was opened


def mcap_has_index(path: Path) -> bool:
    """False for an mcap whose messages can only be read front to back; True for other files."""
    if path.suffix != ".mcap":
        return True
    try:
        with path.open("rb") as file:
            summary = make_reader(file).get_summary()
    except DAMAGE_ERRORS:
        return False
    return summary is not None and bool(summary.chunk_indexes)


@contextmanager
def salvage_file(path: Path) -> Iterator[SalvagedFile]:
    """Scan a .mcap or .db3 file, `.zstd`-compressed or not, and describe what can be read."""
    with tempfile.TemporaryDirectory() as folder:
        cut_off = False
        storage = path
        if path.suffix == ".zstd":
            storage = Path(folder) / path.stem
            cut_off = _decompress(path, storage)
        result = _describe(storage, path.name)
        if cut_off and result.damage is None:
            result.damage = f"{path.name} is cut off"
        yield result


def _describe(storage: Path, name: str) -> SalvagedFile:
    result = SalvagedFile(storage)
    counts: dict[int, int] = {}
    times: list[int] = []
    try:
        for channel, time, _ in _scan(storage):
            counts[channel] = counts.get(channel, 0) + 1
            times.append(time)
    except DAMAGE_ERRORS as error:
        reason = str(error) or type(error).__name__
        result.damage = f"{name} is damaged after message {len(times)}: {reason}"
    known: dict[int, Connection] = {}
    try:
        for connection in _connections(storage):
            known[connection.id] = connection
    except DAMAGE_ERRORS:
        pass  # the same damage as above
    result.connections = [c._replace(msgcount=counts.get(c.id, 0)) for c in known.values()]
    result.count = len(times)
    if times:
        result.start, result.end = min(times), max(times)
    return result


def _scan(path: Path) -> Iterator[tuple[int, int, bytes]]:
    scan = _scan_mcap if path.suffix == ".mcap" else _scan_sqlite3
    for channel, time, data in scan(path):
        if data[:4] == _ZSTD_MAGIC:
            data = zstandard.ZstdDecompressor().decompressobj().decompress(data)
        yield channel, time, data


def _connections(path: Path) -> Iterator[Connection]:
    return _mcap_connections(path) if path.suffix == ".mcap" else _sqlite3_connections(path)


def _mcap_records(path: Path) -> Iterator[list]:
    # A damaged length field must not make the reader ask for more memory than the file has bytes.
    with path.open("rb") as file:
        reader = StreamReader(file, emit_chunks=True, record_size_limit=path.stat().st_size)
        for record in reader.records:
            yield breakup_chunk(record) if isinstance(record, Chunk) else [record]


def _scan_mcap(path: Path) -> Iterator[tuple[int, int, bytes]]:
    for records in _mcap_records(path):
        messages = [record for record in records if isinstance(record, Message)]
        for message in sorted(messages, key=lambda message: message.log_time):
            yield message.channel_id, message.log_time, message.data


def _mcap_connections(path: Path) -> Iterator[Connection]:
    types: dict[int, str] = {}
    for records in _mcap_records(path):
        for record in records:
            if isinstance(record, Schema):
                types[record.id] = record.name
            elif isinstance(record, Channel):
                qos = record.metadata.get("offered_qos_profiles", "")
                yield _connection(record.id, record.topic, types.get(record.schema_id, ""), qos)


def _open_sqlite3(path: Path) -> sqlite3.Connection:
    # immutable: no journal is looked for and nothing is written beside the bag.
    database = sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)
    # Without this sqlite refuses every query on a file shorter than its header says.
    database.execute("PRAGMA writable_schema=ON")
    return database


def _scan_sqlite3(path: Path) -> Iterator[tuple[int, int, bytes]]:
    database = _open_sqlite3(path)
    try:
        # By row, not by the time index: the index lies scattered over the file.
        yield from database.execute(
            "SELECT topic_id, timestamp, data FROM messages NOT INDEXED ORDER BY id"
        )
    finally:
        database.close()


def _sqlite3_connections(path: Path) -> Iterator[Connection]:
    database = _open_sqlite3(path)
    try:
        database.row_factory = sqlite3.Row
        for row in database.execute("SELECT * FROM topics ORDER BY id"):
            qos = row["offered_qos_profiles"] if "offered_qos_profiles" in row.keys() else ""  # noqa: SIM118
            yield _connection(row["id"], row["name"], row["type"], qos)
    finally:
        database.close()


def _connection(number: int, topic: str, msgtype: str, qos: str) -> Connection:
    return Connection(
        id=number,
        topic=topic,
        msgtype=msgtype,
        msgdef=MessageDefinition(MessageDefinitionFormat.NONE, ""),
        digest="",
        msgcount=0,
        ext=ConnectionExtRosbag2("cdr", parse_qos(qos)),
        owner=None,
    )


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
