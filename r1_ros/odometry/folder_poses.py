"""Poses and a cloud for an RGB-D folder that has none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from r1_ros.bags.rgbd_folder import RgbdFolder, RgbdFolderError
from r1_ros.mapping.tsdf import TsdfVolume
from r1_ros.odometry.camera_motion import Motion, camera_motion, is_motion, look
from r1_ros.odometry.upright import upright
from r1_ros.pictures.ply import write_ply

# Of two views of a room that moves on 0.65 and more fits; a slide along a wall, which no feature
# speaks against, has up to 0.5.
_LEAST_FITNESS, _LEAST_WITHOUT_FEATURES = 0.3, 0.5
_VOXEL_M = 0.02
_MAX_BLOCKS = 100_000
_OBSERVATIONS = 3.0
_LEAST_DEPTH = 0.02  # of the pixels


class TrackingLostError(ValueError):
    """Between two images nobody knows how the camera moved; the message names them."""


@dataclass(frozen=True)
class FolderPoses:
    """What was found.

    Attributes:
        poses: (N, 4, 4) T_map_camera of each frame, metres; z up, floor at 0.
        points, colors: (M, 3) float32 metres and uint8, the fused cloud in the map.
        levelled: up is the normal of a level plane; else it is what was up in the pictures.
        worst: the least fitness of all motions, 0 to 1; at 1 all depth of a view lay on the last.
    """

    poses: np.ndarray
    points: np.ndarray
    colors: np.ndarray
    levelled: bool
    worst: float


def find_poses(
    folder: RgbdFolder, depth_max: float, on_frame: Callable[[int], None] = lambda _: None
) -> FolderPoses:
    """Follow the camera from image to image, fuse, and turn the map upright.

    Nothing closes loops: errors add up.

    Args:
        folder: at least two frames; its poses are not read.
        depth_max: metres; depth beyond it is not used.
        on_frame: called with the number of frames that are done.

    Raises:
        TrackingLostError: see there.
        RgbdFolderError: an image is damaged, or there are too few.
    """
    if len(folder.frames) < 2:
        raise RgbdFolderError(f"{folder.path}: {len(folder.frames)} frames; poses need two")
    volume = TsdfVolume(_VOXEL_M, _MAX_BLOCKS)
    poses: list[np.ndarray] = []
    earlier, worst = None, 1.0
    for number, frame in enumerate(folder.frames):
        color, depth = folder.read_color(frame), _millimetres(folder, folder.read_depth(frame))
        usable = np.count_nonzero((depth > 0) & (depth < 1000 * depth_max))
        if usable < _LEAST_DEPTH * depth.size:
            raise TrackingLostError(
                f"{frame.depth_path}: {usable} of {depth.size} pixels hold depth below "
                f"{depth_max:g} m, too few to go by"
            )
        later = look(color, depth)
        if earlier is None:
            pose = np.eye(4)
        else:
            motion = camera_motion(earlier, later, folder.K, depth_max)
            _require_tracked(motion, folder, number)
            worst = min(worst, motion.fitness)
            pose = poses[-1] @ motion.T_earlier_later
        volume.integrate(depth, np.ascontiguousarray(color), folder.K, pose, depth_max)
        poses.append(pose)
        earlier = later
        on_frame(number + 1)
    points, colors, _ = volume.extract(min(_OBSERVATIONS, len(poses)))
    if not len(points):
        raise RgbdFolderError(f"{folder.path}: no surface was seen often enough to map it")
    stack = np.stack(poses)
    up = -stack[:, :3, 1].mean(axis=0)
    T_map_first, levelled = upright(points, up / np.linalg.norm(up), stack[0, :3, 2])
    turned = points @ T_map_first[:3, :3].T + T_map_first[:3, 3]
    return FolderPoses(T_map_first @ stack, turned.astype(np.float32), colors, levelled, worst)


def write_poses(folder: RgbdFolder, found: FolderPoses) -> tuple[Path, Path]:
    """`trajectory.txt` and `cloud.ply` in the folder; both paths.

    Raises:
        RgbdFolderError: it has a trajectory already, or cannot be written.
    """
    trajectory, cloud = folder.path / "trajectory.txt", folder.path / "cloud.ply"
    lines = ["# seconds tx ty tz qx qy qz qw name: by odometry alone, see docs/book/bag.md"]
    for frame, pose in zip(folder.frames, found.poses, strict=True):
        numbers = [*pose[:3, 3], *Rotation.from_matrix(pose[:3, :3]).as_quat()]
        lines.append(f"{frame.time:.6f} {' '.join(f'{n:.6f}' for n in numbers)} {frame.name}")
    try:
        with trajectory.open("x") as file:
            file.write("\n".join(lines) + "\n")
        write_ply(cloud, found.points, found.colors)
    except OSError as error:
        raise RgbdFolderError(f"cannot write {error.filename}: {error.strerror}") from error
    return trajectory, cloud


def _millimetres(folder: RgbdFolder, depth: np.ndarray) -> np.ndarray:
    if folder.depth_scale == 0.001:
        return depth
    return np.rint(np.minimum(depth * (1000 * folder.depth_scale), 65535)).astype(np.uint16)


def _require_tracked(motion: Motion, folder: RgbdFolder, number: int) -> None:
    T = motion.T_earlier_later
    least = _LEAST_FITNESS if motion.features else _LEAST_WITHOUT_FEATURES
    if motion.fitness >= least and is_motion(T):
        return
    moved = float(np.linalg.norm(T[:3, 3]))
    turned = float(np.degrees(Rotation.from_matrix(T[:3, :3]).magnitude()))
    before, after = (folder.frames[number + step].name for step in (-1, 0))
    raise TrackingLostError(
        f"{folder.path}: tracking is lost between frames {before} and {after} (number {number + 1} "
        f"of {len(folder.frames)}): {motion.fitness:.0%} of the depth fits, {motion.features} "
        f"features agree, {moved:.2f} m and {turned:.0f} degrees apart. Record slower or with more "
        "images a second, and keep things of different shape in view; or give the parts before and "
        "after as folders of their own"
    )
