"""Do a bag's transforms lead from its sensors to the map? It is asked before a model loads."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from itertools import takewhile

from rclpy.serialization import deserialize_message
from sensor_msgs.msg import CompressedImage, Image, PointCloud2
from tf2_msgs.msg import TFMessage

from r1_ros.bags.bag import Bag, BagError
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.starting.bag_inputs import MissingInputsError, bag_topics
from r1_ros.starting.node_commands import NodeOptions

_TF = ("/tf", "/tf_static")
_TF_TYPE = "tf2_msgs/msg/TFMessage"
_SENSORS = {
    f"sensor_msgs/msg/{kind.__name__}": kind for kind in (Image, CompressedImage, PointCloud2)
}
_LOOKED_NS = 60 * 10**9  # of bag time: a SLAM that starts later still maps the rest


def check_bag_transforms(bag: Bag, nodes: NodeOptions) -> None:
    """Pass where a sensor's frame is connected with that of the map within a minute.

    Longer bags are not read to their end, and nothing is said of them. What a parameter file says
    of frames is not read: with one, nothing is refused.

    Args:
        bag: opened; `check_bag_inputs` has passed.
        nodes: their remaps and `scene_frame` count.

    Raises:
        MissingInputsError: else; with what is there, and the way out.
    """
    if nodes.params_file is not None:
        return
    scene_frame = (nodes.scene_frame or MapperConfig().scene_frame).lstrip("/")
    remaps = {f"/{old.lstrip('/')}": f"/{new.lstrip('/')}" for old, new in nodes.remaps.items()}
    topics = [remaps.get(name, name) for name in _TF]
    tree, sensors = _Tree(), {}
    end = bag.start + _LOOKED_NS
    inputs = bag_topics(nodes)
    try:
        for message in takewhile(lambda m: m.time <= end, bag.messages()):
            kind = bag.topics[message.topic].type
            if message.topic in topics and kind == _TF_TYPE:
                tree.add(deserialize_message(message.data, TFMessage))
            elif message.topic in inputs and message.topic not in sensors and kind in _SENSORS:
                header = deserialize_message(message.data, _SENSORS[kind]).header
                sensors[message.topic] = header.frame_id.lstrip("/")
            else:
                continue
            if any(tree.connects(frame, scene_frame) for frame in sensors.values()):
                return
    except BagError:
        return  # damaged: what lies before that is played, whatever it holds
    if sensors and bag.end <= end:
        raise MissingInputsError(f"{bag.path}: {_why(bag, topics, tree, sensors, scene_frame)}")


class _Tree:
    """Frames that transforms connect, whichever way."""

    def __init__(self) -> None:
        self._root: dict[str, str] = {}
        self.parents: dict[str, str] = {}

    def add(self, message: TFMessage) -> None:
        for transform in message.transforms:
            parent, child = (
                frame.lstrip("/") for frame in (transform.header.frame_id, transform.child_frame_id)
            )
            self.parents[child] = parent
            self._root[self._find(child)] = self._find(parent)

    def connects(self, a: str, b: str) -> bool:
        return self._find(a) == self._find(b)

    def roots(self) -> list[str]:
        return sorted(set(self.parents.values()) - set(self.parents))

    def frames(self) -> set[str]:
        return {*self.parents, *self.parents.values()}

    def _find(self, frame: str) -> str:
        while (above := self._root.get(frame, frame)) != frame:
            frame = above
        return frame


def _why(
    bag: Bag, topics: Sequence[str], tree: _Tree, sensors: Mapping[str, str], scene_frame: str
) -> str:
    heard = " and ".join(topics)
    others = [t.name for t in bag.topics.values() if t.type == _TF_TYPE and t.name not in topics]
    ways = [
        f"-r {name}:={shlex.quote(other)}"
        for name in _TF
        for other in sorted(others)
        if other.endswith(name)
    ]
    path = shlex.quote(str(bag.path))
    if not tree.parents and ways:
        return f"no transform on {heard}, but on {', '.join(others)}: {' '.join(ways)}"
    if not tree.parents:
        return f"no transform on {heard}; `r1 poses {path} --out FOLDER` follows the camera instead"
    frames = ", ".join(sorted({repr(frame) for frame in sensors.values()}))
    known = tree.frames()
    if known.isdisjoint(sensors.values()):
        there = ", ".join(sorted(known))
        return f"no transform leads to {frames}; was /tf_static recorded? There are {there}"
    if scene_frame not in known:
        way = " or ".join(f"--scene-frame {root}" for root in tree.roots())
        return f"the map's frame {scene_frame!r} is in no transform of it: {way}"
    return (
        f"its transforms are in parts, with the roots {', '.join(tree.roots())}: none leads from "
        f"{frames} to {scene_frame!r}"
    )
