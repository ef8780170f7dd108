"""A mapper and a robot in one process, and what tests ask of them."""

from __future__ import annotations

from r1_ros.srv import GetScene, LoadScene, SaveScene
from rclpy.node import Node
from rclpy.parameter import Parameter
from std_srvs.srv import Trigger

from r1_ros.nodes.scene_mapper import SceneMapper
from tests.ros import robot as views
from tests.ros.spinning import Spinner

STEP = 100_000_000  # nanoseconds between frames


class Rig:
    """Publishes into an active mapper; the camera stands still before a wall."""

    def __init__(
        self, ros: Spinner, namespace: str = "", static: bool = True, **parameters
    ) -> None:
        self.ros = ros
        overrides = {"diagnostics_period": 0.1, **parameters}
        self.mapper = ros.add(
            SceneMapper(
                namespace=namespace or None,
                parameter_overrides=[Parameter(k, value=v) for k, v in overrides.items()],
            )
        )
        self.robot = views.Robot(ros.add(Node("robot", namespace=namespace or None)))
        self.statuses = self.robot.statuses
        self.stamp = views.START
        ros.until(lambda: self.mapper.is_active, "the mapper is active")
        ros.until(self.robot.connected, "the mapper listens")
        if static:
            self.robot.static_pose()
            ros.until(lambda: self.mapper._buffer.frames(), "the static transform")
        self._clients = {}

    def next(self) -> int:
        self.stamp += STEP
        return self.stamp

    def number(self, part: str, key: str) -> int:
        """From diagnostics that are newer than the call."""
        self.statuses.forget()
        self.ros.until(lambda: self.statuses.of(part), "diagnostics")
        return self.statuses.number(part, key)

    def until_number(self, part: str, key: str, value: int) -> None:
        self.ros.until(
            lambda: self.statuses.number(part, key) >= value,
            f"{part} {key} >= {value}, is {self.statuses.of(part)}",
        )

    def map_frames(self, count: int = 3) -> None:
        """Publish good frames and wait until they are in the map."""
        before = self.number("color", "integrated")
        for _ in range(count):
            self.robot.frame(self.next())
            self.ros.spin(0.02)
        self.until_number("color", "integrated", before + count)

    def call(self, kind, name: str, request=None):
        client = self._clients.get(name)
        if client is None:
            client = self.robot.node.create_client(kind, f"scene_mapper/{name}")
            self._clients[name] = client
        return self.ros.call(client, request or kind.Request())

    def get_scene(self, **request) -> GetScene.Response:
        return self.call(GetScene, "get_scene", GetScene.Request(**request))

    def save(self, name: str) -> SaveScene.Response:
        return self.call(SaveScene, "save_scene", SaveScene.Request(name=name))

    def load(self, name: str) -> LoadScene.Response:
        return self.call(LoadScene, "load_scene", LoadScene.Request(name=name))

    def reset(self) -> Trigger.Response:
        return self.call(Trigger, "reset")

    def assert_accounted(self) -> None:
        """received = integrated + skipped + dropped + pending, on every input."""
        self.statuses.forget()
        self.ros.until(lambda: self.statuses.of("points"), "diagnostics")
        for part in ("color", "depth", "camera_info", "points"):
            numbers = {
                key: self.statuses.number(part, key)
                for key in ("received", "integrated", "skipped", "dropped", "pending")
            }
            received = numbers.pop("received")
            assert received == sum(numbers.values()), (part, received, numbers)
