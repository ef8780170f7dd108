"""Which views show an object."""

from __future__ import annotations

import numpy as np

from r1_ros.evaluation.seen import sees, shares
from tests.r1_model.posed_views import wall_view

# cameras at (2, 0.2, 1.2) that look at points of a wall 1.5 m away
AHEAD = wall_view(np.array([2.0, 0.2, 1.2]), np.array([2.0, 2, 1.2]), 1.5, 0)
BACK = wall_view(np.array([2.0, 0.2, 1.2]), np.array([2.0, -2, 1.2]), 1.5, 1)
ON_THE_WALL = (np.array([2.0, 1.6, 1.2]), np.array([0.2, 0.2, 0.2]))
BEHIND_IT = (np.array([2.0, 3.0, 1.2]), np.array([0.2, 0.2, 0.2]))


def test_what_is_in_the_picture_and_not_hidden_is_seen() -> None:
    assert sees(AHEAD, *ON_THE_WALL)
    assert not sees(AHEAD, *BEHIND_IT)
    assert not sees(BACK, *ON_THE_WALL)


def test_shares() -> None:
    views, boxes = [AHEAD, BACK], [ON_THE_WALL, BEHIND_IT]
    assert shares(views, [0], boxes) == {"shown": 0.5, "views": 1.0, "chance": 0.5}
    assert shares(views, [1], boxes) == {"shown": 0.0, "views": 0.0, "chance": 0.5}
    assert shares(views, [], boxes) is None and shares(views, [0], []) is None
    assert shares(views, [99], boxes) is None  # a keyframe that is gone
