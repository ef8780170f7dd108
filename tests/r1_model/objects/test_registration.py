"""A place is found in another frame: to the centimetre, or not at all."""

from __future__ import annotations

import math

import numpy as np
import pytest

from r1_model.objects.place import Place, place_of
from r1_model.objects.registration import (
    LEAST_POINTS,
    Turn,
    _best_turn,
    _surface,
    _then,
    _turn_to_planes,
    find_turns,
)
from tests.r1_model.objects.rooms import furnished

INTO = Turn(2.1, np.array([3.0, -2.5, 0.4]))


def worst(found: Turn, true: Turn, place: Place) -> float:
    """Metres that the worst point lies off."""
    away = found.points(place.points) - true.points(place.points)
    return float(np.linalg.norm(away, axis=-1).max())


@pytest.mark.parametrize("yaw", [-3.0, -1.57, 0.0, 0.35, 2.1])
def test_any_turn_is_found(yaw: float) -> None:
    into = Turn(yaw, INTO.shift)
    before, after = furnished(0, noise=1), furnished(0, noise=2)
    known = place_of(before)
    found = find_turns(known, place_of(into.points(after)))
    assert found and worst(found[0], into, known) < 0.03


def test_a_part_of_a_place_is_enough() -> None:
    known = place_of(furnished(0, noise=1))
    part = furnished(0, noise=2)
    part = part[part[:, 0] < 3.2]
    found = find_turns(known, place_of(INTO.points(part)))
    assert found and worst(found[0], INTO, known) < 0.05


def test_another_room_does_not_fit_and_little_fits_anything() -> None:
    known = place_of(furnished(0, noise=1))
    other = place_of(furnished(1, noise=1, size=(3.4, 6.5)))
    assert find_turns(known, other) == []
    few = Place(known.points[: LEAST_POINTS - 1], known.floor)
    assert find_turns(few, known) == find_turns(known, few) == find_turns(Place(), known) == []


def test_best_turn_of_partners() -> None:
    points = np.random.default_rng(0).normal(size=(30, 3))
    found = _best_turn(points, INTO.points(points))
    assert found.yaw == pytest.approx(INTO.yaw) and np.allclose(found.shift, INTO.shift)


def test_to_planes_as_many_small_tries_find_it() -> None:
    rng = np.random.default_rng(0)
    points = rng.uniform(-2, 2, (200, 3))
    normals = np.eye(3)[rng.integers(0, 3, 200)]
    true = Turn(0.01, np.array([0.02, -0.015, 0.03]))
    # partners lie anywhere in their planes
    aside = rng.uniform(-0.05, 0.05, (200, 3))
    partners = true.points(points) + aside - (aside * normals).sum(1, keepdims=True) * normals
    normals[:20] = np.nan  # of no plane
    found = _turn_to_planes(points, partners, normals)

    def off(turned: Turn) -> float:
        return float((((turned.points(points) - partners) * normals)[20:].sum(1) ** 2).sum())

    tries = [
        Turn(found.yaw + a, found.shift + shift)
        for a in (-1e-3, 0, 1e-3)
        for shift in 1e-3 * np.concatenate((np.eye(3), -np.eye(3), np.zeros((1, 3))))
    ]
    assert min(map(off, tries)) >= 0.9 * off(found) and worst(found, true, Place(points)) < 2e-3


def test_what_no_plane_tells_stays() -> None:
    points = np.random.default_rng(0).uniform(-1, 1, (50, 3))
    walls = np.tile(np.eye(3)[:2], (25, 1))  # no floor, no table
    found = _turn_to_planes(points, points + [0.02, 0.0, 0.3], walls)
    assert found.shift[2] == pytest.approx(0, abs=1e-9) and found.shift[0] == pytest.approx(0.02)
    none = _turn_to_planes(points, points, np.full((50, 3), np.nan))
    assert none.yaw == 0 and np.allclose(none.shift, 0)


def test_one_turn_after_another() -> None:
    second, points = Turn(-3.0, np.array([0.5, 1.0, -2.0])), np.array([[1.0, 2.0, 3.0]])
    both = _then(INTO, second)
    assert np.allclose(both.points(points), second.points(INTO.points(points)))
    assert abs(both.yaw) <= math.pi


def test_normals_of_a_table_and_of_a_heap() -> None:
    rng = np.random.default_rng(0)
    table = np.column_stack((rng.uniform(0, 1, (300, 2)), np.full(300, 0.7)))
    assert np.allclose(np.abs(_surface(table).normals), [0, 0, 1], atol=1e-6)
    heap = _surface(rng.uniform(0, 1, (2000, 3))).normals
    assert np.isnan(heap).any(1).mean() > 0.5
