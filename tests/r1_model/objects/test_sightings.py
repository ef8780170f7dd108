"""Doubles are merged, ghosts left out, boxes turned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from r1_model.objects.sightings import is_double, make_sightings, merge_doubles, turned_box
from r1_model.text.answer import Box
from tests.r1_model.objects.rooms import box, scene

_boxes = st.builds(
    lambda x, y, size, label, score: Box(
        np.array([x, y, 0.5]), np.full(3, size), label, score=score
    ),
    st.floats(0, 3),
    st.floats(0, 3),
    st.floats(0.1, 1),
    st.sampled_from(["mug", "lamp"]),
    st.floats(0, 1),
)


@given(st.lists(_boxes, max_size=8))
def test_no_double_is_left_and_every_box_has_its_keeper(found: list[Box]) -> None:
    kept = merge_doubles(found)
    for number, one in enumerate(kept):
        assert not any(is_double(one, other) for other in kept[:number])
    for one in found:
        assert any(is_double(one, k) and k.score >= one.score for k in kept) or one in kept


def test_two_things_side_by_side_are_two() -> None:
    assert len(merge_doubles([box(1, 1), box(1.45, 1)])) == 2
    assert len(merge_doubles([box(1, 1, label="mug"), box(1.05, 1, label="cup")])) == 1


def test_what_all_views_look_through_is_a_ghost() -> None:
    real, ghost = box(1.2, 1.5), box(2.6, 2.4, 1.2)
    seen = make_sightings(scene([real], 1), [real, ghost])
    assert len(seen) == 1 and np.allclose(seen[0].center, real.center) and seen[0].fill > 0.5


def test_a_picture_that_lies_in_the_wall_is_no_ghost() -> None:
    flush = Box(np.array([0.0, 2.0, 1.4]), np.array([0.04, 0.8, 0.6]), "picture", score=0.9)
    [seen] = make_sightings(scene([], 1), [flush])
    assert seen.fill < 0.6  # rays cannot tell it from the wall
    before = replace(flush, center=flush.center + [0.2, 0, 0])
    assert make_sightings(scene([], 1), [before]) == []


def test_few_points_of_a_thing_do_not_turn_it() -> None:
    rng = np.random.default_rng(0)
    box_of_all = Box(np.array([2.0, 2.0, 0.5]), np.array([1.2, 0.15, 1.0]), "window")
    part = rng.uniform((1.4, 1.93, 0.1), (1.8, 1.97, 1.0), (500, 3))
    turned = turned_box(box_of_all, part)
    assert turned.yaw == 0.0 and np.array_equal(turned.size, box_of_all.size)


def test_without_views_nothing_is_a_ghost() -> None:
    map = replace(scene([], 1), views=[])
    [seen] = make_sightings(map, [box(2.6, 2.4)])
    assert np.isnan(seen.fill)
    assert make_sightings(map, []) == []


def test_a_turned_thing_gets_a_turned_box() -> None:
    rng = np.random.default_rng(0)
    flat = rng.uniform((-0.8, -0.1, 0), (0.8, 0.1, 0.5), (2000, 3))
    c, s = np.cos(0.6), np.sin(0.6)
    points = flat @ np.array([[c, s, 0], [-s, c, 0], [0, 0, 1]]) + [2, 2, 0]
    low, high = points.min(0), points.max(0)
    turned = turned_box(Box((low + high) / 2, high - low), points)
    lengths = sorted(turned.size[:2])
    assert np.allclose(lengths, [0.2, 1.6], atol=0.05)
    long = turned.yaw if turned.size[0] > turned.size[1] else turned.yaw + np.pi / 2
    assert abs((long - 0.6 + np.pi / 2) % np.pi - np.pi / 2) < 0.05
    straight = turned_box(Box((low + high) / 2, high - low), points[:10])
    assert straight.yaw == 0.0


def test_a_detection_that_is_turned_is_seen_as_it_stands() -> None:
    long = Box(np.array([2.0, 2.0, 0.25]), np.array([1.6, 0.2, 0.5]), "bench", score=0.9, yaw=0.7)
    [seen] = make_sightings(scene([long], 0), [long, replace(long, score=0.5)])
    assert seen.turned.yaw == 0.7 and np.allclose(seen.turned.size, long.size)
    across = 1.6 * np.cos(0.7) + 0.2 * np.sin(0.7)
    assert np.allclose(seen.size[0], across) and seen.size[1] > 1.0
    beside = replace(long, center=long.center + (-0.4 * np.sin(0.7), 0.4 * np.cos(0.7), 0))
    assert not is_double(long, beside)  # two benches in parallel, whose upright boxes overlap


def test_a_colour_is_not_that_of_what_a_thing_stands_on() -> None:
    mug = box(2.0, 2.0, 0.05, size=0.1, label="mug")
    map = scene([mug], 0)
    rng = np.random.default_rng(0)
    table = rng.uniform((1.9, 1.9, -0.01), (2.1, 2.1, 0.01), (3000, 3)).astype(np.float32)
    white = np.full((len(table), 3), 250, np.uint8)
    points, colors = np.concatenate((map.points, table)), np.concatenate((map.colors, white))
    [seen] = make_sightings(replace(map, points=points, colors=colors), [mug])
    assert np.allclose(seen.color, 120)
    # a sheet of paper has no upper points of its own: what is there counts
    sheet = replace(mug, center=np.array([2.0, 2.0, 0.0]), size=np.array([0.2, 0.2, 0.0]))
    [seen] = make_sightings(replace(map, points=table, colors=white, views=[]), [sheet])
    assert np.allclose(seen.color, 250)
    [seen] = make_sightings(replace(map, views=[]), [box(9, 9)])
    assert np.isnan(seen.color).all()


def test_other_names_come_along() -> None:
    unsure = replace(box(2.0, 2.0), names=(("box", 0.6), ("bag", 0.3)))
    [seen] = make_sightings(scene([unsure], 0), [unsure])
    assert seen.names == {"box": 0.6, "bag": 0.3}
