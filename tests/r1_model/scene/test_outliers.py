"""Stray points."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from r1_model.scene import outliers
from r1_model.scene.outliers import CELL_M, FEW, MOST_STRAYS, not_stray


def slow(points: np.ndarray) -> np.ndarray:
    """The definition, cell by cell."""
    cells = [tuple(cell) for cell in np.floor((points - points.min(axis=0)) / CELL_M).astype(int)]
    dense = {cell for cell in cells if cells.count(cell) >= FEW}
    kept = np.array(
        [any(max(abs(a - b) for a, b in zip(c, d, strict=True)) <= 1 for d in dense) for c in cells]
    )
    return kept if kept.mean() >= 1 - MOST_STRAYS else np.ones(len(points), bool)


@given(st.integers(0, 2**32 - 1), st.integers(1, 120), st.floats(0.2, 20.0))
def test_it_is_its_definition(seed, count, reach):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(count, 3)) * rng.choice([0.2, reach], size=(count, 1), p=[0.97, 0.03])
    assert np.array_equal(not_stray(points), slow(points))


def test_far_points_are_stray_and_the_edge_of_the_cloud_is_not():
    room = np.random.default_rng(0).uniform(0, 4, (20_000, 3))
    edge = [[4.3, 2.0, 2.0]]  # alone in its cell, beside the others
    strays = [[30.0, 0.0, 1.0], [2.0, 2.0, 12.0], [-1e5, 0.0, 0.0]]
    kept = not_stray(np.vstack([room, edge, strays]))
    assert kept[:-3].all() and not kept[-3:].any()


@pytest.mark.parametrize("points", [np.zeros((0, 3)), np.zeros((1, 3)), np.eye(3) * 50])
def test_a_sparse_cloud_has_none(points):
    assert not_stray(points).all()


def test_two_rooms_are_no_strays():
    rng = np.random.default_rng(0)
    rooms = [rng.uniform(0, 4, (20_000, 3)) + offset for offset in ([0, 0, 0], [40.0, 0, 0])]
    assert not_stray(np.vstack(rooms)).all()


@pytest.mark.parametrize("seed", range(4))
def test_the_grid_in_memory_keeps_what_the_readable_way_keeps(seed: int) -> None:
    rng = np.random.default_rng(seed)
    cells = np.concatenate(
        (rng.integers(1, 6, (150, 3)), rng.integers(1, 40, (60, 3)), [[1, 1, 1]] * 5, [[40, 1, 9]])
    )
    found = outliers._kept_in_grid(cells, cells.max(0) + 2)
    assert np.array_equal(found, outliers._kept(cells))
    assert 0 < found.sum() < len(found)
