"""Starting, watching and stopping child processes; command lines of the nodes."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from r1_ros.cli.up import topic_remaps
from r1_ros.starting import processes
from r1_ros.starting.node_commands import (
    NODES,
    InvalidNodeOptionError,
    NodeOptions,
    node_command,
    parse_remaps,
)
from r1_ros.starting.processes import Ended, ProcessGroup

SLEEPER = "import time; print('up', flush=True); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN);" + SLEEPER


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "timed out"
        time.sleep(0.02)


def start(group: ProcessGroup, name: str, code: str, log: Path) -> None:
    group.start(name, [sys.executable, "-c", code], log=log)


def test_group_stops_everything_at_its_end(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        for name in ("a", "b"):
            start(group, name, SLEEPER, tmp_path / name)
            wait_for(lambda name=name: "up" in (tmp_path / name).read_text())
        pids = [group.pid(name) for name in ("a", "b")]
        assert group.ended() is None
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


@pytest.mark.skipif(
    signal.getsignal(signal.SIGINT) == signal.SIG_IGN,
    reason="a shell's background job: SIGINT is ignored here, and by every child",
)
def test_processes_are_interrupted_first(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        start(group, "a", SLEEPER, tmp_path / "a")
        wait_for(lambda: "up" in (tmp_path / "a").read_text())
        group.stop("a")
    assert "KeyboardInterrupt" in (tmp_path / "a").read_text()


def test_a_stubborn_process_is_asked_harder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_PATIENCE", ((signal.SIGINT, 0.3), (signal.SIGTERM, 5.0)))
    said: list[str] = []
    with ProcessGroup(said.append) as group:
        start(group, "a", STUBBORN, tmp_path / "a")
        wait_for(lambda: "up" in (tmp_path / "a").read_text())
        (ended,) = group.stop()
    assert ended == Ended("a", -signal.SIGTERM)
    assert said == ["a does not stop: sending SIGTERM"]


def test_the_end_of_a_process_is_noticed(tmp_path: Path) -> None:
    with ProcessGroup() as group:
        start(group, "a", SLEEPER, tmp_path / "a")
        start(group, "b", "raise SystemExit(7)", tmp_path / "b")
        wait_for(group.ended)
        assert str(group.ended()) == "b ended with status 7"
        group.forget("b")
        os.kill(group.pid("a"), signal.SIGKILL)
        wait_for(group.ended)
        assert str(group.ended()) == "a was killed by SIGKILL"


def parameters_of(command: list[str]) -> dict:
    files = [command[i + 1] for i, word in enumerate(command) if word == "--params-file"]
    return yaml.safe_load(Path(files[-1]).read_text())


def test_node_commands(tmp_path: Path) -> None:
    options = NodeOptions(
        namespace="/robot1/", model="r1-tiny", device="cpu", scene_frame="odom",
        robot="nav2", use_sim_time=True, remaps={"color/image": "/cam/rgb"},
    )  # fmt: skip
    for node in NODES:
        command = node_command(node, options, tmp_path)
        assert command[1:3] == ["-m", f"r1_ros.nodes.{node}"]
        assert "__ns:=/robot1" in command
        assert "color/image:=/cam/rgb" in command
        (values,) = parameters_of(command)[f"/robot1/{node}"].values()
        assert values["use_sim_time"] is True
        assert values["scene_frame"] == "odom"
        assert ("model" in values) == ("device" in values) == (node == "scene_reasoner")
        assert values.get("robot") == ("nav2" if node == "plan_executor" else None)


def test_options_that_are_not_given_leave_the_file_alone(tmp_path: Path) -> None:
    command = node_command("scene_reasoner", NodeOptions(), tmp_path)
    assert parameters_of(command) == {
        "/scene_reasoner": {"ros__parameters": {"use_sim_time": False}}
    }
    assert not any("__ns" in word for word in command)


@pytest.mark.parametrize(
    "bad", [{"log_level": "loud"}, {"params_file": Path("nowhere")}, {"remaps": {"points": "a b"}}]
)
def test_bad_node_options(bad: dict) -> None:
    with pytest.raises(InvalidNodeOptionError, match=str(next(iter(bad.values())))[:7].strip("{'")):
        NodeOptions(**bad)


@pytest.mark.parametrize("rule", ["x", ":=/a", "x:="])
def test_bad_remap_rules(rule: str) -> None:
    with pytest.raises(InvalidNodeOptionError, match="topic:=/new"):
        parse_remaps([rule])
    assert parse_remaps(["a:=/b"]) == {"a": "/b"}


def test_topic_names_of_a_robot() -> None:
    assert topic_remaps("", "", "", "") == {}
    assert topic_remaps("/cam/rgb", "/cam/depth/compressedDepth", "/cam/info", "") == {
        "color/image": "/cam/rgb",
        "color/image/compressed": "/cam/rgb/compressed",
        "depth/image": "/cam/depth",
        "depth/image/compressedDepth": "/cam/depth/compressedDepth",
        "color/camera_info": "/cam/info",
    }
