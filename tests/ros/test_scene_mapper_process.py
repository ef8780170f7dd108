"""scene_mapper in a process of its own: killed, restarted, ended."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from r1_ros.msg import ErrorCode
from r1_ros.srv import GetScene
from rclpy.node import Node

from r1_model.scene.storage import SceneNotFoundError, load_scene
from r1_ros.messages.geometry import stamp_of
from tests.ros import robot as views
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros


def start(folder: Path, **parameters: object) -> subprocess.Popen:
    command = [sys.executable, "-m", "r1_ros.nodes.scene_mapper", "--ros-args"]
    values = {"snapshot_directory": folder, "diagnostics_period": 0.1, **parameters}
    for key, value in values.items():
        command += ["-p", f"{key}:={value}"]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=os.environ)


def saved_stamp(folder: Path) -> int:
    try:
        return load_scene(folder / ".autosave").stamp
    except SceneNotFoundError:
        return 0


def test_a_killed_mapper_comes_back_with_its_map(ros: Spinner, tmp_path: Path) -> None:
    robot = views.Robot(ros.add(Node("robot")))
    client = robot.node.create_client(GetScene, "scene_mapper/get_scene")
    first = start(tmp_path, autosave_period=0.3)
    second = None
    try:
        ros.until(robot.connected, "the mapper")
        robot.static_pose()
        stamps = itertools.count(views.START, 10**8)

        def mapped() -> bool:
            # best effort: the first frames may find no listener yet
            robot.frame(next(stamps))
            return robot.statuses.number("color", "integrated") >= 3

        ros.until(mapped, "frames in the map")

        def settled() -> GetScene.Response | None:
            """The map, once the frame that was sent last is in it: a part of one may be lost."""
            sent = next(stamps)
            robot.frame(sent)
            ros.spin(0.3)
            scene = ros.call(client, GetScene.Request())
            return scene if stamp_of(scene.header.stamp) == sent else None

        before = ros.until(settled, "the last frame is in the map")
        newest = stamp_of(before.header.stamp)
        ros.until(lambda: saved_stamp(tmp_path) == newest, "the automatic snapshot")
        first.kill()
        first.wait()
        robot.statuses.forget()
        second = start(tmp_path, autosave_period=0.3)
        ros.until(lambda: robot.statuses.of("map").get("state") == "active", "the second mapper")
        after = ros.call(client, GetScene.Request())
        assert after.error_code == ErrorCode.NONE
        assert bytes(after.cloud.data) == bytes(before.cloud.data)
        assert after.views == before.views
        assert after.revision > before.revision  # nobody takes it for the map it had
    finally:
        for process in filter(None, (first, second)):
            process.send_signal(signal.SIGINT)
            process.wait(20)
    assert second.returncode == 0


def test_a_damaged_automatic_snapshot_does_not_stop_the_mapper(
    ros: Spinner, tmp_path: Path
) -> None:
    (tmp_path / ".autosave").mkdir()
    (tmp_path / ".autosave" / "scene.npz").write_bytes(b"PK not a scene")
    robot = views.Robot(ros.add(Node("robot")))
    mapper = start(tmp_path, autosave_period=60.0)
    try:
        ros.until(robot.connected, "the mapper")
    finally:
        mapper.send_signal(signal.SIGINT)
        _, log = mapper.communicate(timeout=20)
    assert mapper.returncode == 0 and "automatic snapshot is lost" in log
    assert "never retrieved" not in log and "Traceback" not in log


def test_a_scene_to_start_from_that_is_missing_fails_configure_with_a_line(
    ros: Spinner, tmp_path: Path
) -> None:
    mapper = start(tmp_path, load_scene="nowhere")
    line = mapper.stderr.readline()
    mapper.send_signal(signal.SIGINT)
    _, rest = mapper.communicate(timeout=20)
    assert "configure failed" in line and "nowhere" in line
    assert mapper.returncode == 0 and "Traceback" not in rest
