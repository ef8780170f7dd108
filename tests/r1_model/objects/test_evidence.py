"""What rays tell of a place: something stands in it, or only something beneath and behind it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from r1_model.geometry.oriented_boxes import turn
from r1_model.objects.evidence import GRID, TOLERANCE, Evidence, look
from r1_model.objects.known_object import OrientedBox
from r1_model.scene.scene import View
from r1_model.text.answer import Box
from tests.r1_model.objects.rooms import EYES, box, view

TABLE = Box(np.array([2.0, 2.0, 0.35]), np.array([1.2, 0.8, 0.7]), "table", score=0.9)
MAGAZINE = Box(np.array([2.0, 2.0, 0.715]), np.array([0.3, 0.25, 0.03]), "magazine", score=0.9)
STOVE = Box(np.array([0.3, 2.0, 0.45]), np.array([0.6, 0.6, 0.9]), "stove", score=0.9)  # at a wall
CUSHION = Box(np.array([0.2, 2.0, 0.6]), np.array([0.2, 0.4, 0.4]), "cushion", score=0.9)


def stand(one: Box) -> OrientedBox:
    return OrientedBox(one.center, one.size, one.yaw)


def fill(there: list[Box], place: Box) -> float:
    views = [view(eye, (2.0, 2.0, 0.3), there, n) for n, eye in enumerate(EYES)]
    return look(views, [stand(place)]).fill(0)


@pytest.mark.parametrize(
    ("thing", "others"),
    [(STOVE, []), (MAGAZINE, [TABLE]), (CUSHION, []), (box(1.2, 1.5), []), (TABLE, [])],
)
def test_a_wall_a_floor_and_a_table_are_not_what_stood_before_them(
    thing: Box, others: list[Box]
) -> None:
    with_it, without = fill([thing, *others], thing), fill(others, thing)
    assert with_it > 0.5 and without < 0.2 * with_it


def test_what_is_noise_before_a_thing_is_in_it() -> None:
    near = replace(STOVE, size=STOVE.size + 2 * (TOLERANCE - 0.005))
    assert fill([near], STOVE) > 0.9


def slow_look(views: list[View], place: OrientedBox) -> Evidence:
    """One ray after the other, in metres along it."""
    hit, through, beyond, hidden = (np.zeros((1, len(views)), int) for _ in range(4))
    uncovered = np.zeros((1, len(views), GRID**3), bool)
    axes, half = turn(place.yaw)[:3, :3], place.size / 2
    for number, one in enumerate(views):
        eye, R = one.T_scene_camera[:3, 3], one.T_scene_camera[:3, :3]
        for ray, index in enumerate(np.ndindex(GRID, GRID, GRID)):
            point = axes @ (((np.array(index) + 0.5) / GRID - 0.5) * place.size) + place.center
            in_camera = R.T @ (point - eye)
            if in_camera[2] <= 0:
                continue
            u, v, _ = one.K @ in_camera / in_camera[2]
            row, column = round(v), round(u)
            if not (0 <= row < one.depth.shape[0] and 0 <= column < one.depth.shape[1]):
                continue
            length = np.linalg.norm(point - eye)
            way, start = axes.T @ (point - eye) / length, axes.T @ (eye - place.center)
            ends = one.depth[row, column] / in_camera[2] * length
            sides = np.stack([(-half - start) / way, (half - start) / way])
            enter, leave = sides.min(0).max(), sides.max(0).min()
            if ends <= 0:
                continue
            if ends < enter - TOLERANCE:
                hidden[0, number] += 1
                continue
            uncovered[0, number, ray] = True
            passed = ends > leave - min(TOLERANCE, (leave - enter) / 2)
            (through if passed else hit)[0, number] += 1
            beyond[0, number] += ends > leave + TOLERANCE
    return Evidence(hit, through, beyond, hidden, uncovered)


def test_as_one_ray_after_the_other() -> None:
    # not at the middle of the things: a ray between two pixels goes to either, as a CPU rounds
    aim = (2.0123, 1.9871, 0.3057)
    views = [view(eye, aim, [TABLE, MAGAZINE], n) for n, eye in enumerate(EYES)]
    views[0].depth[:, ::3] = 0.0  # nothing was measured there
    for place in (MAGAZINE, TABLE, box(1.0, 1.0), replace(TABLE, yaw=0.6)):
        fast, slow = look(views, [stand(place)]), slow_look(views, stand(place))
        for name in ("hit", "through", "beyond", "hidden", "uncovered"):
            assert np.array_equal(getattr(fast, name), getattr(slow, name)), name


def test_a_turned_box_is_looked_into_as_it_stands() -> None:
    turned = OrientedBox(np.array([2.0, 2.0, 0.35]), np.array([1.2, 0.8, 0.7]), np.pi / 2)
    across = OrientedBox(turned.center, turned.size[[1, 0, 2]])
    views = [view(eye, (2.0, 2.0, 0.3), [TABLE], n) for n, eye in enumerate(EYES)]
    both = look(views, [turned, across])
    assert both.hit[0].tolist() == both.hit[1].tolist()
    assert both.hit[0].tolist() != look(views, [stand(TABLE)]).hit[0].tolist()
    assert look(views, []).hit.shape == (0, len(views))
