"""Command lines of the nodes: what `r1 up` and `r1 demo` start."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from r1_ros.configuration.share_files import share_file

NODES = ("scene_mapper", "scene_reasoner", "plan_executor")
LOG_LEVELS = ("debug", "info", "warn", "error", "fatal")


class InvalidNodeOptionError(ValueError):
    """An option of the nodes has a value that makes no sense; the message names it."""


@dataclass(frozen=True)
class NodeOptions:
    """What is the same for all nodes of one robot.

    Attributes:
        namespace: of all nodes and topics; empty: none.
        params_file: ROS parameter file; None: the one that ships with the package.
        model: preset or checkpoint folder of scene_reasoner; empty: the parameter file's.
        device: cpu, cuda, ...; empty: the parameter file's.
        scene_frame: tf frame of the map; empty: the parameter file's.
        robot: who carries out the steps of plans; empty: the parameter file's.
        log_level: one of LOG_LEVELS.
        use_sim_time: follow /clock.
        remaps: topic of the contract (e.g. `color/image`) -> topic of the robot.
        mapper: parameters of scene_mapper, as a camera's preset has them.
    """

    namespace: str = ""
    params_file: Path | None = None
    model: str = ""
    device: str = ""
    scene_frame: str = ""
    robot: str = ""
    log_level: str = "info"
    use_sim_time: bool = False
    remaps: Mapping[str, str] = field(default_factory=dict)
    mapper: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.log_level not in LOG_LEVELS:
            raise InvalidNodeOptionError(
                f"log_level must be one of {', '.join(LOG_LEVELS)}, got {self.log_level!r}"
            )
        if self.params_file is not None and not self.params_file.is_file():
            raise InvalidNodeOptionError(f"no such parameter file: {self.params_file}")
        for topic, target in self.remaps.items():
            if not target or any(c.isspace() or c in ":=" for c in target):
                raise InvalidNodeOptionError(f"no topic name for {topic}: {target!r}")


def parse_remaps(rules: Sequence[str]) -> dict[str, str]:
    """`["a:=b"]` -> `{"a": "b"}`.

    Raises:
        InvalidNodeOptionError: a rule is not of that form.
    """
    remaps = {}
    for rule in rules:
        source, separator, target = rule.partition(":=")
        if not (source and separator and target):
            raise InvalidNodeOptionError(f"a remap rule reads topic:=/new, got {rule!r}")
        remaps[source] = target
    return remaps


def node_command(node: str, options: NodeOptions, folder: Path) -> list[str]:
    """Command that runs `node`, one of NODES, in a process of its own.

    Args:
        node: which.
        options: of the robot.
        folder: where the parameters that the options set are written for the node to read.
    """
    values: dict[str, object] = {"use_sim_time": options.use_sim_time}
    if node == "scene_mapper":
        values |= options.mapper
    if options.scene_frame:
        values["scene_frame"] = options.scene_frame
    own = {"scene_reasoner": ("model", "device"), "plan_executor": ("robot",)}
    values |= {key: v for key in own.get(node, ()) if (v := getattr(options, key))}
    namespace = options.namespace.strip("/")
    name = f"/{namespace}/{node}" if namespace else f"/{node}"
    # A file with the full name, after the user's: `-p name:=value` would lose against an entry of
    # the user's file that names the node.
    overrides = folder / f"{node}.yaml"
    overrides.write_text(yaml.safe_dump({name: {"ros__parameters": values}}))
    params_file = options.params_file or share_file("config/scene_understanding.yaml")
    command = [sys.executable, "-m", f"r1_ros.nodes.{node}", "--ros-args"]
    command += ["--params-file", str(params_file), "--params-file", str(overrides)]
    command += ["--log-level", options.log_level]
    if namespace:
        command += ["-r", f"__ns:=/{namespace}"]
    for topic, target in options.remaps.items():
        command += ["-r", f"{topic}:={target}"]
    return command
