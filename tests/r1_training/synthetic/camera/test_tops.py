"""Tops that a cloud shows."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_training.synthetic.camera.observe import observe_batch
from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.tops import SHOWN, shown_tops, top_points
from r1_training.synthetic.rooms.room import make_room


def slow_counts(points, instance, center, size):
    """The readable way: point by point."""
    counts = np.zeros(center.shape[:2], int)
    for room in range(len(points)):
        for point, number in zip(points[room], instance[room], strict=True):
            if not 0 < number <= center.shape[1]:
                continue
            middle, sides = center[room, number - 1], size[room, number - 1]
            away = np.abs(point - middle)
            high = abs(point[2] - middle[2] - sides[2] / 2) <= 0.06
            if high and (away[:2] <= 0.35 * sides[:2]).all():
                counts[room, number - 1] += 1
    return counts


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_point_is_counted_for_its_own_object(seed):
    rng = np.random.default_rng(seed)
    # thousandths that float32 keeps apart from the limits
    points = rng.integers(-1000, 1000, (2, 60, 3)).astype(np.float32) / 1000 + 3e-4
    instance = rng.integers(-1, 5, (2, 60))
    center = rng.integers(-300, 300, (2, 3, 3)).astype(np.float32) / 1000
    size = rng.integers(400, 1600, (2, 3, 3)).astype(np.float32) / 1000
    found = top_points(*map(torch.from_numpy, (points, instance, center, size)))
    assert found.tolist() == slow_counts(points, instance, center, size).tolist()


def test_a_cloud_says_which_tops_it_shows():
    """Both ways, of a scan of whole rooms."""
    rooms = [make_room(seed, "train") for seed in (3, 4)]
    seen = observe_batch(pack_rooms(rooms), 0, points=60_000, height=60, width=80)
    boxes = torch.ones(2, max(len(room.objects) for room in rooms), 2, 3)
    for row, room in enumerate(rooms):
        for thing in room.objects:
            boxes[row, thing.id - 1] = torch.from_numpy(np.stack((thing.center, thing.size)))
    counts = top_points(seen["points"], seen["instance"], *boxes.unbind(2))
    shown = 0
    for row, room in enumerate(rooms):
        things = [
            thing for thing in room.objects
            if thing.parent is None and thing.size[2] < 2.0
            and all(other.parent != thing.id for other in room.objects)
        ]  # fmt: skip
        told = shown_tops(things, seen["points"][row].numpy())
        for thing in things:
            count = int(counts[row, thing.id - 1])
            if count >= SHOWN:
                assert told.get(thing.id) is True, thing.category
            if told.get(thing.id) is False:
                assert count == 0, thing.category
        shown += sum(told.values())
    assert shown >= 4


def test_no_points_show_no_top():
    thing = make_room(3, "train").objects[0]
    assert shown_tops([thing], np.zeros((0, 3), np.float32)) == {thing.id: False}
    assert shown_tops([], np.ones((5, 3), np.float32)) == {}


@settings(deadline=None)
@given(seed=st.integers(0, 10_000))
def test_tops_of_a_map_are_those_of_each_thing_alone(seed):
    rng = np.random.default_rng(seed)
    things = make_room(seed % 50, "train").objects
    inside = rng.choice(len(things), 40)
    points = np.stack([things[row].center + things[row].size / 2 * [0, 0, 1] for row in inside])
    points = (points + rng.normal(0, 0.08, points.shape)).astype(np.float32)
    expected = {}
    for thing in things:
        away = np.abs(points - (thing.center + thing.size / 2 * [0, 0, 1]))
        count = ((away[:, :2] <= 0.35 * thing.size[:2]).all(1) & (away[:, 2] <= 0.06)).sum()
        if count >= SHOWN or not count:
            expected[thing.id] = bool(count)
    assert shown_tops(things, points) == expected
