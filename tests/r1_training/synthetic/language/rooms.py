"""Rooms with their boxes, as the tests of this folder use them."""

from __future__ import annotations

from functools import cache

import numpy as np

from r1_training.synthetic.language import make_samples
from r1_training.synthetic.language.facts import shut_away
from r1_training.synthetic.rooms.elements import Room
from r1_training.synthetic.rooms.room import make_room


@cache
def room_of(seed: int, room_type: str | None = None) -> Room:
    return make_room(seed, "val", room_type)


def visible_of(room: Room) -> list[int]:
    return [thing.id for thing in room.objects if not shut_away(room, thing)]


def boxes_of(room: Room) -> dict[int, tuple[np.ndarray, np.ndarray]]:
    return {thing.id: (thing.center, thing.size) for thing in room.objects}


def bounds_of(room: Room) -> tuple[np.ndarray, np.ndarray]:
    low = np.min([thing.center - thing.size / 2 for thing in room.objects], 0) - 0.3
    return low, np.max([thing.center + thing.size / 2 for thing in room.objects], 0) + 0.3


def samples_of(seeds: range, count: int = 10, room_type: str | None = None, **options: object):
    """(room, sample) for many rooms; wordings of train and test in turn."""
    for seed in seeds:
        room = room_of(seed, room_type)
        split = ("train", "test")[seed % 2]
        rng = np.random.default_rng(seed)
        arguments = {"visible": visible_of(room), "count": count, "split": split, **options}
        for sample in make_samples(room, rng, **arguments):
            yield room, sample
