"""What scene_mapper says about its map on /diagnostics."""

from __future__ import annotations

from collections.abc import Sequence

from diagnostic_msgs.msg import DiagnosticStatus

from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.scene_map import SceneMap
from r1_ros.runtime.diagnostics import OK, WARN, status_message
from r1_ros.runtime.lifecycle import ManagedNode


def map_status(
    node: ManagedNode,
    scene_map: SceneMap,
    config: MapperConfig,
    bad_transforms: int,
    inputs: Sequence[DiagnosticStatus] | None,
    unheard: Sequence[str] = (),
    warnings: Sequence[str] = (),
) -> DiagnosticStatus:
    """Whether there is a map; where there is none, what its inputs say.

    Args:
        node: who reports.
        scene_map: what is judged: not what came in since the start.
        config: the parameters.
        bad_transforms: how many were refused.
        inputs: what is said about the inputs; None while the node does not listen.
        unheard: publishers of transforms whose QoS keeps them from being heard.
        warnings: what else is wrong with it; empty ones say nothing.
    """
    values = {
        "state": "active" if node.is_active else "inactive",
        "scene_frame": config.scene_frame,
        "revision": scene_map.revision,
        "blocks": scene_map.blocks,
        "max_blocks": config.max_blocks,
        "keyframes": scene_map.keyframes,
        "other_points": scene_map.other_points,
        "bad_transforms": bad_transforms,
        "unheard_transforms": "; ".join(unheard),
    }
    if inputs is None:
        return status_message(node, "map", OK, "inactive", values)
    if not values["revision"]:
        reasons = [f"{status.name.split(': ')[1]}: {status.message}" for status in inputs]
        text = "; ".join(["nothing mapped so far", *unheard, *reasons])
        return status_message(node, "map", WARN, text, values)
    text = "{keyframes} keyframes, {blocks} blocks, {other_points} other points"
    wrong = [*unheard, *filter(None, warnings)]
    text = "; ".join([text.format(**values), *wrong])
    return status_message(node, "map", WARN if wrong else OK, text, values)
