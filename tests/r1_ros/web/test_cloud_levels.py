"""Level of detail of the cloud on the page."""

from __future__ import annotations

import numpy as np
import pytest

from r1_ros.web.cloud_levels import BYTES_PER_POINT, COARSEST_M, cloud_levels, coarse_to_fine


def room(count: int) -> np.ndarray:
    """Points that crowd in one corner: 9 of 10 within half a metre."""
    rng = np.random.default_rng(1)
    crowd = rng.uniform(0, 0.5, (count * 9 // 10, 3))
    return np.concatenate([crowd, rng.uniform(-3, 3, (count - len(crowd), 3))])


def voxels_of(points: np.ndarray, size: float) -> set[tuple[int, ...]]:
    """The slow way."""
    return {tuple(int(value) for value in np.floor(point / size)) for point in points}


def test_every_point_is_sent_once() -> None:
    points = room(5000)
    assert sorted(coarse_to_fine(points)) == list(range(5000))


def test_the_first_points_stand_in_every_coarse_voxel() -> None:
    points = room(5000)
    voxels = voxels_of(points, COARSEST_M)
    first = points[coarse_to_fine(points)[: len(voxels)]]
    assert voxels_of(first, COARSEST_M) == voxels
    assert len(voxels_of(points[: len(voxels)], COARSEST_M)) < len(voxels) / 4  # as they came


def test_bytes_are_positions_and_colours() -> None:
    points = room(1000)
    colors = np.random.default_rng(2).integers(0, 256, (1000, 3), dtype=np.uint8)
    levels = cloud_levels(points, colors)
    chunk = levels.chunk(100, 50)
    assert len(chunk) == 50 * BYTES_PER_POINT
    steps = np.frombuffer(chunk[:300], "<u2").reshape(50, 3)
    sent = levels.low + steps / 65535 * (levels.high - levels.low)
    order = coarse_to_fine(points)[100:150]
    assert np.abs(sent - points[order]).max() < 1e-4
    assert np.array_equal(np.frombuffer(chunk[300:], np.uint8).reshape(50, 3), colors[order])
    assert len(levels.chunk(990, 50)) == 10 * BYTES_PER_POINT and levels.chunk(1000, 50) == b""


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.ones((1, 3)), np.full((9, 3), -2.5)])
def test_small_and_flat_clouds(points: np.ndarray) -> None:
    levels = cloud_levels(points, np.zeros((len(points), 3), np.uint8))
    assert len(levels) == len(points) and np.isfinite(levels.low).all()
