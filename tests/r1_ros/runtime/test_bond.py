"""A bond says that its node is alive, and at the end that it goes."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("rclpy")

from builtin_interfaces.msg import Time

from r1_ros.runtime import bond


class Node:
    """Keeps what is published and timed."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.timers: list[tuple[float, Callable[[], None]]] = []
        self.topics: list[str] = []

    def get_name(self) -> str:
        return "scene_mapper"

    def get_clock(self) -> Any:
        return SimpleNamespace(now=lambda: SimpleNamespace(to_msg=Time))

    def create_publisher(self, _kind: object, topic: str, _qos: object) -> Any:
        self.topics.append(topic)
        return SimpleNamespace(publish=self.sent.append)

    def create_timer(self, period: float, tell: Callable[[], None], *_: object) -> Any:
        self.timers.append((period, tell))
        return tell

    def destroy_timer(self, timer: Callable[[], None]) -> None:
        self.timers = [item for item in self.timers if item[1] != timer]

    def destroy_publisher(self, _: object) -> None:
        self.topics.clear()


def status(**fields: object) -> Any:
    return SimpleNamespace(header=SimpleNamespace(stamp=None), **fields)


def test_heartbeats_and_a_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bond, "Status", status)
    node = Node()
    made = bond.Bond(node, None)
    ((period, beat),) = node.timers
    beat()
    beat()
    made.close()
    made.close()
    assert node.topics == [] and node.timers == [] and period <= 0.1
    assert [message.active for message in node.sent] == [True, True, False]
    assert {message.id for message in node.sent} == {"scene_mapper"}
    assert len({message.instance_id for message in node.sent}) == 1
    assert {message.heartbeat_period for message in node.sent} == {period}


def test_two_bonds_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bond, "Status", status)
    node = Node()
    for made in (bond.Bond(node, None), bond.Bond(node, None)):
        made.close()
    first, second = node.sent
    assert first.instance_id != second.instance_id


def test_without_the_messages_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bond, "Status", None)
    node = Node()
    bond.Bond(node, None).close()
    assert not node.topics and not node.timers and not node.sent
