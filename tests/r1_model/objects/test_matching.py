"""Who is where: at its place, moved, or a ghost; all at once."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.objects.known_object import KnownObject, OrientedBox, Sighting
from r1_model.objects.matching import Matches, in_place, match
from r1_model.objects.matching import _assign as assign

RED, BLUE, GREY = (190, 30, 30), (30, 30, 190), (120, 120, 120)


def seen(label: str, x: float, color: tuple[int, int, int] = GREY, edge: float = 0.3) -> Sighting:
    center, size = np.array([x, 1.0, 0.5]), np.full(3, edge)
    turned = OrientedBox(center, size)
    return Sighting(center, size, label, 0.9, turned, np.array(color, float), 1.0)


def known(
    label: str, x: float, color: tuple[int, int, int] = GREY, edge: float = 0.3
) -> KnownObject:
    one = seen(label, x, color, edge)
    return KnownObject(
        "obj1", one.center, one.size, one.turned, label, {label: 0.9}, 0.9, one.color, 1.0, 0, 0, 0
    )


def matched(
    things: list[KnownObject],
    sightings: list[Sighting],
    left: tuple[int, ...] = (),
    ghosts: tuple[int, ...] = (),
) -> Matches:
    rows = np.arange(len(things))
    shown = np.repeat(~np.isin(rows, ghosts)[:, None], len(sightings), 1)
    return match(things, sightings, np.isin(rows, left), shown, np.ones(len(sightings), bool))


def test_what_left_is_found_elsewhere_and_what_did_not_is_not() -> None:
    mug, elsewhere = known("mug", 0.0, RED), seen("mug", 2.0, RED)
    assert matched([mug], [elsewhere], left=(0,)).moved == [(0, 0)]
    assert matched([mug], [elsewhere]) == Matches([], [], set())
    unsure = match([mug], [elsewhere], np.ones(1, bool), np.ones((1, 1), bool), np.zeros(1, bool))
    assert not unsure.moved


def test_another_one_of_its_name_is_not_it() -> None:
    assert not matched([known("mug", 0.0, RED)], [seen("mug", 2.0, BLUE)], left=(0,)).moved


def test_of_two_that_left_each_is_the_one_of_its_colour() -> None:
    things = [known("mug", 0.0, RED), known("mug", 1.0, BLUE)]
    found = matched(things, [seen("mug", 3.0, BLUE), seen("mug", 4.0, RED)], left=(0, 1))
    assert sorted(found.moved) == [(0, 1), (1, 0)]


def test_a_magazine_where_a_plate_stood_is_the_magazine() -> None:
    plate, magazine = known("plate", 0.0, BLUE), known("magazine", 2.0, RED)
    there = seen("magazine", 0.1, RED)
    assert matched([plate, magazine], [there], left=(1,)) == Matches([], [(1, 0)], set())
    # and the plate is found as well, though its place is not empty
    found = matched([plate, magazine], [there, seen("plate", 4.0, BLUE)], left=(1,))
    assert sorted(found.moved) == [(0, 1), (1, 0)]


def test_where_nothing_else_explains_it_it_was_renamed() -> None:
    plate = known("plate", 0.0, BLUE)
    assert matched([plate], [seen("magazine", 0.1, RED)]).stayed == [(0, 0)]
    # also where one of its name stands elsewhere that may well be another one
    found = matched([plate], [seen("dish", 0.0, BLUE), seen("plate", 4.0, BLUE)])
    assert found.stayed == [(0, 0)] and not found.moved


def test_a_twin_that_stayed_is_not_taken_for_the_one_that_left() -> None:
    things = [known("chair", 0.0), known("chair", 2.0)]
    found = matched(things, [seen("chair", 2.05)], left=(0,))
    assert found == Matches([(1, 0)], [], set())


def test_a_ghost_is_nothing_and_does_not_hide_the_thing() -> None:
    mug = known("mug", 0.0, RED)
    assert matched([mug], [seen("mug", 0.0, RED)], left=(0,), ghosts=(0,)).ghosts == {0}
    found = matched([mug], [seen("mug", 0.0, RED), seen("mug", 2.0, RED)], left=(0,), ghosts=(0,))
    assert found == Matches([], [(0, 1)], {0})


def test_small_things_of_a_name_need_not_overlap() -> None:
    mug = known("mug", 0.0, edge=0.1)
    assert matched([mug], [seen("mug", 0.055, edge=0.1)]).stayed == [(0, 0)]
    assert not matched([mug], [seen("bowl", 0.09, edge=0.1)]).stayed


def test_none_of_either() -> None:
    nothing = Matches([], [], set())
    assert matched([], [seen("mug", 0.0)]) == nothing == matched([known("mug", 0.0)], [])
    assert in_place([], []) == []


def test_in_place_looks_at_places_only() -> None:
    things = [known("mug", 0.0, RED), known("lamp", 1.0)]
    assert in_place(things, [seen("book", 1.02, BLUE), seen("mug", 0.0)]) == [(0, 1), (1, 0)]


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 4))
def test_no_other_pairs_have_a_larger_sum(seed: int, rows: int, columns: int) -> None:
    value = np.maximum(np.random.default_rng(seed).normal(size=(rows, columns)), 0)
    table = value if rows <= columns else value.T
    best = max(
        sum(table[row, column] for row, column in enumerate(order))
        for order in permutations(range(table.shape[1]), len(table))
    )
    pairs = assign(value)
    assert sum(value[pair] for pair in pairs) == pytest.approx(best)
    assert all(value[pair] > 0 for pair in pairs)
