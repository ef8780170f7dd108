"""The tf tree: its edges as they were heard, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rclpy.node import Node
from rclpy.qos import QoSProfile, ReliabilityPolicy
from tf2_msgs.msg import TFMessage

from r1_ros.doctor.check import Check
from r1_ros.doctor.topics import STATIC_TF_QOS, is_static

# Hears everybody, those included that reliable listeners miss: `check_topics` names these.
_TF_QOS = QoSProfile(depth=1000, reliability=ReliabilityPolicy.BEST_EFFORT)


class TransformLog:
    """Transforms heard: (parent, child) -> count, and which of them are static."""

    def __init__(self, node: Node) -> None:
        self.counts: dict[tuple[str, str], int] = {}
        self.static: set[tuple[str, str]] = set()
        self._node = node
        self._topics: set[str] = set()

    def listen(self, topics: Sequence[str]) -> None:
        """Hear these topics from now on, besides those that are heard already."""
        for topic in set(topics) - self._topics:
            self._topics.add(topic)
            static = is_static(topic)
            qos = STATIC_TF_QOS if static else _TF_QOS
            callback = partial(self._add, static=static)
            self._node.create_subscription(TFMessage, topic, callback, qos)

    def _add(self, message: TFMessage, *, static: bool) -> None:
        for transform in message.transforms:
            edge = (transform.header.frame_id, transform.child_frame_id)
            self.counts[edge] = self.counts.get(edge, 0) + 1
            if static:
                self.static.add(edge)


def check_transforms(log: TransformLog, seconds: float) -> list[Check]:
    """The tree after `seconds` of listening."""
    if not log.counts:
        return [Check("tf", "tree", "info", f"no transform within {seconds:.0f} s")]
    checks = []
    parents: dict[str, set[str]] = {}
    for (parent, child), count in sorted(log.counts.items()):
        kind = "static" if (parent, child) in log.static else f"{count / seconds:.1f} Hz"
        checks.append(Check("tf", f"{parent} -> {child}", "ok", kind))
        parents.setdefault(child, set()).add(parent)
    for child, several in parents.items():
        if len(several) > 1:
            detail = f"has several parents: {', '.join(sorted(several))}; tf allows one"
            checks.append(Check("tf", child, "warn", detail))
    roots = {p for p, _ in log.counts} - set(parents)
    if len(roots) > 1:
        detail = f"the tree is in {len(roots)} parts, with the roots {', '.join(sorted(roots))}"
        checks.append(Check("tf", "tree", "warn", detail))
    return checks
