from collections import Counter

import numpy as np
import pytest

from r1_training.synthetic.rooms.catalog import CATEGORIES, COLORS, MATERIALS, ROOM_TYPES, STATES
from r1_training.synthetic.rooms.elements import BOX, SPHERE
from r1_training.synthetic.rooms.room import make_room


@pytest.fixture(scope="module")
def rooms():
    return [make_room(seed) for seed in range(500)]


def _same(a, b):
    arrays = zip(vars(a.primitives).values(), vars(b.primitives).values(), strict=True)
    return all(np.array_equal(x, y) for x, y in arrays)


@pytest.mark.parametrize("room_type", ROOM_TYPES)
def test_equal_seeds_give_equal_rooms(room_type):
    a, b, other = (make_room(seed, "val", room_type) for seed in (3, 3, 4))
    assert a.type == room_type and _same(a, b)
    assert [vars(x).keys() for x in a.objects] == [vars(x).keys() for x in b.objects]
    assert len(other.primitives) != len(a.primitives) or not _same(a, other)


def test_splits_share_no_room():
    by_split = {split: make_room(7, split) for split in ("train", "val", "test")}
    sizes = {tuple(room.size) for room in by_split.values()}
    assert len(sizes) == 3


@pytest.mark.parametrize("arguments", [(-1,), (0, "dev"), (0, "train", "garage")])
def test_bad_arguments_are_refused(arguments):
    with pytest.raises(ValueError, match=str(arguments[-1])):
        make_room(*arguments)


def test_training_rooms_contain_no_held_out_combination_and_test_rooms_do(rooms):
    assert not any(item.held_out for room in rooms for item in room.objects)
    tested = [item for seed in range(60) for item in make_room(seed, "test").objects]
    assert sum(item.held_out for item in tested) > 5


def test_every_category_color_state_and_room_type_occurs(rooms):
    items = [item for room in rooms for item in room.objects]
    assert {item.category for item in items} == set(CATEGORIES)
    assert {room.type for room in rooms} == set(ROOM_TYPES)
    assert {item.color for item in items} == set(COLORS)
    assert {item.material for item in items} == set(MATERIALS)
    for name, spec in CATEGORIES.items():
        for state in spec.states:
            seen = {item.states[state] for item in items if item.category == name}
            assert seen == set(STATES[state]), name


def test_rooms_are_furnished_but_not_crammed(rooms):
    furniture = [sum(CATEGORIES[o.category].kind == "furniture" for o in r.objects) for r in rooms]
    small = [sum(CATEGORIES[o.category].kind == "small" for o in r.objects) for r in rooms]
    assert 5 <= np.mean(furniture) <= 12 and 3 <= np.mean(small) <= 15
    assert max(len(room.objects) for room in rooms) < 80


def test_boxes_are_tight_around_the_surface_of_their_primitives():
    rng = np.random.default_rng(0)
    for seed in range(12):
        room = make_room(seed)
        p = room.primitives
        for item in room.objects:
            points = []
            for k in np.flatnonzero(p.instance == item.id):
                unit = rng.uniform(-0.5, 0.5, (400, 3))
                if p.kind[k] == BOX:
                    unit[:200] = np.sign(unit[:200]) / 2  # corners
                elif p.kind[k] == SPHERE:
                    unit /= 2 * np.linalg.norm(unit, axis=1, keepdims=True)
                else:  # rims
                    angle, z = unit[:, 0] * 2 * np.pi, np.sign(unit[:, 2]) / 2
                    r = 0.5 * (1 + (p.taper[k] - 1) * (z + 0.5))
                    unit = np.stack([r * np.cos(angle), r * np.sin(angle), z], 1)
                matrix = np.vstack([p.unit_from_map[k], [0, 0, 0, 1]]).astype(np.float64)
                inverse = np.linalg.inv(matrix)
                points.append(unit @ inverse[:3, :3].T + inverse[:3, 3])
            points = np.concatenate(points)
            low, high = item.center - item.size / 2, item.center + item.size / 2
            assert (points.min(0) >= low - 1e-4).all() and (points.max(0) <= high + 1e-4).all()
            assert (points.min(0) - low <= 0.02 + 0.05 * item.size).all()
            assert (high - points.max(0) <= 0.02 + 0.05 * item.size).all()


def test_what_stands_on_something_touches_it(rooms):
    for room in rooms:
        for item in room.objects:
            bottom = item.center[2] - item.size[2] / 2
            if item.parent_relation in ("floor", "under"):
                assert -0.011 < bottom < 0.03, (room.seed, item.category, bottom)
            if item.parent_relation not in ("on", "in"):
                continue
            host = room.object(item.parent)
            low, high = host.center - host.size / 2, host.center + host.size / 2
            assert (item.center[:2] > low[:2] - 0.01).all()
            assert (item.center[:2] < high[:2] + 0.01).all()
            assert low[2] - 0.01 <= bottom <= high[2] + 0.02, (room.seed, item.category)
            if item.level is not None:
                assert 1 <= item.level <= item.levels


def test_higher_levels_are_higher(rooms):
    for room in rooms:
        levels: dict[int, dict[int, float]] = {}
        for item in room.objects:
            if item.level is not None:
                bottom = item.center[2] - item.size[2] / 2
                levels.setdefault(item.parent, {})[item.level] = bottom
        for heights in levels.values():
            ordered = [heights[level] for level in sorted(heights)]
            assert ordered == sorted(ordered, reverse=True)


def test_objects_are_inside_of_the_room(rooms):
    for room in rooms:
        inverse = np.linalg.inv(room.T_map_room)
        for item in room.objects:
            center = inverse[:3, :3] @ item.center + inverse[:3, 3]
            assert (np.abs(center[:2]) < room.size[:2] / 2 + 0.02).all()
            assert item.center[2] + item.size[2] / 2 < room.size[2] + 0.02


def test_furniture_does_not_stand_inside_furniture(rooms):
    pushed_in = {("chair", "dining table"), ("desk", "office chair"), ("chair", "desk")}
    clashes: Counter[tuple[str, str]] = Counter()
    pieces = 0
    for room in rooms:
        big = [
            item
            for item in room.objects
            if CATEGORIES[item.category].kind == "furniture" and item.parent is None
        ]
        pieces += len(big)
        for k, a in enumerate(big):
            for b in big[k + 1 :]:
                low = np.maximum(a.center - a.size / 2, b.center - b.size / 2)
                high = np.minimum(a.center + a.size / 2, b.center + b.size / 2)
                shared = np.prod(np.maximum(high - low, 0))
                if shared > 0.3 * min(np.prod(a.size), np.prod(b.size)):
                    clashes[tuple(sorted((a.category, b.category)))] += 1
    unwanted = sum(count for pair, count in clashes.items() if pair not in pushed_in)
    assert unwanted < 0.005 * pieces, clashes


def test_in_another_frame_the_room_is_the_same_one_elsewhere():
    for seed in range(6):
        own, other = make_room(seed), make_room(seed, frame=4)
        assert _same(other, make_room(seed, frame=4)) and not _same(own, other)
        moved = other.T_map_room @ np.linalg.inv(own.T_map_room)
        assert abs(np.degrees(np.arctan2(moved[1, 0], moved[0, 0]))) < 10
        for one, same in zip(own.objects, other.objects, strict=True):
            assert (one.category, one.color, one.states) == (same.category, same.color, same.states)
            place = moved @ [*one.center, 1.0]
            np.testing.assert_allclose(place[:3], same.center, atol=0.1)  # of boxes around it
