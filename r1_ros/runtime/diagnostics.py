"""What a node says about itself on /diagnostics."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock, ClockType, ROSClock
from rclpy.node import Node
from rclpy.qos import QoSCompatibility, QoSProfile, qos_check_compatible
from rclpy.subscription import Subscription
from rclpy.topic_endpoint_info import TopicEndpointInfo

OK, WARN, ERROR, STALE = (
    DiagnosticStatus.OK,
    DiagnosticStatus.WARN,
    DiagnosticStatus.ERROR,
    DiagnosticStatus.STALE,
)
_NONE_OF_SO_MANY = 3  # dropped in a row: the input is of no use, whenever it is looked at
_SILENT_S = 3.0


def status_message(
    node: Node, part: str, level: bytes, message: str, values: Mapping[str, object]
) -> DiagnosticStatus:
    """One status, named `node: part`; `values` as texts."""
    return DiagnosticStatus(
        level=level,
        name=f"{node.get_name()}: {part}",
        message=message,
        hardware_id=node.get_fully_qualified_name(),
        values=[KeyValue(key=key, value=_text(value)) for key, value in values.items()],
    )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.3f}" if isinstance(value, float) else str(value)


class _SimulatedTime:
    """Notices when /clock stands still; nodes with `use_sim_time` then wait for nothing."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._time, self._since = 0, time.monotonic()

    def statuses(self) -> list[DiagnosticStatus]:
        """One status, or none where the node follows the wall's clock."""
        clock = self._node.get_clock()
        if not isinstance(clock, ROSClock) or not clock.ros_time_is_active:
            return []
        now = clock.now().nanoseconds
        if now != self._time:
            self._time, self._since = now, time.monotonic()
        still = time.monotonic() - self._since
        level, message = OK, "follows /clock"
        if not now:
            level, message = WARN, "use_sim_time is set, but nothing came on /clock"
        elif still > _SILENT_S:
            level, message = WARN, f"/clock has stood still for {still:.0f} s"
        values = {"time_s": now * 1e-9, "still_s": still}
        return [status_message(self._node, "clock", level, message, values)]


class DiagnosticsPublisher:
    """Publishes on /diagnostics every `period` seconds.

    Nodes that follow simulated time report on it as well.

    Args:
        node: who reports.
        period: seconds.
        sources: called for each message; the list of statuses it is made of.
        callback_group: of the timer.
    """

    def __init__(
        self,
        node: Node,
        period: float,
        sources: Callable[[], Sequence[DiagnosticStatus]],
        callback_group: CallbackGroup | None = None,
    ) -> None:
        self._node, self._sources = node, sources
        self._simulated_time = _SimulatedTime(node)
        self._publisher = node.create_publisher(DiagnosticArray, "/diagnostics", 10)
        # steady: a node says that it waits for simulated time, too
        clock = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(period, self.publish, callback_group, clock)

    def publish(self) -> None:
        """Publish now."""
        statuses = [*self._sources(), *self._simulated_time.statuses()]
        message = DiagnosticArray(status=statuses)
        message.header.stamp = self._node.get_clock().now().to_msg()
        self._publisher.publish(message)

    def close(self) -> None:
        """Stop publishing."""
        self._node.destroy_timer(self._timer)
        self._node.destroy_publisher(self._publisher)


@dataclass
class InputCounts:
    """What became of the messages of one input.

    received = integrated + skipped + dropped for any reason + those that still wait, at any time.
    """

    received: int = 0
    integrated: int = 0
    skipped: int = 0
    dropped: Counter[str] = field(default_factory=Counter)
    last_drop: str = ""
    last_received: float | None = None
    dropped_in_a_row: int = 0

    def receive(self) -> None:
        """A message arrived."""
        self.received += 1
        self.last_received = time.monotonic()

    def integrate(self) -> None:
        """A message was used."""
        self.integrated += 1
        self.dropped_in_a_row = 0

    def skip(self) -> None:
        """A message was good, and more often than is asked for: nothing is wrong."""
        self.skipped += 1
        self.dropped_in_a_row = 0

    def drop(self, reason: str, detail: str = "") -> None:
        """A message will not be used; `reason` is what is counted by."""
        self.dropped[reason] += 1
        self.dropped_in_a_row += 1
        self.last_drop = detail or reason

    @property
    def age(self) -> float | None:
        """Seconds since the last message; None before the first."""
        return None if self.last_received is None else time.monotonic() - self.last_received


def qos_conflict(publisher: TopicEndpointInfo, requested: QoSProfile) -> str:
    """Why a publisher's messages never arrive, with both policies; empty where they do."""
    verdict, reason = qos_check_compatible(publisher.qos_profile, requested)
    if verdict != QoSCompatibility.ERROR:
        return ""
    offered = publisher.qos_profile
    conflicts = [
        f"{policy}: {publisher.node_name} offers {getattr(offered, policy).name}, "
        f"{getattr(requested, policy).name} is requested"
        for policy in ("reliability", "durability")
        if getattr(offered, policy) != getattr(requested, policy)
    ]
    return "; ".join(conflicts) or reason.strip()


def input_status(
    node: Node,
    name: str,
    subscriptions: Sequence[Subscription],
    counts: InputCounts,
    pending: int,
    lost: int,
    dropped_since: int,
) -> DiagnosticStatus:
    """Health of one input.

    Args:
        node: who reports.
        name: of the input, e.g. `color/image`.
        subscriptions: the topics it may come on.
        counts: what became of its messages.
        pending: messages that wait in the node.
        lost: messages that the middleware lost.
        dropped_since: messages dropped since the last report.
    """
    publishers, conflicts = 0, []
    for subscription in subscriptions:
        infos = node.get_publishers_info_by_topic(subscription.topic_name)
        publishers += len(infos)
        conflicts += [text for i in infos if (text := qos_conflict(i, subscription.qos_profile))]
    age = counts.age
    level, message = OK, "receiving"
    if conflicts:
        level, message = WARN, f"incompatible QoS: {'; '.join(conflicts)}"
    elif not publishers:
        level, message = STALE, "no publisher"
    elif age is None:
        level, message = WARN, "a publisher, but no message so far"
    elif age > _SILENT_S:
        level, message = WARN, f"silent for {age:.0f} s"
    elif dropped_since or counts.dropped_in_a_row >= _NONE_OF_SO_MANY:
        level, message = WARN, f"dropping: {counts.last_drop}"
    values = {
        "topics": ", ".join(subscription.topic_name for subscription in subscriptions),
        "publishers": publishers,
        "qos_ok": not conflicts,
        "age_s": "never" if age is None else age,
        "received": counts.received,
        "integrated": counts.integrated,
        "skipped": counts.skipped,
        "pending": pending,
        "dropped": counts.dropped.total(),
        **{f"dropped: {reason}": number for reason, number in sorted(counts.dropped.items())},
        "last_drop_reason": counts.last_drop,
        "lost_in_transport": lost,
    }
    return status_message(node, name, level, message, values)
