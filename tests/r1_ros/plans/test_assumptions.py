"""Steps on what nobody has seen: where they are allowed, what verifies them, what does not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

pytest.importorskip("rclpy")

from r1_ros.msg import ErrorCode  # noqa: E402

from r1_model.text.answer import Box, Step  # noqa: E402
from r1_ros.plans.assumptions import (  # noqa: E402
    Assumptions,
    NotSeenError,
    SightError,
    assumed_labels,
    fitting,
    refuse_unrevealed,
    revealed_at,
    same_name,
    things_of,
)
from r1_ros.plans.robot import SkillStoppedError  # noqa: E402


def _box(label: str, x: float = 0.0, y: float = 0.0, z: float = 1.0, size: float = 1.0) -> Box:
    return Box(np.array([x, y, z]), np.full(3, size), label)


_KNOWN = {
    label: _box(label, x)
    for x, label in enumerate(("cupboard", "table", "machine", "櫥櫃", "drawer"))
}


def _plan(*calls: str) -> list[Step]:
    """`"pick mug?"`: the step is assumed. What `_KNOWN` holds has its box."""
    steps = []
    for index, call in enumerate(calls, 1):
        action, *labels = call.rstrip("?").split()
        boxes = tuple(_KNOWN[label] for label in labels if label in _KNOWN)
        steps.append(Step(index, action, tuple(labels), boxes, assumed=call.endswith("?")))
    return steps


def test_things_with_and_without_a_box() -> None:
    mug, shelf = _box("mug"), _box("shelf")
    assert things_of(Step(1, "place", ("mug", "shelf"), (shelf,))) == [
        ("mug", None), ("shelf", shelf),
    ]  # fmt: skip
    # a client may call its boxes as it likes when each label has one
    named = Box(mug.center, mug.size, "")
    assert things_of(Step(1, "pick", ("mug",), (named,))) == [("mug", named)]
    assert assumed_labels(Step(1, "pick", ("mug",))) == ()
    assert assumed_labels(Step(1, "pick", ("mug",), (mug,), assumed=True)) == ("mug",)
    assert assumed_labels(Step(1, "place", ("mug", "box"), (mug,), assumed=True)) == ("box",)


@pytest.mark.parametrize(
    ("calls", "refused"),
    [
        (("navigate_to cupboard", "open cupboard", "pick mug?"), 0),
        (("look_at table", "pick mug?"), 0),
        (("navigate_to table", "pick mug?"), 0),
        (("navigate_to 櫥櫃", "open 櫥櫃", "pick 杯子?"), 0),
        (("open cupboard", "pick mug?", "close cupboard", "place mug? machine"), 0),
        # the box in the cupboard is assumed itself, and then reveals something
        (("open cupboard", "open box?", "pick mug?"), 0),
        (("pick mug?",), 1),
        (("pick mug?", "open cupboard"), 1),
        (("wait machine", "turn_on table", "pick mug?"), 3),
        (("open cupboard", "close cupboard", "pick mug?"), 3),
        (("navigate_to somewhere", "pick mug?"), 2),  # where that is nobody knows
        (("open cupboard", "pick?"), 2),
        ((), 0),
    ],
)
def test_an_assumed_step_needs_one_that_reveals(calls: Sequence[str], refused: int) -> None:
    outcome = refuse_unrevealed(_plan(*calls))
    if not refused:
        assert outcome is None
        return
    assert (outcome.code, outcome.failed_step) == (ErrorCode.NOT_SEEN, refused)
    assert outcome.sentence.startswith(f"step {refused} ") and outcome.steps_done == 0


def test_the_last_place_counts() -> None:
    plan = _plan("navigate_to table", "open cupboard", "open drawer", "close drawer", "pick mug?")
    place = revealed_at(plan, 5)
    assert (place.label, str(place)) == ("cupboard", "in the cupboard")
    assert str(revealed_at(plan, 2)) == "at the table"
    assert revealed_at(plan, 1) is None


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("mug", "mug", True),
        ("Mug", " mug ", True),
        ("mug", "blue mug", True),
        ("coffee mug", "mug", True),
        ("mug", "muggle", False),
        ("mug", "cup", False),
        ("mug", "", False),
        ("杯子", "藍色的杯子", True),
        ("櫥櫃", "橱柜", True),
        ("杯子", "盤子", False),
        ("", "", False),
    ],
)
def test_same_name(a: str, b: str, same: bool) -> None:
    assert same_name(a, b) == same_name(b, a) == same


def test_only_what_lies_there_and_is_called_so_fits() -> None:
    where = _box("cupboard")
    inside, nearer = _box("blue mug", 0.4, size=0.1), _box("mug", 0.1, size=0.1)
    assert fitting("mug", where, [inside, nearer]) is nearer
    assert fitting("mug", where, [_box("mug", 0.84, size=0.1)]) is not None  # 0.3 m wider
    assert fitting("mug", where, [_box("mug", 0.86, size=0.1)]) is None
    assert fitting("mug", where, [_box("mug", z=9.0)]) is None
    assert fitting("mug", where, [_box("plate")]) is None
    assert fitting("mug", where, []) is None


class _Sight:
    """Sees what it is given, one answer a look; then the last one for ever."""

    def __init__(self, *answers: Sequence[Box] | Exception) -> None:
        self.answers, self.asked = list(answers), []

    def __call__(self, label: str, place: Box, should_stop) -> Sequence[Box]:
        self.asked.append((label, place.label))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


def _no() -> bool:
    return False


def test_a_thing_is_looked_for_once_and_then_known() -> None:
    plan = _plan(
        "open cupboard", "navigate_to mug?", "pick mug?", "place mug? machine", "pick mug?"
    )
    mug = _box("blue mug", 0.2, size=0.1)
    sight, said = _Sight([], [mug]), []
    assumptions = Assumptions(plan, sight, patience=60.0)
    assert assumptions.verify(plan[0], _no, said.append) is plan[0] and not said
    driven = assumptions.verify(plan[1], _no, said.append)
    assert sight.asked == [("mug", "cupboard")] * 2  # the map follows with a delay
    assert driven.boxes[0].label == "mug" and np.allclose(driven.boxes[0].center, mug.center)
    assert said == [
        "looking for the mug in the cupboard", "the mug is there, at (0.20, 0.00, 1.00)",
    ]  # fmt: skip
    assumptions.done(driven)
    picked = assumptions.verify(plan[2], _no, said.append)
    assert np.allclose(picked.boxes[0].center, mug.center)
    assumptions.done(picked)
    placed = assumptions.verify(plan[3], _no, said.append)
    assert [box.label for box in placed.boxes] == ["machine"]  # the mug is in the gripper
    assert assumptions.verify(plan[4], _no, said.append).boxes == ()
    assert len(sight.asked) == 2


@pytest.mark.parametrize(
    ("seen", "sentence"),
    [
        ([], "step 2 takes it that there is a mug in the cupboard; it was not seen there"),
        ([_box("mug", 5.0)], "it was not seen there"),
        ([_box("plate")], "it was not seen there"),
        (SightError("nobody offers /ask"), "nobody could look: nobody offers /ask"),
    ],
)
def test_what_is_not_there_is_not_acted_on(seen: object, sentence: str) -> None:
    plan = _plan("open cupboard", "pick mug?")
    with pytest.raises(NotSeenError, match=sentence):
        Assumptions(plan, _Sight(seen), patience=0.0).verify(plan[1], _no, lambda _: None)


def test_a_guessed_box_is_replaced_by_the_one_that_was_seen() -> None:
    plan = _plan("open cupboard")
    guess, mug = _box("mug", 0.0, size=0.1), _box("mug", 0.3, size=0.1)
    step = Step(2, "pick", ("mug",), (guess,), assumed=True)
    plan.append(step)
    verified = Assumptions(plan, _Sight([mug]), 0.0).verify(step, _no, lambda _: None)
    assert np.allclose(verified.boxes[0].center, mug.center)


def test_a_box_in_the_cupboard_reveals_what_it_holds() -> None:
    plan = _plan("open cupboard", "open box?", "pick ring?")
    box, ring = _box("box", 0.3, size=0.2), _box("ring", 0.35, size=0.02)
    far = _box("ring", -0.2, size=0.02)  # in the cupboard, and not in the box
    sight = _Sight([box], [far], [ring])
    assumptions = Assumptions(plan, sight, patience=60.0)
    for step in plan:
        last = assumptions.verify(step, _no, lambda _: None)
        assumptions.done(step)
    assert np.allclose(last.boxes[0].center, ring.center)
    assert sight.asked == [("box", "cupboard"), ("ring", "box"), ("ring", "box")]


def test_looking_ends_when_the_plan_does() -> None:
    plan = _plan("open cupboard", "pick mug?")
    calls = iter([False, False, True])
    with pytest.raises(SkillStoppedError):
        Assumptions(plan, _Sight([]), patience=600.0).verify(
            plan[1], lambda: next(calls), lambda _: None
        )
