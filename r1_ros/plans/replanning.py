"""A plan that failed goes on: with what changed, a few times, and with nothing forbidden."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from r1_model.plans.dependence import arguments, same_thing
from r1_model.text.answer import Box, Step
from r1_ros.msg import ErrorCode
from r1_ros.plans.changes import Kind, MayOpen, mended
from r1_ros.plans.plan_outcome import PlanOutcome

# what a cancel, a timeout or a skill that hangs leave behind is nobody's to go on with
_MENDED = frozenset({ErrorCode.SKILL_FAILED, ErrorCode.NOT_SEEN})

FindDoor = Callable[[Box], Box | None]  # the door that may be in the way to a box


class Replanner:
    """Mends one plan.

    Args:
        steps: of the plan.
        most: how often.
        may_open: may a thing be opened that the plan itself neither opens nor closes?
        find_door: asked where no way leads on.
        agree: hears what is to be done instead; False: it is not done.
    """

    def __init__(
        self,
        steps: Sequence[Step],
        most: int,
        may_open: MayOpen,
        find_door: FindDoor = lambda box: None,
        agree: Callable[[Sequence[Step]], bool] = lambda steps: True,
    ) -> None:
        self._steps, self._left = list(steps), most
        self._allowed, self._find_door = may_open, find_door
        self._agree = agree
        self._opened: list[Box] = []

    def mend(self, waiting: Sequence[Step], failure: PlanOutcome) -> list[Step] | None:
        """What to do instead; None: nothing helps, the plan ends with the failure.

        Args:
            waiting: the steps that are not done; the first one has failed.
            failure: why.
        """
        if self._left <= 0 or failure.code not in _MENDED or failure.stuck:
            return None
        self._left -= 1
        change, step = failure.change, waiting[0]
        if change is None and failure.code == ErrorCode.NOT_SEEN:
            return None  # an assumed thing was looked for, and is not there
        if change is not None and change.kind is Kind.BLOCKED and not change.label and step.boxes:
            door = self._find_door(step.boxes[-1])
            if door is not None:
                change = replace(change, label=door.label, box=door)
        found = mended(waiting, change, self._may_open, self._opened)
        opens = change is not None and change.kind in (Kind.CLOSED, Kind.BLOCKED)
        if found is not None and opens and change is not None and change.box is not None:
            self._opened.append(change.box)
        return found if found is not None and self._agree(found) else None

    def _may_open(self, label: str, box: Box) -> bool:
        own = any(
            same_thing(label, box, *thing)
            for step in self._steps
            if step.action in ("open", "close")
            for thing in arguments(step)
        )
        return own or self._allowed(label, box)
