import math

import numpy as np
import pytest

from r1_model.geometry.oriented_boxes import footprint, oriented_iou
from r1_model.text.answer import Answer, Box, Step, Withheld
from r1_model.text.boxes import (
    along_axes,
    box_ious,
    contains,
    extent,
    gaps,
    points_inside,
    turned_answer,
    turned_box,
)


def box(center=(0.0, 0.0, 0.0), size=(1.0, 2.0, 3.0), yaw=0.0):
    return Box(np.array(center, float), np.array(size, float), "box", yaw=yaw)


def corners(one):
    return footprint(one.center, one.size, one.yaw)


@pytest.mark.parametrize("yaw", [-3.0, -0.7, 0.4, math.pi / 2, 3.1])
def test_a_turned_box_has_turned_corners(yaw):
    one = box((1, 2, 3), yaw=0.3)
    c, s = math.cos(yaw), math.sin(yaw)
    there = turned_box(one, yaw)
    assert np.allclose(corners(there), corners(one) @ np.array([[c, s], [-s, c]]))
    assert abs(there.yaw) <= math.pi and there.label == "box"
    back = turned_box(there, -yaw)
    assert np.allclose(back.center, one.center) and back.yaw == pytest.approx(one.yaw)
    assert turned_box(one, 0) is one


def test_an_answer_is_turned_with_its_steps_and_what_is_withheld():
    one = box((1, 0, 0))
    step = Step(1, "pick", ("box",), (one,))
    said = Answer(
        "raw", "", "a", "qa", "en", [one], [step], withheld=[Withheld("unseen", "x", step),
                                                            Withheld("forbidden")]
    )  # fmt: skip
    there = turned_answer(said, math.pi / 2)
    for found in (there.boxes[0], there.steps[0].boxes[0], there.withheld[0].step.boxes[0]):
        assert np.allclose(found.center, (0, 1, 0)) and found.yaw == pytest.approx(math.pi / 2)
    assert there.raw == "raw" and there.withheld[1] == said.withheld[1]
    assert turned_answer(said, 0) is said


def test_the_box_around_and_the_box_along_the_axes():
    assert np.allclose(extent(box(yaw=0.5)), (*np.ptp(corners(box(yaw=0.5)), axis=0), 3))
    assert np.allclose(along_axes(box(yaw=0.5)).size, (1, 2, 3))
    quarter = along_axes(box(yaw=-1.4))
    assert np.allclose(quarter.size, (2, 1, 3)) and quarter.yaw == 0


@pytest.mark.parametrize("seed", range(5))
def test_overlaps_are_those_of_one_after_the_other(seed):
    rng = np.random.default_rng(seed)
    yaws = [0.3, 0.3, 0.3 + math.pi / 2, 0.3 - math.pi, *rng.uniform(-4, 4, 6), 0.3]
    many = [box(rng.uniform(-1, 1, 3), rng.uniform(0.3, 2, 3), yaw) for yaw in yaws]
    many[-1] = box((9, 9, 9), yaw=1.0)
    one = box(rng.uniform(-0.3, 0.3, 3), (1, 2, 1.5), 0.3)
    slow = [oriented_iou((o.center, o.size, o.yaw), (one.center, one.size, 0.3)) for o in many]
    assert np.allclose(box_ious(many, one), slow, atol=1e-9)
    assert box_ious([], one).shape == (0,)


def test_gaps_are_along_the_edges_of_the_first_box():
    here, there = box(yaw=math.pi / 4), box((1.5, 1.5, 0), yaw=math.pi / 4)
    away = 1.5 * math.sqrt(2)
    assert np.allclose(gaps(here, there), (away - 1, -2, -3))
    assert np.allclose(gaps(box(), box((3, 0, 0), yaw=math.pi / 2)), (3 - 1.5, -1.5, -3))


def test_a_point_lies_inside_of_a_turned_box():
    long = box(size=(4, 0.2, 1), yaw=math.pi / 4)
    assert contains(long, np.array([1, 1, 0])) and not contains(long, np.array([1, -1, 0]))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_points_of_many_boxes_are_those_that_each_contains(dtype):
    rng = np.random.default_rng(0)
    points = np.round(rng.uniform(-3, 3, (5000, 3)), 1).astype(dtype)  # many on faces
    boxes = [
        box(np.round(rng.uniform(-3, 3, 3), 1), np.round(rng.uniform(0, 3, 3), 1), yaw)
        for yaw in (0.0, 0.0, 0.0, 0.7, -2.1, math.pi / 2)
    ]
    for one, rows in zip(boxes, points_inside(boxes, points), strict=True):
        assert rows.tolist() == np.flatnonzero(contains(one, points)).tolist()
    assert [len(rows) for rows in points_inside(boxes, points[:0])] == [0] * len(boxes)
    assert points_inside([], points) == []
