"""Presets of cameras fit the mapper and the launch file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rclpy")

from r1_ros.configuration.cameras import CAMERAS, UnknownCameraError, camera_preset, several_cameras
from r1_ros.configuration.parameter_schema import InvalidParameterError
from r1_ros.configuration.parameters import CameraConfig, MapperConfig
from r1_ros.mapping.cameras import cameras_of

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", CAMERAS)
def test_presets(name: str) -> None:
    preset = camera_preset(name)
    MapperConfig(**preset.mapper)  # raises on a name or value that the mapper does not know
    topics = (preset.color_topic, preset.depth_topic, preset.camera_info_topic)
    assert all(re.fullmatch(r"(/[a-z0-9_]+)+", topic) for topic in topics)
    assert len(set(topics)) == 3
    named = camera_preset(name, "front")
    CameraConfig(**named.mapper)  # one of several may have the same
    assert named.color_topic.startswith("/front/") and named.color_topic not in topics


def test_several_cameras() -> None:
    values = several_cameras("front=realsense, rear=zed,top")
    assert values["cameras"] == "front, rear, top" and "top" not in values
    assert values["front"]["color_topic"] == "/front/front/color/image_raw"
    assert values["rear"]["images_rectified"] is True
    front, rear, top = cameras_of(values)
    assert front.depth_range == (0.3, 4.0) and not front.rectified
    assert rear.rectified and rear.depth_topic == "/rear/zed_node/depth/depth_registered"
    assert (top.color_topic, top.depth_range) == ("top/color/image", None)
    with pytest.raises(UnknownCameraError, match="got 'kodak'"):
        several_cameras("front=kodak")
    with pytest.raises(InvalidParameterError, match="'f-1' cannot be the name"):
        several_cameras("f-1=zed")
    assert cameras_of({})[0].inputs == ("color", "depth", "camera_info")


def test_every_file_is_a_preset() -> None:
    assert {file.stem for file in (ROOT / "config" / "cameras").iterdir()} == set(CAMERAS)
    with pytest.raises(UnknownCameraError, match="camera must be one of"):
        camera_preset("../scene_understanding")


def test_the_aggregator_knows_every_node() -> None:
    content = yaml.safe_load((ROOT / "config" / "diagnostics_aggregator.yaml").read_text())
    groups = {
        name: value
        for name, value in content["/**"]["ros__parameters"].items()
        if isinstance(value, dict)
    }
    assert set(groups) == {"scene_mapper", "scene_reasoner", "plan_executor"}
    assert all(group["startswith"] == [name] for name, group in groups.items())
