"""A place is known by what stands there."""

from __future__ import annotations

import numpy as np

from r1_model.objects.place import CELL, Place, agreement, place_of, same_place

ROOM = np.random.default_rng(0).uniform((0, 0, 0), (4, 3, 2.5), (3000, 3))


def test_a_place_is_known_by_what_stands_there() -> None:
    place = place_of(ROOM)
    assert same_place(place, place_of(ROOM[::2] + 0.03))
    assert not same_place(place, place_of(ROOM + [9.0, 0, 0]))
    assert not same_place(place, place_of(ROOM[:20])) and not len(place_of(ROOM[:0]))
    assert not same_place(Place(), Place()) and agreement(Place(), place) == 0.0


def test_a_point_is_the_mean_of_its_cell() -> None:
    place = place_of(ROOM)
    height = ROOM[:, 2] - place.floor
    own = ROOM[(height > 0.3) & (height < 2.0)]
    cells = np.floor(own / CELL).astype(int)
    slow = {tuple(cell): own[(cells == cell).all(1)].mean(0) for cell in np.unique(cells, axis=0)}
    assert len(place) == len(slow) == len(place.cells)
    for point in place.points:
        assert np.allclose(point, slow[tuple(np.floor(point / CELL).astype(int))], atol=1e-5)


def test_only_what_lies_far_below_or_nowhere_is_left_out() -> None:
    assert not len(place_of(np.zeros((50, 3)))) and place_of(np.zeros((50, 3))).floor == 0.0
    far = np.concatenate((ROOM, [[1e9, 0, 1.0]]))  # a cell that has no number
    assert len(place_of(far)) == len(place_of(ROOM))


def test_more_of_a_place() -> None:
    left, right = place_of(ROOM[ROOM[:, 0] < 2.5]), place_of(ROOM[ROOM[:, 0] > 1.5])
    whole = left.with_more(right)
    assert np.array_equal(whole.cells, np.union1d(left.cells, right.cells))
    assert np.array_equal(whole.points[: len(left)], left.points)
    assert Place().with_more(right) is right
