"""Which topics of a bag are which inputs of the mapper."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from r1_ros.configuration.cameras import several_cameras
from r1_ros.evaluation.faults import Fault, FaultError
from r1_ros.evaluation.replay import bag_topics
from r1_ros.starting.node_commands import NodeOptions


def test_topics_of_one_camera() -> None:
    topics = bag_topics(NodeOptions(remaps={"color/image": "cam/rgb"}))
    assert topics["/cam/rgb"] == topics["/color/image/compressed"] == "color"
    assert topics["/depth/image/compressedDepth"] == topics["/depth/image"] == "depth"
    assert (topics["/color/camera_info"], topics["/points"]) == ("camera_info", "points")


def test_topics_of_several_cameras() -> None:
    topics = bag_topics(NodeOptions(mapper=several_cameras("front, rear=zed")))
    assert topics["/front/color/image"] == "front/color"
    assert topics["/rear/zed_node/depth/depth_registered"] == "rear/depth"
    assert topics["/points"] == "points" and "/color/image" not in topics


def test_a_fault_may_be_one_of_several_cameras() -> None:
    row = {"at": 1, "seconds": 1, "input": "rear/depth", "kind": "drop"}
    assert Fault.read(row).input == "rear/depth"
    with pytest.raises(FaultError, match="no input 'rear/infra'"):
        Fault.read(row | {"input": "rear/infra"})
