"""Presets of common cameras: how their drivers name topics, and what the mapper should know."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from r1_ros.configuration.share_files import share_file

CAMERAS = ("realsense", "zed", "oak", "orbbec", "azure_kinect", "openni2")


class UnknownCameraError(ValueError):
    """There is no preset of this name; the message lists them."""


@dataclass(frozen=True)
class CameraPreset:
    """How a driver publishes: topics, and parameters of scene_mapper by name."""

    color_topic: str
    depth_topic: str
    camera_info_topic: str
    mapper: Mapping[str, Any] = field(default_factory=dict)


def camera_preset(kind: str, name: str | None = None) -> CameraPreset:
    """The preset of a camera, one of CAMERAS: `config/cameras/KIND.yaml`.

    Args:
        kind: one of CAMERAS.
        name: that the driver was given; None: the one that it has by itself.

    Raises:
        UnknownCameraError: there is no such preset.
    """
    if kind not in CAMERAS:
        raise UnknownCameraError(f"camera must be one of {', '.join(CAMERAS)}, got {kind!r}")
    content = yaml.safe_load(share_file(f"config/cameras/{kind}.yaml").read_text(encoding="utf-8"))
    usual = content.pop("name")
    for key in ("color_topic", "depth_topic", "camera_info_topic"):
        topic = content[key].format(name=usual if name is None else name)
        content[key] = topic.replace("//", "/")  # a driver without a name
    return CameraPreset(**content)


def several_cameras(text: str) -> dict[str, Any]:
    """Parameters of scene_mapper for the cameras in `front=realsense, rear=zed, top`.

    A name without a preset has the topics of the parameter file, or NAME/color/image and so on.

    Raises:
        UnknownCameraError: there is no such preset.
        InvalidParameterError: a name cannot be that of a camera.
    """
    from r1_ros.configuration.parameters import MapperConfig  # rclpy: slow, and only needed here

    names = []
    parameters: dict[str, Any] = {}
    for part in filter(None, re.split(r"[,\s]+", text)):
        name, separator, kind = part.partition("=")
        names.append(name)
        if separator:
            preset = camera_preset(kind, name)
            parameters[name] = {
                "color_topic": preset.color_topic,
                "depth_topic": preset.depth_topic,
                "camera_info_topic": preset.camera_info_topic,
                **preset.mapper,
            }
    MapperConfig(cameras=", ".join(names))
    return {"cameras": ", ".join(names), **parameters}
