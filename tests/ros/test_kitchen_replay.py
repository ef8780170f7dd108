"""The real recording: recorded, played by `r1 play`, mapped by a node in its own process."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node

from r1_ros.bags.recording import record
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.client import R1Client
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.node_states import NodeStates
from r1_ros.starting.node_commands import NodeOptions, node_command
from r1_ros.starting.processes import ProcessGroup
from tests.ros.kitchen_truth import share_on_measured, table_top

pytestmark = pytest.mark.ros
TIMEOUT_S = 90.0


class Diagnostics:
    """The newest values of each status, heard in a thread."""

    def __init__(self) -> None:
        self.context = Context()
        rclpy.init(context=self.context)
        self.node = Node("diagnostics_listener", context=self.context)
        self.values: dict[str, dict[str, str]] = {}
        self.node.create_subscription(DiagnosticArray, "/diagnostics", self._hear, 10)
        self.executor = SingleThreadedExecutor(context=self.context)
        self.executor.add_node(self.node)
        self.thread = threading.Thread(target=self.executor.spin, daemon=True)
        self.thread.start()

    def _hear(self, message: DiagnosticArray) -> None:
        for status in message.status:
            name = status.name.rsplit(": ", 1)[-1]
            self.values[name] = {item.key: item.value for item in status.values}

    def count(self, name: str, key: str) -> int:
        return int(self.values.get(name, {}).get(key, 0))

    def close(self) -> None:
        self.executor.shutdown()
        self.thread.join(TIMEOUT_S)
        self.node.destroy_node()
        self.context.shutdown()


def wait_for(condition: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while not condition():
        assert time.monotonic() < deadline, f"timed out: {what}"
        time.sleep(0.05)


def test_the_kitchen_from_bag_to_answer(kitchen: Path, tmp_path: Path) -> None:
    """Recorded, played, mapped, asked. Three times the recording's own rate: a short test."""
    use_large_message_transport()
    record(RgbdFolder.open(kitchen), tmp_path / "bag")
    diagnostics = Diagnostics()
    # beside other tests a mapper that yields the CPU loses frames of a bag that is played fast
    options = NodeOptions(mapper={"niceness": 0, "fusion_rate": 0.0})
    mapper, reasoner = (
        node_command(name, options, tmp_path) for name in ("scene_mapper", "scene_reasoner")
    )
    play = [sys.executable, "-m", "r1_ros.cli.main", "play", str(tmp_path / "bag"), "--rate", "3"]
    try:
        with ProcessGroup() as group, NodeStates(["scene_mapper"]) as states:
            group.start("scene_mapper", mapper, log=tmp_path / "mapper.log")
            wait_for(lambda: states.read()["scene_mapper"] == "active", "scene_mapper active")
            with ProcessGroup() as player:
                player.start("play", play, log=tmp_path / "play.log")
                assert player.wait("play", TIMEOUT_S) == 0, (tmp_path / "play.log").read_text()
            for name in ("color", "depth", "camera_info"):
                wait_for(lambda name=name: diagnostics.count(name, "received") == 167, name)
                wait_for(lambda name=name: diagnostics.count(name, "pending") == 0, name)
                integrated = diagnostics.count(name, "integrated")
                assert integrated + diagnostics.count(name, "dropped") == 167
                assert integrated == 167
                assert diagnostics.count(name, "lost_in_transport") == 0
            group.start("scene_reasoner", reasoner, log=tmp_path / "reasoner.log")
            with NodeStates(["scene_reasoner"]) as asked, R1Client() as client:
                scene = client.get_scene()
                assert abs(table_top(scene.points, kitchen) - 0.74) <= 0.02
                assert share_on_measured(scene.points, kitchen) >= 0.95
                wait_for(lambda: asked.read()["scene_reasoner"] == "active", "scene_reasoner")
                answer = client.ask("Find the dining table.")
                assert answer.trained and answer.objects, answer.raw
                assert client.plan("Clean the floor under the dining table.").steps
    finally:
        diagnostics.close()
