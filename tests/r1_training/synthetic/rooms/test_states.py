"""What is asked about can be seen: an object looks different in each of its states."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from r1_training.synthetic.camera.packed_rooms import pack_rooms
from r1_training.synthetic.camera.raytracer import render
from r1_training.synthetic.camera.rendered_frames import Frames
from r1_training.synthetic.camera.trajectories import look_at
from r1_training.synthetic.rooms.catalog import CATEGORIES
from r1_training.synthetic.rooms.category import STATES
from r1_training.synthetic.rooms.rng import Dice
from r1_training.synthetic.rooms.room_builder import RoomBuilder

PIXELS = 96
SIDES = np.array([(0.7, -1.0, 0.45), (-0.7, -1.0, 0.45)])  # the front is -y; a robot's height
VISIBLE = 0.015  # of the object's pixels, from both sides
WITH_STATES = [
    (name, state, shape)
    for name, spec in CATEGORIES.items()
    for state in spec.states
    for shape in spec.shapes
]


def pictures(name: str, color: str, shape: str, states: dict[str, str]) -> Frames:
    """The object alone and evenly lit, from both sides."""
    dice = Dice(np.random.default_rng(5))
    builder = RoomBuilder(0, "val", "study", dice, 6.0, 6.0, 2.6)
    item = builder.sample(name, color=color, shape=shape, states=states)
    builder.add(item, 0.0, 0.0, 0.8)
    room = builder.finish(np.eye(4), (0.6, 0.6, 0.6))
    middle, reach = np.array([0, 0, 0.8 + item.h / 2]), 1.7 * np.hypot(item.h, item.w + item.d)
    T = np.stack([look_at(middle + reach * side, middle) for side in SIDES])
    K = torch.tensor([[1.2 * PIXELS, 0, PIXELS / 2], [0, 1.2 * PIXELS, PIXELS / 2], [0, 0, 1]])
    packed = pack_rooms([room], views=1, partial=0.0)
    T = torch.from_numpy(T).float()[None]
    return render(packed, K.expand(1, 2, 3, 3), T, PIXELS, PIXELS)


@pytest.mark.parametrize(("name", "state", "shape"), WITH_STATES)
def test_every_state_can_be_seen(name, state, shape):
    for color in CATEGORIES[name].colors:
        first = {other: STATES[other][0] for other in CATEGORIES[name].states}
        second = first | {state: STATES[state][1]}
        one, two = (pictures(name, color, shape, states) for states in (first, second))
        there = (one.instance[0] > 0) | (two.instance[0] > 0)
        looks = (one.color[0].int() - two.color[0].int()).abs().amax(-1) > 25
        stands = (one.depth[0] - two.depth[0]).abs() > 0.01
        share = (there & (looks | stands)).sum((1, 2)) / there.sum((1, 2))
        assert (share > VISIBLE).all(), (color, share.tolist())
