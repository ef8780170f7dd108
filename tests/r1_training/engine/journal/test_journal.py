from __future__ import annotations

import errno
import json
import os
import threading
from pathlib import Path

import pytest

from r1_training.engine.errors import JournalError, JournalWriteError
from r1_training.engine.journal import journal as journal_module
from r1_training.engine.journal.journal import Journal, read_events, wait_until_free
from r1_training.engine.teachers.teacher import Usage

EVENTS = [
    {"e": "run", "identity": {"a": 1}},
    {"e": "scene", "k": "scene0000_00", "t": "a room, 房間"},
    {"e": "sent", "r": "1", "k": "x", "s": "reasoning", "m": 0.5},
    {"e": "got", "r": "1", "k": "x", "s": "reasoning", "t": "text\nof x", "u": [3, 4]},
    {"e": "sent", "r": "2", "k": "y", "s": "reasoning", "m": 0.25},
    {"e": "end", "k": "z", "n": 2, "y": "blocked", "d": {"scene_id": "s"}},
]


def write(path: Path, events: list[dict]) -> None:
    journal = Journal(path)
    for event in events:
        journal.append(event)
    journal.close()


def test_state_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "j"
    write(path, EVENTS)
    journal = Journal(path)
    state = journal.state
    journal.close()
    assert state.identity == {"a": 1}
    assert state.paid["x", "reasoning"].text == "text\nof x"
    assert list(state.in_flight) == ["2"]
    assert state.ended["z"].reason == "blocked"
    assert state.spending.requests == {"answered": 1}
    assert state.spending.usage["reasoning"] == Usage(3, 4)
    assert [event for _, event in read_events(path)] == EVENTS


def test_cut_at_every_byte(tmp_path: Path) -> None:
    """Whatever a kill leaves of the last line, the lines before it count and it can go on."""
    path = tmp_path / "j"
    write(path, EVENTS)
    whole = path.read_bytes()
    start_of_last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for size in range(start_of_last, len(whole)):
        path.write_bytes(whole[:size])
        journal = Journal(path)
        assert journal.state.torn_bytes == size - start_of_last
        journal.append(EVENTS[-1])
        journal.close()
        assert path.read_bytes() == whole


def test_empty_and_torn_only(tmp_path: Path) -> None:
    for content in (b"", b"{", b'{"e":"run"'):
        path = tmp_path / "j"
        path.write_bytes(content)
        journal = Journal(path)
        assert journal.state.identity is None
        journal.close()
        assert path.read_bytes() == b""


@pytest.mark.parametrize(
    "line", [b"garbage", b"[1]", b'{"e":"got","r":"1"}', b'{"e":"new"}', b"\xff"]
)
def test_damage_in_the_middle_is_an_error(tmp_path: Path, line: bytes) -> None:
    path = tmp_path / "j"
    write(path, EVENTS)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:2], line + b"\n", *lines[2:]]))
    before = path.read_bytes()
    with pytest.raises(JournalError, match="j"):
        Journal(path)
    assert path.read_bytes() == before


def test_one_process_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / "j"
    stop = threading.Event()
    assert wait_until_free(path, 0, stop)
    journal = Journal(path)
    with pytest.raises(JournalError, match="in use"):
        Journal(path)
    assert not wait_until_free(path, 0, stop)
    threading.Timer(0.2, journal.close).start()
    assert wait_until_free(path, 5, stop)
    Journal(path).close()


def test_threads_share_commits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    syncs = 0
    real = os.fsync

    def slow_fsync(fd: int) -> None:
        nonlocal syncs
        syncs += 1
        threading.Event().wait(0.005)
        real(fd)

    monkeypatch.setattr(journal_module.os, "fsync", slow_fsync)
    path = tmp_path / "j"
    journal = Journal(path)

    def work(thread: int) -> None:
        for n in range(20):
            journal.append({"e": "reopen", "k": f"{thread}/{n}"})
            assert any(e["k"] == f"{thread}/{n}" for _, e in read_events(path))

    threads = [threading.Thread(target=work, args=(t,)) for t in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    keys = [event["k"] for _, event in read_events(path)]
    assert sorted(keys) == sorted(f"{t}/{n}" for t in range(8) for n in range(20))
    assert syncs < 160


def test_what_costs_nothing_does_not_wait_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_fsync(fd: int) -> None:
        raise AssertionError("fsync")

    monkeypatch.setattr(journal_module.os, "fsync", no_fsync)
    path = tmp_path / "j"
    journal = Journal(path, survives_power_cut=False)
    for event in EVENTS:
        journal.append(event)
        # Already the operating system's: SIGKILL cannot take it back.
        assert [written for _, written in read_events(path)][-1] == event
    journal.close()


def test_disk_full_in_the_middle_of_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "j"
    journal = Journal(path)
    journal.append(EVENTS[0])
    real = os.write
    calls = iter([10, OSError(errno.ENOSPC, "No space left on device")])

    def full(fd: int, data: bytes) -> int:
        step = next(calls)
        if isinstance(step, OSError):
            raise step
        return real(fd, data[:step])

    monkeypatch.setattr(journal_module.os, "write", full)
    with pytest.raises(JournalWriteError, match="No space left"):
        journal.append(EVENTS[1])
    monkeypatch.undo()
    with pytest.raises(JournalWriteError):  # later lines would stand behind a torn one
        journal.append(EVENTS[2])
    journal.close()
    again = Journal(path)
    assert again.state.identity == {"a": 1}
    again.append(EVENTS[1])
    again.close()
    assert [json.loads(line) for line in path.read_text().splitlines()] == EVENTS[:2]


def test_too_little_disk_is_said_before_paying(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "j", min_free_bytes=1 << 60)
    with pytest.raises(JournalWriteError, match="nothing more is sent"):
        journal.require_free_disk()
    journal.close()


def test_not_writable(tmp_path: Path) -> None:
    with pytest.raises(JournalWriteError, match="cannot open"):
        Journal(tmp_path)
    with pytest.raises(JournalWriteError, match="regular"):
        Journal(Path("/dev/null"))
