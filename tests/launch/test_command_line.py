"""A robot started by the launch file, with the shipped weights, from ros2cli: what people type."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from r1_model.scene.storage import save_scene
from tests.launch.test_launch import installed_layout, needs_launch
from tests.launch.test_real_mapper import Launched, launched

needs_cli = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("ros2action", "ros2lifecycle")),
    reason="ros2cli, ros2action, ros2lifecycle, ros2param and ros2service are not on PyPI",
)
pytestmark = [needs_launch, needs_cli, pytest.mark.launch, pytest.mark.timeout(900)]
NODES = ("scene_mapper", "scene_reasoner", "plan_executor")
_ROS2 = "import sys; from ros2cli.cli import main; sys.exit(main())"


@pytest.fixture(scope="module")
def robot(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Launched, dict[str, str]]]:
    """The launch, and the environment of a terminal beside it."""
    pytest.importorskip("torch")
    from r1_training.synthetic.camera.observe import room_to_scene
    from r1_training.synthetic.rooms.example_rooms import living_room

    folder = tmp_path_factory.mktemp("robot")
    scene, _ = room_to_scene(living_room(), partial=0.0)
    save_scene(scene, folder / "scenes" / "room")
    values = {
        "scene_mapper": {"snapshot_directory": str(folder / "scenes"), "load_scene": "room"},
        "scene_reasoner": {"device": "cpu", "keep_objects": False},
        "plan_executor": {"robot": "simulated", "simulated_step_seconds": 0.0},
    }
    parameters = folder / "robot.yaml"
    parameters.write_text(yaml.safe_dump({n: {"ros__parameters": v} for n, v in values.items()}))
    arguments = {"params_file": str(parameters), "nodes": ",".join(NODES), "robot": "simulated"}
    with launched(folder, ("", arguments)) as launch:
        launch.until("r1-tiny is ready on cpu")
        yield launch, installed_layout(folder / "terminal")
        assert launch.end(signals=2) == 0, launch.said[-4000:]
        assert "Traceback" not in launch.said, launch.said[-4000:]


# what asks the graph must not start a daemon, nor look for half a second only
_PATIENT = ("--no-daemon", "--spin-time", "5")


def ros2(environment: dict[str, str], *arguments: str) -> str:
    """What `ros2 ARGUMENTS` prints; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-c", _ROS2, *arguments],
        env={**environment, "PYTHONUNBUFFERED": "1"},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def test_a_question_by_service(robot: tuple[Launched, dict[str, str]]) -> None:
    said = ros2(
        robot[1],
        "service",
        "call",
        "/ask",
        "r1_ros/srv/Ask",
        "{question: 'How many sofas are there?'}",
    )
    assert "error_code=0" in said and re.search(r"answer='[^']*(?:one|1)[^']*'", said), said


def test_a_plan_with_feedback_is_carried_out(robot: tuple[Launched, dict[str, str]]) -> None:
    said = ros2(
        robot[1], "action", "send_goal", "--feedback", "/plan", "r1_ros/action/Plan",
        "{goal: Turn on the TV.}",
    )  # fmt: skip
    assert "Goal accepted" in said and "Feedback:" in said and "SUCCEEDED" in said, said[-2000:]
    assert "action: turn_on" in said
    step = "{index: 1, action: navigate_to, object: tv, arguments: [tv]}"
    done = ros2(
        robot[1], "action", "send_goal", "--feedback", "/execute_plan",
        "r1_ros/action/ExecutePlan", f"{{steps: [{step}]}}",
    )  # fmt: skip
    assert "Goal accepted" in done and "SUCCEEDED" in done and "error_code: 0" in done, done[-2000:]


def test_descriptions_and_parameters(robot: tuple[Launched, dict[str, str]]) -> None:
    said = ros2(robot[1], "action", "send_goal", "/describe", "r1_ros/action/DescribeScene", "{}")
    assert "SUCCEEDED" in said and "label: " in said, said[-2000:]
    assert "4" in ros2(robot[1], "param", "get", *_PATIENT, "/scene_reasoner", "queue_size")
    ros2(robot[1], "param", "set", *_PATIENT, "/scene_reasoner", "queue_size", "7")
    assert "7" in ros2(robot[1], "param", "get", *_PATIENT, "/scene_reasoner", "queue_size")


def test_the_lifecycle_by_hand(robot: tuple[Launched, dict[str, str]]) -> None:
    """Last: down and up again; then questions are answered as before."""
    listed = ros2(robot[1], "lifecycle", "nodes", *_PATIENT)
    assert set(NODES) <= set(re.findall(r"\w+", listed)), listed
    for transition, state in (
        ("deactivate", "inactive"), ("cleanup", "unconfigured"),
        ("configure", "inactive"), ("activate", "active"),
    ):  # fmt: skip
        assert "successful" in ros2(
            robot[1], "lifecycle", "set", *_PATIENT, "/scene_reasoner", transition
        )
        assert state in ros2(robot[1], "lifecycle", "get", *_PATIENT, "/scene_reasoner")
    test_a_question_by_service(robot)


def test_the_terminal_talks_to_this_robot_only(robot: tuple[Launched, dict[str, str]]) -> None:
    assert robot[1]["ROS_DOMAIN_ID"] == str(1 + os.getpid() % 100)
    assert Path(robot[1]["AMENT_PREFIX_PATH"].split(":")[0]).is_dir()
