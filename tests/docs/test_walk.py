"""The commands of the five-minute start, typed as they stand there, one after the other."""

from __future__ import annotations

import os
import re
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, blocks
from tests.docs.terminal import Terminal

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
