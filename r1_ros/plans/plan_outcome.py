"""What became of a plan."""

from __future__ import annotations

from dataclasses import dataclass, field

from r1_ros.msg import ErrorCode
from r1_ros.plans.changes import Change


@dataclass(frozen=True)
class PlanOutcome:
    """What became of a plan.

    Attributes:
        steps_done: how many steps succeeded.
        failed_step: 1-based position of the step that failed; 0: none.
        code: of ErrorCode.msg.
        sentence: why; empty on success.
        stuck: a skill did not stop when it was told to, and still runs.
        change: what was not as the plan took it, where somebody could tell.
    """

    steps_done: int = 0
    failed_step: int = 0
    code: int = ErrorCode.NONE
    sentence: str = ""
    stuck: bool = False
    change: Change | None = field(default=None, compare=False)
