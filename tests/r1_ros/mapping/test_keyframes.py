"""Keyframes: the motion gate and what goes when there are too many."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.geometry.poses import pose_matrix
from r1_ros.mapping.keyframes import KeyframeGate, KeyframeRules, Pose, overlap

K = np.array([[100.0, 0, 80], [0, 100.0, 60], [0, 0, 1]])
RULES = KeyframeRules(translation=0.25, rotation=0.35, overlap=0.2, max_count=10)


def pose(x: float = 0.0, yaw: float = 0.0, depth: float = 2.0) -> Pose:
    T = pose_matrix([x, 0, 0], [0, np.sin(yaw / 2), 0, np.cos(yaw / 2)])
    return Pose.of(np.full((120, 160), depth * 1000, np.uint16), K, T)


def gate(*poses: Pose) -> KeyframeGate:
    keyframes = KeyframeGate()
    for one in poses:
        keyframes.add(one, RULES)
    return keyframes


@pytest.mark.parametrize(
    ("candidate", "new"),
    [
        (pose(), False),
        (pose(x=0.2), False),
        (pose(x=0.3), True),
        (pose(yaw=0.3), False),
        (pose(yaw=0.4), True),
        (pose(x=0.2, yaw=0.3), False),
    ],
)
def test_movement_makes_a_keyframe(candidate: Pose, new: bool) -> None:
    assert gate(pose()).is_new(candidate, RULES) is new


def test_the_first_image_is_a_keyframe() -> None:
    assert KeyframeGate().is_new(pose(), RULES)


def test_coming_back_makes_no_second_keyframe() -> None:
    keyframes = gate(pose(0), pose(1), pose(2))
    assert not keyframes.is_new(pose(0.05), RULES)


def test_low_overlap_makes_a_keyframe_even_without_much_movement() -> None:
    near = KeyframeRules(translation=0.25, rotation=0.35, overlap=0.9, max_count=10)
    keyframes = gate(pose(depth=0.3))
    assert keyframes.is_new(pose(x=0.2, depth=0.3), near)
    assert not keyframes.is_new(pose(x=0.2, depth=0.3), RULES)


def test_zero_thresholds_keep_every_image() -> None:
    every = KeyframeRules(0.0, 0.0, 0.0, 10)
    assert gate(pose()).is_new(pose(), every)


def test_overlap_of_known_views() -> None:
    assert overlap(pose(), pose()) == 1
    assert overlap(pose(yaw=np.pi), pose()) == 0
    # 160 px at 2 m with f = 100 px are 3.2 m; half of it is shifted out
    assert overlap(pose(x=1.6), pose()) == pytest.approx(0.5, abs=0.07)
    assert overlap(pose(depth=3.0), pose(depth=2.0)) == 0  # hidden behind a wall
    assert overlap(pose(depth=0.0), pose()) == 1


def test_of_the_two_most_alike_the_older_goes() -> None:
    rules = KeyframeRules(0.25, 0.35, 0.5, max_count=3)
    keyframes = gate(pose(0), pose(5), pose(5.1))
    assert keyframes.add(pose(9), rules) == [1]
    assert len(keyframes) == 3
    keyframes = gate(pose(0), pose(3), pose(6))
    assert keyframes.add(pose(6.5), rules) == [2]


def test_the_bound_holds_over_a_long_drive() -> None:
    rules = KeyframeRules(0.25, 0.35, 0.5, max_count=5)
    keyframes, kept = KeyframeGate(), []
    for index in range(40):
        kept.append(index * 0.3)
        for removed in keyframes.add(pose(index * 0.3), rules):
            del kept[removed]
    assert len(keyframes) == len(kept) == 5
    assert kept[-1] == pytest.approx(39 * 0.3) and kept[0] < 3  # both ends of the drive remain
