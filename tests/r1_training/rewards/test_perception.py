from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from r1_training.metrics.measures.boxes import pairwise_iou
from r1_training.rewards.perception import SOFT, pair_scores, perception_reward

CHAIR = np.array([[1.0, 2.0, 0.5, 0.5, 0.5, 1.0]])
TWO = np.array([[1.0, 2.0, 0.5, 0.5, 0.5, 1.0], [4.0, 1.0, 0.4, 1.2, 0.8, 0.8]])
ROOM = np.array([[2.5, 2.0, 1.5, 5.0, 4.0, 3.0]])


def moved(boxes: np.ndarray, *, by: float) -> np.ndarray:
    """Along x, metres."""
    return boxes + np.array([by, 0, 0, 0, 0, 0])


def everything(count: int = 40) -> np.ndarray:
    """Boxes all over the room, one of them right."""
    rng = np.random.default_rng(0)
    boxes = np.concatenate(
        (rng.uniform((0, 0, 0), (5, 4, 3), (count, 3)), rng.uniform(0.2, 1, (count, 3))), 1
    )
    boxes[7] = CHAIR
    return boxes


# an honest answer that found roughly the right place
MEDIOCRE = perception_reward(moved(CHAIR, by=0.3), CHAIR)

finite = st.floats(-5, 5, allow_nan=False)
sizes = st.floats(0.01, 4)
box = st.tuples(finite, finite, finite, sizes, sizes, sizes)
boxes = st.lists(box, min_size=1, max_size=5).map(np.array)
anything = hnp.arrays(
    np.float64, st.tuples(st.integers(0, 5), st.just(6)), elements=st.floats(width=64)
)


def slow_reward(boxes: np.ndarray, wanted: np.ndarray) -> float:
    """Every assignment tried."""
    scores = pair_scores(boxes, wanted)
    if len(boxes) < len(wanted):
        scores = scores.T
    short, long = len(scores.T), len(scores)
    best = max(
        sum(scores[row, column] for column, row in enumerate(chosen))
        for chosen in permutations(range(long), short)
    )
    return best / len(wanted) / max(1, len(boxes) / len(wanted)) ** 2


def test_the_referred_box_itself_is_worth_one():
    assert perception_reward(CHAIR, CHAIR) == pytest.approx(1)
    assert perception_reward(TWO, TWO) == pytest.approx(1)


def test_it_is_the_referred_box_that_counts():
    assert perception_reward(TWO[1:], TWO[:1]) < 0.1


def test_nearer_is_better_long_before_boxes_touch():
    far, near, touching = (perception_reward(moved(CHAIR, by=d), CHAIR) for d in (3, 1, 0.4))
    assert pairwise_iou(moved(CHAIR, by=1), CHAIR) == 0
    assert 0 < far < near < touching < 1


def test_boxes_that_do_not_touch_never_reach_a_find():
    assert perception_reward(moved(CHAIR, by=0.5001), CHAIR) <= SOFT


def test_missed_objects_count_zero():
    assert perception_reward(TWO[:1], TWO) == pytest.approx(0.5)


def test_where_nothing_fits_no_box_is_right():
    assert perception_reward(np.zeros((0, 6)), np.zeros((0, 6))) == 1
    assert perception_reward(CHAIR, np.zeros((0, 6))) == 0
    assert perception_reward(np.zeros((0, 6)), CHAIR) == 0


@pytest.mark.parametrize(
    "hack",
    [
        pytest.param(np.repeat(CHAIR, 5, 0), id="the right box five times"),
        pytest.param(np.repeat(CHAIR, 10_000, 0), id="10,000 boxes"),
        pytest.param(everything(), id="every box, the right one among them"),
        pytest.param(ROOM, id="a box as large as the room"),
        pytest.param(np.concatenate((ROOM, CHAIR)), id="the room and a box"),
        pytest.param(np.concatenate((CHAIR, TWO[1:])), id="two candidates"),
        pytest.param(np.zeros((1, 6)), id="a box without size"),
        pytest.param(np.full((1, 6), np.nan), id="NaN"),
        pytest.param(np.full((1, 6), np.inf), id="infinite"),
        pytest.param(CHAIR * [1, 1, 1, -1, -1, -1], id="negative sizes"),
        pytest.param(np.full((1, 6), 1e300), id="outside of the world"),
    ],
)
def test_no_trick_beats_an_honest_mediocre_answer(hack):
    assert pytest.approx(0.36, abs=0.02) == MEDIOCRE
    assert 0 <= perception_reward(hack, CHAIR) < MEDIOCRE


def test_a_box_that_is_none_costs_like_any_other():
    beside = np.concatenate((CHAIR, np.full((1, 6), np.nan)))
    assert perception_reward(beside, CHAIR) == pytest.approx(0.25)


@given(boxes, boxes)
@settings(deadline=None)
def test_it_is_the_best_of_all_assignments(said, wanted):
    assert perception_reward(said, wanted) == pytest.approx(slow_reward(said, wanted))


@given(anything, boxes)
@settings(deadline=None)
def test_any_numbers_are_judged(said, wanted):
    with np.errstate(over="ignore", invalid="ignore"):
        assert 0 <= perception_reward(said, wanted) <= 1 + 1e-9


@given(boxes, boxes, st.randoms(use_true_random=False), finite)
@settings(deadline=None)
def test_order_and_place_of_the_room_do_not_matter(said, wanted, random, shift):
    value = perception_reward(said, wanted)
    mixed, other = list(said), list(wanted)
    random.shuffle(mixed), random.shuffle(other)
    assert perception_reward(np.array(mixed), np.array(other)) == pytest.approx(value)
    assert perception_reward(moved(said, by=shift), moved(wanted, by=shift)) == pytest.approx(
        value, abs=1e-6
    )


@given(boxes, boxes)
@settings(deadline=None)
def test_pairs_are_symmetric(first, second):
    assert np.allclose(pair_scores(first, second), pair_scores(second, first).T)


@given(boxes, box)
@settings(deadline=None)
def test_a_further_box_never_helps(wanted, extra):
    assert perception_reward(np.concatenate((wanted, [extra])), wanted) < 1
