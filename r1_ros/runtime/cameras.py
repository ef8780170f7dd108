"""Presets of common cameras: how their drivers name topics, and what the mapper should know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from r1_ros.runtime.share_files import share_file

CAMERAS = ("realsense", "zed", "oak", "orbbec", "azure_kinect", "openni2")


@dataclass(frozen=True)
class CameraPreset:
    """How a driver publishes: topics, and parameters of scene_mapper by name."""

    color_topic: str
    depth_topic: str
    camera_info_topic: str
    mapper: Mapping[str, Any] = field(default_factory=dict)


def camera_preset(name: str) -> CameraPreset:
    """The preset of a camera, one of CAMERAS: `config/cameras/NAME.yaml`.

    Raises:
        ValueError: there is no such preset.
    """
    if name not in CAMERAS:
        raise ValueError(f"camera must be one of {', '.join(CAMERAS)}, got {name!r}")
    content = yaml.safe_load(share_file(f"config/cameras/{name}.yaml").read_text(encoding="utf-8"))
    return CameraPreset(**content)
