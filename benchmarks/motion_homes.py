"""Homes for `plan_motion.py`: recorded and mapped as by a robot, and what really stands there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np
import torch
from scipy.spatial import cKDTree

from r1_model.motion.approach import reachable_poses
from r1_model.motion.free_space import FreeSpace, RobotShape, free_space
from r1_model.motion.paths import path_length, poses_along, ways_from
from r1_model.text.answer import Box
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.rgbd_frame import RgbdFrame
from r1_ros.mapping.scene_map import SceneMap
from r1_ros.motion.simulated_base import ARM_M, MappedSpace
from r1_ros.runtime.errors import BadMessageError
from r1_training.common.present import present
from r1_training.synthetic.camera.observe import rendered
from r1_training.synthetic.camera.packed_rooms import PackedRooms, pack_rooms
from r1_training.synthetic.camera.sensor import apply_sensor, noisy_poses, sample_levels
from r1_training.synthetic.camera.trajectories import intrinsics, look_at, smooth_path
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.homes import make_home
from r1_training.synthetic.rooms.surfaces import surface_points

FIRST_SEED = 930_000  # homes that nothing was tuned on: 910,000 to 910,006 were looked at
HEIGHT, WIDTH = 120, 160
FRAMES = 60  # a room, of the walk around it and of the robot's tour
STOPS = 6  # of the tour, a room
LEAST_PIXELS = 60  # of all frames: what fewer show was not seen
SHAPE = RobotShape(radius=0.2, height=1.2)
TRUE_STEP = 0.05  # metres: what is lower is driven over
SPACING = 0.015  # of the true surfaces' points
CAMERA_M = 1.1  # height of the robot's camera


class Recorder:
    """Records a home and maps it, with one sensor.

    Args:
        home: what stands there now; it may be changed between frames.
    """

    def __init__(self, home: Room) -> None:
        self.packed = pack_rooms([home], views=1)
        self.generator = torch.Generator().manual_seed(home.seed)
        self.level = sample_levels(1, self.generator)
        self.map = SceneMap(MapperConfig())
        self.shown: Counter[int] = Counter()
        self.stamp = 0

    def add(self, pose: np.ndarray, fov: float, packed: PackedRooms | None = None) -> None:
        """One frame from a true pose T_map_camera (4, 4) into the map, where it is believed."""
        K = intrinsics(torch.tensor([fov]), HEIGHT, WIDTH)
        T = torch.from_numpy(pose)[None, None]
        seen, _ = rendered(packed or self.packed, K[:, None], T, HEIGHT, WIDTH, None, 1.0)
        color, depth, instance = apply_sensor(seen, self.level, self.generator)
        ids, counts = torch.unique(instance[depth > 0], return_counts=True)
        self.shown.update(dict(zip(ids.tolist(), counts.tolist(), strict=True)))
        believed = noisy_poses(T.float(), self.level, self.generator)[0, 0].double().numpy()
        self.stamp += 100_000_000
        frame = RgbdFrame(
            color=color[0, 0].numpy(),
            depth=(depth[0, 0] * 1000).round().numpy().astype(np.uint16),  # millimetres
            K=K[0].double().numpy(),
            T_scene_camera=believed,
            stamp=self.stamp,
            frame_id="camera_optical_frame",
        )
        with suppress(BadMessageError):  # nothing in range: the mapper leaves such a frame out, too
            self.map.add_frame(frame, MapperConfig())


class TrueHome:
    """What really stands there, for a robot that comes along."""

    def __init__(self, room: Room) -> None:
        self.room = room
        points = surface_points(room.primitives, SPACING, TRUE_STEP, SHAPE.height)
        self.tree = cKDTree(points[:, :2])

    def space(self, resolution: float) -> FreeSpace:
        """Where the robot really fits."""
        points = surface_points(self.room.primitives, 0.025, -0.1, 1.4)
        exact = replace(SHAPE, clearance=0.0)
        return free_space(points, exact, resolution, floor=0.0)

    def leads_to(self, boxes: Sequence[Box]) -> bool:
        """Could the robot get to all of the boxes if it knew what really stands there?"""
        space = self.space(0.02)
        start = space.widest_place(self.room.T_map_room[:2, 3])
        ways = None if start is None else ways_from(space, start)
        return ways is not None and all(reachable_poses(b, ways, 0.22, ARM_M) for b in boxes)

    def touched(self, poses: Sequence[np.ndarray]) -> int:
        """At how many of the poses (3,) the robot touches something."""
        if not poses:
            return 0
        return int((self.tree.query(np.array(poses)[:, :2])[0] < SHAPE.radius).sum())


@dataclass
class Home:
    """A home with its map and its goals."""

    room: Room
    recorder: Recorder
    mapped: MappedSpace
    true: TrueHome
    visible: list[int]
    fov: float


def make(seed: int) -> Home:
    """The home of a seed, recorded and mapped."""
    room = make_home(FIRST_SEED + seed, "test", 1 + seed % 2)
    recorder = Recorder(room)
    frames = FRAMES * (1 + seed % 2)
    true = TrueHome(room)
    rng = np.random.default_rng([room.seed, 7])
    path, fov = smooth_path(room, rng, frames)
    around = tour(true.space(0.05), STOPS * (1 + seed % 2), frames, rng)
    for pose in (*path, *around):
        recorder.add(pose, fov)
    visible = [t.id for t in room.objects if recorder.shown[t.id] >= LEAST_PIXELS]
    points = recorder.map.snapshot().scene.points
    mapped = MappedSpace(points, around[-1, :2, 3])
    return Home(room, recorder, mapped, true, visible, fov)


def tour(space: FreeSpace, stops: int, frames: int, rng: np.random.Generator) -> np.ndarray:
    """Camera poses (frames, 4, 4) of a robot that is steered to places all over its free space."""
    start = present(space.widest_place(space.low), "free space of a home")
    ways = present(ways_from(space, start), "ways through a home")
    places = space.centers(np.argwhere(np.isfinite(ways.lengths)))
    chosen = [start]
    for _ in range(stops):
        away = np.linalg.norm(places[:, None] - np.array(chosen), axis=2).min(1)
        chosen.append(places[int(away.argmax())])
    left, way = chosen[1:], [start[None]]
    while left:
        ways = present(ways_from(space, way[-1][-1]), "ways through a home")
        left.sort(key=lambda place: ways.length_to(place))
        way.append(present(ways.path_to(left.pop(0)), "a way"))
    path = np.concatenate(way)
    poses = poses_along(path, path_length(path) / frames, 0.0)
    poses = poses[np.linspace(0, len(poses) - 1, frames).astype(int)]
    yaw = poses[:, 2] + 0.8 * np.sin(np.arange(frames) + rng.uniform(0, 6))
    eye = np.column_stack([poses[:, :2], np.full(frames, CAMERA_M)])
    return look_at(eye, eye + np.column_stack([np.cos(yaw), np.sin(yaw), np.full(frames, -0.5)]))


def recorded_again(home: Home) -> Recorder:
    """A recorder whose map begins as the home's."""
    recorder = Recorder(home.room)
    recorder.map.replace(home.recorder.map.snapshot().scene, MapperConfig())
    return recorder
