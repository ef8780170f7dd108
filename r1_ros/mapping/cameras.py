"""The cameras that make the map: one without a name, or several with parameters of their own."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from r1_ros.configuration.parameter_schema import declare_config, read_config
from r1_ros.configuration.parameters import CameraConfig, MapperConfig
from r1_ros.runtime.lifecycle import ManagedNode

RGBD = ("color", "depth", "camera_info")


@dataclass(frozen=True)
class Camera:
    """One RGB-D camera.

    Attributes:
        name: empty where there is one camera only.
        color_topic, depth_topic, camera_info_topic: raw ones; compressed ones are told from them.
        rectified: see `camera_model`.
        depth_range: metres, nearest and farthest; None: that of the mapper's parameters.
    """

    name: str = ""
    color_topic: str = "color/image"
    depth_topic: str = "depth/image"
    camera_info_topic: str = "color/camera_info"
    rectified: bool = False
    depth_range: tuple[float, float] | None = None

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of its inputs, in the order of RGBD: `color`, or `front/color`."""
        return tuple(f"{self.name}/{part}" if self.name else part for part in RGBD)

    def applied(self, config: MapperConfig) -> MapperConfig:
        """The mapper's parameters, with the range of depth of this camera."""
        if self.depth_range is None:
            return config
        low, high = self.depth_range
        return dataclasses.replace(config, depth_min=low, depth_max=high)


def camera_of(name: str, config: CameraConfig) -> Camera:
    """The camera `name` of several, with what its parameters leave out filled in."""
    return Camera(
        name=name,
        color_topic=_raw(config.color_topic, "/compressed") or f"{name}/color/image",
        depth_topic=_raw(config.depth_topic, "/compressedDepth") or f"{name}/depth/image",
        camera_info_topic=config.camera_info_topic or f"{name}/color/camera_info",
        rectified=config.images_rectified,
        depth_range=(config.depth_min, config.depth_max) if config.depth_max else None,
    )


def declared_cameras(node: ManagedNode[MapperConfig], config: MapperConfig) -> list[Camera]:
    """The cameras of a mapper. Parameters of cameras that are new are declared on the node.

    Raises:
        InvalidParameterError: a parameter of a camera has a value that is not allowed.
    """
    cameras = []
    for name in config.camera_names():
        prefix = f"{name}."
        known = node.has_parameter(prefix + dataclasses.fields(CameraConfig)[0].name)
        read = read_config if known else declare_config
        cameras.append(camera_of(name, read(node, CameraConfig, prefix)))
        node.fix_while_configured(prefix + spec.name for spec in dataclasses.fields(CameraConfig))
    return cameras or [Camera(rectified=config.images_rectified)]


def cameras_of(parameters: Mapping[str, Any]) -> list[Camera]:
    """The cameras that these parameters of a mapper make, as a parameter file has them.

    Raises:
        InvalidParameterError: a parameter has a value that is not allowed.
    """
    names = MapperConfig(cameras=parameters.get("cameras", "")).camera_names()
    named = [camera_of(name, CameraConfig(**parameters.get(name, {}))) for name in names]
    return named or [Camera()]


def _raw(topic: str, transport: str) -> str:
    """The raw topic beside a compressed one; either may be given."""
    return topic.removesuffix(transport)
