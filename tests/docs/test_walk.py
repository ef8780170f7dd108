"""The commands of the five-minute start, typed as they stand there, one after the other."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks

pytest.importorskip("rclpy")

pytestmark = [
    pytest.mark.ros,
    pytest.mark.slow,
    pytest.mark.timeout(900),
    pytest.mark.skipif(not os.environ.get("R1_LONG"), reason="minutes: R1_LONG=1"),
]

SAYS = {
    "r1 record": "60 frames",
    "r1 play": "played",
    'r1 ask "How many': "cushion",
    "r1 ask": "馬克杯",
    "r1 objects": "obj",
    "r1 plan": "done: ",
}


def typed() -> list[str]:
    """The lines under "Talk to it"."""
    text = (ROOT / "docs" / "book" / "start.md").read_text().partition("## Talk to it")[2]
    return [line for line in blocks(text)[0].splitlines() if not line.startswith("export PATH")]


class Terminal:
    """A folder, an environment, and what was started in the background."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.background: list[subprocess.Popen] = []
        self.environment = os.environ | {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "ROS_DOMAIN_ID": str(1 + os.getpid() % 100),
            "ROS_AUTOMATIC_DISCOVERY_RANGE": "LOCALHOST",
            "ROS_HOME": str(folder / "ros_home"),
        }

    def start(self, line: str) -> Path:
        """In the background; its output is in the file."""
        log = self.folder / f"{len(self.background)}.log"
        with log.open("w") as file:
            self.background.append(
                subprocess.Popen(
                    ["bash", "-c", f"exec {line}"],
                    cwd=self.folder, env=self.environment, stdout=file, stderr=file,
                )
            )  # fmt: skip
        return log

    def run(self, line: str) -> str:
        """To its end, at a terminal where somebody says yes to everything."""
        parent, child = pty.openpty()
        try:
            os.write(parent, b"y\n")
            done = subprocess.run(
                ["bash", "-c", line], cwd=self.folder, env=self.environment, stdin=child,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
            )  # fmt: skip
        finally:
            os.close(parent)
            os.close(child)
        said = done.stdout.decode()
        assert done.returncode == 0, f"{line}\n{said}"
        return said

    def close(self) -> None:
        for program in self.background:
            program.send_signal(signal.SIGINT)
        for program in self.background:
            program.wait(60)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    opened = Terminal(tmp_path)
    try:
        yield opened
    finally:
        opened.close()


def test_the_five_minute_start_as_it_is_written(terminal: Terminal) -> None:
    lines = typed()
    assert len(lines) > 6 and lines[-1] == "r1 serve"
    for line in lines[:-1]:
        if line.endswith("&"):
            terminal.start(line.removesuffix("&"))
            continue
        said = terminal.run(line)
        for start, words in SAYS.items():
            if line.startswith(start):
                assert words in said, f"{line}\n{said}"
                break
    log = terminal.start(lines[-1])
    deadline = time.monotonic() + 60
    while not (address := re.search(r"http://\S+", log.read_text())):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)
    while True:
        try:
            with urllib.request.urlopen(address[0], timeout=5) as page:
                assert b"3D-R1" in page.read()
            return
        except OSError:
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.1)
