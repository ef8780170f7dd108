"""The launch file with a real mapper, started as `ros2 launch` starts it: pushed, killed, twice."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.launch.test_launch import LAUNCH_FILE, installed_layout, needs_launch

pytestmark = [
    needs_launch,
    pytest.mark.launch,
    pytest.mark.timeout(600),
    pytest.mark.skipif(
        signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
        reason="a shell's background job: SIGINT is ignored here, and by every child",
    ),
]
DEADLINE_S = 240.0
_PROGRAM = """
import sys
from launch import LaunchDescription, LaunchService
from launch.actions import GroupAction, IncludeLaunchDescription
from launch.launch_description_sources import PythonLaunchDescriptionSource as Source
from launch_ros.actions import PushRosNamespace

def robot(pushed, arguments):
    include = IncludeLaunchDescription(Source({file!r}), launch_arguments=arguments.items())
    return GroupAction([*([PushRosNamespace(pushed)] if pushed else []), include])

service = LaunchService()
service.include_launch_description(LaunchDescription([robot(*item) for item in {robots!r}]))
sys.exit(service.run())
"""


class Launched:
    """A launch in a process of its own, and what it said so far."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process, self.said = process, ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.said += line

    def until(self, pattern: str, times: int = 1) -> list[str]:
        """What the pattern finds, when it is found so often."""
        deadline = time.monotonic() + DEADLINE_S
        while len(found := re.findall(pattern, self.said)) < times:
            assert time.monotonic() < deadline, f"never {pattern}:\n{self.said[-4000:]}"
            assert self.process.poll() is None, self.said[-4000:]
            time.sleep(0.2)
        return found

    def end(self, signals: int = 1) -> int:
        """Exit status after SIGINT, as from a terminal: to the launch and all its nodes."""
        for _ in range(signals):
            os.killpg(self.process.pid, signal.SIGINT)
            time.sleep(0.3)
        status = self.process.wait(DEADLINE_S)
        self._reader.join(10.0)
        return status


@contextmanager
def launched(tmp_path: Path, *robots: tuple[str, dict[str, str]]) -> Iterator[Launched]:
    """A launch of mappers: the namespace that is pushed, and arguments, of each robot."""
    full = [(pushed, {"nodes": "scene_mapper"} | more) for pushed, more in robots]
    process = subprocess.Popen(
        [sys.executable, "-c", _PROGRAM.format(file=str(LAUNCH_FILE), robots=full)],
        env=installed_layout(tmp_path / "prefix"),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield Launched(process)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    from r1_ros.bags.recording import record
    from r1_ros.bags.rgbd_folder import RgbdFolder
    from tests.conftest import write_rgbd_folder

    record(RgbdFolder.open(write_rgbd_folder(tmp_path / "rgbd", 10)), tmp_path / "bag")
    return tmp_path / "bag"


def test_a_pushed_namespace_a_bag_and_two_signals(tmp_path: Path, bag: Path) -> None:
    arguments = {"bag": str(bag), "play_args": "--rate 2"}
    with launched(tmp_path, ("fleet", arguments)) as launch:
        launch.until(r"waiting until /fleet/scene_mapper is active")
        launch.until(r"mapping /fleet/color/image and /fleet/depth/image")
        launch.until(r"played 41 messages in 0\.\d s")
        status = launch.end(signals=2)
    assert status == 0, launch.said[-4000:]
    assert "Traceback" not in launch.said and "SIGKILL" not in launch.said


def test_a_mapper_that_was_killed_is_started_again(tmp_path: Path) -> None:
    with launched(tmp_path, ("", {"respawn": "true"})) as launch:
        started = r"\[scene_mapper-\d+\]: process started with pid \[(\d+)\]"
        (pid,) = launch.until(started)
        launch.until("mapping /color/image")
        os.kill(int(pid), signal.SIGKILL)
        launch.until(started, times=2)
        launch.until("mapping /color/image", times=2)
        assert launch.end() == 0, launch.said[-4000:]


def test_two_robots_with_a_tf_of_their_own(tmp_path: Path) -> None:
    """Each with several cameras: all names are those of its namespace."""
    rclpy = pytest.importorskip("rclpy")
    from rclpy.context import Context
    from rclpy.node import Node

    names = ("robot1", "robot2")
    more = {"namespaced_tf": "true", "cameras": "front,rear", "scene_frame": "odom"}
    with launched(tmp_path, *(("", more | {"namespace": name}) for name in names)) as launch:
        for name in names:
            launch.until(rf"mapping /{name}/front/color/image .*in 'odom'")
        os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
        os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
        context = Context()
        rclpy.init(context=context)
        looking = Node("looking", context=context)

        def heard(name: str) -> set[str]:
            if ("scene_mapper", f"/{name}") not in looking.get_node_names_and_namespaces():
                return set()
            found = looking.get_subscriber_names_and_types_by_node("scene_mapper", f"/{name}")
            return {topic for topic, _ in found}

        try:
            for name in names:
                wanted = {f"/{name}/tf", f"/{name}/rear/depth/image", f"/{name}/tf_static"}
                _poll(lambda name=name, wanted=wanted: wanted <= heard(name))
                assert "/tf" not in heard(name)
        finally:
            looking.destroy_node()
            context.shutdown()
        assert launch.end() == 0, launch.said[-4000:]


def _poll(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.2)
