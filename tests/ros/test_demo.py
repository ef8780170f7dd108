"""`r1 demo` and `r1 up`: real processes, a small recording, a small untrained model."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from r1_model.network.modeling import R1ForConditionalGeneration
from r1_ros.bags.recording import record
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.runtime.node_states import NodeStates
from r1_ros.starting.node_commands import NODES
from tests.conftest import write_rgbd_folder
from tests.r1_model.small import scene_tokenizer, seeded, small_config

pytestmark = pytest.mark.ros
TIMEOUT_S = 150.0


@pytest.fixture(scope="module")
def model_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    tokenizer = scene_tokenizer()
    seeded(lambda: R1ForConditionalGeneration(small_config(tokenizer))).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def r1(*arguments: object) -> list[str]:
    return [sys.executable, "-m", "r1_ros.cli.main", *map(str, arguments)]


def test_a_bag_whose_topics_are_called_otherwise_is_refused_at_once(tmp_path: Path) -> None:
    bag = tmp_path / "bag"
    record(RgbdFolder.open(write_rgbd_folder(tmp_path / "rgbd", 3)), bag)
    (tmp_path / "q.json").write_text('[{"task": "qa", "question": "How many chairs?"}]')
    asked = "--questions", tmp_path / "q.json", "--out", tmp_path / "out"
    for command in (
        ("demo", "--bag", bag, "--camera", "realsense"),
        ("evaluate", "bag", bag, "--remap", "color/image:=/rgb"),
    ):
        result = subprocess.run(r1(*command, *asked), capture_output=True, text=True)
        assert result.returncode != 0
        assert "has neither points nor all that a camera needs" in result.stderr
        assert "/color/image (sensor_msgs/msg/Image)" in result.stderr
        assert not list((tmp_path / "out").rglob("scene_mapper.log"))  # no node was started


def test_demo_of_a_bag(model_folder: Path, tmp_path: Path) -> None:
    bag, out = tmp_path / "bag", tmp_path / "out"
    record(RgbdFolder.open(write_rgbd_folder(tmp_path / "rgbd", 20)), bag)
    questions = [
        {"task": "qa", "question": "How many chairs are there?", "answers": ["2"]},
        {"task": "planning", "question": "幫我把桌子擦乾淨。"},
    ]
    (tmp_path / "questions.json").write_text(json.dumps(questions))
    parameters = tmp_path / "parameters.yaml"
    parameters.write_text("/**/scene_reasoner: {ros__parameters: {max_new_tokens: 24}}\n")
    result = subprocess.run(
        r1(
            "demo", "--bag", bag, "--questions", tmp_path / "questions.json", "--out", out,
            "--model", model_folder, "--device", "cpu", "--params-file", parameters, "--rate", 2,
        ),
        capture_output=True, text=True, timeout=TIMEOUT_S,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert result.returncode == 0, result.stdout + result.stderr
    assert "How many chairs are there?" in result.stdout
    assert "幫我把桌子擦乾淨。" in result.stdout
    assert "The weights are random" in result.stdout
    assert "2 questions" in result.stdout
    assert (out / "demo.png").read_bytes()[:4] == b"\x89PNG"
    assert (out / "demo.rrd").stat().st_size > 1000
    assert {log.stem for log in (out / "logs").iterdir()} == {*NODES, "play"}


def test_demo_says_what_failed(tmp_path: Path) -> None:
    (tmp_path / "no_model").mkdir()
    record(RgbdFolder.open(write_rgbd_folder(tmp_path / "rgbd", 3)), tmp_path / "bag")
    result = subprocess.run(
        r1("demo", "--bag", tmp_path / "bag", "--out", tmp_path, "--model", tmp_path / "no_model"),
        capture_output=True, text=True, timeout=TIMEOUT_S,
    )  # fmt: skip
    assert result.returncode == 1
    assert "scene_reasoner is unconfigured" in result.stderr
    assert "config.json" in result.stderr
    assert "Traceback" not in result.stderr


def states_become(states: NodeStates, wanted: dict[str, str]) -> None:
    deadline = time.monotonic() + TIMEOUT_S
    while (found := states.read()) != wanted:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)


def test_up_in_a_namespace_ends_with_its_nodes(request: pytest.FixtureRequest) -> None:
    """Ctrl-C ends all cleanly; the death of one node ends all with a sentence."""
    names = ("scene_mapper", "plan_executor")
    command = r1("up", "--namespace", "robot7", *(w for n in names for w in ("--only", n)))
    with NodeStates(names, "robot7") as states:
        for respawn in (False, True):
            process = subprocess.Popen(
                [*command, "--respawn"] if respawn else command,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
            )  # fmt: skip
            request.addfinalizer(
                lambda process=process: process.poll() is None and process.terminate()
            )
            states_become(states, dict.fromkeys(names, "active"))
            victim = child_running(process.pid, "plan_executor")
            os.kill(victim, signal.SIGKILL)
            if respawn:
                replaced = another_child(process.pid, "plan_executor", victim)
                assert replaced != victim
                states_become(states, dict.fromkeys(names, "active"))
                process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=TIMEOUT_S)
            assert "plan_executor was killed by SIGKILL" in out
            assert process.returncode == (0 if respawn else 1), out


def another_child(parent: int, word: str, old: int) -> int:
    deadline = time.monotonic() + TIMEOUT_S
    while (found := child_running(parent, word)) in (None, old):
        assert time.monotonic() < deadline, "not started again"
        time.sleep(0.1)
    return found


def child_running(parent: int, word: str) -> int | None:
    for folder in Path("/proc").iterdir():
        try:
            command = (folder / "cmdline").read_text()
            ancestor = int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except (OSError, ValueError, IndexError):
            continue
        if ancestor == parent and word in command:
            return int(folder.name)
    return None
