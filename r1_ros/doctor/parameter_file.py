"""Check a parameter file against the nodes' parameter table."""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from r1_ros.configuration.parameter_schema import InvalidParameterError, ParameterGroup
from r1_ros.configuration.parameters import CONFIGS, CameraConfig, MapperConfig
from r1_ros.configuration.share_files import share_file
from r1_ros.configuration.text_files import TextFileError, read_text
from r1_ros.doctor.check import Check

# Every ROS node has these; they are not in our table.
_COMMON = ("use_sim_time", "qos_overrides", "start_type_description_service")


def check_parameters(path: Path | None = None) -> list[Check]:
    """Names and values of a parameter file; None: the one that ships with the package."""
    path = path or share_file("config/scene_understanding.yaml")
    try:
        content = yaml.safe_load(read_text(path))
    except TextFileError as error:
        return [Check("parameters", str(path), "fail", str(error))]
    except yaml.YAMLError as error:
        reason = " ".join(str(error).split())
        return [Check("parameters", str(path), "fail", f"not YAML: {reason}")]
    if not isinstance(content, dict):
        return [Check("parameters", str(path), "fail", "not a parameter file: no node names")]
    checks: list[Check] = []
    for key, entry in content.items():
        values = entry.get("ros__parameters") if isinstance(entry, dict) else None
        if not isinstance(values, dict):
            checks.append(Check("parameters", str(key), "fail", "has no ros__parameters below it"))
            continue
        for name in entry.keys() - {"ros__parameters"}:
            text = "stands beside ros__parameters, not below it"
            checks.append(Check("parameters", f"{key} {name}", "fail", text))
        checks += _entry(str(key), values)
    bad = [check for check in checks if check.status != "ok"]
    return bad or [Check("parameters", str(path), "ok", f"{len(checks)} entries")]


def _entry(key: str, values: dict[str, Any]) -> list[Check]:
    node = key.rsplit("/", 1)[-1]
    if node in CONFIGS:
        configs: list[type[ParameterGroup]] = [CONFIGS[node]]
    elif node in ("*", "**"):
        configs = list(CONFIGS.values())
    else:
        return [Check("parameters", key, "warn", f"no such node; there are {', '.join(CONFIGS)}")]
    checks = []
    owned: dict[type[ParameterGroup], dict[str, Any]] = {config: {} for config in configs}
    cameras: dict[str, dict[str, Any]] = {name: {} for name in _cameras(values)}
    for name, value in _flat(values).items():
        first, _, rest = name.partition(".")
        if first in _COMMON:
            continue
        owners = [config for config in configs if name in _names(config)]
        if first in cameras and rest in _names(CameraConfig):
            cameras[first][rest] = value
        elif not owners:
            known = [name for config in configs for name in _names(config)]
            if first in cameras:
                known = [f"{first}.{name}" for name in _names(CameraConfig)]
            checks.append(Check("parameters", f"{key} {name}", "warn", _unknown(name, known)))
        for config in owners:
            owned[config][name] = value
    for config, own in owned.items():
        checks += _values(f"{key} ", config, own)
    for camera, own in cameras.items():
        checks += _values(f"{key} {camera}.", CameraConfig, own)
    return checks or [Check("parameters", key, "ok", f"{len(values)} parameters")]


def _unknown(name: str, known: Sequence[str]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"no node has it; is it {near[0]}?" if near else "no node has it"


def _flat(values: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Parameters by full name, as `front.color_topic`."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, dict):
            flat |= _flat(value, f"{prefix}{name}.")
        else:
            flat[f"{prefix}{name}"] = value
    return flat


def _cameras(values: dict[str, Any]) -> tuple[str, ...]:
    try:
        return MapperConfig(cameras=values.get("cameras", "")).camera_names()
    except InvalidParameterError:
        return ()  # said of the value itself


def _names(config: type[ParameterGroup]) -> set[str]:
    return {spec.name for spec in dataclasses.fields(config)}


def _values(where: str, config: type[ParameterGroup], values: dict[str, Any]) -> list[Check]:
    """What is wrong with them: together, as rules span them, and each that is wrong alone."""
    try:
        config(**values)
    except InvalidParameterError as error:
        together = Check("parameters", where.rstrip(" ."), "fail", str(error))
    else:
        return []
    alone = []
    for name, value in values.items():
        try:
            config(**{name: value})
        except InvalidParameterError as error:
            alone.append(Check("parameters", f"{where}{name}", "fail", str(error)))
    return alone or [together]
