"""What the book needs beside mkdocs: our Markdown is GitHub's, and links lead into the repository.

Files outside of docs/ that a page links to are put into the site, below `repository/`.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
OUTSIDE = "repository"
_LINK = re.compile(r"(?<=\]\()([^()\s]+)(?=\))")
_LIST = re.compile(r"\s*([-*+]|\d+\.)\s")


def on_files(files: Files, config: Any) -> Files:
    """Add what pages link to outside of docs/."""
    for page in files.documentation_pages():
        for path in sorted(outside_links(page.content_string, page.src_uri)):
            uri = f"{OUTSIDE}/{path}{'.txt' if path.endswith('.md') else ''}"
            if uri not in files.src_uris:
                files.append(File.generated(config, uri, abs_src_path=str(ROOT / path)))
    return files


def on_page_markdown(markdown: str, *, page: Any, **_: Any) -> str:
    """The page as Python-Markdown reads it."""
    return repository_links(blank_lines(markdown), page.file.src_uri)


def blank_lines(markdown: str) -> str:
    """Lists and tables may follow a paragraph at once on GitHub, not in Python-Markdown."""
    lines: list[str] = []
    fenced = False
    source = markdown.split("\n")
    for number, line in enumerate(source):
        before = lines[-1] if lines else ""
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and before.strip() and not line.startswith("    "):
            following = source[number + 1] if number + 1 < len(source) else ""
            is_table = line.startswith("|") and re.match(r"\|[\s:|-]+\|$", following.strip())
            starts_list = _LIST.match(line) and not _LIST.match(before) and before[:1] not in " \t"
            if (is_table and not before.startswith("|")) or starts_list:
                lines.append("")
        lines.append(line)
    return "\n".join(lines)


def outside(target: str, page: str) -> str | None:
    """The repository's path that a link leads to; None: it stays in docs/, or leads elsewhere."""
    parts = urlsplit(target)
    if parts.scheme or not parts.path:
        return None
    path = posixpath.normpath(posixpath.join("docs", posixpath.dirname(page), parts.path))
    inside = path.startswith("docs/") or path.startswith("..")
    return None if inside or not (ROOT / path).is_file() else path


def outside_links(markdown: str, page: str) -> set[str]:
    """Paths of all files outside of docs/ that a page links to."""
    return {path for link in _LINK.findall(markdown) if (path := outside(link, page)) is not None}


def repository_links(markdown: str, page: str) -> str:
    """Links out of docs/ lead to the copies in the site."""

    def moved(link: re.Match[str]) -> str:
        path = outside(link[0], page)
        if path is None:
            return link[0]
        name = f"{OUTSIDE}/{path}{'.txt' if path.endswith('.md') else ''}"
        return posixpath.relpath(name, posixpath.dirname(page) or ".")

    return _LINK.sub(moved, markdown)
