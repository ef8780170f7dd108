"""From where a question is asked: a direction in the map, from tf."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node

from r1_ros.messages.geometry import pose_from_message, same_frame
from r1_ros.msg import ErrorCode
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.request_errors import RequestError
from r1_ros.srv import Ask
from r1_ros.tf.robot_place import PlaceUnknownError, RobotPlace

MAX_FRAME_CHARS = 200
WAIT_S = 2.0  # for a transform, where nobody has asked for one before
_POLL_S = 0.02
_LEAST_FLAT = 0.1  # of a looking direction's length: less is up or down


@dataclass(frozen=True)
class Viewpoint:
    """Who looks.

    Attributes:
        frame_id: of `ahead`; empty: the scene's. None: the robot.
        ahead: (3,) where they look, in that frame.
    """

    frame_id: str | None
    ahead: tuple[float, float, float] = (1.0, 0.0, 0.0)


def read_viewpoint(request: Any) -> Viewpoint | None:
    """The viewpoint of an Ask or a Plan request; None: the map's.

    Raises:
        RequestError: a field is not allowed; the sentence names it.
    """
    kind = request.viewpoint_kind
    if kind == Ask.Request.VIEWPOINT_MAP:
        return None
    if kind == Ask.Request.VIEWPOINT_ROBOT:
        return Viewpoint(None)
    if kind != Ask.Request.VIEWPOINT_POSE:
        raise RequestError(
            ErrorCode.INVALID_REQUEST, f"viewpoint_kind must be one of VIEWPOINT_*, got {kind}"
        )
    frame_id = request.viewpoint.header.frame_id
    if len(frame_id) > MAX_FRAME_CHARS:
        raise RequestError(
            ErrorCode.INVALID_REQUEST,
            f"viewpoint's frame_id has {len(frame_id)} characters, at most {MAX_FRAME_CHARS} are "
            "allowed",
        )
    try:
        x, y, z = pose_from_message(request.viewpoint.pose)[:3, 0].tolist()
    except BadMessageError as error:
        raise RequestError(ErrorCode.INVALID_REQUEST, f"viewpoint: {error}") from None
    return Viewpoint(frame_id, (x, y, z))


class Viewpoints:
    """Finds where askers look. It hears tf from the first question that needs it.

    Args:
        node: of the subscriptions.
        base_frame: tf frame of the robot's base, x forward.
        callback_group: of the subscriptions.
    """

    def __init__(self, node: Node, base_frame: str, callback_group: CallbackGroup) -> None:
        self._node, self._base_frame, self._group = node, base_frame, callback_group
        self._place: RobotPlace | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Stop listening."""
        with self._lock:
            if self._place is not None:
                self._place.close()
                self._place = None

    def gaze(
        self, viewpoint: Viewpoint | None, frame_id: str, should_stop: Callable[[], bool]
    ) -> float | None:
        """Where a viewpoint looks: radians from +x about z in a frame; None: there is none.

        Args:
            viewpoint: of a request.
            frame_id: of the scene.
            should_stop: asked while it waits for tf, `WAIT_S` at most.

        Raises:
            RequestError: NO_TRANSFORM, or it looks up or down (INVALID_REQUEST).
        """
        if viewpoint is None:
            return None
        ahead = self._rotation(viewpoint, frame_id, should_stop) @ np.array(viewpoint.ahead)
        if np.linalg.norm(ahead[:2]) < _LEAST_FLAT:
            raise RequestError(
                ErrorCode.INVALID_REQUEST,
                "viewpoint looks straight up or down: there is no left or right",
            )
        return math.atan2(ahead[1], ahead[0])

    def _rotation(
        self, viewpoint: Viewpoint, frame_id: str, should_stop: Callable[[], bool]
    ) -> np.ndarray:
        source = viewpoint.frame_id
        if source is not None and (not source or same_frame(source, frame_id)):
            return np.eye(3)
        place = self._listening()
        deadline = time.monotonic() + WAIT_S
        while True:
            try:
                T = place.place(frame_id).T if source is None else place.transform(frame_id, source)
            except PlaceUnknownError as error:
                if time.monotonic() > deadline or should_stop():
                    raise RequestError(
                        ErrorCode.NO_TRANSFORM, f"the viewpoint is not known: {error}"
                    ) from None
                time.sleep(_POLL_S)
            else:
                return T[:3, :3]

    def _listening(self) -> RobotPlace:
        with self._lock:
            if self._place is None:
                self._place = RobotPlace(self._node, self._base_frame, self._group)
            return self._place
