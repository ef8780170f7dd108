"""A real recording through messages into a mapper in its own process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from r1_ros.srv import GetScene
from rclpy.node import Node

from r1_model.scene.scene import Scene
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.messages.scenes import scene_from_response
from tests.ros.kitchen_truth import direct_cloud, share_on_measured, table_top
from tests.ros.robot import Statuses
from tests.ros.spinning import Spinner

pytestmark = [pytest.mark.ros, pytest.mark.timeout(300)]


@dataclass
class Mapped:
    scene: Scene
    frames: int
    statuses: dict[str, dict[str, str]]


@pytest.fixture(scope="module")
def mapped(kitchen: Path) -> Iterator[Mapped]:
    """Map the kitchen once: mapper, publisher and the client of this test in three processes."""
    import rclpy
    from rclpy.executors import SingleThreadedExecutor

    from r1_ros.runtime.dds_transport import use_large_message_transport

    use_large_message_transport()
    rclpy.init()
    ros = Spinner(SingleThreadedExecutor())
    command = [sys.executable, "-m", "r1_ros.nodes.scene_mapper", "--ros-args"]
    command += ["-p", "diagnostics_period:=0.1"]
    mapper = subprocess.Popen(command)
    try:
        publisher = subprocess.Popen(
            [sys.executable, "-m", "tests.ros.kitchen_publisher", str(kitchen)],
            stdout=subprocess.PIPE,
            text=True,
        )
        out, _ = publisher.communicate(timeout=240)
        assert publisher.returncode == 0
        frames = int(out.split()[-1])
        node = ros.add(Node("kitchen_test"))
        statuses = Statuses(node)
        ros.until(lambda: statuses.number("color", "pending") == 0, "the last frame is fused")
        response = ros.call(
            node.create_client(GetScene, "scene_mapper/get_scene"), GetScene.Request()
        )
        assert response.error_code == 0, response.error_msg
        parts = ("color", "depth", "camera_info", "map")
        yield Mapped(
            scene_from_response(response), frames, {part: statuses.of(part) for part in parts}
        )
        mapper.send_signal(signal.SIGINT)
        assert mapper.wait(20) == 0
    finally:
        mapper.kill()
        ros.close()
        rclpy.try_shutdown()


def test_no_frame_is_lost(mapped: Mapped) -> None:
    for part in ("color", "depth", "camera_info"):
        status = mapped.statuses[part]
        received, integrated = int(status["received"]), int(status["integrated"])
        assert received == mapped.frames == 167
        assert received == integrated + int(status["dropped"]) + int(status["pending"])
        assert integrated == mapped.frames, status["last_drop_reason"]
        assert int(status["lost_in_transport"]) == 0


def test_the_table_top_is_where_it_is(mapped: Mapped, kitchen: Path) -> None:
    assert abs(table_top(mapped.scene.points, kitchen) - 0.74) <= 0.02


def test_fused_points_lie_on_the_measured_ones(mapped: Mapped, kitchen: Path) -> None:
    assert len(mapped.scene.points) > 50_000
    assert share_on_measured(mapped.scene.points, kitchen) >= 0.95


def test_the_map_covers_what_was_measured(mapped: Mapped, kitchen: Path) -> None:
    """The other way round: fusing must not leave out what the images show again and again."""
    direct = direct_cloud(kitchen)
    cells, counts = np.unique(np.floor(direct / 0.1).astype(int), axis=0, return_counts=True)
    often = cells[counts > np.quantile(counts, 0.75)]
    fused = {tuple(cell) for cell in np.floor(mapped.scene.points / 0.1).astype(int)}
    assert np.mean([tuple(cell) in fused for cell in often]) > 0.95


def test_keyframes_are_few_and_posed(mapped: Mapped, kitchen: Path) -> None:
    views = mapped.scene.views
    assert 5 <= len(views) <= 100
    assert [view.stamp for view in views] == sorted(view.stamp for view in views)
    poses = np.stack([frame.pose for frame in RgbdFolder.open(kitchen).frames])
    for view in views:
        difference = np.abs(poses - view.T_scene_camera).max((1, 2)).min()
        assert difference < 1e-6 and view.color.shape == (480, 640, 3)
