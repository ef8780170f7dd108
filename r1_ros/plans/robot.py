"""What a robot offers so that plans can be carried out on it: the `Robot` protocol.

A plan is a list of steps `action(object, ...)`; the actions and their meaning are in
`r1_model.plans.skills.SKILLS`. To connect a robot, write a class with these four members and hand
it to plan_executor, see docs/examples/own_robot.py; or offer an action server for each skill, see
`skill_servers`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from r1_model.text.answer import Step
from r1_ros.plans.changes import Change

OnStatus = Callable[[str], None]
ShouldStop = Callable[[], bool]


class SkillError(Exception):
    """A skill could not do what it was asked; the message is a sentence that says why.

    Args:
        sentence: the message.
        change: what is not as the plan takes it, where the robot can tell; replanning uses it.
    """

    def __init__(self, sentence: str, change: Change | None = None) -> None:
        super().__init__(sentence)
        self.change = change


class SkillStoppedError(Exception):
    """A skill ended early because it was told to; the message, if any, is what kept it."""


class Robot(Protocol):
    """The skills of one robot. plan_executor calls one at a time."""

    def skills(self) -> frozenset[str]:
        """The actions that the robot offers now; a plan with any other is refused as a whole."""

    def start_plan(self, frame_id: str) -> None:
        """A new plan begins.

        Args:
            frame_id: frame of all boxes of its steps.
        """

    def execute(self, step: Step, should_stop: ShouldStop, on_status: OnStatus) -> None:
        """Carry one step out; called in a thread of its own, so it may wait and sleep.

        Args:
            step: `action`, `labels` (what its objects are called) and `boxes` (where they are;
                one for each label that has a box, in order).
            should_stop: True as soon as the step must end: the caller cancelled or time is up.
                Look at it at least ten times a second, stop the motion, then raise
                `SkillStoppedError`.
            on_status: tell in a few words what is going on; goes to the action's feedback.

        Raises:
            SkillError: it did not work.
            SkillStoppedError: it ended because of `should_stop`.
        """

    def close(self) -> None:
        """Let go of the robot."""
