"""How many of a thing may be taken."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.plans.guard import FORBIDDEN, guard_steps
from r1_model.plans.prohibitions.request import read_request
from r1_model.text.answer import Box, Step


def kept(text: str, *labels: str) -> int:
    """How many steps of picking up are left; each thing has a place of its own."""
    steps = [
        Step(i, "pick", (label,), (Box(np.array([i * 2.0, 0.0, 1.0]), np.full(3, 0.3), label),))
        for i, label in enumerate(labels, 1)
    ]
    guarded = guard_steps(steps, read_request(text))
    assert all(item.reason == FORBIDDEN for item in guarded.withheld)
    return len(guarded.steps)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("Take only two apples.", 2),
        ("Take just one apple, please.", 1),
        ("Only bring one apple.", 1),
        ("Bring the apples, two at most.", 2),
        ("Don't bring more than two apples.", 2),
        ("Don't take all the apples, only one.", 1),
        ("只拿两个苹果。", 2),
        ("最多拿一個蘋果。", 1),
        ("别拿超过两个苹果。", 2),
        ("拿一个苹果就好。", 1),
        ("Take the apples.", 3),
        ("Take the apples in two minutes.", 3),
    ],
)
def test_more_than_was_wanted_goes(text: str, left: int) -> None:
    name = "apple" if text.isascii() else "苹果"
    assert kept(text, name, name, name) == left


def test_other_things_are_not_counted() -> None:
    assert kept("Take only one apple, and the mug and the book.", "apple", "mug", "book") == 3
