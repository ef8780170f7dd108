"""`r1 up`: the nodes, each in its own process."""

from __future__ import annotations

import signal
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from r1_ros.cli import option_checks
from r1_ros.configuration.cameras import CAMERAS, camera_preset, several_cameras
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.starting.node_commands import (
    LOG_LEVELS,
    NODES,
    InvalidNodeOptionError,
    NodeOptions,
    node_command,
    parse_remaps,
)
from r1_ros.starting.processes import ProcessGroup

_RESPAWN_DELAY_S = 1.0
_POLL_S = 0.1


def up(
    namespace: Annotated[
        str,
        typer.Option(help="Namespace of all nodes and topics.", callback=option_checks.namespace),
    ] = "",
    params_file: Annotated[
        Path | None,
        typer.Option(help="ROS parameter file. Default: config/scene_understanding.yaml."),
    ] = None,
    model: Annotated[
        str, typer.Option(help="Preset (r1-tiny, ...) or checkpoint folder. Default: the file's.")
    ] = "",
    device: Annotated[str, typer.Option(help="cpu, cuda, cuda:1. Default: the file's.")] = "",
    scene_frame: Annotated[
        str, typer.Option(help="tf frame of the map, e.g. map or odom. Default: the file's.")
    ] = "",
    robot: Annotated[
        str,
        typer.Option(
            help="Who carries plans out: skill_servers, nav2, nav2+skills or simulated. "
            "Default: the file's."
        ),
    ] = "",
    camera: Annotated[
        str, typer.Option(help=f"Topics and ranges of a driver: {', '.join(CAMERAS)}.")
    ] = "",
    cameras: Annotated[
        str,
        typer.Option(
            help="Several cameras that make one map, with their drivers: front=realsense,rear=zed."
        ),
    ] = "",
    namespaced_tf: Annotated[
        bool, typer.Option("--namespaced-tf", help="tf is in the namespace: /robot1/tf.")
    ] = False,
    color_topic: Annotated[str, typer.Option(help="Colour images. Default: color/image.")] = "",
    depth_topic: Annotated[str, typer.Option(help="Depth images. Default: depth/image.")] = "",
    camera_info_topic: Annotated[
        str, typer.Option(help="Intrinsics. Default: color/camera_info.")
    ] = "",
    points_topic: Annotated[str, typer.Option(help="Point clouds. Default: points.")] = "",
    remap: Annotated[
        list[str] | None,
        typer.Option("--remap", "-r", help="Any other topic: topic:=/new; more than once."),
    ] = None,
    use_sim_time: Annotated[
        bool, typer.Option("--use-sim-time", help="Follow /clock (bags, simulation).")
    ] = False,
    log_level: Annotated[str, typer.Option(help=f"One of {', '.join(LOG_LEVELS)}.")] = "info",
    only: Annotated[
        list[str] | None, typer.Option(help="Start only this node; more than once.")
    ] = None,
    respawn: Annotated[
        bool, typer.Option("--respawn", help="Start a node that died again, and say so.")
    ] = False,
) -> None:
    """Start scene_mapper, scene_reasoner and plan_executor until Ctrl-C.

    Without --respawn the end of one node ends all, with exit status 1.
    """
    use_large_message_transport()
    try:
        if cameras and (camera or color_topic or depth_topic or camera_info_topic):
            raise InvalidNodeOptionError(
                "--cameras goes without --camera and topics of a single one: their topics are the "
                "parameters NAME.color_topic and so on of scene_mapper"
            )
        given = color_topic, depth_topic, camera_info_topic, points_topic
        topics, mapper = topics_of(camera, *given)
        if namespaced_tf:
            topics |= {"/tf": "tf", "/tf_static": "tf_static"}
        options = NodeOptions(
            namespace=namespace,
            params_file=params_file,
            model=model,
            device=device,
            scene_frame=scene_frame,
            robot=robot,
            log_level=log_level,
            use_sim_time=use_sim_time,
            remaps={**topics, **parse_remaps(remap or [])},
            mapper=several_cameras(cameras) if cameras else mapper,
        )
        if unknown := set(only or ()) - set(NODES):
            raise InvalidNodeOptionError(f"no such node: {', '.join(sorted(unknown))}")
    except ValueError as error:
        raise SystemExit(f"r1 up: {error}") from None
    # Also where a shell started us in the background, which makes Python ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    nodes = [node for node in NODES if not only or node in only]
    with tempfile.TemporaryDirectory() as folder, ProcessGroup(typer.echo) as group:
        commands = {node: node_command(node, options, Path(folder)) for node in nodes}
        for name, command in commands.items():
            group.start(name, command)
        try:
            _watch(group, commands, respawn)
        except KeyboardInterrupt:
            typer.echo("stopping")


def topics_of(
    camera: str, color: str, depth: str, camera_info: str, points: str
) -> tuple[dict[str, str], Mapping[str, object]]:
    """Remaps, and parameters of the mapper: those of a driver, and what is named beside it.

    Args:
        camera: a name of `CAMERAS`; empty: none.
        color, depth, camera_info, points: topics; an empty one is the driver's, or stays as it is.

    Raises:
        UnknownCameraError: there is no such driver.
    """
    if not camera:
        return topic_remaps(color, depth, camera_info, points), {}
    preset = camera_preset(camera)
    topics = topic_remaps(
        color or preset.color_topic,
        depth or preset.depth_topic,
        camera_info or preset.camera_info_topic,
        points,
    )
    return topics, preset.mapper


def topic_remaps(color: str, depth: str, camera_info: str, points: str) -> dict[str, str]:
    """Remaps for the topics that a robot names differently; empty names stay as they are.

    Raw and compressed images follow each other, as image_transport names them; either may be
    given.
    """
    remaps = {}
    for topic, target, transport in (
        ("color/image", color, "/compressed"),
        ("depth/image", depth, "/compressedDepth"),
        ("color/camera_info", camera_info, ""),
        ("points", points, ""),
    ):
        if target:
            raw = target.removesuffix(transport)
            remaps[topic] = raw
            if transport:
                remaps[topic + transport] = raw + transport
    return remaps


def _watch(group: ProcessGroup, commands: dict[str, list[str]], respawn: bool) -> None:
    while True:
        time.sleep(_POLL_S)
        ended = group.ended()
        if ended is None:
            continue
        group.forget(ended.name)
        if not respawn:
            group.stop()
            raise SystemExit(f"r1 up: {ended}; stopped the other nodes")
        typer.echo(f"r1 up: {ended}; starting it again in {_RESPAWN_DELAY_S:.0f} s", err=True)
        time.sleep(_RESPAWN_DELAY_S)
        group.start(ended.name, commands[ended.name])
