"""How far `r1 poses` drifts on recordings whose poses are known.

    python benchmarks/odometry.py FOLDER [FOLDER ...] [--json FILE]

Each RGB-D folder is followed without its trajectory, which is then held against what was found:
absolute trajectory error (ATE, after the best rigid alignment), and how far off a single step is.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.transform import Rotation

from r1_model.geometry.poses import invert_pose
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.odometry.folder_poses import TrackingLostError, find_poses


def figures(found: np.ndarray, true: np.ndarray) -> dict[str, float]:
    """Errors of a trajectory.

    Args:
        found, true: (N, 4, 4) poses of the camera, metres, each in a frame of its own.
    """
    p, q = found[:, :3, 3], true[:, :3, 3]
    R, _ = Rotation.align_vectors(q - q.mean(0), p - p.mean(0))
    off = np.linalg.norm(R.apply(p - p.mean(0)) - (q - q.mean(0)), axis=1)
    steps = [
        invert_pose(invert_pose(a) @ b) @ (invert_pose(c) @ d)
        for a, b, c, d in zip(true, true[1:], found, found[1:], strict=False)
    ]
    apart = np.array([np.linalg.norm(step[:3, 3]) for step in steps])
    up = found[:, 2, :3] @ np.eye(3) - true[:, 2, :3]  # where the map's up is for the camera
    return {
        "path_m": float(np.linalg.norm(np.diff(q, axis=0), axis=1).sum()),
        "ate_rmse_m": float(np.sqrt((off**2).mean())),
        "ate_worst_m": float(off.max()),
        "step_median_mm": float(1000 * np.median(apart)),
        "step_worst_mm": float(1000 * apart.max()),
        "up_off_deg": float(np.degrees(np.linalg.norm(up[0]))),
    }


def measured(path: Path, depth_max: float) -> dict[str, Any]:
    """Figures of one folder, or why it was lost."""
    posed = RgbdFolder.open(path)
    true = np.stack([frame.pose for frame in posed.frames])
    with tempfile.TemporaryDirectory() as folder:
        for name in ("color", "depth", "camera.json"):
            (Path(folder) / name).symlink_to((path / name).absolute())
        bare = RgbdFolder.open(folder, posed=False)
        begin = time.perf_counter()
        try:
            result = find_poses(bare, depth_max)
        except TrackingLostError as error:
            return {"frames": len(true), "lost": str(error).partition(": ")[2]}
    seconds = time.perf_counter() - begin
    row = {
        "frames": len(true),
        "seconds_a_frame": seconds / len(true),
        "worst_fitness": result.worst,
    }
    return row | {"levelled": result.levelled} | figures(result.poses, true)


def main() -> None:
    """Print a line for each figure of each folder."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", type=Path, nargs="+")
    parser.add_argument("--depth-max", type=float, default=4.0)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    found = {path.name: measured(path, options.depth_max) for path in options.folders}
    for name, row in found.items():
        print(name)
        for key, value in row.items():
            print(f"  {key:18}", f"{value:.3f}" if isinstance(value, float) else value)
    if options.json:
        options.json.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    sys.exit(main())
