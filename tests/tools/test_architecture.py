"""The house is as docs/architecture.md says: its files are there, and arrows point one way."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text()
# room -> rooms that it must not know
FORBIDDEN = {
    "r1_model": ("r1_ros", "r1_training"),
    "r1_training": ("r1_ros",),
    "r1_ros": ("r1_training",),
    "r1_ros/tf": ("r1_ros.mapping", "r1_ros.reasoning", "r1_ros.plans", "r1_ros.nodes"),
    "r1_ros/messages": ("r1_ros.mapping", "r1_ros.reasoning", "r1_ros.plans", "r1_ros.nodes"),
    "r1_ros/configuration": (
        "r1_ros.runtime",
        "r1_ros.mapping",
        "r1_ros.reasoning",
        "r1_ros.plans",
        "r1_ros.nodes",
    ),
    "r1_ros/runtime": ("r1_ros.mapping", "r1_ros.reasoning", "r1_ros.plans", "r1_ros.nodes"),
    "r1_ros/mapping": ("r1_ros.reasoning", "r1_ros.plans", "r1_ros.nodes"),
    "r1_ros/reasoning": ("r1_ros.mapping", "r1_ros.plans", "r1_ros.nodes"),
    "r1_ros/plans": ("r1_ros.mapping", "r1_ros.nodes"),
    "r1_model/text": (
        "r1_model.network",
        "r1_model.views",
        "r1_model.generation",
        "r1_model.spelling",
        "r1_model.asking",
    ),
    "r1_model/spelling": ("r1_model.plans", "r1_model.network", "r1_model.asking"),
    "r1_model/plans": ("r1_model.spelling", "r1_model.network", "r1_model.asking"),
    "r1_model/scene": ("r1_model.network", "r1_model.views", "r1_model.generation"),
    "r1_model/network": (
        "r1_model.generation",
        "r1_model.views",
        "r1_model.asking",
        "r1_model.reasoner",
    ),
    "r1_model/views": (
        "r1_model.generation",
        "r1_model.asking",
        "r1_model.reasoner",
        "r1_model.conversation",
    ),
    "r1_model/generation": (
        "r1_model.views",
        "r1_model.asking",
        "r1_model.reasoner",
        "r1_model.conversation",
    ),
    "r1_model/asking": ("r1_model.reasoner",),
}


def imported(path: Path) -> set[str]:
    """Modules that a file imports, at its top or later."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
        elif isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
    return names


def test_every_file_of_the_walks_is_there() -> None:
    files = re.findall(r"`(r1_\w+/[\w/]+\.py)`", TEXT)
    assert len(files) > 30
    assert [name for name in files if not (ROOT / name).is_file()] == []


def test_every_folder_of_the_packages_is_named() -> None:
    for package in ("r1_ros", "r1_model", "r1_training"):
        folders = {p.parent.name for p in (ROOT / package).glob("*/__init__.py")}
        assert {name for name in folders if f"`{name}/`" not in TEXT} == set(), package


@pytest.mark.parametrize("room", FORBIDDEN)
def test_arrows_point_one_way(room: str) -> None:
    wrong = {
        f"{path.relative_to(ROOT)} -> {name}"
        for path in (ROOT / room).rglob("*.py")
        for name in imported(path)
        if any(name == other or name.startswith(f"{other}.") for other in FORBIDDEN[room])
    }
    assert wrong == set()
