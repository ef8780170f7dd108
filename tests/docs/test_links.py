"""Every link of the documentation leads somewhere; no network is asked."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.docs.markdown import PAGES, ROOT, anchors, links


def broken(path: Path) -> list[str]:
    """Links of a page whose file or heading is not there."""
    wrong = []
    for target in links(path.read_text()):
        parts = urlsplit(target)
        if parts.scheme in ("http", "https", "mailto"):
            continue
        file = (path.parent / parts.path).resolve() if parts.path else path
        heading = parts.fragment
        if not file.exists() or (heading and heading not in anchors(file.read_text())):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    assert broken(path) == []


def test_a_broken_link_is_seen(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A `b` c\n[x](none.md) [y](#a-b-c) [z](#no) `[c](no)`\n```\n[k](l)\n```\n")
    assert broken(page) == ["none.md", "#no"]
