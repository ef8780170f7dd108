"""A request for the map that a dying server took is sent again."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from r1_ros.srv import GetScene
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from r1_ros.client import NoResponseError, R1Client, calls
from r1_ros.messages.geometry import header_message
from r1_ros.messages.point_clouds import point_cloud_message
from tests.ros.background import background

pytestmark = pytest.mark.ros


class Mapper(Node):
    """Answers no request but those from the `deaf`-th on, as one that was killed."""

    def __init__(self, deaf: int, released: threading.Event, **arguments: object) -> None:
        super().__init__("scene_mapper", **arguments)
        self.asked, self._deaf, self._released = 0, deaf, released
        group = ReentrantCallbackGroup()
        self.create_service(GetScene, "~/get_scene", self._serve, callback_group=group)

    def _serve(self, _request: object, response: GetScene.Response) -> GetScene.Response:
        self.asked += 1
        if self.asked <= self._deaf:
            self._released.wait()
        nothing = np.zeros((0, 3), np.float32)
        header = header_message(0, "map")
        response.cloud = point_cloud_message(header, nothing, nothing.astype(np.uint8))
        return response


@pytest.mark.parametrize("deaf", [1, 3])
def test_a_map_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, deaf: int) -> None:
    monkeypatch.setattr(calls, "AGAIN_S", 0.3)
    released = threading.Event()
    with background() as spinning, R1Client("again", discovery_timeout=30.0) as client:
        mapper = Mapper(deaf, released, namespace="again", context=spinning.context)
        spinning.start(mapper)
        try:
            assert len(client.get_scene(timeout=60.0).points) == 0
            assert mapper.asked == deaf + 1
        finally:
            released.set()


def test_who_never_answers_is_told_of_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "AGAIN_S", 0.3)
    released = threading.Event()
    with background() as spinning, R1Client("again", discovery_timeout=30.0) as client:
        mapper = Mapper(99, released, namespace="again", context=spinning.context)
        spinning.start(mapper)
        try:
            with pytest.raises(NoResponseError, match="within 1.5 s"):
                client.get_scene(timeout=1.5)
            assert mapper.asked > 1
        finally:
            released.set()
