"""Every test process talks on a ROS domain of its own, on this machine only."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

# Before anything imports rclpy; children inherit it.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ.pop("ROS_LOCALHOST_ONLY", None)
# what nodes keep by default goes where no user finds it; each module has a folder of its own below
os.environ["ROS_HOME"] = tempfile.mkdtemp(prefix="r1_ros_home_")

rclpy = pytest.importorskip("rclpy")

from r1_ros.msg import ErrorCode  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from r1_ros.runtime.dds_transport import use_large_message_transport  # noqa: E402
from tests.ros.background import background  # noqa: E402
from tests.ros.reasoner_rig import Robot, start_robot  # noqa: E402
from tests.ros.scripted import room  # noqa: E402
from tests.ros.spinning import Spinner  # noqa: E402


@pytest.fixture(scope="module", autouse=True)
def ros_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What nodes keep by default: a module must not know the things of the one before."""
    before = os.environ["ROS_HOME"]
    folder = tmp_path_factory.mktemp("ros_home")
    os.environ["ROS_HOME"] = str(folder)
    yield folder
    os.environ["ROS_HOME"] = before


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, of playwright's type Browser."""
    pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    from tests.ros.browser import chromium, chromium_path

    if not chromium_path():
        pytest.skip("no Chromium on this machine")
    with chromium() as started:
        yield started


@pytest.fixture
def ros() -> Iterator[Spinner]:
    """An initialised context; nodes added to the Spinner are destroyed at the end."""
    use_large_message_transport()
    rclpy.init()
    spinner = Spinner(SingleThreadedExecutor())
    try:
        yield spinner
    finally:
        spinner.close()
        rclpy.try_shutdown()


@pytest.fixture(scope="module")
def shared_robot() -> Iterator[Robot]:
    with background() as spinning:
        robot = start_robot(spinning)
        yield robot
        robot.client.close()


@pytest.fixture
def robot(shared_robot: Robot) -> Robot:
    """The module's robot, as new."""
    if shared_robot.node._answering is not None:  # what was cancelled may still run
        shared_robot.node._answering.worker._thread.submit(lambda: None).result(10.0)
    shared_robot.model.__init__()
    shared_robot.mapper.scene, shared_robot.mapper.error = room(), (ErrorCode.NONE, "")
    shared_robot.mapper.revision += 1
    shared_robot.set(queue_size=4, request_timeout=60.0, scene_timeout=10.0, busy_scene_age=10.0)
    if not shared_robot.node.is_active:
        shared_robot.node.trigger_activate()
    return shared_robot
