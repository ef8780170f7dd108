"""Steps on things that nobody has seen: where they are allowed, and how they are verified.

The rule: a step that is `assumed` needs an earlier step that can reveal its thing: `open` of a
container that is not closed again, `look_at` or `navigate_to` of a place; the last such step
counts, and where its place is must be known. Right before the assumed step is carried out the thing
is looked for, and must be found at that place (its box, 0.3 m wider). What was found once is not
looked for again. Otherwise the plan ends there: nothing is done to what is not there.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from r1_model.text.answer import Box, Step
from r1_model.text.boxes import gaps
from r1_model.text.chinese import simplified
from r1_ros.msg import ErrorCode
from r1_ros.plans.plan_outcome import PlanOutcome
from r1_ros.plans.robot import OnStatus, ShouldStop, SkillStoppedError

REVEALING = ("open", "look_at", "navigate_to")
NEAR_M = 0.3
_AGAIN_S = 0.5  # the map follows what the camera sees with a delay
_POLL_S = 0.02
_HAN = re.compile(r"[\u4e00-\u9fff]")

# (label of a thing, where it should be, should_stop) -> what is seen of that kind, scene frame
Look = Callable[[str, Box, ShouldStop], Sequence[Box]]


class NotSeenError(Exception):
    """What a step assumes was not found; the message is a sentence."""


class SightError(Exception):
    """Nobody could look; the message is a sentence that says why."""


@dataclass(frozen=True)
class Place:
    """Where an assumed thing should turn up.

    Attributes:
        label: of the place.
        inside: the step before it opened the place; else it led there.
        box: None while it is assumed itself.
    """

    label: str
    inside: bool
    box: Box | None

    def __str__(self) -> str:
        return f"{'in' if self.inside else 'at'} the {self.label}"


def things_of(step: Step) -> list[tuple[str, Box | None]]:
    """Each label of a step with its box, if it has one."""
    if len(step.boxes) == len(step.labels):
        return list(zip(step.labels, step.boxes, strict=True))
    boxes = list(step.boxes)
    pairs: list[tuple[str, Box | None]] = []
    for label in step.labels:
        box = next((box for box in boxes if box.label == label), None)
        if box is not None:
            boxes = [other for other in boxes if other is not box]
        pairs.append((label, box))
    return pairs


def assumed_labels(step: Step) -> tuple[str, ...]:
    """What nobody has seen of an assumed step: its things without a box, or else the first one."""
    if not step.assumed:
        return ()
    unboxed = tuple(label for label, box in things_of(step) if box is None)
    return unboxed or step.labels[:1]


def refuse_unrevealed(steps: Sequence[Step]) -> PlanOutcome | None:
    """Why a plan must not be started: no step of it could reveal what it assumes; or None."""
    known: set[str] = set()
    for position, step in enumerate(steps, 1):
        if step.assumed and not step.labels:
            sentence = f"step {position} assumes something and does not name it"
            return PlanOutcome(0, position, ErrorCode.NOT_SEEN, sentence)
        for label in assumed_labels(step):
            if label not in known and revealed_at(steps, position) is None:
                sentence = (
                    f"step {position} takes it that there is a {label[:60]}, which nobody has "
                    "seen; no step before it could reveal it"
                )
                return PlanOutcome(0, position, ErrorCode.NOT_SEEN, sentence)
            known.add(label)
    return None


def revealed_at(steps: Sequence[Step], position: int) -> Place | None:
    """Where the thing that step `position` (1-based) assumes should turn up; None: nowhere."""
    closed: set[str] = set()
    for step in reversed(steps[: position - 1]):
        if not step.labels:
            continue
        label, box = things_of(step)[0]
        if step.action == "close":
            closed.add(label)
        if step.action not in REVEALING or label in closed:
            continue
        if label in assumed_labels(step):
            return Place(label, step.action == "open", None)  # its box would be a guess at best
        if box is not None:
            return Place(label, step.action == "open", box)
    return None


class Assumptions:
    """Verifies the assumed steps of one plan, as they come.

    Args:
        steps: of the plan, which `refuse_unrevealed` lets pass.
        look: who looks.
        patience: how long a thing may take to appear [s].
    """

    def __init__(self, steps: Sequence[Step], look: Look, patience: float) -> None:
        self._steps, self._look, self._patience = steps, look, patience
        # None: it was seen and has been moved since
        self._found: dict[str, Box | None] = {}

    def verify(self, step: Step, should_stop: ShouldStop, on_status: OnStatus) -> Step:
        """The step with the boxes of what it assumed.

        Raises:
            NotSeenError: it was not found.
            SkillStoppedError: `should_stop`.
        """
        assumed = assumed_labels(step)
        for label in assumed:
            if label not in self._found:
                self._found[label] = self._find(step, label, should_stop, on_status)
        if not assumed:
            return step
        boxes = [self._found[label] if label in assumed else box for label, box in things_of(step)]
        return replace(step, boxes=tuple(box for box in boxes if box is not None))

    def done(self, step: Step) -> None:
        """A step was carried out: what it took is not where it was."""
        if step.action == "pick":
            self._found.update(dict.fromkeys(self._found.keys() & set(step.labels)))

    def _find(self, step: Step, label: str, should_stop: ShouldStop, on_status: OnStatus) -> Box:
        place = revealed_at(self._steps, step.index)
        if place is None:
            raise NotSeenError(f"no step before step {step.index} shows a {label[:60]}")
        where = self._found[place.label] if place.box is None else place.box
        belief = f"step {step.index} takes it that there is a {label[:60]} {place}"
        on_status(f"looking for the {label[:60]} {place}")
        deadline = time.monotonic() + self._patience
        if where is None:
            raise NotSeenError(f"{belief}; the {place.label} has been moved since it was seen")
        while True:
            try:
                box = fitting(label, where, self._look(label, where, should_stop))
                why = "it was not seen there"
            except SightError as error:
                box, why = None, f"nobody could look: {error}"
            if box is not None:
                x, y, z = box.center
                on_status(f"the {label[:60]} is there, at ({x:.2f}, {y:.2f}, {z:.2f})")
                return replace(box, label=label)
            until = min(time.monotonic() + _AGAIN_S, deadline)
            while (rest := until - time.monotonic()) > 0:
                if should_stop():
                    raise SkillStoppedError
                time.sleep(min(rest, _POLL_S))
            if until >= deadline:
                raise NotSeenError(f"{belief}; {why}")


def fitting(label: str, where: Box, seen: Sequence[Box]) -> Box | None:
    """The box of what is seen that is called so and touches the place, 0.3 m wider; the nearest."""

    def gap(box: Box) -> float:
        return float(gaps(where, box).max())

    fits = [box for box in seen if same_name(label, box.label) and gap(box) <= NEAR_M]
    return min(fits, key=lambda box: float(np.linalg.norm(box.center - where.center)), default=None)


def same_name(a: str, b: str) -> bool:
    """One name, or one as a part of the other: `mug` and `blue mug`, but not `mug` and `muggle`."""
    a, b = (" ".join(simplified(name).casefold().split()) for name in (a, b))
    if not a or not b:
        return False
    if _HAN.search(a + b):
        return a in b or b in a
    return f" {a} " in f" {b} " or f" {b} " in f" {a} "
