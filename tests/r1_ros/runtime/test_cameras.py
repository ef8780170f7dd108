"""Presets of cameras fit the mapper and the launch file."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

pytest.importorskip("rclpy")

from r1_ros.runtime.cameras import CAMERAS, camera_preset
from r1_ros.runtime.parameters import MapperConfig

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize("name", CAMERAS)
def test_presets(name: str) -> None:
    preset = camera_preset(name)
    MapperConfig(**preset.mapper)  # raises on a name or value that the mapper does not know
    topics = (preset.color_topic, preset.depth_topic, preset.camera_info_topic)
    assert all(re.fullmatch(r"(/[a-z0-9_]+)+", topic) for topic in topics)
    assert len(set(topics)) == 3


def test_every_file_is_a_preset() -> None:
    assert {file.stem for file in (ROOT / "config" / "cameras").iterdir()} == set(CAMERAS)
    with pytest.raises(ValueError, match="camera must be one of"):
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
