"""The reasoner's side of `get_scene`: fetches the map when it was measured again, and gives out
another scene only when that shows anything else."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from rclpy.callback_groups import CallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from r1_model.scene.changes import Surface, surfaces_differ, views_differ
from r1_model.scene.scene import InvalidSceneError, Scene
from r1_ros.messages.scenes import scene_from_response
from r1_ros.msg import ErrorCode
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.request_errors import RequestError, code_name
from r1_ros.srv import GetScene

_DISCOVERY_S = 2.0  # a mapper that runs is found within this time
_POLL_S = 0.02
# The next scene is asked for so early, and by twice what the last one took.
_AHEAD_S, _AHEAD = 0.5, 2.0


@dataclass(frozen=True)
class _Coming:
    """A request under way: when it was made, time.monotonic(), and whether its answer is there."""

    future: Future
    arrived: threading.Event
    asked_at: float


class SceneClient:
    """Keeps the newest scene. `fetch` is called from one thread, never from a callback."""

    def __init__(
        self,
        node: Node,
        service: str,
        callback_group: CallbackGroup,
        on_map: Callable[[int], object],
    ) -> None:
        """Args: `on_map` gets the map's id with each answer of the mapper, before `fetch` ends."""
        self._on_map = on_map
        self._node = node
        self._client = node.create_client(GetScene, service, callback_group=callback_group)
        self._name = node.resolve_service_name(service)
        self._newest = 0  # revision that the mapper told last
        self._scene: Scene | None = None
        self._surface: Surface | None = None  # of `_scene`; None: not known yet
        self._fetched_at = -float("inf")  # when the newest scene was asked for, time.monotonic()
        self._took = 0.0  # seconds until its answer was there
        self._coming: _Coming | None = None
        self.longest_m = 0.0  # longest horizontal side of the newest scene
        self.map_id = 0  # of the newest scene
        self.revision = 0  # of the map that is given out; 0: none
        self.stamp = 0  # of the newest data that shows the same, nanoseconds

    def fetch(
        self,
        timeout: float,
        should_stop: Callable[[], bool],
        *,
        max_points: int = 0,
        max_views: int = 0,
        since: float = float("inf"),
    ) -> Scene:
        """The current scene; the same object as before while the map shows the same.

        Args:
            timeout: how long the mapper may take [s].
            should_stop: True ends the wait.
            max_points, max_views: upper bounds of what is sent; 0: all.
            since: a scene that was asked for at this time or later will do, time.monotonic(). One
                that will not do soon is asked for ahead: nobody waits for the mapper then.

        Raises:
            RequestError: SCENE_UNAVAILABLE, EMPTY_SCENE, or CANCELED by `should_stop`.
        """
        request = GetScene.Request(
            known_revision=self._newest, max_points=max_points, max_views=max_views
        )
        if self._scene is not None and self._fetched_at >= since:
            may_be_old = time.monotonic() - since
            ahead = min(_AHEAD_S + _AHEAD * self._took, may_be_old / 2)
            if self._coming is None and self._fetched_at < since + ahead and self.is_offered:
                self._coming = self._send(request)
            return self._scene
        coming, self._coming = self._coming, None
        # one that is not there by now may have gone to a mapper that was killed
        if coming is not None and not (coming.arrived.is_set() and coming.asked_at >= since):
            self._client.remove_pending_request(coming.future)
            coming = None
        if coming is None:
            _wait(
                self._client.service_is_ready,
                min(timeout, _DISCOVERY_S),
                should_stop,
                f"nobody offers {self._name}: is the mapper running in this namespace?",
            )
            coming = self._send(request)
        arrived = coming.arrived
        try:
            _wait(
                lambda: arrived.wait(_POLL_S),
                timeout,
                should_stop,
                f"{self._name} did not answer within {timeout:g} s",
            )
        finally:
            self._client.remove_pending_request(coming.future)
        scene = self._take(coming.future.result())
        self._fetched_at = coming.asked_at
        return scene

    def _send(self, request: GetScene.Request) -> _Coming:
        coming = _Coming(self._client.call_async(request), threading.Event(), time.monotonic())

        def come(_: Future) -> None:
            self._took = time.monotonic() - coming.asked_at
            coming.arrived.set()

        coming.future.add_done_callback(come)
        return coming

    @property
    def is_offered(self) -> bool:
        """A mapper is there."""
        return self._client.service_is_ready()

    def close(self) -> None:
        """Leave the mapper."""
        self._node.destroy_client(self._client)

    def forget(self) -> None:
        """Let go of the scene."""
        self._newest = self.revision = self.stamp = 0
        self._scene, self._surface, self.longest_m = None, None, 0.0
        self._fetched_at = -float("inf")
        if self._coming is not None:  # it may say that what was forgotten has not changed
            self._client.remove_pending_request(self._coming.future)
            self._coming = None

    def _take(self, response: GetScene.Response) -> Scene:
        same_map = bool(response.map_id) and response.map_id == self.map_id
        if response.error_code in (ErrorCode.NONE, ErrorCode.EMPTY_SCENE):
            self.map_id = response.map_id
            self._on_map(response.map_id)
        if response.error_code == ErrorCode.EMPTY_SCENE:
            raise RequestError(ErrorCode.EMPTY_SCENE, response.error_msg)
        if response.error_code != ErrorCode.NONE:
            raise RequestError(
                ErrorCode.SCENE_UNAVAILABLE,
                f"{self._name}: {response.error_msg} [{code_name(response.error_code)}]",
            )
        before = self._scene if same_map else None
        if not (response.unchanged and self._scene is not None):
            try:
                scene = scene_from_response(response, before.views if before is not None else ())
            except (BadMessageError, InvalidSceneError) as error:
                self.forget()
                raise RequestError(
                    ErrorCode.SCENE_UNAVAILABLE, f"{self._name} sent an unusable scene: {error}"
                ) from None
            self._newest, self.stamp = response.revision, scene.stamp
            if before is None or self._shows_more(before, scene):
                self._scene, self.revision = scene, response.revision
        present = self._scene
        if present is None or not len(present.points):
            raise RequestError(ErrorCode.EMPTY_SCENE, "the map holds no points yet")
        low, high = present.bounds()
        self.longest_m = float((high - low)[:2].max())
        return present

    def _shows_more(self, before: Scene, scene: Scene) -> bool:
        """Whether a scene shows anything that the one before does not."""
        if views_differ(before, scene):
            self._surface = None
            return True
        if self._surface is None:
            self._surface = Surface.of(before.points, before.colors)
        surface = Surface.of(scene.points, scene.colors)
        differ = surfaces_differ(self._surface, surface)
        if differ:
            self._surface = surface
        return differ


def _wait(
    is_ready: Callable[[], bool], timeout: float, should_stop: Callable[[], bool], sentence: str
) -> None:
    deadline = time.monotonic() + timeout
    while not is_ready():
        if should_stop():
            raise RequestError(ErrorCode.CANCELED, "cancelled while the scene was fetched")
        if time.monotonic() > deadline:
            raise RequestError(ErrorCode.SCENE_UNAVAILABLE, sentence)
        time.sleep(_POLL_S)
