"""What stands in a place that is forbidden with all on it."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.plans.guard import guard_steps
from r1_model.plans.prohibitions.request import read_request
from r1_model.plans.standing import Standing, standing_in, stands
from r1_model.text.answer import Box, Step

DESK = Box(np.array([0.0, 0.0, 0.4]), np.array([1.6, 0.8, 0.8]), "desk")
ON = Box(np.array([0.5, 0.1, 0.85]), np.full(3, 0.1), "mug")
ELSEWHERE = Box(np.array([3.0, 0.1, 0.85]), np.full(3, 0.1), "mug")
BELOW = Box(np.array([0.2, 0.0, 0.15]), np.full(3, 0.3), "bin")


def test_on_and_under() -> None:
    assert stands(ON, DESK, under=False)
    assert not stands(ELSEWHERE, DESK, under=False)
    assert not stands(BELOW, DESK, under=False)
    assert stands(BELOW, DESK, under=True)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("anything on the desk", Standing("", "desk", False, True)),
        ("cups that are in the cupboard", Standing("cups", "cupboard", False, False)),
        ("things under the bed", Standing("", "bed", True, False)),
        ("桌子上的东西", Standing("", "桌子", False, True)),
        ("blue mug", None),
        ("anything in the room", None),
    ],
)
def test_what_a_name_says_of_a_place(name: str, expected: Standing | None) -> None:
    assert standing_in(name) == expected


@pytest.mark.parametrize(
    ("text", "place", "box", "left"),
    [
        ("Don't touch anything on the desk. Bring me the mug.", "desk", ON, False),
        ("Don't touch anything on the desk. Bring me the mug.", "desk", ELSEWHERE, True),
        ("Tidy up, but leave the stuff on the desk alone.", "desk", ON, False),
        ("Tidy up, but leave the stuff on the desk alone.", "desk", ELSEWHERE, True),
        ("书桌上的东西都别碰，把杯子拿来。", "书桌", ON, False),
        ("书桌上的东西都别碰，把杯子拿来。", "书桌", ELSEWHERE, True),
    ],
)
def test_a_thing_is_known_by_where_it_stands(text: str, place: str, box: Box, left: bool) -> None:
    step = Step(1, "pick", ("mug",), (box,))
    found = lambda name: [Box(DESK.center, DESK.size, place)] if name == place else []  # noqa: E731
    assert bool(guard_steps([step], read_request(text), locate=found).steps) is left
