"""What is said in several places about the package is the same everywhere."""

from __future__ import annotations

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PACKAGE = ElementTree.parse(ROOT / "package.xml").getroot()


def requirements(lines: list[str]) -> dict[str, str]:
    """Version by name: `torch==2.12.*` -> torch: ==2.12.*"""
    pairs = (re.fullmatch(r"([\w-]+)(.*)", line) for line in lines)
    return {pair[1].lower(): pair[2] for pair in pairs if pair is not None}


def test_one_version() -> None:
    changes = (ROOT / "CHANGELOG.rst").read_text()
    newest = re.search(r"^(\d+\.\d+\.\d+) \(", changes, re.MULTILINE)
    assert newest is not None
    assert PACKAGE.findtext("version") == newest[1] == PROJECT["version"]


def test_the_tested_set_is_what_the_project_asks_for() -> None:
    lines = (ROOT / "requirements-ros-machine.txt").read_text().splitlines()
    tested = requirements([line for line in lines if line and line[0] not in "#-"])
    asked = requirements(PROJECT["dependencies"])
    for extra in PROJECT["optional-dependencies"].values():
        found = requirements(extra)
        assert not {name for name in found if asked.get(name, found[name]) != found[name]}
        asked |= found
    assert asked == tested


def ros_imports(source: str) -> set[str]:
    """Names of the ROS packages that a module imports, at once or when they are needed."""
    ros = r"(\w+_(?:msgs|interfaces)|tf2\w*|rclpy|ament\w*|std_srvs|launch\w*)"
    at_once = re.findall(rf"^\s*(?:from|import) {ros}", source, re.MULTILINE)
    return {*at_once, *re.findall(r"import_module\(\"(\w+_msgs)", source)}


@pytest.mark.parametrize("package", ["r1_model", "r1_training", "r1_ros"])
def test_the_types_travel(package: str) -> None:
    assert (ROOT / package / "py.typed").is_file()


def test_every_ros_package_that_is_imported_is_declared() -> None:
    declared = {element.text for element in PACKAGE if element.tag.endswith("depend")}
    sources = [p for f in ("r1_ros", "launch", "tests/launch") for p in (ROOT / f).rglob("*.py")]
    imported = {name for path in sources for name in ros_imports(path.read_text())}
    optional = {"nav2_msgs"}  # named in a comment of package.xml
    assert {"rclpy", "action_msgs", "launch_ros", "vision_msgs", "nav2_msgs"} <= imported
    assert imported - declared == optional
    assert "nav2_msgs" in (ROOT / "package.xml").read_text()
