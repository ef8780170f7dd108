"""What `list_objects` knows, held against a step: only what is known for sure is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
from geometry_msgs.msg import Point, Pose, Quaternion, Vector3

pytest.importorskip("rclpy")

from r1_ros.msg import GroundedObject, KnownObject, PlanStep

from r1_model.text.answer import Box, Step
from r1_ros.plans.changes import Change, Kind
from r1_ros.plans.known_things import Target, change_of, known_box, nearest_door, targets_of

_MUG = Box(np.array([1.0, 1.0, 0.8]), np.array([0.1, 0.1, 0.1]), "mug")
_TABLE = Box(np.array([3.0, 1.0, 0.4]), np.array([1.0, 0.6, 0.8]), "table")
_TARGETS = [Target("obj7", _MUG), Target("obj8", _TABLE)]
_PICK = Step(2, "pick", ("mug",), (_MUG,))


def _known(
    x: float = 3.0, label: str = "mug", id: str = "obj7", moved: bool = True, **changes: object
) -> KnownObject:
    pose, size = Pose(position=Point(x=x, y=1.0, z=0.8)), Vector3(x=0.1, y=0.1, z=0.1)
    return KnownObject(id=id, label=label, pose=pose, size=size, moved=moved, **changes)


def _change(known: KnownObject, step: Step = _PICK, taken: tuple[Step, ...] = ()) -> Change | None:
    return change_of(step, _TARGETS, taken, [known])


def test_a_thing_that_was_moved_or_is_gone_is_told() -> None:
    moved = _change(_known())
    assert moved is not None and moved.kind is Kind.MOVED and moved.was is _MUG
    assert moved.box is not None and moved.box.label == "mug" and moved.box.center[0] == 3.0
    gone = _change(_known(x=1.0, gone=True))
    assert gone is not None and gone.kind is Kind.GONE


@pytest.mark.parametrize(
    "known",
    [
        _known(x=1.1),  # nearly where it was
        _known(moved=False),  # seen elsewhere, but not told to have moved
        _known(id="obj9"),  # another thing
        _known(label="lamp"),  # the id means something else in that memory
        _known(x=float("nan")),
    ],
)
def test_nothing_is_told_of_what_is_not_known_for_sure(known: KnownObject) -> None:
    assert _change(known) is None


def test_a_synonym_is_a_name_and_what_the_robot_took_is_its_own_affair() -> None:
    assert _change(_known(label="cup", synonyms=["blue mug"])) is not None
    place = Step(4, "place", ("mug", "table"), (_MUG, _TABLE))
    assert _change(_known(), place, (_PICK,)) is None
    assert _change(_known(), place) is not None
    # the table is looked up all the same
    table = _known(x=5.0, label="table", id="obj8")
    found = _change(table, place, (_PICK,))
    assert found is not None and found.label == "table"


def test_the_things_of_a_plan_are_those_with_an_id() -> None:
    def target(id: str, x: float) -> GroundedObject:
        pose = Pose(position=Point(x=x))
        return GroundedObject(id=id, label="mug", pose=pose, size=Vector3(x=0.1, y=0.1, z=0.1))

    steps = [PlanStep(action="pick", targets=[target("obj7", 1.0), target("", 2.0)]),
             PlanStep(action="pick", targets=[target("obj8", math.inf)])]  # fmt: skip
    assert [(t.object_id, t.box.center[0]) for t in targets_of(steps)] == [("obj7", 1.0)]


def test_the_door_that_is_nearest() -> None:
    doors = [_known(x=0.0, label="door"), _known(x=4.0, label="door"),
             _known(x=3.1, label="door", gone=True), _known(x=3.0, label="cupboard")]  # fmt: skip
    door = nearest_door(doors, _TABLE)
    assert door is not None and door.center[0] == 4.0
    assert nearest_door(doors[3:], _TABLE) is None


def test_a_known_box_that_is_none() -> None:
    turned = _known()
    turned.pose.orientation = Quaternion(w=0.0)
    assert known_box(turned) is None
