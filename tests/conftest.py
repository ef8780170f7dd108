"""Fixtures shared by all tests."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, settings

# a busy machine is slow, and that is no failure
settings.register_profile("suite", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("suite")

ROOT = Path(__file__).resolve().parent.parent


def shared_folder() -> Path:
    """The folder with real recordings and annotation excerpts, beside the repository.

    Skips the calling test where it is missing: the data cannot be distributed with the project.
    """
    folder = ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"real data not found: {folder}")
    return folder


@pytest.fixture(scope="session")
def kitchen() -> Path:
    """A real Kinect recording as an RGB-D folder."""
    return shared_folder() / "kitchen"


@pytest.fixture(scope="session")
def annotations() -> Path:
    """Excerpts of the field's annotation files."""
    return shared_folder() / "annotations"


def write_rgbd_folder(folder: Path, frames: int, width: int = 64, height: int = 48) -> Path:
    """An RGB-D folder at 10 Hz: a wall of noise 3.5 m ahead, the camera moving towards it."""
    (folder / "color").mkdir(parents=True)
    (folder / "depth").mkdir()
    lines = ["# timestamp_s tx ty tz qx qy qz qw frame"]
    rng = np.random.default_rng(0)
    for index in range(frames):
        name = f"{index:06d}"
        depth = np.full((height, width), 3500 - 100 * index, np.uint16)
        depth[0, :3] = (0, 65535, 1234)
        color = rng.integers(0, 255, (height, width, 3), np.uint8)
        cv2.imwrite(str(folder / "color" / f"{name}.png"), color)
        cv2.imwrite(str(folder / "depth" / f"{name}.png"), depth)
        lines.append(f"{index / 10:.6f} {0.1 * index} 0 1.5 -0.5 0.5 -0.5 0.5 {name}")
    (folder / "trajectory.txt").write_text("\n".join(lines) + "\n")
    camera = {
        "width": width, "height": height, "fx": 60.0, "fy": 60.0,
        "cx": width / 2, "cy": height / 2,
        "depth_scale_m": 0.001, "depth_invalid": [0, 65535], "rate_hz": 10.0,
    }  # fmt: skip
    (folder / "camera.json").write_text(json.dumps(camera))
    return folder


@pytest.fixture
def rgbd_folder(tmp_path: Path) -> Path:
    """A small RGB-D folder: 6 frames of 64x48 at 10 Hz."""
    return write_rgbd_folder(tmp_path / "rgbd", frames=6)
