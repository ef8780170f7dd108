"""The book builds without a warning, and our GitHub Markdown becomes what it should."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mkdocs", reason="the optional extra [book] is not installed")

from tests.docs.markdown import ROOT  # noqa: E402
from tools.book_hook import blank_lines, outside, repository_links  # noqa: E402


def build(folder: Path, *options: str, source: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    return subprocess.run([*command, *options], cwd=source, capture_output=True, text=True)


def test_it_builds_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    done = build(tmp_path / "book")
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "book" / "agents.html").read_text()
    assert 'href="repository/msg/ErrorCode.msg"' in page
    assert (tmp_path / "book" / "repository" / "msg" / "ErrorCode.msg").is_file()
    for element in ('<script src="http', '<link rel="stylesheet" href="http', '<img src="http'):
        assert element not in page
    assert "<table>" in (tmp_path / "book" / "book" / "robot.html").read_text()


def test_a_link_that_leads_nowhere_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "index.md").write_text("# A\n[b](none.md)\n")
    settings = (ROOT / "mkdocs.yml").read_text().partition("nav:\n  - index.md")[0]
    settings = settings.replace("hooks: [tools/book_hook.py]\n", "")
    (tmp_path / "mkdocs.yml").write_text(settings)
    done = build(tmp_path / "book", source=tmp_path)
    assert done.returncode != 0 and "none.md" in done.stderr


def test_lists_and_tables_may_follow_a_paragraph() -> None:
    assert blank_lines("text:\n- a\n- b\n  more\n- c") == "text:\n\n- a\n- b\n  more\n- c"
    assert blank_lines("text:\n| a |\n|---|\n| b |") == "text:\n\n| a |\n|---|\n| b |"
    assert blank_lines("text:\n1. a\n    - b") == "text:\n\n1. a\n    - b"
    for same in ("```bash\nx\n- y\n```", "# A\n\n- a", "a - b\nc", "text\n-dash", "| a |\n|---|"):
        assert blank_lines(same) == same


def test_links_out_of_docs_are_moved_and_no_others() -> None:
    assert outside("../msg/ErrorCode.msg", "agents.md") == "msg/ErrorCode.msg"
    assert outside("../../README.md#more", "book/faq.md") == "README.md"
    for target in ("https://a.example/x", "#here", "web.md", "../none.txt", "../../../etc/passwd"):
        assert outside(target, "agents.md") is None, target
    text = "[a](../msg/ErrorCode.msg) [b](web.md) [c](../CONTRIBUTING.md)"
    moved = "[a](repository/msg/ErrorCode.msg) [b](web.md) [c](repository/CONTRIBUTING.md.txt)"
    assert repository_links(text, "agents.md") == moved
