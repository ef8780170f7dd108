"""Read any rosbag2 (mcap or sqlite3, plain or zstd) as serialized messages, damaged ones too."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from rosbags.interfaces import Connection, Qos
from rosbags.rosbag2 import Reader, ReaderError

from r1_ros.bags.salvage import DAMAGE_ERRORS, SalvagedFile, mcap_has_index, salvage_file

# rosbags trusts lengths and offsets that it reads: damage shows as any of these.
_READ_ERRORS = (*DAMAGE_ERRORS, ReaderError, TypeError, ValueError, LookupError)
STORAGE_SUFFIXES = (".mcap", ".db3", ".mcap.zstd", ".db3.zstd")


class BagError(ValueError):
    """This is no bag, or nothing in it can be read; the message names the file."""


@dataclass(frozen=True)
class BagTopic:
    """A topic of a bag: name, type such as `sensor_msgs/msg/Image`, offered QoS (maybe none)."""

    name: str
    type: str
    qos: tuple[Qos, ...] = ()
    count: int = 0


class BagMessage(NamedTuple):
    """One recorded message: topic name, receive time in nanoseconds, CDR bytes."""

    topic: str
    time: int
    data: bytes


class Bag:
    """An opened bag. Use as a context manager.

    Attributes:
        path: what was opened: the bag's folder or one storage file.
        topics: by name; a name that was recorded with two types keeps the first one.
        start, end: receive time of the first and the last message, nanoseconds.
        count: messages that can be read.
        damage: what is wrong with the bag in one sentence, or None. Messages that lie before the
            damage are readable all the same.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.topics: dict[str, BagTopic] = {}
        self.start = self.end = self.count = 0
        self.damage: str | None = None
        self._open_files = ExitStack()
        self._reader: Reader | None = None
        self._salvaged: list[SalvagedFile] = []

    def __enter__(self) -> Bag:
        if not self.path.exists():
            raise BagError(f"no such bag: {self.path}")
        try:
            self._open()
        except BaseException:
            self._open_files.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._open_files.close()

    def messages(self, start: int | None = None) -> Iterator[BagMessage]:
        """All messages in the order of time, from `start` (nanoseconds) on.

        Raises:
            BagError: the storage turned out to be damaged on the way; what lay before it was
                yielded.
        """
        if self._reader is None:
            files = (file.messages(start) for file in self._salvaged)
            yield from heapq.merge(*(map(BagMessage._make, f) for f in files), key=_time_of)
            return
        wanted = [c for c in self._reader.connections if self.topics[c.topic].type == c.msgtype]
        try:
            for connection, time, data in self._reader.messages(wanted, start=start):
                yield BagMessage(connection.topic, time, bytes(data))
        except _READ_ERRORS as error:
            raise BagError(f"{self.path} is damaged: {error}") from error

    def _open(self) -> None:
        try:
            reader = self._open_files.enter_context(Reader(self.path))
        except FileNotFoundError:
            self._salvage("metadata.yaml is missing")
        except _READ_ERRORS as error:
            self._salvage(str(error) or type(error).__name__)
        else:
            if not all(map(mcap_has_index, _storage_files(self.path))):
                self._salvage("the mcap has no index, so messages come in the order of the file")
                return
            self._reader = reader
            self._describe(reader.connections)
            self.start, self.end = reader.start_time, reader.end_time - 1
            self.count = reader.message_count

    def _describe(self, connections: list[Connection]) -> None:
        for c in connections:
            known = self.topics.get(c.topic, BagTopic(c.topic, c.msgtype))
            if known.type != c.msgtype:
                continue
            qos = known.qos + tuple(getattr(c.ext, "offered_qos_profiles", ()))
            self.topics[c.topic] = BagTopic(c.topic, c.msgtype, qos, known.count + c.msgcount)

    def _salvage(self, reason: str) -> None:
        files = _storage_files(self.path)
        if not files:
            raise BagError(f"{self.path} holds no rosbag2 (no .mcap or .db3 file): {reason}")
        for file in files:
            self._salvaged.append(self._open_files.enter_context(salvage_file(file)))
        for salvaged in self._salvaged:
            self._describe(salvaged.connections)
        self.count = sum(file.count for file in self._salvaged)
        if not self.count:
            raise BagError(f"{self.path}: no message can be read: {reason}")
        self.start = min(file.start for file in self._salvaged if file.count)
        self.end = max(file.end for file in self._salvaged if file.count)
        damages = [file.damage for file in self._salvaged if file.damage]
        self.damage = "; ".join(damages) or reason


def _storage_files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    files = [f for f in path.iterdir() if f.name.endswith(STORAGE_SUFFIXES)]
    # bag_10.mcap comes after bag_9.mcap
    return sorted(files, key=lambda file: (len(file.name), file.name))


def _time_of(message: BagMessage) -> int:
    return message.time
