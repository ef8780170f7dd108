"""Files that follow from the code agree with it."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest
import yaml

pytest.importorskip("rclpy")

from r1_ros.configuration.parameters import CONFIGS  # noqa: E402
from r1_ros.doctor.parameter_file import check_parameters  # noqa: E402

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", ROOT / "tools/generate_docs.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules["generate_docs"] = module
    spec.loader.exec_module(module)
    return module


def test_parameter_file_is_up_to_date(generator: ModuleType) -> None:
    written = (ROOT / "config" / "scene_understanding.yaml").read_text()
    assert written == generator.parameters_yaml(), "run: python tools/generate_docs.py"


def test_documented_interfaces_are_up_to_date(generator: ModuleType) -> None:
    written = (ROOT / "docs" / "interfaces.md").read_text()
    assert written == generator.interfaces_markdown(written), "run: python tools/generate_docs.py"


def test_every_interface_and_parameter_is_documented() -> None:
    text = (ROOT / "docs" / "interfaces.md").read_text()
    for folder in ("msg", "srv", "action"):
        for file in (ROOT / folder).glob(f"*.{folder}"):
            assert f"### {file.stem}\n" in text
    for config in CONFIGS.values():
        for name in config.__dataclass_fields__:
            assert f"| `{name}` |" in text


def test_every_interface_field_has_a_comment() -> None:
    for folder in ("msg", "srv", "action"):
        for file in (ROOT / folder).glob(f"*.{folder}"):
            assert file.read_text().startswith("# "), file.name


def test_parameter_file_is_valid() -> None:
    (check,) = check_parameters()
    assert check.status == "ok"


@pytest.mark.parametrize(
    ("text", "status", "message"),
    [
        ("/**/scene_mapper: {ros__parameters: {voxel_size: 9.0}}", "fail", "voxel_size must lie"),
        ("scene_mapper: {ros__parameters: {voxel_size: '2 cm'}}", "fail", "must be a float"),
        (
            "scene_mapper: {ros__parameters: {voxelsize: 0.02}}",
            "warn",
            "no node has it; is it voxel_size?",
        ),
        (
            "scene_mapper: {ros__parameters: {}, voxel_size: 0.02}",
            "fail",
            "stands beside ros__parameters",
        ),
        ("scene_mapper: {ros__parameters: {depth_max: 4}}", "fail", "got 4; write 4.0"),
        ("/**: {ros__parameters: {scene_frame: ''}}", "fail", "must not be empty"),
        ("scene_maper: {ros__parameters: {voxel_size: 0.02}}", "warn", "no such node"),
        ("/**/scene_mapper: {voxel_size: 0.02}", "fail", "no ros__parameters"),
        (
            "scene_mapper: {ros__parameters: {cameras: a, a: {depth_max: -1.0}}}",
            "fail",
            "depth_max",
        ),
        ("scene_mapper: {ros__parameters: {cameras: a, b: {depth_max: 1.0}}}", "warn", "no node"),
        ("scene_mapper: {ros__parameters: {cameras: a, a: {topic: b}}}", "warn", "no node has it"),
        ("scene_mapper: {ros__parameters: {cameras: a-b}}", "fail", "cannot be the name"),
        ("just text", "fail", "not a parameter file"),
        ("a: [", "fail", "not YAML"),
    ],
)
def test_bad_parameter_files(tmp_path: Path, text: str, status: str, message: str) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(text)
    checks = check_parameters(path)
    assert any(c.status == status and message in c.detail for c in checks), checks


def test_good_parameters_of_other_shapes(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_text(
        yaml.safe_dump(
            {
                "/**": {"ros__parameters": {"use_sim_time": True, "autostart": False}},
                "/robot1/scene_mapper": {"ros__parameters": {"scene_frame": "odom"}},
                # rules that span parameters are held against all that the entry says
                "/robot2/scene_mapper": {"ros__parameters": {"depth_min": 5.0, "depth_max": 6.0}},
                "/robot3/scene_mapper": {
                    "ros__parameters": {
                        "cameras": "front, rear",
                        "front": {"depth_min": 1.0, "depth_max": 6.0},
                        "rear.color_topic": "/rgb",
                    }
                },
            }
        )
    )
    assert [c.status for c in check_parameters(path)] == ["ok"]


def test_missing_parameter_file(tmp_path: Path) -> None:
    (check,) = check_parameters(tmp_path / "nowhere.yaml")
    assert (check.status, check.detail) == ("fail", f"missing: {tmp_path / 'nowhere.yaml'}")


def test_rviz_configuration_names_our_topics() -> None:
    text = (ROOT / "config" / "scene_understanding.rviz").read_text()
    yaml.safe_load(text)
    assert set(re.findall(r"Value: (/\S+)", text)) == {
        "/scene_mapper/cloud", "/scene_reasoner/markers", "/color/image"
    }  # fmt: skip
