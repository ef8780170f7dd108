"""Do a bag's transforms lead from its sensors to the map, and what is said where they do not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")

from rosbags.rosbag2 import StoragePlugin, Writer
from scipy.spatial.transform import Rotation

from r1_ros.bags.bag import Bag
from r1_ros.bags.bag_messages import TYPES, image_message, transform_message
from r1_ros.starting.bag_inputs import MissingInputsError
from r1_ros.starting.bag_transforms import check_bag_transforms
from r1_ros.starting.node_commands import NodeOptions

pytestmark = pytest.mark.ros
START = 10**18
STATIC = ("/tf_static", "base", "/cam")
MOVING = ("/tf", "map", "base")


def write_bag(path: Path, edges: list[tuple[str, str, str]], late: int = 0) -> None:
    """An image in `cam`, and transforms (topic, parent, child), of which the last is `late` ns."""
    kinds = {"/color/image": "sensor_msgs/msg/Image"}
    kinds |= {topic: "tf2_msgs/msg/TFMessage" for topic, _, _ in edges}
    with Writer(path, version=9, storage_plugin=StoragePlugin.MCAP) as writer:
        topics = {n: writer.add_connection(n, k, typestore=TYPES) for n, k in kinds.items()}
        image = image_message(START, "cam", "rgb8", np.zeros((2, 2, 3), np.uint8))
        sent = [("/color/image", START, image)]
        for index, (topic, parent, child) in enumerate(edges):
            time = START + index + late * (index == len(edges) - 1)
            pose = np.zeros(3), Rotation.identity()
            sent.append((topic, time, transform_message(time, parent, child, *pose)))
        for topic, time, message in sent:
            writer.write(topics[topic], time, TYPES.serialize_cdr(message, kinds[topic]))


@pytest.mark.parametrize(
    ("edges", "options"),
    [
        ([STATIC, MOVING], {}),
        ([STATIC, ("/tf", "base", "map")], {}),  # a tree that grows from the robot
        ([STATIC], {"scene_frame": "base"}),
        ([], {"scene_frame": "cam"}),  # what the sensor says is in the map's frame already
        ([STATIC, ("/r/tf", "map", "base")], {"remaps": {"/tf": "/r/tf"}}),
        ([STATIC, ("/r/tf", "map", "base")], {"remaps": {"tf": "r/tf"}}),
    ],
)
def test_bags_that_can_be_mapped(tmp_path: Path, edges, options) -> None:
    write_bag(tmp_path / "bag", edges)
    with Bag(tmp_path / "bag") as bag:
        check_bag_transforms(bag, NodeOptions(**options))


@pytest.mark.parametrize(
    ("edges", "said"),
    [
        ([], "no transform on /tf and /tf_static; `r1 poses .*bag --out FOLDER`"),
        (
            [("/r/tf", "map", "base"), ("/r/tf_static", "base", "cam")],
            "but on /r/tf, /r/tf_static: -r /tf:=/r/tf -r /tf_static:=/r/tf_static",
        ),
        ([MOVING], "leads to 'cam'; was /tf_static recorded.* base, map"),
        ([STATIC, ("/tf", "odom", "base")], "'map' is in no transform of it: --scene-frame odom"),
        ([STATIC, ("/tf", "map", "odom")], "in parts, with the roots base, map.* 'cam' to 'map'"),
    ],
)
def test_what_is_missing_and_the_way_out_are_named(tmp_path: Path, edges, said: str) -> None:
    write_bag(tmp_path / "bag", edges)
    with Bag(tmp_path / "bag") as bag, pytest.raises(MissingInputsError, match=said):
        check_bag_transforms(bag, NodeOptions())


def test_what_may_still_come_is_not_refused(tmp_path: Path) -> None:
    """A SLAM that starts after minutes; frames that a parameter file tells of."""
    write_bag(tmp_path / "late", [STATIC, MOVING], late=90 * 10**9)
    with Bag(tmp_path / "late") as bag:
        check_bag_transforms(bag, NodeOptions())
    (tmp_path / "own.yaml").write_text("{}")
    write_bag(tmp_path / "bag", [])
    with Bag(tmp_path / "bag") as bag:
        check_bag_transforms(bag, NodeOptions(params_file=tmp_path / "own.yaml"))
