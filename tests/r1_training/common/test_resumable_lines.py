"""A file of lines belongs to one run at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from r1_training.common.resumable_lines import ResumableLines, ResumeError


def test_two_runs_do_not_share_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a" / "p.jsonl"
    first = ResumableLines(path)
    first.append({"id": 1})
    with pytest.raises(ResumeError, match=r"p\.jsonl is in use by another run"):
        ResumableLines(path)
    first.append({"id": 2})
    first.close()
    path.write_bytes(path.read_bytes() + b'{"id": 3')
    second = ResumableLines(path)
    assert second.rows == [{"id": 1}, {"id": 2}]
    second.close()
    assert path.read_bytes().endswith(b'{"id": 2}\n')


@pytest.mark.parametrize("line", ["[1]", "{", "[" * 100_000, '{"id": ' + "9" * 5_000 + "}"])
def test_broken_lines_are_named_and_let_go_of_the_file(tmp_path: Path, line: str) -> None:
    path = tmp_path / "p.jsonl"
    path.write_text(f'{{"id": 1}}\n{line}\n')
    for _ in range(2):
        with pytest.raises(ResumeError, match=r"p\.jsonl:2: not "):
            ResumableLines(path)
