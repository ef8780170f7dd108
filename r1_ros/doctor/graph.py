"""What runs on the ROS network: nodes, lifecycle states, topics with QoS, tf."""

from __future__ import annotations

import time

from lifecycle_msgs.srv import GetState
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import (
    DurabilityPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
    qos_check_compatible,
)
from rclpy.topic_endpoint_info import TopicEndpointInfo
from tf2_msgs.msg import TFMessage

from r1_ros.doctor.check import Check

_NODES = ("scene_mapper", "scene_reasoner", "plan_executor")
_INPUTS = (
    "color/image",
    "color/image/compressed",
    "depth/image",
    "depth/image/compressedDepth",
    "color/camera_info",
    "points",
)
_STATIC_QOS = QoSProfile(depth=100, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class _TfLog:
    """Transforms heard: (parent, child) -> count, and whether static."""

    def __init__(self, node: Node) -> None:
        self.counts: dict[tuple[str, str], int] = {}
        self.static: set[tuple[str, str]] = set()
        self.newest = 0.0
        node.create_subscription(TFMessage, "/tf", lambda m: self._add(m, False), 100)
        node.create_subscription(TFMessage, "/tf_static", lambda m: self._add(m, True), _STATIC_QOS)

    def _add(self, message: TFMessage, static: bool) -> None:
        for transform in message.transforms:
            edge = (transform.header.frame_id, transform.child_frame_id)
            self.counts[edge] = self.counts.get(edge, 0) + 1
            if static:
                self.static.add(edge)
            else:
                stamp = transform.header.stamp
                self.newest = max(self.newest, stamp.sec + stamp.nanosec * 1e-9)


def check_graph(node: Node, seconds: float) -> list[Check]:
    """Listen for `seconds` and report what is there. `node` carries the namespace to look in."""
    log = _TfLog(node)
    executor = SingleThreadedExecutor(context=node.context)
    executor.add_node(node)
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        executor.spin_once(timeout_sec=0.1)
    return [*_nodes(node, executor), *_topics(node), *_tf(log, seconds)]


def _nodes(node: Node, executor: SingleThreadedExecutor) -> list[Check]:
    present = set(node.get_node_names_and_namespaces())
    checks = []
    for name in _NODES:
        if (name, node.get_namespace()) not in present:
            checks.append(Check("nodes", name, "info", "not running (start it with `r1 up`)"))
            continue
        client = node.create_client(GetState, f"{name}/get_state")
        future = client.call_async(GetState.Request())
        executor.spin_until_future_complete(future, timeout_sec=2.0)
        if not future.done():
            checks.append(Check("nodes", name, "warn", "runs, but does not answer get_state"))
            continue
        state = future.result().current_state.label
        checks.append(Check("nodes", name, "ok" if state == "active" else "warn", state))
    return checks


def _topics(node: Node) -> list[Check]:
    checks = []
    for topic in _INPUTS:
        name = node.resolve_topic_name(topic)
        publishers = node.get_publishers_info_by_topic(name)
        subscribers = node.get_subscriptions_info_by_topic(name)
        if publishers or subscribers:
            checks.append(_topic(name, publishers, subscribers))
    others = [
        f"{name} [{', '.join(types)}]"
        for name, types in node.get_topic_names_and_types()
        if node.get_publishers_info_by_topic(name)
        and any(kind.endswith(("Image", "CameraInfo", "PointCloud2")) for kind in types)
        and name not in {check.name for check in checks}
        and not name.endswith("scene_mapper/cloud")  # our own
    ]
    if others:
        checks.append(Check("topics", "other sensor topics", "info", "; ".join(others)))
    if not checks:
        checks.append(Check("topics", "inputs", "info", "nobody publishes or subscribes"))
    return checks


def _topic(
    name: str, publishers: list[TopicEndpointInfo], subscribers: list[TopicEndpointInfo]
) -> Check:
    detail = (
        f"{len(publishers)} publisher(s) [{_qos_text(publishers)}], "
        f"{len(subscribers)} subscriber(s) [{_qos_text(subscribers)}]"
    )
    for publisher in publishers:
        for subscriber in subscribers:
            verdict, reason = qos_check_compatible(publisher.qos_profile, subscriber.qos_profile)
            if verdict == QoSCompatibility.ERROR:
                detail += f"; {publisher.node_name} -> {subscriber.node_name}: {reason.strip()}"
                return Check("topics", name, "warn", detail)
            if publisher.topic_type != subscriber.topic_type:
                detail += f"; types differ: {publisher.topic_type}, {subscriber.topic_type}"
                return Check("topics", name, "warn", detail)
    return Check("topics", name, "ok" if publishers else "info", detail)


def _qos_text(endpoints: list[TopicEndpointInfo]) -> str:
    texts = set()
    for endpoint in endpoints:
        qos = endpoint.qos_profile
        best_effort = qos.reliability == ReliabilityPolicy.BEST_EFFORT
        latched = qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
        texts.add(("best effort" if best_effort else "reliable") + (", latched" if latched else ""))
    return " | ".join(sorted(texts))


def _tf(log: _TfLog, seconds: float) -> list[Check]:
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
