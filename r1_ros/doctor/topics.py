"""Topics that the mapper hears or should hear, with the QoS of both sides."""

from __future__ import annotations

from collections.abc import Sequence

from rclpy.node import Node, NodeNameNonExistentError
from rclpy.qos import (
    DurabilityPolicy,
    QoSCompatibility,
    QoSProfile,
    ReliabilityPolicy,
    qos_check_compatible,
)
from rclpy.topic_endpoint_info import TopicEndpointInfo

from r1_ros.doctor.check import Check

MAPPER = "scene_mapper"
# What tf listeners of every program ask for.
TF_QOS = QoSProfile(depth=1000)
STATIC_TF_QOS = QoSProfile(depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL)

INPUTS = {
    "color/image": "sensor_msgs/msg/Image",
    "color/image/compressed": "sensor_msgs/msg/CompressedImage",
    "depth/image": "sensor_msgs/msg/Image",
    "depth/image/compressedDepth": "sensor_msgs/msg/CompressedImage",
    "color/camera_info": "sensor_msgs/msg/CameraInfo",
    "points": "sensor_msgs/msg/PointCloud2",
}
_SENSOR_TYPES = ("Image", "CameraInfo", "PointCloud2")  # CompressedImage ends like Image
TF_TYPE = "tf2_msgs/msg/TFMessage"


def check_topics(node: Node) -> list[Check]:
    """The mapper's inputs, tf, and other topics that it could be given.

    Args:
        node: whose namespace is looked in; its own subscriptions are left out.
    """
    tf = tf_topics(node)
    rows: list[tuple[str, QoSProfile | None]] = [(name, None) for name in inputs_of(node)]
    rows += [(name, STATIC_TF_QOS if is_static(name) else TF_QOS) for name in tf]
    kinds = {node.resolve_topic_name(name): kind for name, kind in INPUTS.items()}
    checks = []
    for name, usual in rows:
        publishers = node.get_publishers_info_by_topic(name)
        subscribers = [
            info
            for info in node.get_subscriptions_info_by_topic(name)
            if (info.node_name, info.node_namespace) != (node.get_name(), node.get_namespace())
        ]
        if publishers or subscribers:
            checks.append(_topic(name, publishers, subscribers, usual, kinds.get(name, "")))
    others = [
        f"{name} [{', '.join(types)}]"
        for name, types in node.get_topic_names_and_types()
        if node.get_publishers_info_by_topic(name)
        and any(kind.endswith(_SENSOR_TYPES) for kind in types)
        and name not in {check.name for check in checks}
        and not name.endswith(f"{MAPPER}/cloud")  # our own
    ]
    if others:
        checks.append(Check("topics", "other sensor topics", "info", "; ".join(others)))
    if not checks:
        checks.append(Check("topics", "inputs", "info", "nobody publishes or subscribes"))
    return checks


def tf_topics(node: Node) -> list[str]:
    """Where the mapper hears transforms: /tf and /tf_static unless it was started with others."""
    return _heard_by_mapper(node, TF_TYPE) or ["/tf", "/tf_static"]


def is_static(topic: str) -> bool:
    """Whether transforms on this topic are latched and hold for ever."""
    return topic.endswith("tf_static")


def inputs_of(node: Node) -> list[str]:
    """Topics that the mapper hears, or would hear under the names of the contract."""
    # Only the graph knows the names that a running mapper was given; the others are those of a
    # mapper that was given none.
    heard = _heard_by_mapper(node, *_SENSOR_TYPES)
    return heard or [node.resolve_topic_name(topic) for topic in INPUTS]


def _heard_by_mapper(node: Node, *types: str) -> list[str]:
    """Topics of some types (or ends of their names) that the mapper of the namespace hears."""
    try:
        heard = node.get_subscriber_names_and_types_by_node(MAPPER, node.get_namespace())
    except NodeNameNonExistentError:
        return []
    return sorted(name for name, kinds in heard if any(kind.endswith(types) for kind in kinds))


def _topic(
    name: str,
    publishers: Sequence[TopicEndpointInfo],
    subscribers: Sequence[TopicEndpointInfo],
    usual: QoSProfile | None,
    kind: str,
) -> Check:
    detail = (
        f"{len(publishers)} publisher(s) [{_qos_text(publishers)}], "
        f"{len(subscribers)} subscriber(s) [{_qos_text(subscribers)}]"
    )
    conflicts = [text for p in publishers if (text := _conflict(p, subscribers, usual))]
    conflicts += [
        f"{p.node_name} sends {p.topic_type}, the mapper takes {kind} here"
        for p in publishers
        if kind and not conflicts and p.topic_type != kind
    ]
    if conflicts:
        return Check("topics", name, "warn", "; ".join([detail, *dict.fromkeys(conflicts)]))
    return Check("topics", name, "ok" if publishers else "info", detail)


def _conflict(
    publisher: TopicEndpointInfo,
    subscribers: Sequence[TopicEndpointInfo],
    usual: QoSProfile | None,
) -> str:
    """Why somebody does not hear the publisher; empty where all do.

    `usual` is what subscribers that are not there yet will ask for; None: unknown.
    """
    listeners = [(info.node_name, info.qos_profile) for info in subscribers]
    if usual is not None:
        listeners.append(("tf listeners", usual))
    for listener, qos in listeners:
        verdict, reason = qos_check_compatible(publisher.qos_profile, qos)
        if verdict == QoSCompatibility.ERROR:
            return f"{publisher.node_name} -> {listener}: incompatible QoS: {reason.strip(' ;')}"
    for info in subscribers:
        if publisher.topic_type != info.topic_type:
            return f"types differ: {publisher.topic_type}, {info.topic_type}"
    return ""


def _qos_text(endpoints: Sequence[TopicEndpointInfo]) -> str:
    texts = set()
    for endpoint in endpoints:
        qos = endpoint.qos_profile
        best_effort = qos.reliability == ReliabilityPolicy.BEST_EFFORT
        latched = qos.durability == DurabilityPolicy.TRANSIENT_LOCAL
        texts.add(("best effort" if best_effort else "reliable") + (", latched" if latched else ""))
    return " | ".join(sorted(texts))
