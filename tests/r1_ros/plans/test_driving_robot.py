"""Nav2 drives, skill servers do the rest."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from r1_model.text.answer import Step
from r1_ros.plans.driving_robot import DrivingRobot
from r1_ros.plans.robot import SkillError


class Part:
    def __init__(self, *skills: str) -> None:
        self.offered, self.done, self.closed = frozenset(skills), [], False

    def skills(self) -> frozenset[str]:
        return self.offered

    def start_plan(self, frame_id: str) -> None:
        self.done.append(frame_id)

    def execute(self, step, should_stop, on_status) -> None:
        if step.action == "open":
            raise SkillError("stuck")
        self.done.append(step.action)

    def close(self) -> None:
        self.closed = True


def test_each_step_goes_where_it_belongs() -> None:
    base, arm = Part("navigate_to"), Part("pick", "open", "navigate_to")
    robot = DrivingRobot(base, arm)
    assert robot.skills() == {"navigate_to", "pick", "open"}
    robot.start_plan("map")
    for action in ("navigate_to", "pick"):
        robot.execute(Step(1, action), lambda: False, print)
    assert base.done == ["map", "navigate_to"] and arm.done == ["map", "pick"]
    with pytest.raises(SkillError, match="stuck"):
        robot.execute(Step(1, "open"), lambda: False, print)
    robot.close()
    assert base.closed and arm.closed


def test_who_cannot_drive_does_not_offer_it() -> None:
    assert DrivingRobot(Part(), Part("navigate_to", "pick")).skills() == {"pick"}
