"""One thing seen twice looks more like itself than like another one."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from r1_model.objects.known_object import KnownObject, OrientedBox, Sighting
from r1_model.objects.likeness import (
    CHROMA_SPREAD,
    LEAST_NAME,
    LIGHT_SPREAD,
    SAME_BY_CHANCE,
    SIZE_SPREAD,
    WORST_COLOR,
    likeness,
    size_ratios,
)
from r1_model.objects.matching import ALIKE

SIZE = np.array([0.1, 0.12, 0.1])
RED, BLUE, GREY = (np.array(c, float) for c in ((190, 30, 30), (30, 30, 190), (120, 120, 120)))


def seen(label: str = "mug", size: np.ndarray = SIZE, color: np.ndarray = RED) -> Sighting:
    return Sighting(np.zeros(3), size, label, 0.9, OrientedBox(np.zeros(3), size), color, 1.0)


def known(one: Sighting, **votes: float) -> KnownObject:
    return KnownObject(
        "obj1", one.center, one.size, one.turned, one.label, votes or {one.label: 1.0}, 0.9,
        one.color, 1.0, 0, 0, 0,
    )  # fmt: skip


MUG = known(seen())


def of(one: Sighting, thing: KnownObject = MUG) -> float:
    return float(likeness([thing], [one])[0, 0])


def test_the_same_thing_elsewhere_and_in_other_light() -> None:
    assert of(seen()) > of(seen(color=0.6 * RED)) > ALIKE
    assert of(seen(size=SIZE[[1, 0, 2]])) == pytest.approx(of(seen()))  # it lies across now


@pytest.mark.parametrize(
    "other",
    [seen(color=BLUE), seen("lamp", 1.3 * SIZE), seen("lamp", color=GREY), seen(size=3 * SIZE)],
    ids=["another colour", "a larger kind", "a grey kind", "much larger"],
)
def test_other_things_are_others(other: Sighting) -> None:
    assert of(other) < ALIKE


def test_a_wrong_name_is_forgiven_where_all_else_is_the_same() -> None:
    assert ALIKE < of(seen("cup")) < of(seen())


def test_a_name_that_was_nearly_given_tells_much() -> None:
    doubtful = replace(seen("cup"), names={"cup": 0.5, "mug": 0.4})
    assert of(seen("cup")) < of(doubtful) < of(seen())
    assert of(seen("cup"), known(seen(), mug=1.0, cup=1.0)) > of(seen("cup"))


def test_what_has_no_colour_is_judged_by_the_rest() -> None:
    bare = seen(color=np.full(3, np.nan))
    assert np.isfinite(of(bare)) and of(bare, known(bare)) == of(bare) == of(seen(), known(bare))


def test_as_written_down_slowly() -> None:
    a = known(seen(), mug=3.0, cup=1.0)
    b = replace(seen("cup", 1.2 * SIZE, GREY), names={"cup": 0.6, "mug": 0.3})
    name = math.log((0.75 * 0.3 + 0.25 * 0.6 + LEAST_NAME) / SAME_BY_CHANCE)
    same, other = SIZE_SPREAD
    size = math.log(other / same) - math.log(1.2) * (1 / same - 1 / other)
    reds = [(RED + 10) / (RED + 10).sum(), (GREY + 10) / (GREY + 10).sum()]
    chroma = math.dist(*reds)
    same, other = CHROMA_SPREAD
    chroma = max(2 * math.log(other / same) - chroma * (1 / same - 1 / other), WORST_COLOR)
    light = abs(math.log((RED + 10).sum() / (GREY + 10).sum()))
    same, other = LIGHT_SPREAD
    light = max(math.log(other / same) - light * (1 / same - 1 / other), WORST_COLOR)
    assert of(b, a) == pytest.approx(name + size + chroma + light)


def test_many_at_once_and_none() -> None:
    things, sightings = [MUG, known(seen("lamp", 3 * SIZE, BLUE))], [seen(), seen(color=GREY)]
    table = likeness(things, sightings)
    assert table.shape == (2, 2)
    for row, thing in enumerate(things):
        assert table[row].tolist() == pytest.approx([of(s, thing) for s in sightings])
    assert likeness([], sightings).shape == (0, 2) and likeness(things, []).shape == (2, 0)
    assert size_ratios([MUG], [seen(size=2 * SIZE)])[0, 0] == pytest.approx(0.5)
