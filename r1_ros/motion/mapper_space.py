"""What a simulated robot drives by: the mapper's map, and where the camera stood in it."""

from __future__ import annotations

import numpy as np
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from r1_model.scene.scene import Scene
from r1_ros.motion.simulated_base import MappedSpace
from r1_ros.msg import ErrorCode
from r1_ros.plans.robot import ShouldStop, SkillStoppedError
from r1_ros.reasoning.scene_client import SceneClient
from r1_ros.runtime.request_errors import RequestError

_FETCH_S = 10.0


class MapperSpace:
    """The mapper's newest map, fetched again only when it has changed.

    Args:
        node: whose log and executor are used.
        service: of the mapper.
        group: of the service's client.
    """

    def __init__(self, node: Node, service: str, group: CallbackGroup) -> None:
        self._node = node
        self._scene = SceneClient(node, service, group, lambda map_id: None)
        self._last: Scene | None = None
        self._mapped: MappedSpace | None = None

    def find(self, should_stop: ShouldStop) -> MappedSpace | None:
        """The map; the same object while it has not changed; None: there is none.

        Raises:
            SkillStoppedError: `should_stop`.
        """
        if not self._scene.is_offered:
            return None
        try:
            scene = self._scene.fetch(_FETCH_S, should_stop, max_views=1)
        except RequestError as error:
            if error.code == ErrorCode.CANCELED:
                raise SkillStoppedError from None
            self._node.get_logger().warning(f"the robot drives by no new map: {error}")
            return None
        if scene is not self._last or self._mapped is None:
            self._last = scene
            points = np.asarray(scene.points, float)
            start = scene.views[-1].T_scene_camera[:2, 3] if scene.views else points[:, :2].mean(0)
            self._mapped = MappedSpace(points, start, self._scene.map_id, scene.frame_id)
        return self._mapped

    def close(self) -> None:
        """Leave the mapper."""
        self._scene.close()
