"""A file that several processes write together, without a network: one after the other."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1_training.common.processes import Processes
from r1_training.common.resumable_lines import ResumableLines, ResumeError, read_lines
from r1_training.common.shared_lines import SharedLines


def written(path: Path, rank: int, count: int, *ids: int) -> SharedLines:
    lines = SharedLines(path, Processes(rank, count))
    for number in ids:
        lines.append({"id": number, "rank": rank})
    lines.close()
    return lines


def ids(path: Path) -> list[int]:
    return sorted(row["id"] for row in read_lines(path))


@pytest.fixture
def together(monkeypatch):
    """`gather` of the last process to come, given what the others brought."""
    brought: list[list] = []

    def gather(self: Processes, value: list) -> list:
        brought.append(value)
        return brought if self.first else []

    monkeypatch.setattr(Processes, "gather", gather)
    monkeypatch.setattr(Processes, "wait", lambda self: None)


def test_one_process_writes_the_file_itself(tmp_path):
    path = tmp_path / "out.jsonl"
    written(path, 0, 1, 3, 4).merge("id")
    again = SharedLines(path, Processes())
    assert [row["id"] for row in again.rows] == [3, 4]
    again.close()
    assert ids(path) == [3, 4] and len(list(tmp_path.iterdir())) == 1


def test_parts_come_together_and_go(tmp_path, together):
    path = tmp_path / "out.jsonl"
    ResumableLines(path).append({"id": 0})
    first, second = written(path, 0, 2, 1, 2), written(path, 1, 2, 3)
    assert ids(path) == [0] and len(list(tmp_path.iterdir())) == 3
    second.merge("id")
    first.merge("id")
    assert ids(path) == [0, 1, 2, 3]
    assert list(tmp_path.iterdir()) == [path]


def test_after_a_kill_parts_count_with_any_number_of_processes(tmp_path, together):
    path = tmp_path / "out.jsonl"
    written(path, 0, 2, 1)
    written(path, 1, 2, 2)
    part = tmp_path / "out.2-of-2.jsonl"
    part.write_bytes(part.read_bytes() + b'{"id": 9')  # cut off
    lines = SharedLines(path, Processes(0, 3))
    assert sorted(row["id"] for row in lines.rows) == [1, 2]
    lines.close()
    lines.merge("id")
    assert ids(path) == [1, 2] and list(tmp_path.iterdir()) == [path]


def test_a_broken_part_is_named(tmp_path):
    (tmp_path / "out.1-of-2.jsonl").write_text("[]\n")
    with pytest.raises(ResumeError, match="1-of-2.jsonl:1: not an object"):
        SharedLines(tmp_path / "out.jsonl", Processes(1, 2))
