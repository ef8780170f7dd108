"""Play a bag step by step: the next images are sent when the mapper is done with the last ones.

So nothing is lost on a slow machine, and the same bag makes the same map, twice and anywhere.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from builtin_interfaces.msg import Time
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from r1_ros.bags.bag import Bag, BagMessage
from r1_ros.bags.publishers import create_publishers
from r1_ros.evaluation.faults import Fault, with_faults
from r1_ros.evaluation.health import Health

_STEP_NS = 50 * 10**6  # messages of one moment: a camera's topics are recorded one after the other
_CONNECT_S = 20.0
_LOST_S = 3.0  # a message that has not come by now was lost
_STILL_S = 0.3  # what waits for so long without a change waits for messages that are to come
_POLL_S = 0.02


@dataclass
class LockstepReport:
    """What was played: messages, seconds of wall time, and how many the transport lost."""

    messages: int = 0
    seconds: float = 0.0
    lost: int = 0
    left_out: list[str] = field(default_factory=list)


class LockstepPlayer:
    """Plays one opened bag through one node, as fast as the mapper works.

    Args:
        bag: opened.
        node: its publishers are made on it.
        health: what the mapper says it received.
        topics: name of the mapper's input by topic of the bag; of two topics of one input the
            first that the bag holds counts.
        faults: put into the messages; while one is on, time passes as in the bag.
    """

    def __init__(
        self,
        bag: Bag,
        node: Node,
        health: Health,
        topics: Mapping[str, str],
        faults: Sequence[Fault] = (),
    ) -> None:
        self._bag, self._health, self._faults = bag, health, faults
        played = [topic for topic in bag.topics.values() if topic.name != "/clock"]
        self._publishers, unknown = create_publishers(node, played, reliable=True)
        self._clock = node.create_publisher(Clock, "/clock", 10)
        self.report = LockstepReport(left_out=[*bag.left_out, *map(str, unknown)])
        self._inputs: dict[str, str] = {}
        for topic, name in topics.items():
            if topic in self._publishers and name not in self._inputs.values():
                self._inputs[topic] = name
        self._sent = dict.fromkeys(self._inputs.values(), 0)
        self._base = dict.fromkeys(self._inputs.values(), 0)
        self.fault_began: dict[Fault, float] = {}  # time.monotonic()

    def play(self, until: Sequence[float], at: Callable[[int], object]) -> LockstepReport:
        """Play to the end.

        Args:
            until: times, seconds after the beginning of the bag, ascending; infinite ones: its end.
            at: called with the index of each of them, when the mapper is done with what came
                before.
        """
        self._connect()
        began = time.monotonic()
        self._base = {name: self._health.count(name, "received") for name in self._sent}
        topics = self._inputs | {"/tf": "tf"}
        types = {topic.name: topic.type for topic in self._bag.topics.values()}
        start, index, step = self._bag.start, 0, self._bag.start
        messages = with_faults(self._bag.messages(), self._faults, topics, types, start)
        for message in messages:
            while index < len(until) and (message.time - start) / 1e9 > until[index]:
                self.drain()
                at(index)
                index += 1
            if message.time - step > _STEP_NS:
                self._settle()
                self._pass_time(step, message.time)
                step = message.time
                self._tick(message.time)
            self._publish(message)
        self.drain()
        for rest in range(index, len(until)):
            at(rest)
        self.report.seconds = time.monotonic() - began
        return self.report

    def drain(self) -> None:
        """Wait until the mapper is done with everything that it can be done with."""
        self._settle()
        waits, since = self._pending(), time.monotonic()
        while waits and time.monotonic() - since < _STILL_S:
            self._health.wait(_STILL_S)
            if (now := self._pending()) != waits:
                waits, since = now, time.monotonic()

    def _connect(self) -> None:
        deadline = time.monotonic() + _CONNECT_S
        wanted = [self._publishers[topic] for topic in self._inputs]
        while time.monotonic() < deadline:
            if all(p.get_subscription_count() for p in wanted) and self._health.known("map"):
                break
            time.sleep(_POLL_S)
        self._health.wait(2.0)  # counts of now, not of before

    def _settle(self) -> None:
        """Wait until all that was sent was received and is done with, or waits for what comes."""
        deadline = time.monotonic() + _LOST_S
        still = time.monotonic() + _STILL_S
        waits = -1
        while True:
            missing = {name: self._missing(name) for name in self._sent}
            if not any(missing.values()):
                now = self._pending()
                if not now:
                    return
                if now != waits:
                    waits, still = now, time.monotonic() + _STILL_S
                elif time.monotonic() > still:
                    return
            elif time.monotonic() > deadline:
                for name, count in missing.items():
                    self._base[name] -= count
                    self.report.lost += count
                return
            self._health.wait(0.1)

    def _missing(self, name: str) -> int:
        return max(0, self._base[name] + self._sent[name] - self._health.count(name, "received"))

    def _pending(self) -> int:
        return sum(self._health.count(name, "pending") for name in self._sent)

    def _pass_time(self, before: int, now: int) -> None:
        """While a fault is on, time passes as on the robot: silence is noticed by clocks."""
        second = (now - self._bag.start) / 1e9
        for fault in self._faults:
            if fault.at <= second <= fault.at + fault.seconds:
                self.fault_began.setdefault(fault, time.monotonic())
                time.sleep(min((now - before) / 1e9, fault.seconds))
                return

    def _publish(self, message: BagMessage) -> None:
        publisher = self._publishers.get(message.topic)
        if publisher is None:
            return
        publisher.publish(message.data)
        self.report.messages += 1
        name = self._inputs.get(message.topic)
        if name is not None:
            self._sent[name] += 1

    def _tick(self, now: int) -> None:
        self._clock.publish(Clock(clock=Time(sec=now // 10**9, nanosec=now % 10**9)))
