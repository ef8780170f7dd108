"""Publishers for the topics of a bag: message types by name, QoS as it was offered."""

from __future__ import annotations

import importlib

from rclpy.exceptions import InvalidTopicNameException
from rclpy.impl.implementation_singleton import rclpy_implementation
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from rosbags.interfaces import QosReliability

from r1_ros.bags.bag import BagTopic

# A queue that rides out a slow subscriber; the recorder's own depth may have been 1.
MIN_DEPTH = 10
# Static transforms kept for late subscribers at most; nodes that repeat theirs fill a bag.
MAX_STATIC_DEPTH = 1000


class UnplayableError(LookupError):
    """ROS cannot publish a topic; the message names it and the reason."""


class UnknownTypeError(UnplayableError):
    """The message type of a topic is not installed; the message names both."""


def message_class(topic: BagTopic) -> type:
    """The Python class of the topic's messages.

    Raises:
        UnknownTypeError: its package or the type itself is not installed here.
    """
    package, _, rest = topic.type.partition("/")
    kind, _, name = rest.partition("/")
    if not (package.isidentifier() and kind == "msg" and name.isidentifier()):
        raise UnknownTypeError(f"{topic.name}: {topic.type!r} is no message type")
    try:
        return getattr(importlib.import_module(f"{package}.msg"), name)
    except ImportError:
        raise UnknownTypeError(
            f"{topic.name}: package {package!r} ({topic.type}) is not installed"
        ) from None
    except AttributeError:
        raise UnknownTypeError(f"{topic.name}: {package!r} has no {topic.type}") from None


def publisher_qos(topic: BagTopic) -> QoSProfile:
    """QoS to publish a topic with, from what its recorded publishers offered.

    Latched where one of them was latched; best effort only where all of them were, so that
    every subscriber that matched then matches now. Without a record: reliable, and latched where
    the topic is `tf_static`: nobody hears that otherwise, so a bag that went through a bridge
    says the wrong thing of it.
    """
    static = topic.name.rpartition("/")[2] == "tf_static"
    latched = topic.latched
    best_effort = (
        bool(topic.qos)
        and not static
        and all(qos.reliability is QosReliability.BEST_EFFORT for qos in topic.qos)
    )
    depth = max([MIN_DEPTH, *(qos.depth for qos in topic.qos)])
    if static and latched:
        # One publisher stands for all that were recorded, and a late subscriber needs the
        # transforms of each of them.
        depth = max(depth, min(topic.count, MAX_STATIC_DEPTH))
    return QoSProfile(
        history=HistoryPolicy.KEEP_LAST,
        depth=depth,
        reliability=ReliabilityPolicy.BEST_EFFORT if best_effort else ReliabilityPolicy.RELIABLE,
        durability=DurabilityPolicy.TRANSIENT_LOCAL if latched else DurabilityPolicy.VOLATILE,
    )


def is_latched(publisher: Publisher) -> bool:
    """Whether late subscribers get the last messages."""
    return publisher.qos_profile.durability is DurabilityPolicy.TRANSIENT_LOCAL


def create_publishers(
    node: Node, topics: list[BagTopic], *, reliable: bool = False
) -> tuple[dict[str, Publisher], list[UnplayableError]]:
    """One publisher a topic, by the topic's name in the bag, and the topics left out.

    Args:
        node: what publishes.
        topics: of a bag.
        reliable: publish reliably what was recorded as best effort, too.
    """
    publishers: dict[str, Publisher] = {}
    left_out: list[UnplayableError] = []
    for topic in topics:
        qos = publisher_qos(topic)
        if reliable:
            qos.reliability = ReliabilityPolicy.RELIABLE
        try:
            publishers[topic.name] = _publisher(node, topic, qos)
        except UnplayableError as error:
            left_out.append(error)
    return publishers, left_out


def _publisher(node: Node, topic: BagTopic, qos: QoSProfile) -> Publisher:
    kind = message_class(topic)
    try:
        return node.create_publisher(kind, topic.name, qos)
    except InvalidTopicNameException as error:  # other programs write bags, too
        reason = str(error).partition("\n")[0].rstrip(":")
        raise UnplayableError(f"{topic.name}: {reason}") from None
    except rclpy_implementation.RCLError as error:  # two topics that a remap makes one
        raise UnplayableError(f"{topic.name} ({topic.type}): {error}") from None
