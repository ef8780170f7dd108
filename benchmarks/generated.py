"""A benchmark's part of a page: what stands between its two marks is written by it."""

from __future__ import annotations

from pathlib import Path

RELIABILITY = Path(__file__).resolve().parent.parent / "docs" / "reliability.md"


def write_part(name: str, text: str, page: Path = RELIABILITY) -> None:
    """Put `text` between `<!-- NAME begin -->` and `<!-- NAME end -->` of a page.

    Raises:
        ValueError: the page has no such marks.
    """
    begin, end = f"<!-- {name} begin -->", f"<!-- {name} end -->"
    before, found, rest = page.read_text(encoding="utf-8").partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{page} has no {begin} ... {end}")
    page.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")
