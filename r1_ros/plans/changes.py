"""What is not as a plan takes it, and the steps that go on from there.

A plan is mended with what it holds already: the same actions on the same things, where they are
now, and the drives to them. One action may come in that it does not hold, `open`; whoever mends
must know that nobody forbade it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from r1_model.plans.dependence import arguments, same_thing
from r1_model.text.answer import Box, Step

HERE = frozenset({"wait", "navigate_to"})  # steps that need no drive to their thing before
MayOpen = Callable[[str, Box], bool]


class Kind(Enum):
    """What happened."""

    MOVED = "moved"
    GONE = "gone"
    CLOSED = "closed"
    BLOCKED = "blocked"
    FULL = "full"


@dataclass(frozen=True)
class Change:
    """One thing that is not as a plan takes it.

    Attributes:
        kind: MOVED: the thing is elsewhere; GONE: it is nowhere; CLOSED: it must be open first;
            BLOCKED: no way leads on, and the thing is a door that may be in it; FULL: the gripper
            holds the thing.
        label: of the thing; empty for BLOCKED without a door.
        box: where the thing is now; None where that is not known.
        was: where the plan has it, for MOVED.
    """

    kind: Kind
    label: str
    box: Box | None = None
    was: Box | None = None


def mended(
    steps: Sequence[Step], change: Change | None, may_open: MayOpen, opened: Sequence[Box] = ()
) -> list[Step] | None:
    """What is left of a plan, changed so that its first step may work out; None: it cannot.

    Steps that come in have the index of the step that they are for.

    Args:
        steps: those that are not done; the first one has failed, or would.
        change: what is known about that; None: it just failed, as a grasp does.
        may_open: may a thing be opened that the plan does not open?
        opened: what was opened for this plan before and did not help.
    """
    step, rest = steps[0], list(steps)
    if change is None:
        return [*_drive_to(step), *rest]
    if change.kind is Kind.MOVED and change.box is not None:
        rest = [relocated(item, change) for item in rest]
        return [*_drive_to(rest[0]), *rest]
    if change.kind in (Kind.CLOSED, Kind.BLOCKED) and change.box is not None:
        box = change.box
        tried = any(same_thing(change.label, box, change.label, other) for other in opened)
        if tried or not may_open(change.label, box):
            return None
        opening = [
            Step(step.index, action, (change.label,), (replace(box, label=change.label),))
            for action in ("navigate_to", "open")
        ]
        return [*opening, *_drive_to(step), *rest]
    return None


def relocated(step: Step, change: Change) -> Step:
    """The step with a thing that has moved where it is now."""
    boxes = []
    for label, box in arguments(step):
        if box is None:
            continue
        if change.box is not None and same_thing(label, box, change.label, change.was):
            box = replace(change.box, label=box.label or label)
        boxes.append(box)
    return replace(step, boxes=tuple(boxes))


def _drive_to(step: Step) -> list[Step]:
    """A drive to what a step acts on: of `place`, where to; none where it needs none."""
    if step.action in HERE or not step.boxes:
        return []
    label, box = arguments(step)[-1 if step.action == "place" else 0]
    if box is None:
        return []
    return [Step(step.index, "navigate_to", (label,), (replace(box, label=label),))]
