"""The wheels of a simulated robot: it drives through the free space of a map, and nowhere else."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from r1_model.motion.approach import distance_to, reachable_poses
from r1_model.motion.free_space import FreeSpace, MotionError, RobotShape, free_space
from r1_model.motion.paths import is_clear, path_length, poses_along, ways_from
from r1_model.text.answer import Box
from r1_model.text.boxes import contains
from r1_ros.plans.changes import Change, Kind
from r1_ros.plans.robot import OnStatus, ShouldStop, SkillError, SkillStoppedError

ARM_M = 1.2  # how far the robot's arm reaches from the robot's middle, seen from above
_STAND_M = 0.08  # from the robot's edge to the side of a thing, at least
_AT_M = 0.15  # nearer than this the robot is there
_LOOK_M, _LOOK_RAD = 0.2, 0.5  # of way and of turning between two looks at the map
_TICK_S = 0.05
_MOST_WAYS = 4  # that turn out to be blocked
_LEAF_M = 0.3  # what is thicker is no door, but has one
_DOOR_M = 0.1  # a door's leaf is mapped this far from its box, at most
_BLOCKED = Change(Kind.BLOCKED, "")


@dataclass(frozen=True)
class MappedSpace:
    """What a base drives in.

    Attributes:
        points: (N, 3) of the map, metres, frame of the plan.
        start: (2,) where the robot is taken to stand at first.
        map_id: another one is another map: the robot starts anew in it.
        frame_id: of the map.
    """

    points: np.ndarray
    start: np.ndarray
    map_id: int = 0
    frame_id: str = "map"


# the newest map, the same object while it has not changed; None: there is none
FindMap = Callable[[ShouldStop], MappedSpace | None]


@dataclass(frozen=True)
class Watch:
    """Who hears what the base does.

    Attributes:
        on_path: gets poses (K, 3) of a way that it sets out on: x, y [m], yaw [rad].
        on_pose: gets each pose (3,) that it is at.
        on_close: called when it is not used any more.
    """

    on_path: Callable[[np.ndarray], object] = field(default=lambda path: None)
    on_pose: Callable[[np.ndarray], object] = field(default=lambda pose: None)
    on_close: Callable[[], object] = field(default=lambda: None)


class SimulatedBase:
    """Drives, as fast as it is told to.

    Args:
        find_map: what it drives by.
        speed: m/s.
        shape: of the robot.
        watch: who hears what it does.

    Attributes:
        pose: (3,) x, y [m] and yaw [rad] in the map's frame; None before the first drive.
        frame_id: of the boxes that it is sent to; it drives in a map of this frame alone.
    """

    def __init__(
        self,
        find_map: FindMap,
        speed: float,
        shape: RobotShape | None = None,
        watch: Watch | None = None,
    ) -> None:
        self._find_map, self._speed = find_map, speed
        self._shape, self._watch = shape or RobotShape(), watch or Watch()
        self.pose: np.ndarray | None = None
        self.frame_id = "map"
        self._mapped: MappedSpace | None = None
        self._space: FreeSpace | None = None
        self._opened: list[Box] = []

    def close(self) -> None:
        """Let go of the map."""
        self._watch.on_close()

    def opened(self, box: Box) -> None:
        """A door was opened: what the map shows in its box is not in the way any more.

        A wardrobe that was opened still stands there.
        """
        if box.size[:2].min() <= _LEAF_M:
            self._opened.append(box)
            self._space = None

    def closed(self, box: Box) -> None:
        """A door was closed again."""
        self._opened = [o for o in self._opened if not np.allclose(o.center, box.center, atol=0.1)]
        self._space = None

    def can_reach(self, box: Box) -> bool:
        """Does the arm reach the box from here? Yes where nothing is known of here."""
        return self.pose is None or distance_to(box, self.pose[:2]) <= ARM_M

    def drive_to(
        self,
        box: Box,
        should_stop: ShouldStop,
        on_status: OnStatus,
        around: Sequence[Box] = (),
    ) -> bool:
        """Drive to a side of a box; False: there is no map to drive by, so nothing was done.

        The side with the shortest way is taken; where the robot is there already, the next one.

        Args:
            box: where to.
            should_stop: True ends it.
            on_status: gets what goes on.
            around: what the thing is in; it is reached into.

        Raises:
            SkillError: no way leads there.
            SkillStoppedError: `should_stop`.
        """
        for _ in range(_MOST_WAYS):
            space = self._look(should_stop)
            if space is None:
                on_status("there is no free floor in a map; it drives without one")
                return False
            path, yaw = self._way(space, box, around, self._place(space))
            goal = path[-1]
            length = path_length(path)
            on_status(f"driving {length:.1f} m to ({goal[0]:.2f}, {goal[1]:.2f})")
            if self._follow(path, yaw, should_stop):
                return True
            on_status("the way is blocked; looking for another one")
        raise SkillError(f"{_MOST_WAYS} ways to the {_name(box)} were blocked", _BLOCKED)

    def _place(self, space: FreeSpace) -> np.ndarray:
        """Where the robot is (2,); at first in the largest area, near where it is taken to be."""
        if self.pose is None and self._mapped is not None:
            start = space.widest_place(self._mapped.start)
            if start is not None:
                self.pose = np.array([*start, 0.0])
        if self.pose is None:
            raise SkillError("no free floor is mapped")
        return self.pose[:2]

    def _way(
        self, space: FreeSpace, box: Box, around: Sequence[Box], here: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """The way (M, 2) to the side of a box, and where the robot looks there [rad]."""
        ways = ways_from(space, here)
        if ways is None:
            where = f"({here[0]:.2f}, {here[1]:.2f})"
            raise SkillError(f"no free floor is mapped where the robot is, at {where}")
        near = self._shape.radius + self._shape.clearance + _STAND_M
        poses = reachable_poses(box, ways, near, ARM_M, around)
        others = [pose for pose in poses if np.linalg.norm(pose[:2] - here) > _AT_M]
        # it is at one of the sides already: that did not do
        chosen = others if len(others) < len(poses) and others else poses
        for pose in chosen:
            path = ways.path_to(pose[:2])
            if path is not None:
                return path, float(pose[2])
        raise SkillError(
            f"no side of the {_name(box)} can be reached in the mapped space", _BLOCKED
        )

    def _follow(self, path: np.ndarray, yaw: float, should_stop: ShouldStop) -> bool:
        """Drive along a way; False: what is left of it is blocked."""
        poses = poses_along(path, min(self._speed * _TICK_S, 0.1), yaw)
        self._watch.on_path(poses)
        looked = before = poses[0]
        for number, pose in enumerate(poses):
            way = float(np.linalg.norm(pose[:2] - before[:2]))
            _wait(way / self._speed, should_stop)
            self.pose = before = pose
            self._watch.on_pose(pose)
            if _is_far(looked, pose) and number + 1 < len(poses):
                looked, known = pose, self._space
                space = self._look(should_stop)
                if space is not known and not _all_clear(space, poses[number:]):
                    return False
        return True

    def _look(self, should_stop: ShouldStop) -> FreeSpace | None:
        """Free space of the newest map; None: there is none, or nothing is free in it."""
        mapped = self._find_map(should_stop) or self._mapped
        if mapped is None or mapped.frame_id != self.frame_id:
            return None
        if self._mapped is not None and mapped.map_id != self._mapped.map_id:
            self.pose, self._opened, self._space = None, [], None
        if mapped is not self._mapped or self._space is None:
            self._mapped, self._space = mapped, self._free(mapped.points)
        return self._space

    def _free(self, points: np.ndarray) -> FreeSpace | None:
        for door in self._opened:
            # no wider: beside the leaf stands the frame, which stays
            thin = np.arange(3) == int(door.size[:2].argmin())
            leaf = replace(door, size=door.size + 2 * _DOOR_M * thin)
            floor = door.center[2] - door.size[2] / 2
            above = points[:, 2] > floor + self._shape.step
            points = points[~(contains(leaf, points) & above)]
        try:
            space = free_space(points, self._shape)
        except MotionError:
            return None
        return space if space.free.any() else None


def _is_far(a: np.ndarray, b: np.ndarray) -> bool:
    """Do two poses (3,) show so different parts of the room that it is looked at again?"""
    turned = abs(math.remainder(float(b[2] - a[2]), math.tau))
    return bool(np.linalg.norm(b[:2] - a[:2]) >= _LOOK_M) or turned >= _LOOK_RAD


def _all_clear(space: FreeSpace | None, poses: np.ndarray) -> bool:
    return space is not None and all(
        is_clear(space, a, b) for a, b in zip(poses[:-1, :2], poses[1:, :2], strict=True)
    )


def _name(box: Box) -> str:
    return box.label[:60] or "place"


def _wait(seconds: float, should_stop: ShouldStop) -> None:
    deadline = time.monotonic() + seconds
    while True:
        if should_stop():
            raise SkillStoppedError
        rest = deadline - time.monotonic()
        if rest <= 0:
            return
        time.sleep(min(rest, _TICK_S))
