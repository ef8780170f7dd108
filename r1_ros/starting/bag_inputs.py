"""Does a bag hold what the mapper listens to? It is asked before a model loads and a bag plays."""

from __future__ import annotations

from collections.abc import Mapping

from r1_ros.bags.bag import Bag, BagTopic
from r1_ros.mapping.cameras import cameras_of
from r1_ros.mapping.mapper_inputs import InputTopic, input_topics
from r1_ros.starting.node_commands import NodeOptions

_SHOWN = ("Image", "CompressedImage", "CameraInfo", "PointCloud2")


class MissingInputsError(ValueError):
    """A bag has nothing to map from; the message says what was looked for and what there is."""


def bag_topics(nodes: NodeOptions) -> dict[str, str]:
    """Input of the mapper by topic of the bag, with the remaps that the nodes are given."""
    return {_in_bag(topic.name, nodes): topic.input for topic in mapper_topics(nodes)}


def mapper_topics(nodes: NodeOptions) -> list[InputTopic]:
    """Topics as the mapper calls them; raw before compressed, as it prefers them."""
    return input_topics(cameras_of(nodes.mapper))


def check_bag_inputs(bag: Bag, nodes: NodeOptions) -> None:
    """Pass where points, or all three topics of one camera, are in the bag under their names.

    What a parameter file says of cameras is not read: with one, nothing is refused.

    Args:
        bag: opened.
        nodes: whose remaps say how its topics are called.

    Raises:
        MissingInputsError: else.
    """
    if nodes.params_file is not None:
        return
    wanted: dict[str, list[InputTopic]] = {}
    for topic in mapper_topics(nodes):
        wanted.setdefault(topic.input, []).append(topic)
    there = {
        name: any(_holds(bag.topics, topic, nodes) for topic in topics)
        for name, topics in wanted.items()
    }
    cameras = [camera.inputs for camera in cameras_of(nodes.mapper)]
    if there["points"] or any(all(there[name] for name in inputs) for inputs in cameras):
        return
    missing = [
        f"{name} on {' or '.join(_in_bag(topic.name, nodes) for topic in topics)}"
        for name, topics in wanted.items()
        if not there[name]
    ]
    held = [
        f"{topic.name} ({topic.type})"
        for topic in bag.topics.values()
        if topic.type.rpartition("/")[2] in _SHOWN
    ]
    raise MissingInputsError(
        f"{bag.path} has neither points nor all that a camera needs: no {', no '.join(missing)}. "
        f"It has {', '.join(held) or 'no images and no points at all'}. What is called otherwise "
        "there is told by --color-topic, --remap and the like."
    )


def _in_bag(name: str, nodes: NodeOptions) -> str:
    target = nodes.remaps.get(name, name)
    return target if target.startswith("/") else f"/{target}"


def _holds(topics: Mapping[str, BagTopic], wanted: InputTopic, nodes: NodeOptions) -> bool:
    found = topics.get(_in_bag(wanted.name, nodes))
    return found is not None and found.type.rpartition("/")[2] == wanted.kind.__name__
