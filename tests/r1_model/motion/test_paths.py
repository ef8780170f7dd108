"""Ways: as short as plain Dijkstra's, free at every point, none where walls part two places."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.motion.free_space import FreeSpace, free_space
from r1_model.motion.paths import is_clear, path_length, poses_along, smoothed, ways_from
from tests.r1_model.motion.worlds import block, grid, room

_ARRAYS = st.tuples(st.integers(0, 2**32 - 1), st.floats(0.5, 0.95))


def _random_space(seed: int, share: float) -> tuple[FreeSpace, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    free = rng.random(tuple(rng.integers(2, 14, 2))) < share
    free[0, 0] = True
    space = grid(free)
    cells = np.argwhere(free)
    start, end = (cells[rng.integers(len(cells))] for _ in range(2))
    # anywhere in their cells
    return space, *((c + rng.uniform(0.01, 0.99, 2)) * space.resolution for c in (start, end))


def slow_lengths(space: FreeSpace, start: tuple[int, int]) -> np.ndarray:
    """The plain twin: Dijkstra's algorithm with a heap; (X, Y) metres, infinite: not reached."""
    lengths = np.full(space.free.shape, np.inf)
    heap = [(0.0, start)]
    while heap:
        length, (x, y) = heapq.heappop(heap)
        if length >= lengths[x, y]:
            continue
        lengths[x, y] = length
        for dx in (-1, 0, 1):
            for dy in (-1, 0, 1):
                around = np.array([[x + dx, y], [x, y + dy], [x + dx, y + dy]])
                if (dx or dy) and space.free_cells(around).all():
                    far = length + math.hypot(dx, dy) * space.resolution
                    heapq.heappush(heap, (far, (x + dx, y + dy)))
    return lengths


@settings(max_examples=80, deadline=None)
@given(_ARRAYS)
def test_lengths_are_those_of_the_plain_algorithm(drawn: tuple[int, float]) -> None:
    space, start, _ = _random_space(*drawn)
    ways = ways_from(space, start)
    assert ways is not None and np.array_equal(ways.start, start)
    slow = slow_lengths(space, tuple(space.cells(start)))
    assert np.allclose(ways.lengths, slow)


@settings(max_examples=120, deadline=None)
@given(_ARRAYS)
def test_a_way_is_free_and_no_shorter_than_a_straight_line(drawn: tuple[int, float]) -> None:
    space, start, end = _random_space(*drawn)
    ways = ways_from(space, start)
    assert ways is not None
    path = ways.path_to(end)
    if not np.isfinite(ways.length_to(end)):
        assert path is None
        return
    assert path is not None
    assert np.allclose(path[0], start) and np.allclose(path[-1], end)
    assert path_length(path) >= np.linalg.norm(end - start) - 1e-9
    # smoothing never makes it longer; the ends lie up to half a diagonal off their cells' middles
    assert path_length(path) <= ways.length_to(end) + 2 * space.resolution
    for a, b in zip(path[:-1], path[1:], strict=True):
        assert is_clear(space, a, b)
        assert space.is_free(a + np.linspace(0, 1, 200)[:, None] * (b - a)).all()


@settings(max_examples=120, deadline=None)
@given(_ARRAYS)
def test_a_line_is_clear_only_where_all_of_it_is(drawn: tuple[int, float]) -> None:
    space, start, end = _random_space(*drawn)
    samples = space.is_free(start + np.linspace(0, 1, 2000)[:, None] * (end - start))
    if is_clear(space, start, end):
        assert samples.all()
    # the other way round: what a fine sampling finds blocked is never called clear
    if not samples.all():
        assert not is_clear(space, start, end)


def test_a_smoothed_way_keeps_its_ends_and_its_clearance() -> None:
    space = free_space(room(block((1.5, 2.5), (0.0, 1.8))))
    ways = ways_from(space, np.array([0.8, 0.8]))
    assert ways is not None
    path = ways.path_to(np.array([3.2, 0.8]))
    assert path is not None and len(path) < 12
    assert np.array_equal(smoothed(space, path[:1]), path[:1])
    dense = np.concatenate([a + np.linspace(0, 1, 50)[:, None] * (b - a)
                            for a, b in zip(path[:-1], path[1:], strict=True)])  # fmt: skip
    apart = np.maximum(np.abs(dense - [2.0, 0.9]) - [0.5, 0.9], 0)
    assert np.linalg.norm(apart, axis=1).min() >= 0.24


def test_there_is_no_way_through_a_wall() -> None:
    ways = ways_from(free_space(room(block((2.0, 2.0), (0.0, 3.0)))), np.array([1.0, 1.5]))
    assert ways is not None
    assert ways.path_to(np.array([3.0, 1.5])) is None
    assert ways.length_to(np.array([3.0, 1.5])) == np.inf == ways.length_to(np.array([9.0, 9.0]))


def test_a_robot_that_stands_too_close_starts_from_the_next_free_place() -> None:
    space = free_space(room())
    ways = ways_from(space, np.array([0.1, 1.5]))
    assert ways is not None and ways.start[0] > 0.2 and space.is_free(ways.start)
    assert ways_from(space, np.array([-5.0, 1.5])) is None


def test_poses_look_ahead_and_the_last_one_where_it_should() -> None:
    path = np.array([[0.0, 0], [1, 0], [1, 0], [1, 2]])
    poses = poses_along(path, 0.25, 3.0)
    assert np.allclose(poses[0], (0, 0, 0)) and np.allclose(poses[-1], (1, 2, 3.0))
    assert np.linalg.norm(np.diff(poses[:, :2], axis=0), axis=1).max() <= 0.25 + 1e-9
    assert poses[5, 2] == pytest.approx(math.pi / 2)
    assert np.allclose(poses_along(path[:1], 0.1, 1.0), [[0, 0, 1.0]])
