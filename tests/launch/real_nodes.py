"""The launch file with real nodes: a bag is played, mapped, and everything ends cleanly.

Run by `launch_test`: from colcon, or by tests/launch/test_launch.py where launch is importable.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import launch_testing.actions  # noqa: E402
import launch_testing.asserts  # noqa: E402
import rclpy  # noqa: E402
from launch import LaunchDescription  # noqa: E402
from launch.actions import IncludeLaunchDescription  # noqa: E402
from launch.launch_description_sources import PythonLaunchDescriptionSource  # noqa: E402
from lifecycle_msgs.srv import GetState  # noqa: E402
from r1_ros.srv import GetScene  # noqa: E402
from rcl_interfaces.srv import GetParameters  # noqa: E402
from rclpy.context import Context  # noqa: E402
from rclpy.executors import SingleThreadedExecutor  # noqa: E402

from r1_model.network.modeling import R1ForConditionalGeneration  # noqa: E402
from r1_ros.bags.recording import record  # noqa: E402
from r1_ros.bags.rgbd_folder import RgbdFolder  # noqa: E402
from tests.conftest import write_rgbd_folder  # noqa: E402
from tests.r1_model.small import scene_tokenizer, seeded, small_config  # noqa: E402

os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
NODES = ("scene_mapper", "scene_reasoner", "plan_executor")
TIMEOUT_S = 240.0
FRAMES = 20


def small_model(folder: Path) -> Path:
    """A whole model, smaller than r1-tiny, with random weights."""
    tokenizer = scene_tokenizer()
    seeded(lambda: R1ForConditionalGeneration(small_config(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def generate_test_description() -> LaunchDescription:
    folder = Path(tempfile.mkdtemp(prefix="r1_launch_test_"))
    record(RgbdFolder.open(write_rgbd_folder(folder / "rgbd", FRAMES)), folder / "bag")
    arguments = {
        "namespace": "robot1",
        "bag": str(folder / "bag"),
        "model": str(small_model(folder / "model")),
        "device": "cpu",
        # The bag's topics lie at the root, the nodes below the namespace.
        "color_topic": "/color/image",
        "depth_topic": "/depth/image",
        "camera_info_topic": "/color/camera_info",
        "log_level": "info",
    }
    launch_file = ROOT / "launch" / "scene_understanding.launch.py"
    return LaunchDescription(
        [
            IncludeLaunchDescription(
                PythonLaunchDescriptionSource(str(launch_file)),
                launch_arguments=arguments.items(),
            ),
            launch_testing.actions.ReadyToTest(),
        ]
    )


class TestRunning(unittest.TestCase):
    """What holds while the nodes run."""

    @classmethod
    def setUpClass(cls) -> None:
        cls.context = Context()
        rclpy.init(context=cls.context)
        cls.node = rclpy.create_node("launch_test", context=cls.context)
        cls.executor = SingleThreadedExecutor(context=cls.context)
        cls.executor.add_node(cls.node)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.node.destroy_node()
        cls.context.shutdown()

    def call(self, kind: type, name: str, request: object) -> object:
        client = self.node.create_client(kind, name)
        self.assertTrue(client.wait_for_service(TIMEOUT_S), f"no service {name}")
        future = client.call_async(request)
        self.executor.spin_until_future_complete(future, TIMEOUT_S)
        self.assertTrue(future.done(), f"{name} did not answer")
        return future.result()

    def poll(self, what: str, condition: object) -> None:
        deadline = time.monotonic() + TIMEOUT_S
        while not condition():
            self.assertLess(time.monotonic(), deadline, f"timed out: {what}")
            self.executor.spin_once(timeout_sec=0.1)

    def test_nodes_become_active_in_the_namespace(self) -> None:
        for name in NODES:

            def active(name: str = name) -> bool:
                answer = self.call(GetState, f"/robot1/{name}/get_state", GetState.Request())
                return answer.current_state.label == "active"

            self.poll(f"{name} active", active)

    def test_a_bag_means_sim_time(self) -> None:
        for name in NODES:
            request = GetParameters.Request(names=["use_sim_time"])
            answer = self.call(GetParameters, f"/robot1/{name}/get_parameters", request)
            self.assertTrue(answer.values[0].bool_value, name)

    def test_the_bag_is_mapped(self) -> None:
        def mapped() -> bool:
            request = GetScene.Request(max_points=1000)
            answer = self.call(GetScene, "/robot1/scene_mapper/get_scene", request)
            return answer.cloud.width > 100 and len(answer.views) > 0

        self.poll("points in the map", mapped)


@launch_testing.post_shutdown_test()
class TestAfterShutdown(unittest.TestCase):
    """What holds after Ctrl-C."""

    def test_every_process_ended_with_0(self, proc_info: object) -> None:
        launch_testing.asserts.assertExitCodes(proc_info)

    def test_the_bag_was_played(self, proc_output: object) -> None:
        launch_testing.asserts.assertInStdout(proc_output, "played", None)
