"""Nav2's costmap, where there is one: sides of a thing that it has no room at are not tried."""

from __future__ import annotations

import threading

import numpy as np
from nav_msgs.msg import OccupancyGrid
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile

from r1_model.motion.free_space import FreeSpace
from r1_model.motion.paths import ways_from

INSCRIBED = 99  # of 100: a robot whose middle is there touches something


class Costmap:
    """Listens to a costmap.

    Args:
        node: whose executor is used.
        topic: of a nav_msgs/OccupancyGrid.
        group: of the subscription.
    """

    def __init__(self, node: Node, topic: str, group: CallbackGroup) -> None:
        self._node = node
        self._lock = threading.Lock()
        self._grid: OccupancyGrid | None = None
        qos = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self._subscription = node.create_subscription(
            OccupancyGrid, topic, self._on_grid, qos, callback_group=group
        )

    def space(self, frame_id: str) -> FreeSpace | None:
        """Where the robot's middle may be; None: no costmap of this frame was heard."""
        with self._lock:
            grid = self._grid
        if grid is None or grid.header.frame_id != frame_id:
            return None
        return space_of(grid)

    def close(self) -> None:
        """Stop listening."""
        self._node.destroy_subscription(self._subscription)

    def _on_grid(self, message: OccupancyGrid) -> None:
        with self._lock:
            self._grid = message


def space_of(grid: OccupancyGrid) -> FreeSpace | None:
    """The free cells of a costmap; None: it is turned, empty, or not what it says.

    What is unknown to Nav2 counts as free: whether it drives there is its own affair.
    """
    info = grid.info
    origin = info.origin
    turned = abs(origin.orientation.z) > 1e-6 or abs(origin.orientation.x) > 1e-6
    cost = np.asarray(grid.data, np.int16)
    low = np.array([origin.position.x, origin.position.y])
    usable = info.resolution > 0 and np.isfinite(info.resolution) and np.isfinite(low).all()
    if turned or not usable or not cost.size or cost.size != info.width * info.height:
        return None
    cost = cost.reshape(info.height, info.width).T
    blocked = cost >= INSCRIBED
    return FreeSpace(~blocked, blocked, blocked, low, float(info.resolution), 0.0)


def worth_trying(
    poses: list[np.ndarray], space: FreeSpace | None, here: np.ndarray | None
) -> list[np.ndarray]:
    """Poses (3,) that a costmap has room at, those with the shortest way first.

    Args:
        poses: x, y [m], yaw [rad], in the order in which they would be tried.
        space: of the costmap; None: there is none, and all stay as they are.
        here: (2,) where the robot is; None: not known, and the order stays.
    """
    if space is None:
        return poses
    inside = [bool(((c := space.cells(p[:2])) >= 0).all() and (c < space.free.shape).all())
              for p in poses]  # fmt: skip
    # of what lies beyond the costmap it says nothing
    kept = [p for p, known in zip(poses, inside, strict=True) if not known or space.is_free(p[:2])]
    ways = None if here is None else ways_from(space, here)
    if ways is None:
        return kept
    return sorted(kept, key=lambda pose: ways.length_to(pose[:2]))
