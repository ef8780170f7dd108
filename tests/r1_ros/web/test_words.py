"""Every word of the page has its Chinese, and no Chinese is left over."""

from __future__ import annotations

import re
from pathlib import Path

STATIC = Path(__file__).parents[3] / "r1_ros" / "web" / "static"
STRING = r'"((?:[^"\\]|\\.)*)"'


def spoken() -> set[str]:
    """English of the page and of its scripts, as it is looked up."""
    page = (STATIC / "index.html").read_text()
    found = set(re.findall(r"data-words>([^<]*)</", page)) | set(
        re.findall(r"aria-label=" + STRING, page)
    )
    for script in STATIC.glob("*.js"):
        if script.name != "three.min.js":
            text = script.read_text()
            found |= set(re.findall(r"\bt\(" + STRING, text))
            for choice in re.findall(r"\bt\([^\"()]*\?([^()]*)\)", text):
                found |= set(re.findall(STRING, choice))
    return found


def chinese() -> dict[str, str]:
    table = (STATIC / "words.js").read_text().partition("CHINESE = {")[2].partition("\n};")[0]
    return dict(re.findall(rf"^  {STRING}:\s*{STRING},$", table, re.M))


def test_each_is_there() -> None:
    assert len(spoken()) > 40
    assert spoken() - set(chinese()) == set()


def test_none_is_left_over() -> None:
    of_values = {
        "ok",
        "stale",
        "warning",
        "error",
        "done",
        "failed",
        "stopped",
    }  # looked up by name
    of_values |= {"no node has reported yet", "unknown"}
    assert set(chinese()) - spoken() - of_values == set()


def test_places_of_values_are_kept() -> None:
    for english, words in chinese().items():
        assert sorted(re.findall(r"{\d}", english)) == sorted(re.findall(r"{\d}", words)), english
