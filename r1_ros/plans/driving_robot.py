"""A robot that drives with Nav2 and has its other skills as action servers."""

from __future__ import annotations

from r1_model.text.answer import Step
from r1_ros.plans.robot import OnStatus, Robot, ShouldStop

NAVIGATE = "navigate_to"


class DrivingRobot:
    """See `robot.Robot`: `navigate_to` goes to one robot, every other skill to the other.

    Args:
        base: drives.
        arm: does the rest; a `navigate_to` of its own is not used.
    """

    def __init__(self, base: Robot, arm: Robot) -> None:
        self._base, self._arm = base, arm

    def skills(self) -> frozenset[str]:
        """What both offer."""
        return (self._base.skills() & {NAVIGATE}) | (self._arm.skills() - {NAVIGATE})

    def start_plan(self, frame_id: str) -> None:
        """See `Robot`."""
        for part in (self._base, self._arm):
            part.start_plan(frame_id)

    def execute(self, step: Step, should_stop: ShouldStop, on_status: OnStatus) -> None:
        """Hand the step to the one that it is for."""
        part = self._base if step.action == NAVIGATE else self._arm
        part.execute(step, should_stop, on_status)

    def close(self) -> None:
        """Leave both."""
        for part in (self._base, self._arm):
            part.close()
