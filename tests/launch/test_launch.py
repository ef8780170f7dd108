"""The launch file: its arguments, and real nodes by `launch_test`."""

from __future__ import annotations

import ast
import importlib.util
import os
import runpy
import subprocess
import sys
from pathlib import Path
from unittest.mock import MagicMock

import pytest
from typer.main import get_command

from r1_ros.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
LAUNCH_FILE = ROOT / "launch" / "scene_understanding.launch.py"
REPLAY_FILE = ROOT / "launch" / "replay_evaluation.launch.py"
EXPECTED_ARGUMENTS = {
    "namespace", "use_sim_time", "params_file", "autostart", "log_level", "rviz", "bag",
    "color_topic", "depth_topic", "camera_info_topic", "points_topic", "scene_frame", "model",
    "device", "robot", "respawn", "play_args", "nodes", "namespaced_tf", "camera", "cameras", "web",
    "web_args", "rerun", "rerun_args",
}  # fmt: skip

# `launch` itself is found in any case: the folder of launch files has that name.
needs_launch = pytest.mark.skipif(
    importlib.util.find_spec("launch_ros") is None
    or importlib.util.find_spec("launch_testing") is None,
    reason="ROS 2's launch, launch_ros and launch_testing are not installed (not on PyPI)",
)


def test_arguments_of_the_launch_file() -> None:
    """Read from the source, so that it holds where launch is missing, too."""
    tree = ast.parse(LAUNCH_FILE.read_text())
    declared = {
        call.args[0].value: {keyword.arg for keyword in call.keywords}
        for call in ast.walk(tree)
        if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "DeclareLaunchArgument"
    }
    assert set(declared) == EXPECTED_ARGUMENTS
    for name, keywords in declared.items():
        assert {"default_value", "description"} <= keywords, name


class Context(dict):
    """Stands in for LaunchContext: arguments, and what PushRosNamespace has pushed."""

    def __init__(self, arguments: dict[str, str], pushed: str = "") -> None:
        super().__init__(arguments)
        self.launch_configurations = {"ros_namespace": pushed} if pushed else {}


def start(monkeypatch: pytest.MonkeyPatch, pushed: str = "", **arguments: str) -> list:
    """What the launch file starts, with stand-ins for ROS 2's launch."""

    class Action:
        def __init__(self, *_: object, **fields: object) -> None:
            self.fields = fields

    class LaunchConfiguration:
        def __init__(self, name: str) -> None:
            self.name = name

        def perform(self, context: dict[str, str]) -> str:
            return context[self.name]

    for name in (
        "ament_index_python", "ament_index_python.packages", "launch", "launch.actions",
        "launch.substitutions", "launch_ros", "launch_ros.actions", "launch_ros.substitutions",
    ):  # fmt: skip
        module = MagicMock(
            Node=Action, ExecuteProcess=Action, LaunchConfiguration=LaunchConfiguration
        )
        monkeypatch.setitem(sys.modules, name, module)
    launch_file = runpy.run_path(str(LAUNCH_FILE))
    context = dict.fromkeys(EXPECTED_ARGUMENTS, "") | {
        "params_file": str(ROOT / "config" / "scene_understanding.yaml"),
        "nodes": "scene_mapper,scene_reasoner,plan_executor",
    }
    return launch_file["start"](Context(context | arguments, pushed), ROOT)


def rviz_command(monkeypatch: pytest.MonkeyPatch, **arguments: str) -> list[str]:
    """Command line of RViz."""
    actions = start(monkeypatch, **{"rviz": "true"} | arguments)
    (rviz,) = [action for action in actions if action.fields.get("package") == "rviz2"]
    return rviz.fields["arguments"]


def test_only_the_chosen_nodes_are_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reasoner may run on another machine."""
    actions = start(monkeypatch, nodes="scene_mapper, plan_executor")
    assert [a.fields["executable"] for a in actions] == ["scene_mapper", "plan_executor"]
    with pytest.raises(RuntimeError, match="there is no mapper; scene_mapper, "):
        start(monkeypatch, nodes="mapper")


def test_tf_in_the_namespace(monkeypatch: pytest.MonkeyPatch) -> None:
    for value, found in (("true", True), ("false", False)):
        for action in start(monkeypatch, namespaced_tf=value, namespace="robot1"):
            assert (("/tf", "tf") in action.fields["remappings"]) == found
            assert (("/tf_static", "tf_static") in action.fields["remappings"]) == found


def test_a_camera_gives_topics_and_ranges_unless_told_otherwise(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mapper, reasoner, _ = start(monkeypatch, camera="zed", depth_topic="/mine")
    remappings = dict(mapper.fields["remappings"])
    assert remappings["color/image"] == "/zed/zed_node/rgb/image_rect_color"
    assert remappings["color/image/compressed"].endswith("/image_rect_color/compressed")
    assert remappings["depth/image"] == "/mine"
    assert mapper.fields["parameters"][1]["images_rectified"] is True
    assert "images_rectified" not in reasoner.fields["parameters"][1]
    plain = dict(start(monkeypatch)[0].fields["remappings"])
    assert (plain["color/image"], plain["depth/image"]) == ("color/image", "depth/image")


def test_several_cameras_are_parameters_of_the_mapper(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same ones as `r1 up` gives it."""
    from r1_ros.configuration.cameras import several_cameras

    text = "front=realsense, rear=zed, top"
    mapper, reasoner, _, rviz = start(monkeypatch, cameras=text, rviz="true")
    wanted = several_cameras(text)
    assert wanted.items() <= mapper.fields["parameters"][1].items()
    assert "cameras" not in reasoner.fields["parameters"][1]
    shown = dict(rviz.fields["remappings"])["/color/image"]
    assert shown == "/front/front/color/image_raw"
    rviz = start(monkeypatch, cameras="top", rviz="true")[-1]
    assert dict(rviz.fields["remappings"])["/color/image"] == "top/color/image"
    with pytest.raises(RuntimeError, match="no preset 'kodak'"):
        start(monkeypatch, cameras="front=kodak")
    for single in ({"camera": "zed"}, {"color_topic": "/rgb"}):
        with pytest.raises(RuntimeError, match="goes without"):
            start(monkeypatch, cameras="front", **single)


@pytest.mark.parametrize(
    ("pushed", "namespace", "mapper"),
    [
        ("", "", "/scene_mapper"),
        ("", "robot1", "/robot1/scene_mapper"),
        ("/fleet", "robot1", "/fleet/robot1/scene_mapper"),
        ("/fleet", "", "/fleet/scene_mapper"),
        ("fleet", "/robot1", "/robot1/scene_mapper"),
    ],
)
def test_a_bag_waits_for_the_mapper_wherever_it_was_pushed(
    monkeypatch: pytest.MonkeyPatch, pushed: str, namespace: str, mapper: str
) -> None:
    *_, bag = start(
        monkeypatch, pushed, namespace=namespace, bag="/b", play_args="--rate 2 -r '/a:=/b'"
    )
    command = bag.fields["cmd"]
    assert command[command.index("--wait-for-node") + 1] == mapper
    assert command[-4:] == ["--rate", "2", "-r", "/a:=/b"]


def command_of(action: object) -> tuple[str, dict[str, object]]:
    """Name and options of an `r1` command that is started, as the command line reads them."""
    _, name, *arguments = action.fields["cmd"]
    return name, get_command(app).commands[name].make_context(name, arguments).params


@pytest.mark.parametrize(
    ("pushed", "namespace", "robot"),
    [("", "", ""), ("", "robot1", "robot1"), ("/fleet", "robot1", "fleet/robot1")],
)
def test_the_page_and_the_live_view_speak_to_the_robot_wherever_it_was_pushed(
    monkeypatch: pytest.MonkeyPatch, pushed: str, namespace: str, robot: str
) -> None:
    page, live = start(
        monkeypatch, pushed, namespace=namespace, web="true", web_args="--host 0.0.0.0",
        rerun="true", rerun_args="--out 'my live.rrd'",
    )[3:]  # fmt: skip
    name, options = command_of(page)
    assert (name, options["namespace"], options["host"]) == ("serve", robot, "0.0.0.0")
    name, options = command_of(live)
    assert (name, options["namespace"], options["out"]) == ("watch", robot, Path("my live.rrd"))
    assert not options["use_sim_time"]


def test_the_page_reads_tf_where_the_nodes_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for namespaced in ("true", "false"):
        page = start(monkeypatch, namespace="robot1", web="true", namespaced_tf=namespaced)[3]
        assert command_of(page)[1]["namespaced_tf"] is (namespaced == "true")


def test_the_live_view_follows_the_time_of_a_bag(monkeypatch: pytest.MonkeyPatch) -> None:
    live, _ = start(monkeypatch, bag="/b", rerun="true")[3:]
    assert command_of(live)[1]["use_sim_time"]
    assert len(start(monkeypatch, web="false", rerun="false")) == 3


def test_rviz_shows_the_frame_of_the_map(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    config = ["-d", str(ROOT / "config" / "scene_understanding.rviz")]
    assert rviz_command(monkeypatch) == [*config, "-f", "map"]
    assert rviz_command(monkeypatch, scene_frame="odom") == [*config, "-f", "odom"]
    params = tmp_path / "params.yaml"
    for node in ("/**/scene_mapper", "/robot1/scene_mapper", "scene_mapper", "/**"):
        params.write_text(f"{node}:\n  ros__parameters:\n    scene_frame: lab\n")
        given = rviz_command(monkeypatch, params_file=str(params))
        assert given == [*config, "-f", "lab"], node
    params.write_text("/plan_executor:\n  ros__parameters:\n    scene_frame: lab\n")
    assert rviz_command(monkeypatch, params_file=str(params)) == config


def test_rviz_that_is_not_installed_ends_the_launch_before_a_node_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rviz_command(monkeypatch)  # with its stand-ins
    packages = sys.modules["ament_index_python.packages"]
    packages.PackageNotFoundError = type("PackageNotFoundError", (KeyError,), {})
    packages.get_package_prefix.side_effect = packages.PackageNotFoundError("rviz2")
    launch_file = runpy.run_path(str(LAUNCH_FILE))
    context = dict.fromkeys(EXPECTED_ARGUMENTS, "") | {
        "params_file": str(ROOT / "config" / "scene_understanding.yaml"),
        "nodes": "scene_mapper",
    }
    with pytest.raises(RuntimeError, match="rviz2, which is not installed"):
        launch_file["start"](Context(context | {"rviz": "true"}), ROOT)
    assert launch_file["start"](Context(context | {"rviz": "false"}), ROOT)


def installed_layout(prefix: Path) -> dict[str, str]:
    """Environment in which r1_ros looks as colcon installs it: executables and share folder."""
    index = prefix / "share" / "ament_index" / "resource_index" / "packages"
    index.mkdir(parents=True)
    (index / "r1_ros").touch()
    share = prefix / "share" / "r1_ros"
    share.mkdir()
    for folder in ("launch", "config"):
        (share / folder).symlink_to(ROOT / folder)
    (prefix / "lib").mkdir()
    (prefix / "lib" / "r1_ros").symlink_to(ROOT / "scripts")
    environment = dict(os.environ)
    environment["AMENT_PREFIX_PATH"] = (
        f"{prefix}:{environment.get('AMENT_PREFIX_PATH', sys.prefix)}"
    )
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment['PATH']}"
    python_path = [str(ROOT), *filter(None, [environment.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(python_path)
    environment["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
    environment["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
    return environment


@needs_launch
@pytest.mark.launch
@pytest.mark.timeout(600)
def test_real_nodes(tmp_path: Path) -> None:
    result = subprocess.run(
        [
            sys.executable, "-m", "launch_testing.launch_test",
            str(ROOT / "tests" / "launch" / "real_nodes.py"),
        ],
        env=installed_layout(tmp_path), capture_output=True, text=True, timeout=560,
    )  # fmt: skip
    assert result.returncode == 0, result.stdout[-6000:] + result.stderr[-6000:]


@needs_launch
@pytest.mark.launch
def test_launch_file_refuses_unknown_values(tmp_path: Path) -> None:
    """A misspelt choice ends the launch with the choices, not with a node that ignores it."""
    code = (
        "from launch import LaunchService, LaunchDescription\n"
        "from launch.actions import IncludeLaunchDescription\n"
        "from launch.launch_description_sources import PythonLaunchDescriptionSource as Source\n"
        "service = LaunchService()\n"
        f"include = IncludeLaunchDescription(Source({str(LAUNCH_FILE)!r}), "
        "launch_arguments={'log_level': 'loud'}.items())\n"
        "service.include_launch_description(LaunchDescription([include]))\n"
        "raise SystemExit(service.run())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=installed_layout(tmp_path), capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    assert result.returncode != 0
    assert "log_level" in result.stdout + result.stderr
    assert "debug" in result.stdout + result.stderr


@needs_launch
@pytest.mark.launch
@pytest.mark.parametrize(
    ("questions", "message", "status"),
    [('[{"task": "qa", "question": "Is it dark?"}]', "report: ", 0), ("[", "not JSON", 1)],
)
def test_replay_evaluation_ends_as_the_evaluation_does(
    tmp_path: Path, questions: str, message: str, status: int
) -> None:
    from r1_ros.bags.recording import record
    from r1_ros.bags.rgbd_folder import RgbdFolder
    from tests.conftest import write_rgbd_folder

    record(RgbdFolder.open(write_rgbd_folder(tmp_path / "rgbd", 6)), tmp_path / "bag")
    (tmp_path / "q.json").write_text(questions)
    arguments = {
        "bag": str(tmp_path / "bag"),
        "questions": str(tmp_path / "q.json"),
        "out": str(tmp_path / "out"),
        "device": "cpu",
    }
    code = (
        "from launch import LaunchService, LaunchDescription\n"
        "from launch.actions import IncludeLaunchDescription\n"
        "from launch.launch_description_sources import PythonLaunchDescriptionSource as Source\n"
        "service = LaunchService()\n"
        f"include = IncludeLaunchDescription(Source({str(REPLAY_FILE)!r}), "
        f"launch_arguments={arguments!r}.items())\n"
        "service.include_launch_description(LaunchDescription([include]))\n"
        "raise SystemExit(service.run())\n"
    )
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=installed_layout(tmp_path / "prefix"), capture_output=True, text=True, timeout=150,
    )  # fmt: skip
    said = result.stdout + result.stderr
    assert message in said, said[-4000:]
    assert result.returncode == status, said[-4000:]


def test_the_presets_of_the_launch_file_are_those_of_the_package() -> None:
    from r1_ros.configuration.cameras import CAMERAS

    line = next(x for x in LAUNCH_FILE.read_text().splitlines() if x.startswith("CAMERAS = "))
    assert ast.literal_eval(line.removeprefix("CAMERAS = ")) == CAMERAS
