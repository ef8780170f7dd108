"""Is a plan inside of the map? Asked before the robot starts."""

from __future__ import annotations

import time
from collections.abc import Sequence

import numpy as np
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from r1_model.text.answer import Step
from r1_ros.msg import ErrorCode
from r1_ros.plans.plan_outcome import PlanOutcome
from r1_ros.plans.robot import ShouldStop
from r1_ros.reasoning.requests import is_outside, metres
from r1_ros.reasoning.scene_client import SceneClient
from r1_ros.runtime.request_errors import RequestError

_DISCOVERY_S = 2.0  # a mapper that runs is found within this time
_FETCH_S = 10.0
_POINTS = 20_000  # enough to know how far a map reaches, to a few centimetres
_POLL_S = 0.02


def refuse_outside(
    steps: Sequence[Step], low: np.ndarray, high: np.ndarray, frame_id: str
) -> PlanOutcome | None:
    """Why a plan must not be started: a thing of it lies far outside of the map; or None.

    Args:
        steps: of the plan.
        low, high: (3,) corners of the map, metres.
        frame_id: of the map and of the plan.
    """
    for position, step in enumerate(steps, 1):
        for box in step.boxes:
            if is_outside(box, low, high):
                return PlanOutcome(
                    failed_step=position,
                    code=ErrorCode.OUTSIDE_OF_MAP,
                    sentence=f"step {position} leads out of the map: its "
                    f"{box.label[:60] or 'object'} is at {metres(box.center)}, the map reaches "
                    f"from {metres(low)} to {metres(high)} in {frame_id}",
                )
    return None


class MapCheck:
    """Holds plans against the mapper's map, where there is one.

    A robot may do without this mapper: then its plans go unchecked, and the log says so once.

    Args:
        node: whose log and executor are used.
        service: of the mapper.
        group: of the service's client.
    """

    def __init__(self, node: Node, service: str, group: CallbackGroup) -> None:
        self._node = node
        self._service = node.resolve_service_name(service)
        self._scene = SceneClient(node, service, group, lambda map_id: None)
        self._known_until = time.monotonic() + _DISCOVERY_S
        self._told: set[str] = set()

    def refuse(
        self, steps: Sequence[Step], frame_id: str, should_stop: ShouldStop
    ) -> PlanOutcome | None:
        """Why a plan must not be started, or None; see `refuse_outside`.

        Args:
            steps: of the plan.
            frame_id: of its boxes.
            should_stop: True ends the wait for the map.
        """
        if not any(step.boxes for step in steps):
            return None
        while not self._scene.is_offered:
            if should_stop():
                return PlanOutcome(code=ErrorCode.CANCELED, sentence="cancelled by the caller")
            if time.monotonic() > self._known_until:
                self._warn_once(f"nobody offers {self._service}")
                return None
            time.sleep(_POLL_S)
        try:
            scene = self._scene.fetch(_FETCH_S, should_stop, max_points=_POINTS, max_views=1)
        except RequestError as error:
            if error.code != ErrorCode.EMPTY_SCENE:
                return PlanOutcome(code=error.code, sentence=str(error))
            sentence = "the map is empty: what the plan speaks of is not in it"
            return PlanOutcome(code=ErrorCode.OUTSIDE_OF_MAP, sentence=sentence)
        if scene.frame_id != frame_id:
            self._warn_once(f"the map is in {scene.frame_id} and the plan in {frame_id}")
            return None
        return refuse_outside(steps, *scene.bounds(), frame_id)

    def close(self) -> None:
        """Leave the mapper."""
        self._scene.close()

    def _warn_once(self, why: str) -> None:
        if why not in self._told:
            self._told.add(why)
            self._node.get_logger().warning(f"plans are not checked against the map: {why}")
