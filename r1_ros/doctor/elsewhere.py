"""What the mapper needs is published under other names: which, and the options that say so."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath

from rclpy.node import Node

from r1_ros.doctor.check import Check, warning
from r1_ros.doctor.topics import MAPPER, TF_TYPE, inputs_of, tf_topics

_OPTIONS = {
    "color": "--color-topic",
    "depth": "--depth-topic",
    "info": "--camera-info-topic",
    "points": "--points-topic",
}
_RGBD = ("color/image", "depth/image", "color/camera_info")
_SUFFIXES = ("/compressed", "/compressedDepth")  # the mapper finds these from the raw name
_REGISTERED = ("aligned", "registered")


def transforms_elsewhere(node: Node) -> list[Check]:
    """tf in the robot's namespace, as Nav2's launch has it."""
    checks = []
    published = {
        name
        for name, kinds in node.get_topic_names_and_types()
        if TF_TYPE in kinds and node.get_publishers_info_by_topic(name)
    }
    for topic in tf_topics(node):
        end = topic.rpartition("/")[2]
        others = sorted(name for name in published if name.rpartition("/")[2] == end)
        if topic in published or not others:
            continue
        checks.append(
            warning(
                topic,
                f"nobody publishes here, but on {', '.join(others)}; start the nodes with "
                f"-r {topic}:={others[0]}",
            )
        )
    return checks


def topics_elsewhere(node: Node) -> list[Check]:
    """The camera publishes under other names than those that the mapper hears."""
    if any(map(node.get_publishers_info_by_topic, inputs_of(node))):
        return []
    published = {
        name: kinds
        for name, kinds in node.get_topic_names_and_types()
        if f"/{MAPPER}/" not in name and node.get_publishers_info_by_topic(name)
    }
    spaces = namespaces(published) if node.get_namespace() == "/" else []
    if spaces:
        options = " or ".join(f"--namespace {space}" for space in spaces)
    else:
        found = camera_topics(published)
        options = " ".join(f"{_OPTIONS[part]} {name}" for part, name in sorted(found.items()))
    if not options:
        return []
    text = f"nothing is published where the mapper listens; try: r1 up {options}"
    return [warning("camera topics", text)]


def namespaces(published: Collection[str]) -> list[str]:
    """Those that hold a camera under the names of the contract."""
    raw = {_raw(name) for name in published}
    spaces = {name.removesuffix(f"/{_RGBD[0]}") for name in raw if name.endswith(f"/{_RGBD[0]}")}
    return sorted(
        space.lstrip("/")
        for space in spaces
        if space and all(f"{space}/{name}" in raw for name in _RGBD)
    )


def camera_topics(published: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """color, depth, info and points of one camera, as far as names and types tell.

    Colour lies beside its camera_info (a disparity or a mask does not), depth may be several
    images, of which one is registered. A cloud counts where there is no whole camera.
    """
    kinds = {name: {kind.rpartition("/")[2] for kind in types} for name, types in published.items()}
    images = [n for n in kinds if kinds[n] & {"Image", "CompressedImage"} and "infra" not in n]
    infos = sorted(n for n in kinds if "CameraInfo" in kinds[n] and "depth" not in n.lower())
    folders = {PurePosixPath(name).parent for name in infos}
    depth = sorted({_raw(name) for name in images if "depth" in name.lower()})
    color = sorted({_raw(name) for name in images if "depth" not in name.lower()})
    color.sort(key=lambda name: PurePosixPath(name).parent not in folders)
    depth.sort(key=lambda name: not any(word in name for word in _REGISTERED))
    if color:
        beside = PurePosixPath(color[0]).parent
        infos.sort(key=lambda name: PurePosixPath(name).parent != beside)
    points = sorted(name for name in kinds if "PointCloud2" in kinds[name])
    found = {"color": color, "depth": depth, "info": infos}
    if not all(found.values()):
        found["points"] = points
    return {part: names[0] for part, names in found.items() if names}


def _raw(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return name
