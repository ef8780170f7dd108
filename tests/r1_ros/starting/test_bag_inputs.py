"""Which topics of a bag are which inputs of the mapper, and whether it has enough of them."""

from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("rclpy")

from r1_ros.bags.bag import Bag, BagTopic
from r1_ros.configuration.cameras import several_cameras
from r1_ros.starting.bag_inputs import MissingInputsError, bag_topics, check_bag_inputs
from r1_ros.starting.node_commands import NodeOptions

CAMERA = {
    "/color/image": "Image",
    "/depth/image": "Image",
    "/color/camera_info": "CameraInfo",
}
PACKED = {
    "/color/image/compressed": "CompressedImage",
    "/depth/image/compressedDepth": "CompressedImage",
    "/color/camera_info": "CameraInfo",
}


def bag_of(types: dict[str, str]) -> Bag:
    bag = Bag("kitchen")
    bag.topics = {name: BagTopic(name, f"sensor_msgs/msg/{kind}") for name, kind in types.items()}
    return bag


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


@pytest.mark.parametrize(
    ("types", "options"),
    [
        (CAMERA, {}),
        (PACKED, {}),
        ({"/points": "PointCloud2"}, {}),
        ({"/lidar": "PointCloud2"}, {"remaps": {"points": "/lidar"}}),
        (
            {"/cam/rgb": "Image", "/depth/image": "Image", "/color/camera_info": "CameraInfo"},
            {"remaps": {"color/image": "/cam/rgb"}},
        ),
        (
            {f"/front{name}": kind for name, kind in CAMERA.items()},
            {"mapper": several_cameras("front, rear")},
        ),
        ({}, {"params_file": Path(__file__)}),
    ],
)
def test_one_whole_camera_or_points_are_enough(types, options):
    check_bag_inputs(bag_of(types), NodeOptions(**options))


@pytest.mark.parametrize(
    ("types", "options", "message"),
    [
        ({}, {}, "no images and no points at all"),
        ({"/tf": "TFMessage"}, {}, "no images and no points at all"),
        (
            {"/camera/color": "Image", **{k: CAMERA[k] for k in list(CAMERA)[1:]}},
            {},
            r"no color on /color/image or /color/image/compressed, no points on /points\. It has "
            r"/camera/color \(sensor_msgs/msg/Image\)",
        ),
        (CAMERA | {"/color/image": "PointCloud2"}, {}, "no color on /color/image"),
        (CAMERA, {"remaps": {"depth/image": "/d"}}, "no depth on /d or "),
        (
            {"/front/color/image": "Image", "/rear/depth/image": "Image"},
            {"mapper": several_cameras("front, rear")},
            "no front/depth on ",
        ),
    ],
)
def test_what_is_missing_is_named_beside_what_is_there(types, options, message):
    with pytest.raises(MissingInputsError, match=message):
        check_bag_inputs(bag_of(types), NodeOptions(**options))
