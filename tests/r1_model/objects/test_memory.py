"""Things keep their ids; they move or go only where somebody has looked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.objects.evidence import look
from r1_model.objects.known_object import OrientedBox
from r1_model.objects.memory import (
    GHOST_MISSES,
    LEAST_COVERAGE,
    LEFT_COVERAGE,
    ObjectMemory,
    voted_label,
)
from r1_model.objects.sightings import make_sightings
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from tests.r1_model.objects.rooms import EYES, box, scene

A, B = box(1.2, 1.5, label="mug"), box(2.8, 2.4, label="lamp")


def after(memory: ObjectMemory, map: Scene, found: list[Box]) -> ObjectMemory:
    return memory.update(map, make_sightings(map, found))


def first(*boxes: Box) -> ObjectMemory:
    return after(ObjectMemory(), scene(boxes, 100), list(boxes))


def test_a_second_pass_keeps_ids() -> None:
    memory = first(A, B)
    again = after(memory, scene([A, B], 200), [B, A])
    assert [(t.id, t.label) for t in memory.objects] == [(t.id, t.label) for t in again.objects]
    assert [t.sightings for t in again.objects] == [2, 2]
    assert not any(t.moved or t.gone for t in again.objects)


def test_the_same_map_again_brings_no_vote() -> None:
    memory = first(A)
    [thing] = after(memory, scene([A], 100), [A]).objects
    assert thing.sightings == 1 and thing.votes == memory.objects[0].votes


def test_a_thing_that_was_moved_keeps_its_id() -> None:
    there = replace(A, center=np.array([2.9, 1.0, 0.25]))
    memory = after(first(A, B), scene([there, B], 200), [there, B])
    mug, lamp = memory.objects
    assert mug.moved and not mug.gone and mug.id == "obj1" and mug.moved_at == 203
    assert np.allclose(mug.center, there.center) and np.allclose(mug.previous, A.center)
    assert not lamp.moved


def test_a_thing_that_was_taken_away_is_gone_and_comes_back() -> None:
    memory = after(first(A, B), scene([B], 200), [B])
    assert [t.gone for t in memory.objects] == [True, False]
    assert [t.label for t in memory.present] == ["lamp"]
    memory = after(memory, scene([A, B], 300), [A, B])
    assert [(t.id, t.gone) for t in memory.objects] == [("obj1", False), ("obj2", False)]


def test_where_nobody_has_looked_nothing_is_gone() -> None:
    map = scene([B], 200, eyes=[(2.0, 3.8, 1.7)])
    away = replace(map, views=[])
    memory = after(first(A, B), away, [B])
    assert not any(t.gone or t.moved for t in memory.objects)
    # nor is a thing of the same name elsewhere the one that was not looked for
    twin = box(2.9, 1.0, label="mug")
    memory = after(first(A), replace(scene([twin], 200), views=[]), [twin])
    assert [t.id for t in memory.objects] == ["obj1", "obj2"] and not memory.objects[0].moved


def test_points_that_stayed_in_the_map_are_a_ghost() -> None:
    # an older map was loaded: the detector still finds the mug in its points
    memory = after(first(A, B), scene([B], 200), [A, B])
    assert memory.objects[0].gone and len(memory.objects) == 2


def test_a_miss_is_no_absence() -> None:
    memory = first(A, B)
    for start in (200, 300, 400):
        memory = after(memory, scene([A, B], start), [B])
        assert [t.gone for t in memory.objects][-1] is False
        memory = after(memory, scene([A, B], start + 50), [A, B])
    assert [t.id for t in memory.objects] == ["obj1", "obj2"]


def test_what_was_found_once_and_never_again_is_a_ghost() -> None:
    memory = first(A, B)
    for number in range(GHOST_MISSES):
        memory = after(memory, scene([A, B], 200 + 10 * number), [B])
    assert [t.id for t in memory.objects] == ["obj2"]
    # and its id is not used again
    memory = after(memory, scene([A, B], 900), [A, B])
    assert [t.id for t in memory.objects] == ["obj2", "obj3"]


def test_labels_hold_against_flicker() -> None:
    memory = first(A)
    for number, label in enumerate(["cup", "mug", "cup", "mug", "mug"]):
        memory = after(memory, scene([A], 200 + 10 * number), [replace(A, label=label)])
        assert memory.objects[0].label == "mug"
    for number in range(5):
        memory = after(memory, scene([A], 400 + 10 * number), [replace(A, label="cup")])
    assert memory.objects[0].label == "cup"


def test_doubtful_detections_confirm_and_make_nothing() -> None:
    faint = replace(A, score=0.15)
    assert after(ObjectMemory(), scene([A], 100), [faint]).objects == ()
    [thing] = after(first(A), scene([A], 200), [faint]).objects
    assert thing.sightings == 2


def test_names_of_answers_are_kept() -> None:
    memory = first(A).called("obj1", " coffee  mug ").called("obj1", "mug").called("obj9", "x")
    assert memory.objects[0].names == ("coffee mug",)


def test_a_thing_behind_another_is_hidden_not_gone() -> None:
    wall = Box(np.array([1.2, 0.9, 0.8]), np.array([1.4, 0.1, 1.6]), "screen", score=0.9)
    eyes = [(1.2, 0.2, 0.5)]
    evidence = look(scene([wall], 1, eyes).views, [OrientedBox(A.center, A.size)])
    assert evidence.coverage(0) == 0.0 and np.isnan(evidence.fill(0))
    assert look(scene([A], 1, EYES).views, [OrientedBox(A.center, A.size)]).fill(0) > 0.8


@given(
    st.dictionaries(st.sampled_from("abc"), st.floats(0.01, 50), min_size=1),
    st.sampled_from("abc"),
)
def test_a_label_has_most_votes_or_is_the_old_one(votes: dict[str, float], label: str) -> None:
    told = voted_label(label, votes)
    assert told == label or votes[told] == max(votes.values())


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6))
def test_ids_are_unique_and_never_used_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    memory, given_ids = ObjectMemory(), set[str]()
    for number in range(4):
        boxes = [
            box(*rng.uniform(0.6, 3.4, 2), label=str(rng.choice(["mug", "lamp"])))
            for _ in range(rng.integers(0, 5))
        ]
        before = {t.id for t in memory.objects}
        memory = after(memory, scene(boxes, 100 * (number + 1)), boxes)
        ids = [t.id for t in memory.objects]
        assert len(set(ids)) == len(ids)
        assert not (set(ids) - before) & given_ids
        given_ids |= set(ids)
        assert all(np.isfinite(t.center).all() and (t.size > 0).all() for t in memory.objects)


@pytest.mark.parametrize(
    ("thing", "others"),
    [
        (Box(np.array([0.3, 1.5, 0.45]), np.array([0.6, 0.6, 0.9]), "stove", score=0.9), []),
        (
            Box(np.array([2.0, 2.2, 0.715]), np.array([0.3, 0.25, 0.03]), "magazine", score=0.9),
            [Box(np.array([2.0, 2.0, 0.35]), np.array([1.2, 0.8, 0.7]), "table", score=0.9)],
        ),
    ],
    ids=["at a wall", "flat on a table"],
)
def test_a_wall_or_a_table_does_not_stand_in_for_what_left(thing: Box, others: list[Box]) -> None:
    there = replace(thing, center=thing.center + [1.0 if not others else 0.4, -0.4, 0])
    memory = after(first(thing, *others), scene([there, *others], 200), [there, *others])
    assert memory.objects[0].moved and np.allclose(memory.objects[0].center, there.center)
    assert not any(other.moved or other.gone for other in memory.objects[1:])


def test_a_glimpse_of_an_empty_place_is_enough_where_the_thing_is_found() -> None:
    eyes, screen = [(2.0, 0.3, 1.0)], box(1.45, 0.9, 0.9, size=0.5, label="screen")
    screen = replace(screen, size=np.array([0.4, 0.05, 1.8]))
    there = replace(A, center=np.array([2.9, 1.0, 0.25]))
    evidence = look(scene([there, screen], 200, eyes).views, [OrientedBox(A.center, A.size)])
    assert LEFT_COVERAGE < evidence.coverage(0) < LEAST_COVERAGE
    memory = after(first(A), scene([there, screen], 200, eyes), [there, screen])
    assert memory.objects[0].moved
    # but not to call it gone
    memory = after(first(A), scene([screen], 200, eyes), [screen])
    assert not memory.objects[0].gone


def test_a_ghost_does_not_keep_a_thing_from_being_found() -> None:
    there = replace(A, center=np.array([2.9, 1.0, 0.25]))
    memory = after(first(A, B), scene([there, B], 200), [A, there, B])
    assert [(t.id, t.moved) for t in memory.objects] == [("obj1", True), ("obj2", False)]
