"""The node's side of a bond, with which Nav2's lifecycle manager sees that a node is alive.

The manager makes a bond with each node that it has activated, and takes the robot down where one is
not answered within its `bond_timeout`, or breaks later. Both sides say on one topic, again and
again, that they are there. The messages come with ROS (`bond/msg/Status`), not with this package:
without them there is no bond, and the manager needs `bond_timeout: 0.0`.
"""

from __future__ import annotations

import uuid
from typing import Any

from rclpy.callback_groups import CallbackGroup
from rclpy.clock import Clock
from rclpy.clock_type import ClockType
from rclpy.lifecycle import LifecycleNode
from rclpy.qos import QoSProfile

try:
    import bond.msg as bond_messages
except ImportError:  # not on PyPI
    bond_messages = None
Status: Any = getattr(bond_messages, "Status", None)

TOPIC = "bond"  # of the namespace, as Nav2's nodes have it
_PERIOD_S = 0.1
_TIMEOUT_S = 4.0  # what this side says it would wait: it waits for nobody


class Bond:
    """Says that a node is active until `close`, which says that it is so no more.

    Args:
        node: whose name is the bond's.
        group: of its timer.
    """

    def __init__(self, node: LifecycleNode, group: CallbackGroup) -> None:
        self._node, self._instance = node, str(uuid.uuid4())
        self._publisher: Any = None
        self._timer: Any = None
        if Status is None:
            return
        self._publisher = node.create_publisher(Status, TOPIC, QoSProfile(depth=100))
        # heartbeats are of this machine's time, whatever /clock does
        steady = Clock(clock_type=ClockType.STEADY_TIME)
        self._timer = node.create_timer(_PERIOD_S, self._say_alive, group, steady)

    def close(self) -> None:
        """End the bond: the manager takes it for an end that was meant."""
        if self._publisher is None:
            return
        self._node.destroy_timer(self._timer)
        self._publisher.publish(self._status(active=False))
        self._node.destroy_publisher(self._publisher)
        self._publisher = None

    def _say_alive(self) -> None:
        self._publisher.publish(self._status(active=True))

    def _status(self, *, active: bool) -> Any:
        status = Status(
            id=self._node.get_name(),
            instance_id=self._instance,
            active=active,
            heartbeat_timeout=_TIMEOUT_S,
            heartbeat_period=_PERIOD_S,
        )
        status.header.stamp = self._node.get_clock().now().to_msg()
        return status
