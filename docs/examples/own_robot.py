"""plan_executor on a robot of your own: run this file in place of the node `plan_executor`.

Parameters, remapping and lifecycle are those of plan_executor.
"""

import sys
import time

from r1_ros.nodes.plan_executor import PlanExecutor
from r1_ros.plans.robot import SkillError, SkillStoppedError
from r1_ros.runtime.lifecycle import spin_node


class MyRobot:
    """Drives and picks. See `r1_ros.plans.robot.Robot`."""

    def __init__(self, node: PlanExecutor) -> None:
        self.node = node  # for clients, publishers and tf of the robot

    def skills(self) -> frozenset[str]:
        """Plans with any other action are refused."""
        return frozenset({"navigate_to", "pick"})

    def start_plan(self, frame_id: str) -> None:
        """Remember the frame of the boxes."""
        self.frame_id = frame_id  # of all boxes below

    def execute(self, step, should_stop, on_status) -> None:
        """Carry one step out."""
        if not step.boxes:
            raise SkillError(f"{step.action} needs to know where its object is")
        on_status(f"{step.action} at {step.boxes[0].center.round(2)} in {self.frame_id}")
        for _ in range(20):  # here: command the robot, and look whether it has arrived
            if should_stop():
                raise SkillStoppedError  # after the robot stands still
            time.sleep(0.05)

    def close(self) -> None:
        """Let go of the robot."""


if __name__ == "__main__":
    sys.exit(spin_node(lambda: PlanExecutor(MyRobot)))
