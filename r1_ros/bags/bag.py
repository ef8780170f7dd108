"""Read any rosbag2 (mcap or sqlite3, plain or zstd) as serialized messages, damaged ones too.

Every message that lies in the files of a bag comes out, or is named in `left_out` or `damage`:
metadata.yaml is only asked what should be there.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from rosbags.interfaces import Connection, Qos, QosDurability

from r1_ros.bags.bag_files import METADATA, BagError, read_metadata, storage_files
from r1_ros.bags.doubles import doubles, twin_name
from r1_ros.bags.storage import READ_ERRORS, StorageFile, open_storage

# Longer gaps than these are no part of what was recorded: a clock was set, or the recorder heard
# latched topics and waited for the robot.
LATCHED_GAP_NS = 5 * 10**9
GAP_NS = 300 * 10**9
_UNSET_CLOCK_NS = 946_684_800 * 10**9  # the year 2000: no robot has recorded before
_SCANNED = 1000  # messages at the front among which a gap is looked for


@dataclass(frozen=True)
class BagTopic:
    """A topic of a bag: name, type such as `sensor_msgs/msg/Image`, offered QoS (maybe none)."""

    name: str
    type: str
    qos: tuple[Qos, ...] = ()
    count: int = 0

    @property
    def latched(self) -> bool:
        """One of its publishers was latched; static transforms are, whatever was recorded."""
        if self.name.rpartition("/")[2] == "tf_static":
            return True
        return any(qos.durability is QosDurability.TRANSIENT_LOCAL for qos in self.qos)


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
        first: receive time of the first message, nanoseconds.
        start: where the recording begins: `first`, or behind a gap that a clock left in front.
        end: receive time of the last message.
        count: messages that can be read, of `topics`.
        left_out: what lies in the files and is none of that, in one sentence each.
        notes: what people should know of a bag that is whole.
        damage: what is wrong with the bag in one sentence, or None. Messages that lie before the
            damage are readable all the same.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)
        self.topics: dict[str, BagTopic] = {}
        self.first = self.start = self.end = self.count = 0
        self.left_out: list[str] = []
        self.notes: list[str] = []
        self.damage: str | None = None
        self._open_files = ExitStack()
        self._files: list[StorageFile] = []

    def __enter__(self) -> Bag:
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
        parts = (self._messages_of(file, start) for file in self._files)
        try:
            yield from heapq.merge(*parts, key=_time_of)
        except READ_ERRORS as error:
            raise BagError(f"{self.path} is damaged: {error}") from error

    def _messages_of(self, file: StorageFile, start: int | None) -> Iterator[BagMessage]:
        told = {c.id: (_topic(c), _type(c)) for c in file.connections if _encoding(c) == "cdr"}
        wanted = {number: name for number, (name, kind) in told.items() if self._plays(name, kind)}
        for number, time, data in file.messages(wanted, start):
            yield BagMessage(wanted[number], time, data)

    def _plays(self, name: str, kind: str) -> bool:
        return self.topics[name].type == kind

    def _open(self) -> None:
        if self.path.name == METADATA:
            self.path = self.path.parent
        try:
            files = storage_files(self.path)
            told = read_metadata(self.path)
            opened = {f: self._open_files.enter_context(open_storage(f)) for f in files}
            for double, same in doubles(opened).items():
                del opened[double]
                self.notes.append(f"{double.name} holds what {same.name} holds and is left out")
            self._files = list(opened.values())
        except OSError as error:
            raise BagError(f"cannot read {self.path}: {error}") from error
        total = sum(file.count for file in self._files)
        damages = [file.damage for file in self._files if file.damage]
        self._describe()
        if not total:
            raise BagError(f"{self.path}: no message can be read: {'; '.join(damages) or 'empty'}")
        if not self.count:
            encodings = {_encoding(c) for file in self._files for c in file.connections}
            what = "; ".join(sorted(map(_foreign, encodings))) or "messages of no topic"
            raise BagError(f"{self.path}: nothing can be played: all of it are {what}")
        full = [file for file in self._files if file.count]
        self.first = self.start = min(file.start for file in full)
        self.end = max(file.end for file in full)
        if self.path.is_dir() and told is None:
            self.notes.append("metadata.yaml is missing or damaged; the files tell the rest")
        if told and told.count > total:
            missing = [
                f"{name} is missing, which metadata.yaml names"
                for name in told.files
                if not any((self.path / n).exists() for n in (name, twin_name(name)))
            ]
            damages += missing
            if not damages:
                text = f"metadata.yaml counts {told.count} messages, the files hold {total}"
                damages.append(text)
        self.damage = "; ".join(damages) or None
        self._skip_leading_gap()

    def _describe(self) -> None:
        for c in (c for file in self._files for c in file.connections):
            encoding = _encoding(c)
            if encoding != "cdr":
                if c.msgcount:
                    self.left_out.append(f"{c.topic}: {c.msgcount} {_foreign(encoding)}")
                continue
            name, kind = _topic(c), _type(c)
            known = self.topics.get(name, BagTopic(name, kind))
            if known.type != kind:
                self.left_out.append(
                    f"{name}: {c.msgcount} messages of type {kind}, the others are {known.type}"
                )
                continue
            qos = known.qos + tuple(getattr(c.ext, "offered_qos_profiles", ()))
            self.topics[name] = BagTopic(name, kind, qos, known.count + c.msgcount)
        for file in self._files:
            if nameless := file.count - sum(c.msgcount for c in file.connections):
                self.left_out.append(f"{nameless} messages of topics that the file does not name")
        self.count = sum(topic.count for topic in self.topics.values())

    def _skip_leading_gap(self) -> None:
        """Let the recording begin where its clock does: nobody waits for years."""
        before, latched_only = self.first, True
        try:
            for index, message in enumerate(islice(self.messages(), _SCANNED)):
                gap = message.time - before
                unset = before < _UNSET_CLOCK_NS and gap > GAP_NS
                if index and (unset or (latched_only and gap > LATCHED_GAP_NS)):
                    self.start = message.time
                    self.notes.append(
                        f"the first {index} message(s) lie {gap / 1e9:.0f} s before the rest: "
                        "they are played at once"
                    )
                before = message.time
                latched_only = latched_only and self.topics[message.topic].latched
                if not latched_only and message.time - self.start > LATCHED_GAP_NS:
                    return
        except BagError:
            return  # whoever plays it gets there, too


def _encoding(connection: Connection) -> str:
    return str(getattr(connection.ext, "serialization_format", "cdr")).lower() or "cdr"


def _topic(connection: Connection) -> str:
    """The name from the root on: other programs leave the slash in front away."""
    name = connection.topic
    return name if name.startswith(("/", "~")) or not name else f"/{name}"


def _type(connection: Connection) -> str:
    """The type as ROS 2 writes it; other programs write std_msgs/String, or as DDS does."""
    parts = connection.msgtype.replace("::", "/").split("/")
    return "/".join([parts[0], "msg", parts[1]] if len(parts) == 2 else parts)


def _foreign(encoding: str) -> str:
    if encoding == "ros1":
        return (
            "messages of ROS 1, in an mcap; convert the ROS 1 bag that it was made of: "
            "rosbags-convert --src FILE.bag --dst FOLDER"
        )
    return f"messages encoded as {encoding!r}, not as CDR"


def _time_of(message: BagMessage) -> int:
    return message.time
