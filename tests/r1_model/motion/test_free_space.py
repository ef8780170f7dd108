"""Free space: what a robot touches is not free, what nobody has seen is not free."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.motion.free_space import MotionError, RobotShape, find_floor, free_space
from tests.r1_model.motion.worlds import block, plane, room

_SHAPE = RobotShape(radius=0.2, height=1.2, step=0.05, clearance=0.04)


def test_the_middle_of_a_room_is_free_and_its_walls_are_not() -> None:
    space = free_space(room(), _SHAPE)
    assert space.is_free(np.array([2.0, 1.5]))
    assert not space.is_free(np.array([[0.1, 1.5], [2.0, 2.9], [-5.0, 0.0], [99.0, 1.0]])).any()
    # as near to a wall as radius, clearance and one diagonal of the grid allow
    assert space.is_free(np.array([0.2 + 0.04 + 0.03 * 2**0.5 + 0.04, 1.5]))


@pytest.mark.parametrize(
    ("thing", "free"),
    [
        (block((1.8, 2.2), (1.3, 1.7), (0.0, 0.4)), False),
        (plane((1.8, 2.2), (1.3, 1.7), 0.72), False),  # a table's top: no robot fits under it
        (plane((1.8, 2.2), (1.3, 1.7), 0.02), True),  # a rug
        (plane((1.8, 2.2), (1.3, 1.7), 1.9), True),  # a lamp under the ceiling
    ],
)
def test_what_stands_in_the_way_depends_on_its_height(thing: np.ndarray, free: bool) -> None:
    assert free_space(room(thing), _SHAPE).is_free(np.array([2.0, 1.5])) == free


def test_what_nobody_has_seen_is_not_free() -> None:
    points = room()
    hidden = (points[:, 0] > 2.5) & (points[:, 0] < 3.5)
    space = free_space(points[~hidden], _SHAPE)
    assert space.is_free(np.array([1.5, 1.5])) and not space.is_free(np.array([3.0, 1.5]))
    assert not space.is_free(np.array([2.4, 1.5]))  # the robot's side would be where nobody looked


def test_gaps_between_the_points_of_a_coarse_cloud_are_no_holes() -> None:
    points = room()
    coarse = points[np.unique(np.floor(points / 0.05), axis=0, return_index=True)[1]]
    assert free_space(coarse, _SHAPE).is_free(np.array([2.0, 1.5]))


def test_the_floor_is_found_wherever_the_map_has_its_origin() -> None:
    rng = np.random.default_rng(0)
    points = np.concatenate([room(), plane((0, 4), (0, 3), 2.5), plane((0.5, 2), (0.5, 2), 0.7)])
    for height in (-1.3, 0.0, 0.4):
        moved = points + [3.0, -2.0, height] + rng.normal(0, 0.005, points.shape)
        strays = np.column_stack([rng.uniform(0, 3, (20, 2)), rng.uniform(-2, -1, 20)])
        assert find_floor(np.concatenate([moved, strays])) == pytest.approx(height, abs=0.01)


def test_the_nearest_free_place() -> None:
    space = free_space(room(block((1.5, 2.5), (1.0, 2.0))), _SHAPE)
    here = np.array([0.8, 1.5])
    assert np.array_equal(space.nearest_free(here, 0.0), here)
    near = space.nearest_free(np.array([1.45, 1.5]), 0.5)
    assert near is not None and space.is_free(near) and np.linalg.norm(near - [1.45, 1.5]) < 0.35
    assert space.nearest_free(np.array([2.0, 1.5]), 0.1) is None


def test_a_robot_is_put_where_there_is_most_room() -> None:
    space = free_space(room(block((1.0, 1.0), (0.0, 3.0))), _SHAPE)
    nook, place = np.array([0.5, 1.5]), space.widest_place(np.array([0.5, 1.5]))
    assert space.is_free(nook) and place is not None and 1.2 < place[0] < 1.5
    assert space.is_free(place) and place[1] == pytest.approx(1.5, abs=0.05)
    assert free_space(np.zeros((1, 3)), _SHAPE).widest_place(nook) is None


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"radius": 0.0}, "radius"),
        ({"height": -1.0}, "height"),
        ({"clearance": float("nan")}, "clearance"),
        ({"step": 2.0}, "step"),
    ],
)
def test_a_robot_of_no_size_is_refused(changes: dict[str, float], match: str) -> None:
    with pytest.raises(MotionError, match=match):
        RobotShape(**changes)


def test_maps_that_no_free_space_can_be_made_of() -> None:
    with pytest.raises(MotionError, match="without points"):
        free_space(np.zeros((0, 3)))
    with pytest.raises(MotionError, match="resolution"):
        free_space(room(), resolution=0.0)
    with pytest.raises(MotionError, match="cells"):
        free_space(np.array([[0, 0, 0.0], [1e5, 1e5, 0.0]]))
    with pytest.raises(MotionError, match="neither floor"):
        free_space(np.array([[0, 0, 9.0]]), floor=0.0)


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    radius=st.floats(0.1, 0.4),
    resolution=st.sampled_from([0.03, 0.05, 0.1]),
)
def test_every_point_of_a_free_cell_keeps_radius_and_clearance(
    seed: int, radius: float, resolution: float
) -> None:
    """By brute force: all free cells against all points that the robot would touch."""
    rng = np.random.default_rng(seed)
    shape = RobotShape(radius=radius)
    clutter = rng.uniform([0, 0, 0.06], [4, 3, 1.1], (rng.integers(0, 12), 3))
    points = np.concatenate([room(), clutter])
    space = free_space(points, shape, resolution, floor=0.0)
    touched = points[points[:, 2] > shape.step][:, :2]
    touched = np.unique(np.round(touched, 2), axis=0)
    cells = np.argwhere(space.free)
    if not len(cells):
        return
    chosen = space.centers(cells[rng.permutation(len(cells))[:200]])
    somewhere = chosen + rng.uniform(-0.5, 0.5, chosen.shape) * resolution
    gap = np.linalg.norm(somewhere[:, None] - touched, axis=-1).min()
    assert gap >= radius + shape.clearance - 0.008  # the rounding to 1 cm
