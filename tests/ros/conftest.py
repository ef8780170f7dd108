"""Every test process talks on a ROS domain of its own, on this machine only."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

# Before anything imports rclpy; children inherit it.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ.pop("ROS_LOCALHOST_ONLY", None)

rclpy = pytest.importorskip("rclpy")

from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from r1_ros.share import use_large_message_transport  # noqa: E402
from tests.ros.spinning import Spinner  # noqa: E402


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
