"""A camera's pose jumps where a robot cannot have moved so far."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.geometry.poses import pose_matrix
from r1_ros.mapping.pose_jumps import PoseJumps

SECOND = 10**9


def pose(x: float = 0.0, degrees: float = 0.0) -> np.ndarray:
    half = np.radians(degrees) / 2
    return pose_matrix([x, 0.0, 1.0], [0.0, 0.0, np.sin(half), np.cos(half)])


def jumps(*poses: tuple[float, np.ndarray], limit: float = 0.3) -> list[bool]:
    watch = PoseJumps()
    return [watch.see("cam", round(at * SECOND), T, limit) is not None for at, T in poses]


def test_a_robot_that_drives_and_a_hand_that_turns_do_not_jump() -> None:
    driving = [(k / 10, pose(0.12 * k)) for k in range(10)]
    turning = [(k / 30, pose(0.0, 6.0 * k)) for k in range(30)]
    assert not any(jumps(*driving)) and not any(jumps(*turning))


@pytest.mark.parametrize("moved", [pose(0.6), pose(0.0, 60.0)])
def test_a_jump_is_told_once(moved: np.ndarray) -> None:
    assert jumps((0.0, pose()), (0.1, moved), (0.2, moved)) == [False, True, False]


def test_what_it_says() -> None:
    watch = PoseJumps()
    watch.see("cam", 0, pose(), 0.3)
    jump = watch.see("cam", SECOND // 10, pose(0.8), 0.3)
    assert jump is not None and (jump.metres, jump.seconds) == (pytest.approx(0.8), 0.1)
    assert "'cam' jumped by 0.80 m" in str(jump) and "~/reset" in str(jump)


def test_long_gaps_time_that_goes_back_and_other_cameras_are_not_compared() -> None:
    watch = PoseJumps()
    for frame, at, x in (("a", 5, 0.0), ("a", 7, 3.0), ("a", 6, 0.0), ("b", 6, 9.0)):
        assert watch.see(frame, at * SECOND, pose(x), 0.3) is None
    watch.clear()
    assert watch.see("a", 6 * SECOND + 1, pose(5.0), 0.3) is None


def test_it_can_be_switched_off() -> None:
    assert not any(jumps((0.0, pose()), (0.1, pose(5.0)), limit=0.0))
