"""The command `r1`: every help text, start-up, hand-over to training."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.main import get_command
from typer.testing import CliRunner

from r1_ros.cli import option_checks
from r1_ros.cli.main import app

OWN = (
    "demo", "up", "doctor", "ask", "plan", "describe", "objects", "serve", "mcp", "record", "play",
    "visualize", "watch", "approve", "stop", "poses",
)  # fmt: skip
HANDED_OVER = (
    "train",
    "train-full",
    "predict",
    "evaluate",
    "evaluate-rooms",
    "synthesize",
    "synthesize-room",
    "synthesize-scans",
    "rehearse",
    "table",
    "submit",
    "prepare",
    "reproduce",
)


def run(*arguments: object) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "r1_ros.cli.main", *map(str, arguments)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip


def test_commands() -> None:
    assert set(get_command(app).commands) == {*OWN, *HANDED_OVER}


@pytest.mark.parametrize("command", OWN)
def test_help_explains_every_option(command: str) -> None:
    result = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"})
    assert result.exit_code == 0
    parsed = get_command(app).commands[command]
    assert len(parsed.help) > 30
    for parameter in parsed.params:
        assert getattr(parameter, "help", None), f"{command} {parameter.name} has no help"


def test_handed_over_commands_exist() -> None:
    from r1_training.cli import app as training

    assert set(HANDED_OVER) <= set(get_command(training).commands)


def test_hand_over_passes_options_and_status() -> None:
    result = run("synthesize-room", "--no-such-option", "--help-me")
    assert result.returncode == 2
    assert "Usage: r1 synthesize-room" in result.stderr
    assert "--no-such-option" in result.stderr


def test_start_up_imports_nothing_slow() -> None:
    code = (
        "import sys; import r1_ros.cli.main; "
        "print([m for m in ('torch', 'rclpy', 'cv2', 'open3d', 'scipy', 'rerun', 'rosbags') "
        "if m in sys.modules])"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert result.stdout.strip() == "[]", result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("record", "nowhere", "out"), "r1 record: no such folder: nowhere"),
        (("up", "--log-level", "loud"), "log_level must be one of"),
        (("up", "--only", "mapper"), "no such node: mapper"),
        (("up", "--params-file", "nowhere"), "no such parameter file"),
        (("up", "-r", "x"), "remap rule"),
        (("up", "--cameras", "front=kodak"), "got 'kodak'"),
        (("up", "--cameras", "a-b"), "cannot be the name of a camera"),
        (("up", "--cameras", "a", "--camera", "zed"), "--cameras goes without --camera"),
        (("visualize", "nowhere.ply"), "nowhere.ply"),
        (("visualize", "x.ply", "-o", "x.gif"), "must end in .png or .rrd"),
        (("demo", "--questions", "nowhere.json"), "nowhere.json"),
        (("demo", "--bag", "nowhere"), "r1 demo: no such bag: nowhere"),
        (("demo", "--camera", "kodak"), "got 'kodak'"),
        (("demo", "--out", "/dev/null/x"), "r1 demo: cannot write to /dev/null/x"),
        (("poses", "nowhere"), "r1 poses: no such recording: nowhere"),
    ],
)
def test_wrong_use_gets_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code not in (0, 2)
    assert message in str(result.exception)
    assert isinstance(result.exception, SystemExit)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        *(((command, "--namespace", "bad name"), "'bad name'") for command in ("up", "doctor")),
        (("ask", "hi", "--namespace", "bad name"), "'bad name'"),
        (("plan", "hi", "--namespace", "robot1//arm"), "'robot1//arm'"),
        (("describe", "--namespace", "1robot"), "'1robot'"),
        *(
            (("ask", "hi", "--timeout", seconds), f"got {seconds}")
            for seconds in ("nan", "inf", "-1.0", "0.0", "1e+300")
        ),
        (("plan", "hi", "--timeout", "nan"), "got nan"),
        (("describe", "--timeout", "nan"), "got nan"),
        (("describe", "--max-objects", "65536"), "65535"),
        (("ask", "hi", "--point", "0", "nan", "0"), "nan"),
        *((("doctor", "--seconds", seconds), f"got {seconds}") for seconds in ("nan", "-1.0")),
        *((("demo", "--rate", rate), f"got {rate}") for rate in ("nan", "inf", "0.0")),
        (("demo", "--timeout", "nan"), "got nan"),
    ],
)
def test_values_out_of_range_are_refused_before_anything_starts(
    arguments: tuple[str, ...], named: str
) -> None:
    result = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})
    assert result.exit_code == 2
    assert "Invalid value" in result.output and named in result.output


@pytest.mark.parametrize(
    ("given", "name"),
    [("", ""), ("/", ""), ("robot1", "robot1"), ("/fleet/robot_1/", "fleet/robot_1")],
)
def test_namespaces_lose_the_slashes_around_them(given: str, name: str) -> None:
    assert option_checks.namespace(given) == name


def test_record_and_visualize(rgbd_folder: Path, tmp_path: Path) -> None:
    import numpy as np
    from plyfile import PlyData, PlyElement

    result = CliRunner().invoke(app, ["record", str(rgbd_folder), str(tmp_path / "bag")])
    assert result.exit_code == 0
    assert "6 frames, 0.5 s" in result.output
    again = CliRunner().invoke(app, ["record", str(rgbd_folder), str(tmp_path / "bag")])
    assert "exists already" in str(again.exception)

    points = np.random.default_rng(0).uniform(0, 2, (200, 3)).astype("f4")
    vertices = np.rec.fromarrays(points.T, names="x,y,z")
    PlyData([PlyElement.describe(np.asarray(vertices), "vertex")]).write(tmp_path / "c.ply")
    np.savez(tmp_path / "p.npz", centers=[[1.0, 1, 1]], sizes=[[0.5, 0.5, 0.5]])
    for name in ("out.png", "out.rrd"):
        arguments = ["visualize", tmp_path / "c.ply", "-p", tmp_path / "p.npz"]
        result = CliRunner().invoke(app, [*map(str, arguments), "-o", str(tmp_path / name)])
        assert result.exit_code == 0, result.exception
        assert "200 points, 1 boxes" in result.output
        assert (tmp_path / name).stat().st_size > 1000


def test_visualize_opens_a_viewer_where_there_is_a_display(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import numpy as np
    import rerun
    from plyfile import PlyData, PlyElement

    vertices = np.zeros(3, [("x", "f4"), ("y", "f4"), ("z", "f4")])
    PlyData([PlyElement.describe(vertices, "vertex")]).write(tmp_path / "c.ply")
    opened = []
    monkeypatch.setattr(
        rerun.RecordingStream, "spawn", lambda self, **options: opened.append(options)
    )
    command = ["visualize", str(tmp_path / "c.ply"), "--spawn"]
    monkeypatch.setenv("DISPLAY", ":0")
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 0 and "the Rerun viewer: 3 points" in result.output
    assert list(opened[0]) == ["default_blueprint"]
    both = CliRunner().invoke(app, [*command, "-o", "x.rrd"])
    assert "either --out or --spawn" in str(both.exception)
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert "no display here" in str(CliRunner().invoke(app, command).exception)
    assert len(opened) == 1


def typed(*arguments: str | bytes, **environment: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "r1_ros.cli.main", *arguments]
    return subprocess.run(command, capture_output=True, timeout=60, env=os.environ | environment)


@pytest.mark.parametrize(
    "arguments",
    [
        ("ask", b"O\xf9 est la chaise?"),
        ("plan", b"\xd2\xce\xd7\xd3\xd4\xda\xc4\xc4"),
        ("describe", b"\xff"),
        ("ask", "--session", b"\xff", "hi"),
    ],
)
def test_bytes_that_are_no_text_get_one_line(arguments: tuple) -> None:
    result = typed(*arguments)
    assert result.returncode == 1
    assert result.stderr.startswith(b"r1: not utf-8 at character ")
    assert result.stderr.count(b"\n") == 1


def test_a_terminal_without_the_characters_gets_others() -> None:
    result = typed("play", "椅子", PYTHONIOENCODING="latin-1")
    assert result.stderr == b"r1 play: no such bag: ??\n"


def test_a_question_may_start_with_a_dash() -> None:
    result = typed("ask", "- how many chairs?", "--timeout", "nan", COLUMNS="300")
    assert b"No such option" not in result.stderr and b"got nan" in result.stderr


def test_a_mistyped_option_is_still_named() -> None:
    assert b"No such option" in typed("ask", "--no-such", "hi").stderr


@pytest.mark.parametrize(
    ("given", "taken"), [("", None), ("robot", "robot"), ("90", math.pi / 2), ("-180", -math.pi)]
)
def test_where_an_asker_looks(given: str, taken: str | float | None) -> None:
    assert option_checks.viewpoint(given) == given
    assert option_checks.looks_from(given) == taken


@pytest.mark.parametrize("given", ["left", "nan", "inf", "1 2", "９０°"])
def test_a_direction_that_is_none(given: str) -> None:
    with pytest.raises(typer.BadParameter, match="robot, or degrees"):
        option_checks.viewpoint(given)
