from __future__ import annotations

import numpy as np
import pytest

from r1_training.reproduce.comparison import Row, summary


def row(room: int, task: str = "qa", **verdict: float) -> Row:
    return Row(room=room, task=task, verdict={"format": 1.0, **verdict})


def test_a_figure_is_the_mean_over_the_questions_that_have_it():
    rows = [row(1, correct=1.0), row(2, correct=0.0), row(2, "planning", correct=1.0, valid=0.5)]
    found = summary(rows)
    assert found["qa/correct"].mean == 0.5 and found["qa/correct"].count == 2
    assert found["planning/valid"].mean == 0.5 and found["planning/valid"].count == 1
    assert found["correct"].mean == pytest.approx(2 / 3) and found["format"].mean == 1.0
    assert "mean" not in found and "qa/format" not in found


def test_the_error_of_independent_questions_is_the_usual_one():
    values = [0.0, 1.0, 1.0, 0.0, 1.0, 1.0]
    found = summary([row(room, correct=value) for room, value in enumerate(values)])
    assert found["correct"].error == pytest.approx(np.std(values) / np.sqrt(len(values)))


def test_questions_that_follow_from_their_room_count_once():
    once = summary([row(room, correct=float(room % 2)) for room in range(6)])
    often = summary([row(room, correct=float(room % 2)) for room in range(6) for _ in range(5)])
    assert often["correct"].error == pytest.approx(once["correct"].error)


def test_the_mean_of_three_knows_that_they_share_rooms():
    def of_room(room: int, right: float) -> list[Row]:
        return [
            row(room, "qa", correct=right),
            row(room, "grounding", correct=right, acc50=right),
            row(room, "planning", correct=right, valid=right),
        ]

    rows = [one for room in range(8) for one in of_room(room, float(room % 2))]
    found = summary(rows)
    assert found["mean"].mean == 0.5 and found["mean"].count == 24
    # all three say the same of each room: together they know no more than one of them
    assert found["mean"].error == pytest.approx(found["qa/correct"].error)


def test_differences_take_out_how_hard_the_questions_are():
    before = [row(room, correct=float(room % 2)) for room in range(6)]
    after = [row(room, correct=float(room % 2 or room == 0)) for room in range(6)]
    change = summary(after, before)
    assert change["correct"].mean == pytest.approx(1 / 6)
    assert change["correct"].error < summary(after)["correct"].error
    assert summary(before, before)["correct"].error == 0.0


def test_other_questions_are_no_comparison():
    with pytest.raises(ValueError, match="not asked the same questions"):
        summary([row(1, correct=1.0)], [row(2, correct=1.0)])
