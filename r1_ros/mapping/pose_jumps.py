"""See where a camera's pose jumps: after a loop closure, a relocalisation, in a bag that loops.

What was mapped before then stands beside what is mapped afterwards: walls and things are there
twice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

_SPEED = 1.5  # of a robot, or a hand [m/s]
_TURN, _TURN_SPEED = np.radians(15.0), np.radians(240.0)
_APART_NS = 10**9  # between frames that are farther apart a camera may be carried away


@dataclass(frozen=True)
class PoseJump:
    """Attributes: frame: of the camera; metres, degrees, seconds: between the two poses."""

    frame: str
    metres: float
    degrees: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"the pose of {self.frame!r} jumped by {self.metres:.2f} m and {self.degrees:.0f}° "
            f"within {self.seconds:.2f} s (loop closure, relocalisation?): what was mapped before "
            "may be there twice; ~/reset starts a new map"
        )


class PoseJumps:
    """Holds each frame's last pose."""

    def __init__(self) -> None:
        self._last: dict[str, tuple[int, np.ndarray]] = {}

    def clear(self) -> None:
        """Forget all poses."""
        self._last.clear()

    def see(self, frame: str, stamp: int, T: np.ndarray, limit: float) -> PoseJump | None:
        """Compare a pose with that of before.

        Args:
            frame: of the camera.
            stamp: nanoseconds.
            T: (4, 4), T_map_camera.
            limit: metres that are none, beside what a camera moves at 1.5 m/s; 0: nothing is one.
        """
        before = self._last.get(frame)
        self._last[frame] = (stamp, T)
        if before is None or not limit or not 0 < stamp - before[0] <= _APART_NS:
            return None
        seconds = (stamp - before[0]) / 1e9
        metres = float(np.linalg.norm(T[:3, 3] - before[1][:3, 3]))
        cosine = (np.trace(T[:3, :3] @ before[1][:3, :3].T) - 1) / 2
        angle = float(np.arccos(np.clip(cosine, -1.0, 1.0)))
        if metres <= limit + _SPEED * seconds and angle <= _TURN + _TURN_SPEED * seconds:
            return None
        return PoseJump(frame, metres, float(np.degrees(angle)), seconds)
