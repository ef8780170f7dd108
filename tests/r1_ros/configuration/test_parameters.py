"""The parameter table: each default is valid, each rule names the parameter it is about."""

from __future__ import annotations

import dataclasses

import pytest

pytest.importorskip("rclpy")

from r1_ros.configuration.parameter_schema import InvalidParameterError, live_names, parameter_table
from r1_ros.configuration.parameters import CONFIGS, MapperConfig


@pytest.mark.parametrize("config_class", CONFIGS.values())
def test_defaults_are_valid_and_described(config_class: type) -> None:
    config = config_class()
    for field in dataclasses.fields(config):
        assert field.metadata["description"].endswith("."), field.name
    table = parameter_table(config_class)
    assert all(f"`{field.name}`" in table for field in dataclasses.fields(config))


@pytest.mark.parametrize("config_class", CONFIGS.values())
def test_every_bound_is_enforced(config_class: type) -> None:
    for field in dataclasses.fields(config_class):
        number = type(field.default)
        for bound, step in (("low", -1), ("high", 1)):
            limit = field.metadata[bound]
            if limit is not None:
                with pytest.raises(InvalidParameterError, match=field.name):
                    config_class(**{field.name: number(limit + step)})
        if field.metadata["choices"]:
            with pytest.raises(InvalidParameterError, match=field.name):
                config_class(**{field.name: "nonsense"})


@pytest.mark.parametrize(
    "values",
    [
        {"depth_min": 5.0},
        {"depth_max": float("nan")},
        {"scene_frame": ""},
        {"voxel_size": "0.02"},
        {"max_keyframes": True},
    ],
)
def test_bad_mapper_values_are_refused(values: dict) -> None:
    with pytest.raises(InvalidParameterError, match=next(iter(values))):
        MapperConfig(**values)


def test_live_parameters_are_those_marked() -> None:
    live = live_names(MapperConfig)
    assert "depth_max" in live and "voxel_size" not in live


def test_snapshots_go_to_the_ros_home_by_default(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("ROS_HOME", str(tmp_path))
    assert MapperConfig().snapshot_folder() == tmp_path / "r1_scenes"
    assert MapperConfig(snapshot_directory="/data").snapshot_folder().as_posix() == "/data"
