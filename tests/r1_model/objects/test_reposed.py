"""A place that comes again in another frame keeps its ids; another place never gets them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.objects.known_object import OrientedBox
from r1_model.objects.memory import ObjectMemory
from r1_model.objects.place import place_of
from r1_model.objects.registration import Turn
from r1_model.objects.reposed import agreed, found_again, turned_memory
from r1_model.text.answer import Box
from r1_model.text.boxes import extent, turned_box
from tests.r1_model.objects.rooms import box, furnished, scene, sighting

THINGS = [box(1.0, 1.0, label="mug"), box(3.0, 1.2, label="lamp"), box(4.1, 3.0, label="vase")]
THINGS += [box(1.5, 3.1, label="bag")]
INTO = Turn(-2.3, np.array([-4.0, 1.0, 0.25]))


def known(boxes: list[Box]) -> ObjectMemory:
    return ObjectMemory().update(scene(boxes, 100), [sighting(one) for one in boxes])


def there(boxes: list[Box], into: Turn = INTO) -> list[Box]:
    turned = [turned_box(one, into.yaw) for one in boxes]
    return [replace(one, center=one.center + into.shift) for one in turned]


def test_a_place_in_another_frame_is_known_again() -> None:
    memory, place = known(THINGS), place_of(furnished(0, noise=1))
    new = place_of(INTO.points(furnished(0, noise=2)))
    moved = [replace(THINGS[0], center=np.array([4.0, 1.2, 0.25])), *THINGS[1:]]
    found = found_again(memory, place, new, [sighting(one) for one in there(moved)])
    assert found is not None
    again, its_place = found
    assert [t.id for t in again.objects] == [t.id for t in memory.objects]
    for thing, one in zip(again.objects, there(THINGS), strict=True):
        assert np.allclose(thing.center, one.center, atol=0.03)
    assert np.allclose(its_place.points, INTO.points(place.points), atol=0.04)


def test_a_room_of_the_same_walls_is_another_room() -> None:
    memory, place = known(THINGS), place_of(furnished(0, noise=1))
    new = place_of(INTO.points(furnished(0, noise=2)))
    # the same things, elsewhere
    others = [
        replace(one, label=other.label)
        for one, other in zip(THINGS, [*THINGS[1:], THINGS[0]], strict=True)
    ]
    assert found_again(memory, place, new, [sighting(one) for one in there(others)]) is None
    assert found_again(memory, place, new, []) is None
    other_walls = place_of(furnished(1, noise=1, size=(3.4, 6.5)))
    seen = [sighting(one) for one in there(THINGS)]
    assert found_again(memory, place, other_walls, seen) is None


def test_too_few_things_confirm_nothing() -> None:
    seen = [sighting(one) for one in THINGS]
    assert agreed(known(THINGS), seen) == 1.0 and agreed(known(THINGS[:2]), seen) == 0.0
    assert agreed(ObjectMemory(), seen) == 0.0
    doubtful = [replace(one, score=0.2) for one in seen]
    assert agreed(known(THINGS), doubtful) == 0.0


@settings(max_examples=25, deadline=None)
@given(st.floats(-3.1, 3.1), st.floats(-3.1, 3.1))
def test_there_and_back(yaw: float, own: float) -> None:
    memory = known(THINGS)
    turned = Box(np.array([2.0, 2.0, 0.4]), np.array([1.6, 0.3, 0.8]), "bench", score=0.9, yaw=own)
    one = replace(
        memory.objects[0],
        center=turned.center, size=extent(turned),
        turned=OrientedBox(turned.center, turned.size, own), previous=np.array([1.0, 0.0, 0.5]),
    )  # fmt: skip
    memory = replace(memory, objects=(one,))
    into = Turn(yaw, np.array([3.0, -1.0, 0.5]))
    back = Turn(-yaw, -Turn(-yaw, np.zeros(3)).points(into.shift))
    away = turned_memory(memory, into).objects[0]
    assert np.allclose(away.size, extent(turned_box(turned, yaw)))
    assert -np.pi / 2 < away.turned.yaw <= np.pi / 2
    again = turned_memory(turned_memory(memory, into), back).objects[0]
    assert again.previous is not None and one.previous is not None
    for a, b in (
        (again.center, one.center),
        (again.previous, one.previous),
        (again.size, one.size),
    ):
        assert np.allclose(a, b, atol=1e-9)
