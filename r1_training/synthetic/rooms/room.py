"""A synthetic room from a seed: `make_room`."""

from __future__ import annotations

import math

import numpy as np

from r1_model.geometry.oriented_boxes import turn
from r1_training.synthetic.rooms.catalog import ROOM_TYPES, SPLITS
from r1_training.synthetic.rooms.clutter import decorate_walls, scatter_floor, scatter_small, spill
from r1_training.synthetic.rooms.elements import Lights, Primitives, Room, RoomObject
from r1_training.synthetic.rooms.layouts import FURNISH
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.room_builder import RoomBuilder
from r1_training.synthetic.rooms.structure import add_door, add_light, add_window, build_structure

__all__ = ["SPLITS", "Lights", "Primitives", "Room", "RoomObject", "make_room"]

FRAME_STREAM = 11  # of random numbers
# width and depth (low, high), metres
EXTENT: dict[str, tuple[float, float]] = {
    "living room": (3.8, 6.2),
    "bedroom": (3.2, 5.0),
    "kitchen": (3.0, 5.2),
    "dining room": (3.2, 5.0),
    "study": (2.8, 4.6),
    "bathroom": (2.2, 3.6),
    "office": (4.0, 6.5),
}


def make_room(
    seed: int, split: str = "train", room_type: str | None = None, frame: int = 0
) -> Room:
    """The room of a seed; equal arguments give equal rooms.

    Args:
        seed: 0 or more; numbers the rooms of the split.
        split: "train", "val" or "test"; training rooms contain no `catalog.held_out` combination.
        room_type: one of `catalog.ROOM_TYPES`; drawn from the seed by default.
        frame: number of the map frame that it stands in, see `pose_in`.

    Raises:
        ValueError: negative seed, unknown split or room type.
    """
    if seed < 0:
        raise ValueError(f"seed must be 0 or more, got {seed}")
    if split not in SPLITS:
        raise ValueError(f"split must be one of {sorted(SPLITS)}, got {split!r}")
    if room_type is not None and room_type not in ROOM_TYPES:
        raise ValueError(f"room_type must be one of {ROOM_TYPES}, got {room_type!r}")
    dice = Dice(np.random.default_rng([SPLITS[split], seed]))
    drawn = dice.pick(ROOM_TYPES)
    room_type = room_type or drawn
    low, high = EXTENT[room_type]
    width, depth = dice.uniform(low, high), dice.uniform(low, high)
    b = RoomBuilder(seed, split, room_type, dice, width, depth, dice.uniform(2.4, 2.8))
    build_structure(b)
    if dice.chance(0.85):
        add_door(b)
    for _ in range(dice.weighted({0: 2, 1: 5, 2: 2})):
        add_window(b)
    FURNISH[room_type](b)
    decorate_walls(b)
    if dice.chance(0.15):
        spill(b)
    scatter_floor(b, dice.weighted({0: 3, 1: 3, 2: 2, 3: 1}))
    scatter_small(b, dice.integer(3, 12))
    ambient = add_light(b)
    return b.finish(pose_in(frame, dice, seed, split), ambient)


def pose_in(frame: int, dice: Dice, seed: int, split: str) -> np.ndarray:
    """T_map_room, (4, 4), of a room in one of many map frames.

    Left and right are those of the map, so a frame is elsewhere and turned by few degrees: what is
    true in one of them is true in all.

    Args:
        frame: 0 is the one that is drawn with the room.
        dice: of the room.
        seed, split: of the room.
    """
    T = random_pose(dice)
    if frame:
        own = Dice(np.random.default_rng([SPLITS[split], seed, FRAME_STREAM, frame]))
        T = turn(math.radians(own.normal(2.0))) @ T
        T[:2, 3] = own.uniform(-3, 3), own.uniform(-3, 3)
    return T


def random_pose(dice: Dice) -> np.ndarray:
    """T_map_room, (4, 4): a quarter turn plus mostly less than 5 degrees, anywhere within 3 m."""
    sigma = 2.0 if dice.chance(0.9) else 8.0
    angle = dice.integer(0, 3) * math.pi / 2 + math.radians(dice.normal(sigma))
    T = np.eye(4)
    c, s = math.cos(angle), math.sin(angle)
    T[:2, :2] = (c, -s), (s, c)
    T[:2, 3] = dice.uniform(-3, 3), dice.uniform(-3, 3)
    return T
