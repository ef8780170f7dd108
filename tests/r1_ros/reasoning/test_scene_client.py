"""SceneClient without a mapper: which scene a request gets, and when the next is asked for."""

from __future__ import annotations

import time
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from r1_ros.msg import ErrorCode
from r1_ros.srv import GetScene
from rclpy.task import Future

from r1_ros.messages.geometry import header_message
from r1_ros.messages.point_clouds import point_cloud_message
from r1_ros.reasoning.scene_client import SceneClient
from r1_ros.runtime.request_errors import RequestError

pytestmark = pytest.mark.ros


class Mapper:
    """The service's client as rclpy has it; answers at once, or when it is told to."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.held: list[Future] = []
        self.removed: list[Future] = []
        self.revision, self.holds, self.error_code = 1, False, ErrorCode.NONE
        self.map_id, self.place = 1, None  # where its points are; None: where its revision says

    def service_is_ready(self) -> bool:
        return True

    def call_async(self, request: GetScene.Request) -> Future:
        self.asked.append(request.known_revision)
        future: Future = Future()
        self.held.append(future)
        if not self.holds:
            self.answer()
        return future

    def answer(self) -> None:
        place = self.revision if self.place is None else self.place
        line = np.repeat(np.arange(5), 2)[:, None] * 0.04  # two points in each of five cells
        points = (place + line + np.zeros(3)).astype(np.float32)
        header = header_message(self.revision, "map")
        cloud = point_cloud_message(header, points, points.astype(np.uint8))
        response = GetScene.Response(revision=self.revision, cloud=cloud, map_id=self.map_id)
        response.header = header
        response.error_code, response.unchanged = self.error_code, False
        self.held.pop(0).set_result(response)

    def remove_pending_request(self, future: Future) -> None:
        self.removed.append(future)


def client(mapper: Mapper) -> SceneClient:
    node = SimpleNamespace(
        create_client=lambda *_, **__: mapper, resolve_service_name=lambda name: f"/{name}"
    )
    return SceneClient(node, "scene_mapper/get_scene", None, lambda _: None)


def fetch(scenes: SceneClient, may_be_old: float) -> float:
    """The revision of the scene that a request gets which takes one of `may_be_old` seconds."""
    since = time.monotonic() - may_be_old
    return scenes.fetch(0.2, lambda: False, since=since).points[0, 0]


def aged(scenes: SceneClient, seconds: float) -> None:
    """As if the newest scene had been fetched so long ago."""
    scenes._fetched_at = time.monotonic() - seconds


def test_a_scene_that_is_young_is_not_asked_for_again() -> None:
    mapper = Mapper()
    scenes = client(mapper)
    assert fetch(scenes, 60.0) == fetch(scenes, 60.0) == 1 and mapper.asked == [0]


def test_the_next_scene_is_there_when_the_last_is_too_old() -> None:
    mapper = Mapper()
    scenes = client(mapper)
    fetch(scenes, 60.0)
    mapper.revision, mapper.holds = 2, True
    aged(scenes, 59.9)
    for _ in range(3):  # asked for once, and nobody waits
        assert fetch(scenes, 60.0) == 1
    assert mapper.asked == [0, 1]
    mapper.answer()
    assert fetch(scenes, 60.0) == 1  # it still does
    aged(scenes, 60.1)
    assert fetch(scenes, 60.0) == 2 and mapper.asked == [0, 1]


def test_a_request_that_wants_a_newer_scene_asks_for_it() -> None:
    mapper = Mapper()
    scenes = client(mapper)
    fetch(scenes, 60.0)
    aged(scenes, 59.9)
    assert fetch(scenes, 60.0) == 1
    mapper.revision = 3  # what was asked for ahead is older than this request
    assert fetch(scenes, -0.001) == 3
    assert len(mapper.asked) == 3 and len(mapper.removed) >= 2


def test_an_answer_that_is_lost_is_asked_for_again_and_one_that_never_comes_is_told() -> None:
    mapper = Mapper()
    scenes = client(mapper)
    fetch(scenes, 60.0)
    mapper.holds = True
    aged(scenes, 59.9)
    fetch(scenes, 60.0)
    aged(scenes, 60.1)
    with pytest.raises(RequestError, match="did not answer within 0.2 s") as raised:
        fetch(scenes, 60.0)
    assert raised.value.code == ErrorCode.SCENE_UNAVAILABLE and len(mapper.asked) == 3
    mapper.holds, mapper.held, mapper.revision = False, [], 4
    assert fetch(scenes, 60.0) == 4


def test_what_was_asked_for_ahead_may_be_an_error() -> None:
    mapper = Mapper()
    scenes = client(mapper)
    fetch(scenes, 60.0)
    mapper.error_code = ErrorCode.EMPTY_SCENE
    aged(scenes, 59.9)
    assert fetch(scenes, 60.0) == 1
    aged(scenes, 60.1)
    with pytest.raises(RequestError) as raised:
        fetch(scenes, 60.0)
    assert raised.value.code == ErrorCode.EMPTY_SCENE


def test_what_is_forgotten_is_asked_for_as_if_nothing_was_known() -> None:
    mapper = Mapper()
    scenes = client(mapper)
    fetch(scenes, 60.0)
    mapper.holds = True
    aged(scenes, 59.9)
    fetch(scenes, 60.0)
    scenes.forget()
    mapper.holds, mapper.held = False, []
    assert fetch(scenes, 60.0) == 1 and mapper.asked == [0, 1, 0]


def test_a_map_that_was_measured_again_and_shows_the_same_is_the_same_scene() -> None:
    mapper = Mapper()
    mapper.place = 5.0
    scenes = client(mapper)
    first = scenes.fetch(0.2, lambda: False)
    mapper.revision = 7
    assert scenes.fetch(0.2, lambda: False) is first
    assert (scenes.revision, scenes.stamp) == (1, 7)  # the answer is of what was seen last
    mapper.revision, mapper.place = 8, 5.001
    assert scenes.fetch(0.2, lambda: False) is first and mapper.asked == [0, 1, 7]
    mapper.revision, mapper.map_id = 9, 9  # begun anew: what was known is of another map
    assert scenes.fetch(0.2, lambda: False) is not first and scenes.revision == 9


def test_small_changes_that_follow_each_other_are_told_in_the_end() -> None:
    mapper = Mapper()
    scenes = client(mapper)
    places = [0.02 + 0.03 * step for step in range(12)]  # each in or beside the cell of the last
    revisions = []
    for revision, mapper.place in enumerate(places, 1):
        mapper.revision = revision
        scenes.fetch(0.2, lambda: False)
        revisions.append(scenes.revision)
    assert revisions[0] == revisions[1] == 1 and revisions[-1] > 1
