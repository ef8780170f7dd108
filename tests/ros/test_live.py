"""`r1 watch`: what real nodes publish, in a Rerun recording."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import rerun as rr
from typer.testing import CliRunner

from r1_ros.cli.main import app
from r1_ros.live.recording import LiveRecording
from r1_ros.live.robot_listener import RobotListener
from tests.r1_ros.live.rrd import read, texts
from tests.ros.background import eventually
from tests.ros.page_rig import NAMESPACE, PageRobot, page_robot

pytestmark = pytest.mark.ros

PROGRAM = [sys.executable, "-m", "r1_ros.cli.main", "watch", "--namespace", NAMESPACE]


@pytest.fixture(scope="module")
def robot() -> Iterator[PageRobot]:
    with page_robot() as nodes:
        yield nodes


def test_a_question_and_a_plan_are_in_the_recording(robot: PageRobot, tmp_path: Path) -> None:
    out = tmp_path / "live.rrd"
    listeners = lambda: robot.executor.count_subscribers(f"/{NAMESPACE}/ask/_action/feedback")  # noqa: E731
    before = listeners()
    with subprocess.Popen(
        [*PROGRAM, "--out", str(out)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as program:
        try:
            assert str(out) in program.stdout.readline()
            eventually(lambda: listeners() > before, "it listens")
            robot.model.token_seconds = 0.02
            robot.client.ask("Find the desk lamp.")
            steps = robot.client.plan("Put the desk lamp on the desk.").steps
            robot.client.execute_plan(steps)
            eventually(lambda: b"views/scores" in out.read_bytes(), "the scores of a question")
        finally:
            program.send_signal(signal.SIGINT)
            said, _ = program.communicate(timeout=60)
    assert program.returncode == 0, said
    found = read(out)
    assert {"/scene/answer", "/scene/camera", "/views/1", "/timings/total_seconds"} <= found.keys()
    assert ["desk lamp o1"] in found["/scene/answer"]["Boxes3D:labels"]
    assert any("I look." in text for text in texts(out, "reasoning"))
    assert any("navigate_to(desk)" in text for text in texts(out, "plan"))
    assert "| 1 | 3 | 0.50 |" in texts(out, "views/scores")[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "no display here"),
        (("--out", "x.txt"), "must end in .rrd"),
        (("--out", "nowhere/x.rrd"), "no such folder"),
        (("--out", "x.rrd", "--connect", "rerun+http://127.0.0.1:9/proxy"), "either"),
        (("--connect", "nonsense"), "nonsense"),
    ],
)
def test_wrong_use_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    result = CliRunner().invoke(app, ["watch", *arguments])
    assert isinstance(result.exception, SystemExit) and message in str(result.exception)


def test_a_robot_that_is_not_there_is_told_and_watched_on(tmp_path: Path) -> None:
    """Nodes may start later: a watcher waits."""
    out = tmp_path / "live.rrd"
    stream = rr.RecordingStream("r1_ros_tests")
    stream.save(str(out))
    with RobotListener(LiveRecording(stream), "nobody"):
        eventually(lambda: b"scene_mapper" in out.read_bytes(), "the line about the mapper")
    stream.flush()
    stream.disconnect()
    assert "live view: " in texts(out, "health")[0]
