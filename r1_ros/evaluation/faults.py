"""Faults of a robot's inputs, put into a recording while it is played. Off unless asked for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from r1_ros.bags.bag import BagMessage
from r1_ros.bags.bag_messages import TYPES

KINDS = ("drop", "delay", "freeze", "nan", "repeat", "wrong_frame", "cut")
LEVELS = {"WARN": 1, "ERROR": 2, "STALE": 3}


class FaultError(ValueError):
    """A fault is described wrongly; the message names the field and its value."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong with one input for a while.

    Attributes:
        at: when it begins, seconds after the beginning of the bag.
        seconds: how long it lasts.
        input: name of the input: color, depth, camera_info, points or tf; of several cameras
            front/color and so on.
        kind: drop: no messages; delay: late by `by` seconds; freeze: the last message over and
            over; nan: no pixel is measured, no colour seen; repeat: each message twice;
            wrong_frame: another frame_id; cut: half the bytes of the data.
        by: for `delay`, seconds.
        expect: the level on /diagnostics that must name it (WARN, ERROR, STALE); empty: none.
        within: seconds after its beginning.
    """

    at: float
    seconds: float
    input: str
    kind: str
    by: float = 1.0
    expect: str = "WARN"
    within: float = 10.0

    @staticmethod
    def read(row: object) -> Fault:
        """A fault from its description.

        Raises:
            FaultError: a field is missing, unknown or out of range.
        """
        if not isinstance(row, Mapping):
            raise FaultError(f"a fault is a mapping, got {row!r}")
        names = {"at", "seconds", "input", "kind", "by", "expect", "within"}
        if unknown := set(row) - names:
            raise FaultError(f"no such field of a fault: {', '.join(map(str, sorted(unknown)))}")
        for name in ("at", "seconds", "by", "within"):
            value = row.get(name, 1.0)
            good = isinstance(value, int | float) and math.isfinite(value) and value >= 0
            if isinstance(value, bool) or not good:
                raise FaultError(f"{name} must be 0 or more seconds, got {value!r}")
        try:
            fault = Fault(**row)
        except TypeError:
            raise FaultError(f"a fault needs at, seconds, input and kind, got {row!r}") from None
        if fault.kind not in KINDS:
            raise FaultError(f"kind must be one of {', '.join(KINDS)}, got {fault.kind!r}")
        if fault.input.rpartition("/")[2] not in ("color", "depth", "camera_info", "points", "tf"):
            raise FaultError(f"no input {fault.input!r}")
        if fault.expect and fault.expect not in LEVELS:
            raise FaultError(f"expect must be one of {', '.join(LEVELS)}, got {fault.expect!r}")
        return fault

    def covers(self, second: float) -> bool:
        """Whether it is on at this time of the bag."""
        return self.at <= second < self.at + self.seconds


def with_faults(
    messages: Iterable[BagMessage],
    faults: Iterable[Fault],
    topics: Mapping[str, str],
    types: Mapping[str, str],
    start: int,
) -> Iterator[BagMessage]:
    """A recording's messages in the order of time, with faults put in.

    Args:
        messages: in the order of time.
        faults: what goes wrong.
        topics: input by topic.
        types: message type by topic.
        start: where the recording begins, nanoseconds.
    """
    faults = list(faults)
    if not faults:
        yield from messages
        return
    last: dict[str, BagMessage] = {}
    late: list[BagMessage] = []
    for message in messages:
        while late and late[0].time <= message.time:
            yield late.pop(0)
        second = (message.time - start) / 1e9
        name = topics.get(message.topic, "")
        on = next((f for f in faults if f.input == name and f.covers(second)), None)
        if on is None:
            last[message.topic] = message
            yield message
        elif on.kind == "delay":
            late.append(message._replace(time=message.time + round(on.by * 1e9)))
            late.sort(key=lambda item: item.time)
        elif on.kind == "freeze":
            if message.topic in last:
                yield last[message.topic]._replace(time=message.time)
        elif on.kind == "repeat":
            yield message
            yield message
        elif on.kind != "drop":
            yield message._replace(data=_damaged(message.data, types[message.topic], on.kind))
    yield from late


def _damaged(data: bytes, kind_of_message: str, kind: str) -> bytes:
    """CDR bytes of a message to which a fault was done."""
    message: Any = TYPES.deserialize_cdr(data, kind_of_message)
    if kind == "wrong_frame":
        for header in _headers(message):
            object.__setattr__(header, "frame_id", "a_frame_that_nobody_knows")
    elif kind == "cut" and hasattr(message, "data"):
        message = replace(message, data=message.data[: len(message.data) // 2])
    elif kind == "nan":
        message = _without_values(message, kind_of_message)
    return bytes(TYPES.serialize_cdr(message, kind_of_message))


def _headers(message: Any) -> list[Any]:
    if hasattr(message, "transforms"):
        return [transform.header for transform in message.transforms]
    return [message.header]


def _without_values(message: Any, kind_of_message: str) -> Any:
    if hasattr(message, "transforms"):
        for transform in message.transforms:
            object.__setattr__(transform.transform.translation, "x", math.nan)
        return message
    if kind_of_message.endswith("CameraInfo"):
        return replace(message, k=np.full(9, np.nan))
    if not hasattr(message, "data"):
        return message
    value = 0
    if getattr(message, "encoding", "") == "32FC1" or kind_of_message.endswith("PointCloud2"):
        value = 0xFF  # every byte set: NaN in any byte order
    return replace(message, data=np.full_like(message.data, value))
