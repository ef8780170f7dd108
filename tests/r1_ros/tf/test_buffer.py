"""The tf buffer: chains, interpolation, extrapolation, time that jumps; against tf2 if present."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation, Slerp

from r1_model.geometry.poses import invert_pose, pose_matrix
from r1_ros.tf.buffer import (
    DisconnectedError,
    ExtrapolationError,
    TransformBuffer,
    TransformError,
    UnknownFrameError,
)

SECOND = 10**9


def at(x: float = 0.0, yaw: float = 0.0) -> np.ndarray:
    return pose_matrix([x, 0, 0], [0, 0, np.sin(yaw / 2), np.cos(yaw / 2)])


def moving(buffer: TransformBuffer, seconds=(0, 1, 2)) -> TransformBuffer:
    for second in seconds:
        buffer.set_transform("map", "base", second * SECOND, at(float(second), 0.5 * second))
    buffer.set_transform("base", "camera", 0, at(0.1), static=True)
    return buffer


@pytest.fixture(params=["ours", "tf2"])
def jumping(request: pytest.FixtureRequest) -> TransformBuffer:
    """A buffer with eight seconds of what is about to become the old round."""
    if request.param == "ours":
        return moving(TransformBuffer(), seconds=range(9))
    pytest.importorskip("tf2_py", reason="tf2 is not on PyPI; this runs beside an installed ROS")
    from r1_ros.tf.tf2_buffer import Tf2Buffer

    return moving(Tf2Buffer(), seconds=range(9))


def test_interpolates_position_and_rotation() -> None:
    T = moving(TransformBuffer()).lookup("map", "base", int(0.5 * SECOND))
    np.testing.assert_allclose(T, at(0.5, 0.25), atol=1e-12)


def test_chains_static_and_moving_transforms_both_ways() -> None:
    buffer = moving(TransformBuffer())
    buffer.set_transform("map", "table", 0, at(5.0, 1.0), static=True)
    stamp = int(1.5 * SECOND)
    T = buffer.lookup("table", "camera", stamp)
    np.testing.assert_allclose(T, invert_pose(at(5.0, 1.0)) @ at(1.5, 0.75) @ at(0.1), atol=1e-12)
    np.testing.assert_allclose(buffer.lookup("camera", "table", stamp), invert_pose(T), atol=1e-12)


def test_the_newest_is_at_the_stamp_that_all_edges_have() -> None:
    buffer = moving(TransformBuffer())
    buffer.set_transform("odom", "map", 1 * SECOND, at(10.0))
    buffer.set_transform("odom", "map", 3 * SECOND, at(30.0))
    T, stamp = buffer.latest("odom", "camera")
    assert stamp == 2 * SECOND
    np.testing.assert_allclose(T, buffer.lookup("odom", "camera", stamp))
    T, stamp = buffer.latest("/base", "camera")
    assert stamp is None and T[0, 3] == 0.1
    assert buffer.latest("map", "map")[1] is None
    buffer.set_transform("elsewhere", "island", 0, at())
    for target, error in (("nowhere", UnknownFrameError), ("elsewhere", DisconnectedError)):
        with pytest.raises(error):
            buffer.latest(target, "camera")


def test_a_frame_is_itself_and_a_leading_slash_means_nothing() -> None:
    buffer = moving(TransformBuffer())
    np.testing.assert_array_equal(buffer.lookup("any", "any", 0), np.eye(4))
    np.testing.assert_allclose(buffer.lookup("/map", "/base", SECOND), at(1.0, 0.5), atol=1e-12)


@pytest.mark.parametrize(
    ("seconds", "into_future"), [(2.001, True), (-0.001, False), (100.0, True)]
)
def test_never_extrapolates(seconds: float, into_future: bool) -> None:
    with pytest.raises(ExtrapolationError, match="base") as error:
        moving(TransformBuffer()).lookup("map", "camera", int(seconds * SECOND))
    assert error.value.into_future is into_future


def test_edges_above_the_common_ancestor_are_not_needed() -> None:
    buffer = TransformBuffer()
    buffer.set_transform("map", "base", 0, at())  # only at 0
    buffer.set_transform("base", "camera", 0, at(0.1), static=True)
    buffer.set_transform("base", "arm", 0, at(0.3), static=True)
    np.testing.assert_allclose(buffer.lookup("arm", "camera", 9 * SECOND), at(-0.2), atol=1e-12)


def test_names_what_is_missing() -> None:
    buffer = moving(TransformBuffer())
    buffer.set_transform("odom", "other", 0, at(), static=True)
    with pytest.raises(UnknownFrameError, match="nowhere"):
        buffer.lookup("map", "nowhere", 0)
    with pytest.raises(DisconnectedError, match="odom"):
        buffer.lookup("map", "other", 0)


def test_a_loop_of_parents_ends() -> None:
    buffer = TransformBuffer()
    buffer.set_transform("a", "b", 0, at(), static=True)
    buffer.set_transform("b", "a", 0, at(), static=True)
    with pytest.raises(DisconnectedError, match="loop"):
        buffer.lookup("c", "a", 0)


@pytest.mark.parametrize(("parent", "child"), [("a", "a"), ("", "b"), ("a", "/")])
def test_nonsense_edges_are_refused(parent: str, child: str) -> None:
    with pytest.raises(TransformError):
        TransformBuffer().set_transform(parent, child, 0, at())


def test_the_cache_is_bounded_in_time_and_frames() -> None:
    buffer = TransformBuffer(cache_seconds=2.0)
    for second in range(10):
        buffer.set_transform("map", "base", second * SECOND, at(float(second)))
    with pytest.raises(ExtrapolationError):
        buffer.lookup("map", "base", 6 * SECOND)
    buffer.lookup("map", "base", 7 * SECOND)
    for index in range(10_000 - 1):
        buffer.set_transform("map", f"f{index}", 0, at(), static=True)
    with pytest.raises(TransformError, match="too many|more than"):
        buffer.set_transform("map", "one_more", 0, at(), static=True)


def test_late_and_repeated_transforms_find_their_place() -> None:
    buffer = moving(TransformBuffer(), seconds=(0, 2, 1))
    buffer.set_transform("map", "base", SECOND, at(7.0))
    np.testing.assert_allclose(buffer.lookup("map", "base", SECOND), at(7.0), atol=1e-12)
    np.testing.assert_allclose(buffer.lookup("map", "base", 2 * SECOND), at(2.0, 1.0), atol=1e-12)


def test_one_old_transform_is_ignored_and_two_are_a_jump() -> None:
    buffer = moving(TransformBuffer(cache_seconds=5.0), seconds=(100, 101))
    buffer.set_transform("map", "base", 1 * SECOND, at(1.0))
    buffer.lookup("map", "base", 101 * SECOND)
    buffer.set_transform("map", "base", 101 * SECOND, at(1.0))  # a good one in between
    buffer.set_transform("map", "base", 1 * SECOND, at(1.0))
    buffer.lookup("map", "base", 101 * SECOND)
    buffer.set_transform("map", "base", 2 * SECOND, at(2.0))
    buffer.set_transform("map", "base", 3 * SECOND, at(3.0))
    np.testing.assert_allclose(buffer.lookup("map", "camera", 3 * SECOND), at(3.1), atol=1e-12)
    buffer.jump_back(2 * SECOND)
    np.testing.assert_allclose(buffer.lookup("map", "camera", 3 * SECOND), at(3.1), atol=1e-12)
    with pytest.raises(ExtrapolationError):
        buffer.lookup("map", "base", 101 * SECOND)


@pytest.mark.parametrize("ahead", [2, 5, 9, 100_000])
def test_one_stamp_from_the_future_freezes_no_pose(ahead: float) -> None:
    """It looks like a jump when the edge goes on, and lies within the cache."""
    buffer = TransformBuffer()
    lost = 0
    for index in range(200):
        seconds = index / 20
        stamp = 100 + seconds + (ahead if index == 60 else 0)
        buffer.set_transform("map", "base", round(stamp * SECOND), at(seconds))
        asked = seconds - 0.025
        try:
            T = buffer.lookup("map", "base", round((100 + asked) * SECOND))
        except ExtrapolationError:
            lost += 1
            continue
        assert abs(T[0, 3] - asked) < 0.1, seconds
    assert lost <= 3


def test_a_jump_told_from_outside_keeps_what_came_after_it() -> None:
    buffer = moving(TransformBuffer(), seconds=(7, 8, 9))
    buffer.set_transform("map", "base", 0, at(0.5))  # the loop's first transform
    buffer.jump_back(0)
    np.testing.assert_allclose(buffer.lookup("map", "base", 0), at(0.5), atol=1e-12)
    with pytest.raises(ExtrapolationError):
        buffer.lookup("map", "base", 8 * SECOND)
    buffer.lookup("base", "camera", 0)  # static transforms stay


def test_a_late_image_does_not_delete_the_new_round(jumping: TransformBuffer) -> None:
    """A loop of 8 s whose first image comes 2.5 s after its transforms."""
    for second in (0.0, 0.5, 1.0, 1.5, 2.0, 2.5):
        jumping.set_transform("map", "base", int(second * SECOND), at(10 + second))
    jumping.jump_back(0)
    with pytest.raises(ExtrapolationError):
        jumping.lookup("map", "base", int(7.5 * SECOND))
    for second in (0.0, 0.2, 1.1, 2.5):
        T = jumping.lookup("map", "base", int(second * SECOND))
        np.testing.assert_allclose(T, at(10 + second), atol=1e-9)
    jumping.lookup("base", "camera", 0)


def test_poses_of_the_old_round_do_not_serve_images_of_the_new_one(
    jumping: TransformBuffer,
) -> None:
    """The images are first; transforms of the old round are still on their way."""
    jumping.jump_back(int(7.2 * SECOND))
    jumping.set_transform("map", "base", int(8.1 * SECOND), at(8.1))
    with pytest.raises(ExtrapolationError) as error:
        jumping.lookup("map", "base", int(7.2 * SECOND))
    assert error.value.into_future  # worth waiting for
    jumping.set_transform("map", "base", int(5.9 * SECOND), at(15.9))
    jumping.set_transform("map", "base", int(7.9 * SECOND), at(17.9))
    T = jumping.lookup("map", "base", int(7.2 * SECOND))
    np.testing.assert_allclose(T, at(17.2), atol=1e-9)


def test_late_images_of_the_round_before_find_their_poses() -> None:
    buffer = moving(TransformBuffer(cache_seconds=5.0), seconds=range(9))
    for second in (0.0, 1.0, 2.0, 3.0):
        buffer.set_transform("map", "base", int(second * SECOND), at(10 + second))
    for second in (3.5, 7.5):  # the cache reaches back to 3 s
        T = buffer.lookup("map", "base", int(second * SECOND))
        np.testing.assert_allclose(T[:3, 3], [second, 0, 0], atol=1e-9)
    buffer.set_transform("map", "base", 5 * SECOND, at(15.0))  # no image followed all this time
    np.testing.assert_allclose(buffer.lookup("map", "base", 4 * SECOND), at(14.0), atol=1e-9)


def test_one_edge_that_begins_anew_leaves_the_others() -> None:
    buffer = moving(TransformBuffer(), seconds=(7, 8, 9))
    for second in (7, 8, 9, 0, 1):
        buffer.set_transform("base", "arm", second * SECOND, at(0.3))
    buffer.lookup("map", "base", 8 * SECOND)
    buffer.lookup("base", "arm", SECOND // 2)


def test_a_new_parent_replaces_the_old_one() -> None:
    buffer = moving(TransformBuffer())
    buffer.set_transform("odom", "base", 5 * SECOND, at(3.0))
    np.testing.assert_allclose(buffer.lookup("odom", "base", 5 * SECOND), at(3.0), atol=1e-12)
    assert buffer.frames()["base"] == "odom"
    with pytest.raises(ExtrapolationError) as error:
        buffer.lookup("odom", "base", 4 * SECOND)
    assert "also sent" not in str(error.value)  # a thing that is picked up has a new parent


def test_two_parents_by_turns_are_named() -> None:
    """Odometry and a description both place the base: no pose between two samples is ever known."""
    buffer = TransformBuffer()
    for second in range(5):
        for parent in ("odom", "footprint"):
            buffer.set_transform(parent, "base", second * SECOND, at(1.0))
    with pytest.raises(ExtrapolationError, match="also sent in 'odom', and tf allows one parent"):
        buffer.lookup("footprint", "base", int(3.5 * SECOND))


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.integers(0, 2**31))
def test_agrees_with_scipy(fraction: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    rotations = Rotation.random(2, random_state=seed)
    ends = rng.normal(size=(2, 3))
    buffer = TransformBuffer()
    for index in range(2):
        T = pose_matrix(ends[index], rotations[index].as_quat())
        buffer.set_transform("a", "b", index * SECOND, T)
    stamp = int(fraction * SECOND)
    T = buffer.lookup("a", "b", stamp)
    exact = stamp / SECOND
    np.testing.assert_allclose(T[:3, 3], (1 - exact) * ends[0] + exact * ends[1], atol=1e-9)
    expected = Slerp([0, 1], rotations)(exact).as_matrix()
    np.testing.assert_allclose(T[:3, :3], expected, atol=1e-4)


def test_agrees_with_tf2() -> None:
    pytest.importorskip("tf2_py", reason="tf2 is not on PyPI; this runs beside an installed ROS")
    from r1_ros.tf.tf2_buffer import Tf2Buffer

    ours, theirs = moving(TransformBuffer()), moving(Tf2Buffer())
    for stamp in (0, SECOND // 3, int(1.9 * SECOND)):
        expected = theirs.lookup("map", "camera", stamp)
        np.testing.assert_allclose(ours.lookup("map", "camera", stamp), expected, atol=1e-9)
    for target, source, stamp in (("map", "base", 3 * SECOND), ("map", "x", 0), ("x", "base", 0)):
        errors = []
        for buffer in (ours, theirs):
            with pytest.raises(TransformError) as error:
                buffer.lookup(target, source, stamp)
            errors.append(type(error.value))
        assert errors[0] is errors[1]
