"""Evaluate a bag: played through the real nodes, each in its own process, asked and scored.

ros2 launch r1_ros replay_evaluation.launch.py bag:=BAG questions:=questions.json
ros2 launch r1_ros replay_evaluation.launch.py bag:=BAG scenario:=scenario.yaml out:=FOLDER

It is `r1 evaluate bag` with launch arguments; the launch ends with it, and fails where it does.
"""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, ExecuteProcess, OpaqueFunction, Shutdown
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration
from launch_ros.substitutions import ExecutableInPackage

OPTIONS = {
    "questions": "What is asked, and what is right (JSON); empty: what the scenario names",
    "objects": "Where things are (JSON); empty: objects.json beside the questions",
    "scenario": "Faults and expectations (YAML)",
    "model": "Preset (r1-tiny, ...) or checkpoint folder; empty: that of params_file",
    "device": "auto, cpu, cuda, cuda:N; empty: that of params_file",
    "scene_frame": "tf frame of the map; empty: that of params_file",
    "params_file": "ROS parameter file; empty: the one of the package",
}
TOPICS = {
    "color_topic": ("color/image", "Colour images of the bag"),
    "depth_topic": ("depth/image", "Depth images of the bag"),
    "camera_info_topic": ("color/camera_info", "Intrinsics of the bag"),
    "points_topic": ("points", "Point clouds of the bag"),
}
TRANSPORTS = {"color/image": "/compressed", "depth/image": "/compressedDepth"}


def finish(event: ProcessExited, _context: LaunchContext) -> list:
    """End the launch with the evaluation; a status other than 0 is one of the launch, too."""
    if event.returncode:
        raise RuntimeError(f"r1 evaluate bag ended with status {event.returncode}")
    return [Shutdown(reason="the evaluation is done")]


def start(context: LaunchContext) -> list:
    """The one process, with what the arguments say; empty ones are left out."""

    def argument(name: str) -> str:
        return LaunchConfiguration(name).perform(context)

    r1 = ExecutableInPackage(package="r1_ros", executable="r1")
    command = [r1, "evaluate", "bag", argument("bag"), "--out", argument("out")]
    for name in OPTIONS:
        if value := argument(name):
            command += [f"--{name.replace('_', '-')}", value]
    for name, (topic, _) in TOPICS.items():
        if (target := argument(name)) != topic:
            for suffix in ("", TRANSPORTS.get(topic)):
                if suffix is not None:
                    command += ["--remap", f"{topic}{suffix}:={target}{suffix}"]
    return [ExecuteProcess(cmd=command, output="screen", on_exit=finish)]


def generate_launch_description() -> LaunchDescription:
    """Entry point of `ros2 launch`."""
    arguments = [
        DeclareLaunchArgument("bag", description="The rosbag2: its folder, or one file"),
        DeclareLaunchArgument("out", default_value="replay", description="Folder of the report"),
        *(
            DeclareLaunchArgument(name, default_value="", description=text)
            for name, text in OPTIONS.items()
        ),
        *(
            DeclareLaunchArgument(name, default_value=topic, description=text)
            for name, (topic, text) in TOPICS.items()
        ),
    ]
    return LaunchDescription([*arguments, OpaqueFunction(function=start)])
