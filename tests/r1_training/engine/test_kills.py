"""The real command, the real client, a local server, `kill -9`: do both sides' books agree?"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest

from tests.r1_training.engine.kill_drill import (
    REPOSITORY,
    command,
    drill,
    environment,
    write_config,
    write_inputs,
)
from tests.r1_training.engine.teachers.fake_gemini import FakeGemini

long_run = pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="long run: set R1_LONG=1")


def test_two_hundred_items_and_a_kill(tmp_path: Path) -> None:
    result = drill(tmp_path, items=200, kills=1)
    assert result.problems == []
    assert result.kept + result.rejected == 200
    assert result.lost == 0
    assert result.billed_twice == 0
    assert result.report["requests"]["failed"] > 0
    # The server's log leaves nothing in doubt; `problems` holds its books against ours.
    assert result.report["requests"]["unsure"] == result.settled["requests"]["unread"]
    assert result.settled["cost_usd"] == pytest.approx(result.server_usd, abs=1e-9)


@pytest.mark.slow
@long_run
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kill_all, ask_again", [(False, False), (True, False), (True, True)])
def test_two_thousand_items_and_three_kills(
    tmp_path: Path, kill_all: bool, ask_again: bool
) -> None:
    result = drill(tmp_path, items=2000, kills=3, kill_all=kill_all, ask_again=ask_again)
    assert result.problems == []
    assert result.kept + result.rejected == 2000
    assert (result.lost > 0) == kill_all
    assert (result.reasons.get("answer_lost", 0) > 0) == (kill_all and not ask_again)
    assert (result.billed_twice > 0) == (kill_all and ask_again)


def test_ctrl_c_finishes_what_is_in_flight(tmp_path: Path) -> None:
    questions, descriptions = write_inputs(tmp_path, 40)
    with FakeGemini(latency=(0.2, 0.3)) as server:
        config = write_config(tmp_path / "c.yaml", server.url, concurrency=20)
        arguments = command(tmp_path / "out", questions, descriptions, config)
        process = subprocess.Popen(
            arguments, env=environment(), cwd=REPOSITORY, stderr=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 60
        while len(server.received) < 20 and time.monotonic() < deadline:
            time.sleep(0.01)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
        assert process.returncode == 130
        assert "stopping after the requests in flight" in errors
        report = json.loads((tmp_path / "out" / "report.json").read_text())
        assert report["outcome"] == "interrupted"
        assert report["requests"] == {"answered": len(server.received)}
        done = subprocess.run(arguments, env=environment(), cwd=REPOSITORY, capture_output=True)
        assert done.returncode == 0
        assert max(server_prompts(server).values()) == 1


def server_prompts(server: FakeGemini) -> dict[str, int]:
    counts: dict[str, int] = {}
    for received in server.received:
        counts[received.prompt] = counts.get(received.prompt, 0) + 1
    return counts


def test_the_child_is_killed_alone(tmp_path: Path) -> None:
    questions, descriptions = write_inputs(tmp_path, 50)
    with FakeGemini(latency=(5, 5)) as server:
        config = write_config(tmp_path / "c.yaml", server.url)
        process = subprocess.Popen(
            command(tmp_path / "out", questions, descriptions, config),
            env=environment(),
            cwd=REPOSITORY,
            stderr=subprocess.PIPE,
            text=True,
        )
        deadline = time.monotonic() + 60
        while not server.received and time.monotonic() < deadline:
            time.sleep(0.01)
        for child in psutil.Process(process.pid).children():
            child.kill()
        _, errors = process.communicate(timeout=30)
    assert process.returncode == 137
    assert "the same command resumes" in errors


def test_a_bad_key_is_one_line_and_is_not_shown(tmp_path: Path) -> None:
    questions, descriptions = write_inputs(tmp_path, 20)
    with FakeGemini() as server:
        config = write_config(tmp_path / "c.yaml", server.url)
        arguments = command(tmp_path / "out", questions, descriptions, config)
        done = subprocess.run(
            arguments, env=environment("s3cret"), cwd=REPOSITORY, capture_output=True, text=True
        )
    assert done.returncode == 1
    assert "API key not valid" in done.stderr
    assert "Traceback" not in done.stderr
    written = done.stdout + done.stderr
    written += "".join(path.read_text() for path in (tmp_path / "out").iterdir())
    assert "s3cret" not in written
