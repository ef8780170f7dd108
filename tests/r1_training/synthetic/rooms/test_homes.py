"""Homes of one and two rooms: one can walk from one room into the other, unless a door is shut."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.motion.free_space import RobotShape, free_space
from r1_model.motion.paths import ways_from
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.homes import HomeError, make_home
from r1_training.synthetic.rooms.room import make_room
from r1_training.synthetic.rooms.surfaces import surface_points


def _door_way(home: Room, shut: Room) -> bool:
    """Does a way lead from one side of where the door is to the other, in the true geometry?"""
    door = shut.objects[-1]
    points = surface_points(home.primitives, 0.03, -0.02, 1.4)
    space = free_space(points, RobotShape(radius=0.15), floor=0.0)
    across = np.array([np.sin(door.yaw), -np.cos(door.yaw)])
    before, behind = (door.center[:2] + side * 0.45 * across for side in (-1, 1))
    ways = ways_from(space, before)
    assert ways is not None and space.is_free(behind)
    # through the door, and not around
    return ways.length_to(behind) < 1.5


def test_one_room_is_a_room() -> None:
    home, room = make_home(3, "test", 1), make_room(3, "test")
    assert np.array_equal(home.primitives.unit_from_map, room.primitives.unit_from_map)


def test_two_rooms_have_a_way_between_them_that_a_door_shuts() -> None:
    tried = 0
    for seed in range(6):
        home, shut = make_home(seed, "test", 2), make_home(seed, "test", 2, shut=True)
        assert [part.type for part in home.parts] == [part.type for part in shut.parts]
        assert {thing.part for thing in home.objects} == {0, 1}
        assert [t.id for t in home.objects] == list(range(1, len(home.objects) + 1))
        if len(shut.objects) == len(home.objects):
            continue  # the rooms flow into each other
        assert shut.objects[-1].states["opening"] == "closed"
        same = shut.primitives.unit_from_map[: len(home.primitives)]
        assert np.array_equal(same, home.primitives.unit_from_map)
        assert _door_way(home, shut) and not _door_way(shut, shut)
        tried += 1
    assert tried >= 3


def test_homes_that_nobody_can_make() -> None:
    for arguments in ((0, "test", 3), (-1, "test", 2), (0, "exam", 2)):
        with pytest.raises(HomeError, match="home"):
            make_home(*arguments)
