"""Play a bag to ROS topics at its own rate, as serialized bytes."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from builtin_interfaces.msg import Time
from rclpy.duration import Duration
from rclpy.node import Node
from rosgraph_msgs.msg import Clock

from r1_ros.bags.bag import GAP_NS, Bag, BagError, BagMessage
from r1_ros.bags.play_clock import MAX_RATE, PlayClock
from r1_ros.bags.publishers import create_publishers, is_latched

_POLL_S = 0.05
_LINGER_S = 0.5


class InvalidPlayError(ValueError):
    """An option of playing has a value that makes no sense; the message names it."""


@dataclass(frozen=True)
class PlayOptions:
    """How to play.

    Attributes:
        rate: bag seconds per wall second.
        loop: start again at the end; time then jumps back.
        start: seconds after the beginning of the bag to start from.
        clock_hz: how often /clock is published, per wall second; 0: never.
        topics: play these only; empty: all.
        settle_s: wait until no new subscriber has turned up for this long before the first
            message; volatile messages sent during discovery would be lost.
        settle_limit_s: and start after this long in any case.
    """

    rate: float = 1.0
    loop: bool = False
    start: float = 0.0
    clock_hz: float = 40.0
    topics: tuple[str, ...] = ()
    settle_s: float = 0.5
    settle_limit_s: float = 5.0

    def __post_init__(self) -> None:
        if not 0 < self.rate <= MAX_RATE:
            raise InvalidPlayError(
                f"rate must be above 0 and at most {MAX_RATE:g}, got {self.rate}"
            )
        if not 0 <= self.start < float("inf"):
            raise InvalidPlayError(f"start must be 0 or above and finite, got {self.start}")
        if not 0 <= self.clock_hz <= 1000:
            raise InvalidPlayError(f"clock_hz must be in 0..1000, got {self.clock_hz}")
        for name in ("settle_s", "settle_limit_s"):
            if not (seconds := getattr(self, name)) >= 0:
                raise InvalidPlayError(f"{name}, a time to wait, must be 0 or above, got {seconds}")


@dataclass
class PlayReport:
    """What was played.

    Attributes:
        counts: messages published, by topic.
        rounds: how often the bag was played to its end.
        seconds: wall time from the first to the last message.
        max_late_s: how late the latest message was against its own time.
        left_out: topics that could not be played, each with its reason.
        damage: what is wrong with the bag, or None.
    """

    counts: dict[str, int] = field(default_factory=dict)
    rounds: int = 0
    seconds: float = 0.0
    max_late_s: float = 0.0
    left_out: list[str] = field(default_factory=list)
    damage: str | None = None


class Player:
    """Plays one opened bag through one node.

    Args:
        bag: opened.
        node: its publishers are made on it; remaps given to the node hold.
        options: see `PlayOptions`.
        say: gets one line for everything that is noticed while it plays.

    Raises:
        BagError: no topic of the bag can be played.
        InvalidPlayError: the bag ends before `options.start`.
    """

    def __init__(
        self,
        bag: Bag,
        node: Node,
        options: PlayOptions,
        say: Callable[[str], object] = lambda _: None,
    ) -> None:
        self._bag = bag
        self._options = options
        self._say = say
        seconds = max(bag.end - bag.start, 0) / 1e9
        if options.start > seconds:
            raise InvalidPlayError(
                f"start must lie within the bag, which is {seconds:.1f} s long, got {options.start}"
            )
        missing = [name for name in options.topics if name not in bag.topics]
        if missing:
            raise BagError(f"not in {bag.path}: {', '.join(missing)}; it has {sorted(bag.topics)}")
        wanted = [t for t in bag.topics.values() if not options.topics or t.name in options.topics]
        # The bag's own clock would fight with ours.
        played = [t for t in wanted if not (t.name == "/clock" and options.clock_hz)]
        self._publishers, unknown = create_publishers(node, played)
        self.report = PlayReport(left_out=[*bag.left_out, *map(str, unknown)], damage=bag.damage)
        if not self._publishers:
            reasons = "; ".join(self.report.left_out) or "its /clock is made anew while it plays"
            raise BagError(f"nothing to play in {bag.path}: {reasons}")
        self._clock_publisher = (
            node.create_publisher(Clock, "/clock", 10) if options.clock_hz else None
        )
        self._next_tick = 0
        self._stopped = False

    def play(self, on_progress: Callable[[float], None] | None = None) -> PlayReport:
        """Play to the end, or until `stop` with `loop`; `on_progress` gets the bag seconds."""
        self._settle()
        began = time.monotonic()
        while not self._stopped:
            try:
                self._play_once(on_progress)
            except BagError as error:
                self.report.damage = str(error)
                break
            self.report.rounds += 1
            if not self._options.loop:
                break
        self.report.seconds = time.monotonic() - began
        self._flush()
        return self.report

    @property
    def stopped(self) -> bool:
        """True after `stop`."""
        return self._stopped

    def stop(self) -> None:
        """End `play` at the next message; callable from another thread."""
        self._stopped = True

    def _play_once(self, on_progress: Callable[[float], None] | None) -> None:
        first = self._bag.start + round(self._options.start * 1e9)
        self._publish_before(first)
        clock = PlayClock(first, self._options.rate)
        self._next_tick = before = first
        for message in self._bag.messages(first):
            gap, before = message.time - before, max(message.time, before)
            if gap > GAP_NS:
                self._say(f"a gap of {gap / 1e9:.0f} s in the bag is skipped")
                clock = PlayClock(message.time, self._options.rate)
            if message.topic not in self._publishers:
                continue
            self._wait_until(clock, message.time)
            if self._stopped:
                return
            late = -clock.seconds_until(message.time)
            self.report.max_late_s = max(self.report.max_late_s, late)
            self._publish(message)
            if on_progress is not None:
                on_progress((message.time - self._bag.start) / 1e9)

    def _wait_until(self, clock: PlayClock, due: int) -> None:
        """Sleep until bag time `due`; /clock ticks on the way."""
        while not self._stopped:
            now = clock.now(limit=due)
            self._tick(now)
            if now >= due:
                return
            wake = due if self._clock_publisher is None else min(due, self._next_tick)
            time.sleep(min(max(clock.seconds_until(wake), 0.0), _POLL_S))

    def _tick(self, now: int) -> None:
        if self._clock_publisher is None or now < self._next_tick:
            return
        self._clock_publisher.publish(Clock(clock=Time(sec=now // 10**9, nanosec=now % 10**9)))
        self._next_tick = now + round(1e9 * self._options.rate / self._options.clock_hz)

    def _publish(self, message: BagMessage) -> None:
        self._publishers[message.topic].publish(message.data)
        counts = self.report.counts
        counts[message.topic] = counts.get(message.topic, 0) + 1

    def _publish_before(self, first: int) -> None:
        """Static transforms and maps hold from the beginning of the bag, wherever we start.

        What lies in front of a gap belongs to the beginning, too.
        """
        if first <= self._bag.first:
            return
        latched = {name for name, pub in self._publishers.items() if is_latched(pub)}
        if not latched and self._bag.start == self._bag.first:
            return
        for message in self._bag.messages():
            if message.time >= first:
                return
            early = message.time < self._bag.start and message.topic in self._publishers
            if early or message.topic in latched:
                self._publish(message)

    def _subscribers(self) -> int:
        return sum(pub.get_subscription_count() for pub in self._publishers.values())

    def _settle(self) -> None:
        """Wait until the number of subscribers has stopped to change."""
        deadline = time.monotonic() + self._options.settle_limit_s
        count, since = self._subscribers(), time.monotonic()
        while not self._stopped and time.monotonic() < deadline:
            if count and time.monotonic() - since >= self._options.settle_s:
                return
            time.sleep(_POLL_S)
            if (now := self._subscribers()) != count:
                count, since = now, time.monotonic()

    def _flush(self) -> None:
        """Let subscribers get the last messages before the publishers and their memory go."""
        for publisher in self._publishers.values():
            publisher.wait_for_all_acked(Duration(seconds=1.0))
        # Best-effort subscribers acknowledge nothing.
        time.sleep(_LINGER_S)
