"""A process that yields: all its threads do, and its session where it has one of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from r1_ros.runtime import niceness as module
from r1_ros.runtime.niceness import yield_as_group

GROUPS = Path("/proc/self/autogroup")
SCRIPT = """
import json, os, sys, threading
from pathlib import Path
from r1_ros.runtime.niceness import yield_to_others
group = Path("/proc/self/autogroup")
end = threading.Event()
threading.Thread(target=end.wait, daemon=True).start()
def state():
    threads = [int(entry.name) for entry in Path("/proc/self/task").iterdir()]
    nice = sorted({os.getpriority(os.PRIO_PROCESS, thread) for thread in threads})
    line = group.read_text().split() if group.exists() else []  # empty: in no group of its own
    return nice, int(line[-1]) if line else None, len(threads)
before = state()
yield_to_others(int(sys.argv[1]))
after = state()
later = threading.Thread(target=end.wait, daemon=True)
later.start()
print(json.dumps([before, after, state()]))
end.set()
"""


def run(niceness: int, *, leads: bool) -> list:
    """What the niceness of a process's threads and of its session was: before, after, later."""
    command = [sys.executable, "-c", SCRIPT, str(niceness)]
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, start_new_session=leads, timeout=120
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("leads", [True, False])
def test_all_threads_yield_and_those_that_begin_later(leads: bool) -> None:
    before, after, later = run(5, leads=leads)
    [was] = before[0]
    assert before[2] >= 2 and later[2] > after[2]
    assert after[0] == later[0] == [min(19, was + 5)]


@pytest.mark.skipif(not GROUPS.exists(), reason="no /proc/self/autogroup: not grouped by session")
def test_a_session_yields_with_its_leader_and_not_with_another() -> None:
    before, after, _ = run(5, leads=True)
    if before[1] is None:
        pytest.skip("sessions are in a control group here: none is scheduled as a group")
    assert after[1] == before[1] + 5
    before, after, _ = run(5, leads=False)
    assert after[1] == before[1]


@pytest.mark.parametrize(("niceness", "most"), [(0, None), (19, 19)])
def test_nothing_changes_without_and_19_is_the_most(niceness: int, most: int | None) -> None:
    before, after, _ = run(niceness, leads=True)
    assert after[0] == ([most] if most is not None else before[0])
    assert os.getpriority(os.PRIO_PROCESS, 0) <= 19


class Group:
    """The file of a session's group, of which the kernel refuses so many changes."""

    def __init__(self, line: str, refusals: int) -> None:
        self.line, self.refusals = line, refusals

    def read_text(self) -> str:
        return self.line

    def write_text(self, text: str) -> None:
        if self.refusals:
            self.refusals -= 1
            raise BlockingIOError("one change in 100 ms")
        self.line = text


@pytest.mark.parametrize(
    ("line", "refusals", "then"),
    [
        ("/autogroup-7 nice 0\n", 0, "5"),
        ("/autogroup-7 nice -10\n", 0, "-5"),
        ("/autogroup-7 nice 17\n", 0, "19"),
        ("/autogroup-7 nice 0\n", 3, "5"),
        ("", 0, ""),
    ],
    ids=["plain", "was before others", "the most", "refused three times", "in no group"],
)
def test_a_group_yields(
    line: str, refusals: int, then: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_GROUP_WAIT_S", 0.0)
    group = Group(line, refusals)
    yield_as_group(group, 5)  # type: ignore[arg-type]
    assert group.line == then


def test_a_group_that_cannot_be_changed_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_GROUP_WAIT_S", 0.0)
    with pytest.raises(BlockingIOError):
        yield_as_group(Group("/autogroup-7 nice 0\n", 1000), 5)  # type: ignore[arg-type]
