"""Plans on offer."""

from __future__ import annotations

import pytest

pytest.importorskip("r1_ros.msg")

from r1_ros.plans.shelf import OfferedPlan, PlanShelf, UnknownPlanError  # noqa: E402


def offered(goal: str) -> OfferedPlan:
    return OfferedPlan(goal, [], "map", "")


def test_a_plan_is_taken_once() -> None:
    shelf = PlanShelf()
    first, second = shelf.put(offered("a")), shelf.put(offered("a"))
    assert first != second and len(first) == 16
    assert shelf.take(first).goal == "a"
    with pytest.raises(UnknownPlanError, match=first):
        shelf.take(first)
    assert shelf.take(second).goal == "a"


def test_the_oldest_plans_are_forgotten() -> None:
    shelf = PlanShelf()
    names = [shelf.put(offered(str(number))) for number in range(60)]
    with pytest.raises(UnknownPlanError):
        shelf.take(names[9])
    assert shelf.take(names[10]).goal == "10"


@pytest.mark.parametrize("name", ["", "0" * 16, "the last plan", "x" * 10_000])
def test_a_guess_is_no_plan(name: str) -> None:
    shelf = PlanShelf()
    shelf.put(offered("a"))
    with pytest.raises(UnknownPlanError) as caught:
        shelf.take(name)
    assert len(str(caught.value)) < 200
