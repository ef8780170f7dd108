"""Hear /tf and /tf_static: into tf2's buffer where tf2 is installed, else into ours."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol

import numpy as np
from geometry_msgs.msg import TransformStamped
from rclpy.callback_groups import CallbackGroup
from rclpy.event_handler import SubscriptionEventCallbacks
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_policy_name_from_kind
from rclpy.qos_overriding_options import QoSOverridingOptions
from rclpy.subscription import Subscription
from tf2_msgs.msg import TFMessage

from r1_ros.messages.geometry import stamp_of, transform_from_message
from r1_ros.runtime.diagnostics import qos_conflict
from r1_ros.runtime.errors import BadMessageError
from r1_ros.tf.buffer import TransformBuffer, TransformError

_UNKNOWN_NODE = "_NODE_NAME_UNKNOWN_"  # the middleware's text
_DEPTH = 1000  # a bag that starts sends seconds of transforms at once


class Buffer(Protocol):
    """What the mapper needs of a tf buffer; see `buffer.TransformBuffer`."""

    def set_transform(  # noqa: D102
        self, parent: str, child: str, stamp: int, T: np.ndarray, *, static: bool = False
    ) -> None: ...
    def lookup(self, target: str, source: str, stamp: int) -> np.ndarray: ...  # noqa: D102
    def jump_back(self, stamp: int) -> None: ...  # noqa: D102


def make_buffer(cache_seconds: float) -> Buffer:
    """tf2's buffer where `tf2_py` can be imported, else ours."""
    if importlib.util.find_spec("tf2_py") is None:
        return TransformBuffer(cache_seconds)
    from r1_ros.tf.tf2_buffer import Tf2Buffer

    return Tf2Buffer(cache_seconds)


class TransformListener:
    """Fills a buffer from /tf and /tf_static.

    Args:
        node: whose subscriptions these are.
        buffer: to fill.
        on_change: called after messages that changed the buffer.
        on_bad: called with the reason of each transform that was refused.
        callback_group: of the subscriptions.
    """

    def __init__(
        self,
        node: Node,
        buffer: Buffer,
        on_change: Callable[[], None],
        on_bad: Callable[[BadMessageError], None],
        callback_group: CallbackGroup,
    ) -> None:
        self._node, self._buffer = node, buffer
        self._on_change, self._on_bad = on_change, on_bad
        self._subscriptions: list[Subscription] = []
        self._warned: set[str] = set()
        latched = QoSProfile(depth=_DEPTH, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        for topic, static, qos in (
            ("/tf", False, QoSProfile(depth=_DEPTH)),
            ("/tf_static", True, latched),
        ):
            self._subscriptions.append(
                node.create_subscription(
                    TFMessage,
                    topic,
                    partial(self._add, static=static),
                    qos,
                    callback_group=callback_group,
                    qos_overriding_options=QoSOverridingOptions.with_default_policies(),
                    event_callbacks=SubscriptionEventCallbacks(
                        incompatible_qos=partial(self._warn, node.resolve_topic_name(topic))
                    ),
                )
            )

    def conflicts(self) -> list[str]:
        """Publishers that are there, but are never heard: topic, publisher and policies of each."""
        return [
            f"{subscription.topic_name}: {text}"
            for subscription in list(self._subscriptions)
            for publisher in self._node.get_publishers_info_by_topic(subscription.topic_name)
            if (text := qos_conflict(publisher, subscription.qos_profile))
        ]

    def close(self) -> None:
        """Stop listening."""
        for subscription in self._subscriptions:
            self._node.destroy_subscription(subscription)
        self._subscriptions = []

    def _warn(self, topic: str, event: Any) -> None:
        policy = qos_policy_name_from_kind(event.last_policy_kind)
        if f"{topic} {policy}" in self._warned:
            return
        self._warned.add(f"{topic} {policy}")
        known = [text for text in self.conflicts() if text.startswith(f"{topic}: ")]
        # The graph may lag behind the event: the publisher, or its name, is not there yet.
        detail = ("; ".join(known) or f"{topic}: {policy}").replace(_UNKNOWN_NODE, "it")
        self._node.get_logger().warning(
            f"a publisher's QoS is incompatible, no transform arrives from it ({detail})"
        )

    def _add(self, message: TFMessage, *, static: bool) -> None:
        changed = False
        for one in (message, *self._waiting(static)):
            for transform in one.transforms:
                changed = True
                try:
                    self._set(transform, static)
                except BadMessageError as error:
                    self._on_bad(error)
        if changed:
            self._on_change()

    def _waiting(self, static: bool) -> Iterator[TFMessage]:
        """What the middleware holds beside the message that was handed over.

        An executor hands over one message of each topic in turn. Where it cannot keep up, the
        images that are kept are the newest, and transforms would lag behind them for good.
        """
        if len(self._subscriptions) < 2:
            return  # it is being made, or closed
        subscription = self._subscriptions[static]
        for _ in range(_DEPTH):
            with subscription.handle:
                taken = subscription.handle.take_message(subscription.msg_type, False)
            if taken is None:
                return
            yield taken[0]

    def _set(self, transform: TransformStamped, static: bool) -> None:
        parent, child = transform.header.frame_id, transform.child_frame_id
        try:
            T = transform_from_message(transform.transform)
            stamp = stamp_of(transform.header.stamp)
            self._buffer.set_transform(parent, child, stamp, T, static=static)
        except BadMessageError as error:
            raise BadMessageError("bad transform", f"{child!r} in {parent!r}: {error}") from None
        except TransformError as error:
            raise BadMessageError("bad transform", str(error)) from None
