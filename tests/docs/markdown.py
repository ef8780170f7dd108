"""What the documentation says, taken apart: links, headings, commands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "r1_model").rglob("*.md")]
)
_LINK = re.compile(r"(?<!\\)\[(?:[^\[\]]|\[[^\]]*\])*\]\(([^()\s]+)\)")
_FENCE = re.compile(r"^(```+)(\w*)[^\n]*\n(.*?)^\1", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Command:
    """One command of a page.

    Attributes:
        page: where it stands, from the root of the repository.
        text: as a shell would get it: one line, without a comment.
    """

    page: str
    text: str


def prose(text: str) -> str:
    """A page without its fenced blocks."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """Targets of all links and images."""
    without_code = re.sub(r"`[^`\n]*`", "", prose(text))
    return _LINK.findall(without_code)


def anchors(text: str) -> set[str]:
    """Anchors of all headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", prose(text), re.MULTILINE):
        plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")
        number = 0
        while (name := f"{slug}-{number}" if number else slug) in found:
            number += 1
        found.add(name)
    return found


def blocks(text: str, language: str = "bash") -> list[str]:
    """Fenced blocks of a language."""
    return [body for _, kind, body in _FENCE.findall(text) if kind == language]


def commands(path: Path) -> list[Command]:
    """Every command of every bash block, `&&`, `;` and `|` taken apart."""
    page = str(path.relative_to(ROOT))
    found = []
    for block in blocks(path.read_text()):
        for line in re.sub(r"\\\n\s*", " ", block).splitlines():
            for part in split(line):
                found.append(Command(page, part))
    return found


def split(line: str) -> list[str]:
    """The commands of a line, without comments; quotes are respected."""
    parts, part, quote = [], "", ""
    for character in line:
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"":
            quote = character
        elif character == "#" and (not part or part[-1].isspace()):
            break
        elif character in ";|&":
            parts.append(part)
            part = ""
            continue
        part += character
    return [text for raw in [*parts, part] if (text := " ".join(raw.split()))]


def spoken_commands(path: Path) -> list[Command]:
    """`r1 ...` in the running text."""
    page = str(path.relative_to(ROOT))
    spans = re.findall(r"`(r1 [^`\n]+)`", prose(path.read_text()))
    return [Command(page, span) for span in spans]
