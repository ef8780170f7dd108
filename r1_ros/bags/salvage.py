"""Read a storage file front to back: whole ones without an index, and damaged ones.

A recorder that was killed, a full disk or a broken copy leaves an mcap without its footer and
index, or an sqlite3 file whose last pages are missing. The messages before that point are whole.
"""

from __future__ import annotations

import heapq
import sqlite3
import struct
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import zstandard
from backports import zstd
from mcap.exceptions import McapError
from mcap.records import Channel, Chunk, Message, Schema
from mcap.stream_reader import CRCValidationError, StreamReader, breakup_chunk
from rosbags.interfaces import (
    Connection,
    ConnectionExtRosbag2,
    MessageDefinition,
    MessageDefinitionFormat,
    Qos,
)
from rosbags.rosbag2 import ReaderError
from rosbags.rosbag2.metadata import parse_qos

ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"  # CDR starts with 00 xx, so a compressed message is known by it

_MCAP_MAGIC = b"\x89MCAP0\r\n"
_SQLITE_MAGIC = b"SQLite format 3\x00"
STORAGE_MAGICS = (_MCAP_MAGIC, _SQLITE_MAGIC)

_IN_ORDER = "SELECT topic_id, timestamp, data FROM messages ORDER BY timestamp, id"
_BY_ROW = "SELECT topic_id, timestamp, data FROM messages NOT INDEXED ORDER BY id"

StoredMessage = tuple[int, int, bytes]  # connection id, time in nanoseconds, bytes

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
        lag: how far behind the newest message before it one lies at most, nanoseconds; so long
            messages are kept, to come out in the order of time.
    """

    path: Path
    connections: list[Connection] = field(default_factory=list)
    count: int = 0
    start: int = 0
    end: int = 0
    damage: str | None = None
    lag: int = 0

    def messages(self, wanted: Collection[int], start: int | None) -> Iterator[StoredMessage]:
        """(connection id, time in nanoseconds, CDR bytes) before the damage, from `start` on."""
        return _sorted(self._stored(wanted, start), self.lag)

    def _stored(self, wanted: Collection[int], start: int | None) -> Iterator[StoredMessage]:
        try:
            for channel, time, data in _scan(self.path, in_order=self.damage is None):
                if channel in wanted and (start is None or time >= start):
                    yield channel, time, data
        except DAMAGE_ERRORS:
            return  # reported as `damage` since the file was opened


def scan_file(storage: Path, name: str) -> SalvagedFile:
    """Scan a .mcap or .db3 file and describe what can be read; `name` is that for people."""
    result = SalvagedFile(storage)
    counts: dict[int, int] = {}
    times: list[int] = []
    newest = lag = 0
    try:
        for channel, time, _ in _scan(storage, in_order=False):
            counts[channel] = counts.get(channel, 0) + 1
            times.append(time)
            newest = max(newest, time)
            lag = max(lag, newest - time)
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
    if result.damage or is_mcap(storage):  # else the database sorts them
        result.lag = lag
    return result


def _sorted(messages: Iterable[StoredMessage], lag: int) -> Iterator[StoredMessage]:
    """Messages in the order of time; none lies more than `lag` behind one that came before it."""
    waiting: list[tuple[int, int, StoredMessage]] = []
    newest = 0
    for number, message in enumerate(messages):
        newest = max(newest, message[1])
        heapq.heappush(waiting, (message[1], number, message))
        while waiting and waiting[0][0] <= newest - lag:
            yield heapq.heappop(waiting)[2]
    while waiting:
        yield heapq.heappop(waiting)[2]


def is_mcap(path: Path) -> bool:
    """By its first bytes; where these are neither's, by its name."""
    with path.open("rb") as file:
        head = file.read(len(_SQLITE_MAGIC))
    if head.startswith(_MCAP_MAGIC):
        return True
    return path.suffix == ".mcap" and head != _SQLITE_MAGIC


def decompress_message(data: bytes) -> bytes:
    """The CDR bytes of a message that may have been compressed on its own."""
    if data[:4] != ZSTD_MAGIC:
        return data
    return zstandard.ZstdDecompressor().decompressobj().decompress(data)


def _scan(path: Path, *, in_order: bool) -> Iterator[StoredMessage]:
    """All messages; those of a whole database in the order of time, if asked for."""
    scan = _scan_mcap(path) if is_mcap(path) else _scan_sqlite3(path, in_order)
    for channel, time, data in scan:
        yield channel, time, decompress_message(data)


def _connections(path: Path) -> Iterator[Connection]:
    return _mcap_connections(path) if is_mcap(path) else _sqlite3_connections(path)


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
                kind = types.get(record.schema_id, "")
                yield _connection(record.id, record.topic, kind, record.message_encoding, qos)


def _open_sqlite3(path: Path) -> sqlite3.Connection:
    # immutable: no journal is looked for and nothing is written beside the bag.
    database = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True)
    # Without this sqlite refuses every query on a file shorter than its header says.
    database.execute("PRAGMA writable_schema=ON")
    return database


def _scan_sqlite3(path: Path, in_order: bool) -> Iterator[StoredMessage]:
    # By row unless the file is whole: the index of time lies scattered over it.
    query = _IN_ORDER if in_order else _BY_ROW
    database = _open_sqlite3(path)
    try:
        for topic, time, data in database.execute(query):
            if not (isinstance(topic, int) and isinstance(time, int) and isinstance(data, bytes)):
                raise sqlite3.DatabaseError("a row is no message")
            yield topic, time, data
    finally:
        database.close()


def _sqlite3_connections(path: Path) -> Iterator[Connection]:
    database = _open_sqlite3(path)
    try:
        database.row_factory = sqlite3.Row
        for row in database.execute("SELECT * FROM topics ORDER BY id"):
            qos = row["offered_qos_profiles"] if "offered_qos_profiles" in row.keys() else ""  # noqa: SIM118
            kind, encoding = row["type"], row["serialization_format"]
            yield _connection(row["id"], row["name"], kind, encoding, qos)
    finally:
        database.close()


def _connection(number: int, topic: str, msgtype: str, encoding: str, qos: str) -> Connection:
    return Connection(
        id=number,
        topic=topic,
        msgtype=msgtype,
        msgdef=MessageDefinition(MessageDefinitionFormat.NONE, ""),
        digest="",
        msgcount=0,
        ext=ConnectionExtRosbag2(encoding, _read_qos(qos)),
        owner=None,
    )


def _read_qos(text: str) -> list[Qos]:
    """The QoS that a topic was recorded with; none where that is damaged."""
    try:
        return parse_qos(text)
    except (ReaderError, ValueError, TypeError, LookupError, AttributeError):
        return []
