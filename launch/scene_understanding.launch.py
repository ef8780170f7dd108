"""Map, reason, execute: the three nodes of r1_ros, and optionally RViz, page, Rerun and a bag.

ros2 launch r1_ros scene_understanding.launch.py color_topic:=/camera/color/image_raw ...
ros2 launch r1_ros scene_understanding.launch.py bag:=/path/to/bag rviz:=true web:=true
"""

import shlex
import sys
from pathlib import Path

import yaml
from ament_index_python.packages import (
    PackageNotFoundError,
    get_package_prefix,
    get_package_share_directory,
)
from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node
from launch_ros.substitutions import ExecutableInPackage

NODES = ("scene_mapper", "scene_reasoner", "plan_executor")
BOOLEANS = ["true", "false"]
TOPICS = {
    "color_topic": "color/image",
    "depth_topic": "depth/image",
    "camera_info_topic": "color/camera_info",
}
CAMERAS = ("realsense", "zed", "oak", "orbbec", "azure_kinect", "openni2")


def declare_arguments(share: Path) -> list[DeclareLaunchArgument]:
    """Every argument with description, default and choices."""
    return [
        DeclareLaunchArgument("namespace", default_value="", description="Of all nodes and topics"),
        DeclareLaunchArgument(
            "params_file",
            default_value=str(share / "config" / "scene_understanding.yaml"),
            description="ROS parameter file",
        ),
        DeclareLaunchArgument(
            "use_sim_time",
            default_value="",
            choices=["", *BOOLEANS],
            description="Follow /clock; empty: only when a bag is played",
        ),
        DeclareLaunchArgument(
            "autostart",
            default_value="true",
            choices=BOOLEANS,
            description="Configure and activate the nodes at start",
        ),
        DeclareLaunchArgument(
            "respawn",
            default_value="false",
            choices=BOOLEANS,
            description="Start a node that died again",
        ),
        DeclareLaunchArgument(
            "log_level",
            default_value="info",
            choices=["debug", "info", "warn", "error", "fatal"],
            description="Of the three nodes",
        ),
        DeclareLaunchArgument(
            "rviz", default_value="false", choices=BOOLEANS, description="Start RViz"
        ),
        DeclareLaunchArgument(
            "web",
            default_value="false",
            choices=BOOLEANS,
            description="Serve the page (`r1 serve`): http://127.0.0.1:8321",
        ),
        DeclareLaunchArgument(
            "web_args",
            default_value="",
            description="More for `r1 serve`, as on its command line: --host 0.0.0.0",
        ),
        DeclareLaunchArgument(
            "rerun",
            default_value="false",
            choices=BOOLEANS,
            description="Show everything live in the Rerun viewer (`r1 watch`)",
        ),
        DeclareLaunchArgument(
            "rerun_args",
            default_value="",
            description="More for `r1 watch`, as on its command line: --out live.rrd",
        ),
        DeclareLaunchArgument("bag", default_value="", description="Play this bag (rosbag2)"),
        DeclareLaunchArgument(
            "play_args",
            default_value="",
            description="More for `r1 play`, as on its command line: --rate 2 --loop",
        ),
        DeclareLaunchArgument(
            "nodes",
            default_value=",".join(NODES),
            description="What runs here, by commas; the others may run on another machine",
        ),
        DeclareLaunchArgument(
            "namespaced_tf",
            default_value="false",
            choices=BOOLEANS,
            description="tf is in the namespace (/robot1/tf), as Nav2's launch has it",
        ),
        DeclareLaunchArgument(
            "camera",
            default_value="",
            choices=["", *CAMERAS],
            description="Topics and ranges of a driver (config/cameras)",
        ),
        DeclareLaunchArgument(
            "cameras",
            default_value="",
            description="Several cameras that make one map, with drivers: front=realsense,rear=zed",
        ),
        DeclareLaunchArgument(
            "color_topic",
            default_value="",
            description="Colour images; their /compressed is heard as well. Default: the camera's, "
            "or color/image",
        ),
        DeclareLaunchArgument(
            "depth_topic",
            default_value="",
            description="Depth images; their /compressedDepth is heard as well. Default: the "
            "camera's, or depth/image",
        ),
        DeclareLaunchArgument(
            "camera_info_topic",
            default_value="",
            description="Intrinsics. Default: the camera's, or color/camera_info",
        ),
        DeclareLaunchArgument("points_topic", default_value="points", description="Point clouds"),
        DeclareLaunchArgument(
            "scene_frame",
            default_value="",
            description="tf frame of the map; empty: that of params_file",
        ),
        DeclareLaunchArgument(
            "model",
            default_value="",
            description="Preset (r1-tiny, ...) or checkpoint folder; empty: that of params_file",
        ),
        DeclareLaunchArgument(
            "device",
            default_value="",
            description="auto, cpu, cuda, cuda:N; empty: that of params_file",
        ),
        DeclareLaunchArgument(
            "robot",
            default_value="",
            choices=["", "skill_servers", "nav2", "nav2+skills", "simulated"],
            description="Who carries plans out; empty: that of params_file",
        ),
    ]


def scene_frame_of(params_file: Path) -> str:
    """The mapper's scene_frame in a ROS parameter file; empty where the file sets none."""
    entries = yaml.safe_load(params_file.read_text()) or {}
    frame = ""
    for node, entry in entries.items():
        if node.rpartition("/")[2] in ("scene_mapper", "**"):
            parameters = (entry or {}).get("ros__parameters") or {}
            frame = parameters.get("scene_frame", frame)
    return frame


def require_rviz() -> None:
    """Raise before anything runs: an error later would leave the nodes behind."""
    try:
        get_package_prefix("rviz2")
    except PackageNotFoundError as error:
        raise RuntimeError("rviz:=true needs the package rviz2, which is not installed") from error


def camera_preset(kind: str, share: Path, name: str = "") -> dict:
    """What config/cameras/KIND.yaml says of a camera with this name, or with its driver's."""
    preset = yaml.safe_load((share / "config" / "cameras" / f"{kind}.yaml").read_text())
    usual = preset.pop("name")
    for key in TOPICS:
        preset[key] = preset[key].format(name=name or usual).replace("//", "/")
    return preset


def several_cameras(text: str, share: Path) -> dict:
    """Parameters of scene_mapper for `front=realsense, rear=zed, top`."""
    parts = [part.partition("=") for part in text.replace(",", " ").split()]
    parameters = {"cameras": ", ".join(name for name, _, _ in parts)}
    for name, given, kind in parts:
        if given and kind not in CAMERAS:
            raise RuntimeError(f"cameras: there is no preset {kind!r}; {', '.join(CAMERAS)}")
        if given:
            preset = camera_preset(kind, share, name)
            parameters[name] = {key: preset[key] for key in TOPICS} | preset["mapper"]
    return parameters


def first_color_topic(mapper: dict, color: str) -> str:
    """What RViz shows: the images of the first of several cameras, else `color`."""
    first = mapper.get("cameras", "").split(",")[0]
    if not first:
        return color
    return mapper.get(first, {}).get("color_topic", f"{first}/{color}")


def chosen_nodes(text: str) -> list[str]:
    """The names in a list by commas; every one must be one of NODES."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if unknown := set(names) - set(NODES):
        raise RuntimeError(f"nodes: there is no {', '.join(sorted(unknown))}; {', '.join(NODES)}")
    return names


def full_namespace(context: LaunchContext, namespace: str) -> str:
    """The namespace of the nodes, what PushRosNamespace has pushed included."""
    if namespace.startswith("/"):
        return namespace.rstrip("/")
    pushed = context.launch_configurations.get("ros_namespace", "")
    return "/" + "/".join(part.strip("/") for part in (pushed, namespace) if part.strip("/"))


def start(context: LaunchContext, share: Path) -> list:
    """The nodes, with what the arguments say; empty arguments leave the parameter file alone."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    if argument("rviz") == "true":
        require_rviz()
    namespace, bag = argument("namespace"), argument("bag")
    use_sim_time = argument("use_sim_time") or ("true" if bag else "false")
    overrides = {
        "use_sim_time": use_sim_time == "true",
        "autostart": argument("autostart") == "true",
    }
    if argument("scene_frame"):
        overrides["scene_frame"] = argument("scene_frame")
    own = {"scene_reasoner": ("model", "device"), "plan_executor": ("robot",)}
    topics, mapper = dict(TOPICS), {}
    if argument("cameras"):
        if argument("camera") or any(argument(key) for key in TOPICS):
            raise RuntimeError(
                "cameras:= goes without camera:= and topics of a single one; theirs are the "
                "parameters NAME.color_topic and so on of scene_mapper"
            )
        mapper = several_cameras(argument("cameras"), share)
    elif argument("camera"):
        preset = camera_preset(argument("camera"), share)
        mapper = preset["mapper"]
        topics = {key: preset[key] for key in TOPICS}
    topics |= {key: argument(key) for key in TOPICS if argument(key)}
    color, depth, info = (topics[key] for key in TOPICS)
    remappings = [
        ("color/image", color),
        ("color/image/compressed", f"{color}/compressed"),
        ("depth/image", depth),
        ("depth/image/compressedDepth", f"{depth}/compressedDepth"),
        ("color/camera_info", info),
        ("points", argument("points_topic")),
    ]
    if argument("namespaced_tf") == "true":
        remappings += [("/tf", "tf"), ("/tf_static", "tf_static")]
    actions = [
        Node(
            package="r1_ros",
            executable=name,
            name=name,
            namespace=namespace,
            parameters=[
                argument("params_file"),
                overrides
                | (mapper if name == "scene_mapper" else {})
                | {key: argument(key) for key in own.get(name, ()) if argument(key)},
            ],
            remappings=remappings,
            ros_arguments=["--log-level", argument("log_level")],
            respawn=argument("respawn") == "true",
            respawn_delay=1.0,
            output="screen",
            emulate_tty=sys.stdout.isatty(),  # no colour codes in a file
        )
        for name in chosen_nodes(argument("nodes"))
    ]
    if argument("rviz") == "true":
        rviz_arguments = ["-d", str(share / "config" / "scene_understanding.rviz")]
        # The file names a frame as well, the default one: in another one nothing would show.
        frame = argument("scene_frame") or scene_frame_of(Path(argument("params_file")))
        if frame:
            rviz_arguments += ["-f", frame]
        actions.append(
            Node(
                package="rviz2",
                executable="rviz2",
                namespace=namespace,
                arguments=rviz_arguments,
                parameters=[{"use_sim_time": use_sim_time == "true"}],
                # The file names topics from the root; here they follow the namespace.
                remappings=[
                    ("/scene_mapper/cloud", "scene_mapper/cloud"),
                    ("/scene_reasoner/markers", "scene_reasoner/markers"),
                    ("/color/image", first_color_topic(mapper, color)),
                ],
            )
        )
    robot = full_namespace(context, namespace)
    if argument("web") == "true":
        own_tf = ["--namespaced-tf"] if argument("namespaced_tf") == "true" else []
        command = ["serve", "--namespace", robot, *own_tf]
        actions.append(r1_process(*command, more=argument("web_args")))
    if argument("rerun") == "true":
        sim_time = ["--use-sim-time"] if use_sim_time == "true" else []
        command = ["watch", "--namespace", robot, *sim_time]
        actions.append(r1_process(*command, more=argument("rerun_args")))
    if bag:
        mapper = f"{robot}/scene_mapper".replace("//", "/")
        command = ["play", bag, "--wait-for-node", mapper]
        actions.append(r1_process(*command, more=argument("play_args")))
    return actions


def r1_process(*command: str, more: str) -> ExecuteProcess:
    """`r1 COMMAND`, beside the nodes; `more` is as on a command line."""
    # Not the interpreter of `ros2 launch`: torch may live in a virtual environment.
    r1 = ExecutableInPackage(package="r1_ros", executable="r1")
    return ExecuteProcess(cmd=[r1, *command, *shlex.split(more)], output="screen")


def generate_launch_description() -> LaunchDescription:
    """Entry point of `ros2 launch`."""
    share = Path(get_package_share_directory("r1_ros"))
    return LaunchDescription(
        [*declare_arguments(share), OpaqueFunction(function=start, args=[share])]
    )
