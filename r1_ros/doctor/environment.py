"""Versions, interfaces, GPU, middleware: what can be told without looking at the network."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from r1_ros.doctor.check import Check
from r1_ros.runtime.dds_transport import PROFILES

# distribution name -> import name, where they differ in more than case
_REQUIRED = {
    "numpy": "numpy",
    "opencv-python-headless": "cv2",
    "open3d-cpu": "open3d",
    "torch": "torch",
    "transformers": "transformers",
    "rosbags": "rosbags",
    "rerun-sdk": "rerun",
    "pillow": "PIL",
}
_OPTIONAL = {
    "tf2_py": "own tf buffer is used instead",
    "sensor_msgs_py": "own reader of point clouds is used instead",
    "vision_msgs": "~/detections is not published",
    "launch_ros": "`ros2 launch` is not available; use `r1 up`",
}
_INTERFACES = ("r1_ros.msg", "r1_ros.srv", "r1_ros.action", "tf2_msgs.msg")


def check_environment() -> list[Check]:
    """Checks of this Python environment and machine."""
    return [*_system(), *_packages(), *_ros(), *_gpu()]


def _system() -> list[Check]:
    version = ".".join(map(str, sys.version_info[:3]))
    supported = (3, 11) <= sys.version_info[:2] <= (3, 12)
    cores = len(os.sched_getaffinity(0))
    return [
        Check("system", "platform", "info", f"{platform.platform()}, {cores} cores"),
        Check(
            "system",
            "python",
            "ok" if supported else "fail",
            f"{version} ({sys.executable})" + ("" if supported else "; needs 3.11 or 3.12"),
        ),
    ]


def _packages() -> list[Check]:
    checks = [Check("packages", "r1_ros", "ok", _version("r1_ros") or "source tree")]
    for distribution, module in _REQUIRED.items():
        found = importlib.util.find_spec(module) is not None
        detail = _version(distribution) or "installed, version unknown"
        missing = f"missing: pip install {distribution} (see requirements-ros-machine.txt)"
        checks.append(
            Check("packages", distribution, "ok" if found else "fail", detail if found else missing)
        )
    return checks


def _version(distribution: str) -> str | None:
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def _ros() -> list[Check]:
    checks = []
    if importlib.util.find_spec("rclpy") is None:
        return [Check("ros", "rclpy", "fail", "missing: source a ROS 2 set-up file or run `make`")]
    from rclpy.utilities import get_rmw_implementation_identifier

    distribution = os.environ.get("ROS_DISTRO", "none sourced (wheels)")
    checks.append(Check("ros", "ROS_DISTRO", "info", distribution))
    checks.append(Check("ros", "rmw", "ok", get_rmw_implementation_identifier()))
    for variable in (
        "ROS_DOMAIN_ID",
        "ROS_AUTOMATIC_DISCOVERY_RANGE",
        "ROS_LOCALHOST_ONLY",
        *PROFILES,
    ):
        if value := os.environ.get(variable):
            checks.append(_variable(variable, value))
    for module in _INTERFACES:
        try:
            importlib.import_module(module)
            checks.append(Check("ros", module, "ok", "importable"))
        except ImportError as error:
            detail = f"{error}; run `make interfaces` or `colcon build`, then source the set-up"
            checks.append(Check("ros", module, "fail", detail))
    for module, effect in _OPTIONAL.items():
        found = importlib.util.find_spec(module) is not None
        checks.append(Check("ros", module, "ok" if found else "info", "" if found else effect))
    return checks


def _variable(name: str, value: str) -> Check:
    if name.endswith("_FILE") and not Path(value).is_file():
        return Check("ros", name, "warn", f"{value} does not exist")
    return Check("ros", name, "info", value)


def _gpu() -> list[Check]:
    if shutil.which("nvidia-smi") is None:
        return [Check("gpu", "nvidia-smi", "info", "no NVIDIA driver: the model runs on the CPU")]
    query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"]
    result = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    if result.returncode:
        return [Check("gpu", "nvidia-smi", "warn", result.stdout.strip() or result.stderr.strip())]
    checks = [Check("gpu", "device", "ok", line) for line in result.stdout.strip().splitlines()]
    if importlib.util.find_spec("torch") is not None:
        import torch

        usable = torch.cuda.is_available()
        detail = f"CUDA {torch.version.cuda}" if usable else "torch cannot use it: see the driver"
        checks.append(Check("gpu", "torch", "ok" if usable else "warn", detail))
    return checks
