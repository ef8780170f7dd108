"""A robot that is not there: skills that take a little time and obey a symbolic world.

It holds one thing at a time, must stand near what it touches, and takes nothing out of what is
closed (see `r1_model.plans.simulator`). Where there is a map it drives in its free space
(`simulated_base`); all else that it knows of the room are the boxes of the plan.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from r1_model.plans.simulator import Key, PlanError, Thing, World, apply, unknown_thing
from r1_model.plans.skills import SKILLS
from r1_model.text.answer import Box, Step
from r1_model.text.boxes import box_ious, contains, gaps
from r1_model.text.chinese import simplified
from r1_ros.motion.simulated_base import SimulatedBase
from r1_ros.plans.assumptions import things_of
from r1_ros.plans.changes import Change, Kind
from r1_ros.plans.robot import OnStatus, ShouldStop, SkillError, SkillStoppedError

REACH = 1.2  # metres from the box that the robot stands at to the box of what it touches
SAME_IOU = 0.25
_POLL_S = 0.02
_TOUCHING = frozenset(SKILLS) - {"navigate_to", "look_at", "wait"}
# things with a door: what lies in their box is inside
_CLOSETS = (
    "cupboard", "cabinet", "wardrobe", "fridge", "refrigerator", "drawer", "microwave", "oven",
    "dishwasher", "washing machine",
    "柜", "橱", "冰箱", "抽屉", "微波炉", "烤箱", "洗碗机", "洗衣机",
)  # fmt: skip


class SimulatedRobot:
    """See `robot.Robot`.

    Args:
        step_seconds: how long each skill takes [s], without the way.
        base: drives in a map; None: it is wherever it was told to be.

    Attributes:
        world: as it is now; it lasts from plan to plan.
    """

    def __init__(self, step_seconds: float = 0.2, base: SimulatedBase | None = None) -> None:
        self.step_seconds, self.base = step_seconds, base
        self.world = World({})
        self._boxes: dict[Key, Box] = {}  # by the world's keys
        self._were: dict[Key, Box] = {}  # where plans have what was picked up

    def skills(self) -> frozenset[str]:
        """All of `r1_model.plans.skills`."""
        return frozenset(SKILLS)

    def start_plan(self, frame_id: str) -> None:
        """The world stays as the plan before left it."""
        if self.base is not None:
            self.base.frame_id = frame_id

    def execute(self, step: Step, should_stop: ShouldStop, on_status: OnStatus) -> None:
        """Change the world, after the time that it takes."""
        keys = [self._key(label, box) for label, box in things_of(step)]
        on_status(SKILLS[step.action].meaning.format(*step.labels, "", ""))
        self._require_reach(step.action, keys)
        self._require_open(step.action, keys)
        self._drive(step.action, keys, should_stop, on_status)
        deadline = time.monotonic() + self.step_seconds
        while (rest := deadline - time.monotonic()) > 0:
            if should_stop():
                raise SkillStoppedError
            time.sleep(min(rest, _POLL_S))
        try:
            self.world = apply(self.world, step.action, keys)
        except PlanError as error:
            raise SkillError(str(error)) from None
        if step.action == "pick":
            box = self._boxes.pop(keys[0], None)  # it moves with the robot now
            if box is not None:
                self._were.setdefault(keys[0], box)
        elif step.action == "place" and keys[1] in self._boxes:
            self._boxes[keys[0]] = self._boxes[keys[1]]
        elif self.base is not None and keys and keys[0] in self._boxes:
            if step.action == "open":
                self.base.opened(self._boxes[keys[0]])
            elif step.action == "close":
                self.base.closed(self._boxes[keys[0]])

    def close(self) -> None:
        """Let go of the map."""
        if self.base is not None:
            self.base.close()

    def know(self, key: Key, thing: Thing, box: Box | None = None) -> None:
        """Hear of a thing before a plan speaks of it; the same key again: as it is now.

        Args:
            key: of the thing in `world`.
            thing: its name is what plans call it.
            box: where it is.
        """
        self.world = replace(self.world, things={**self.world.things, key: thing})
        if box is not None:
            self._boxes[key] = box

    def _drive(
        self, action: str, keys: Sequence[Key], should_stop: ShouldStop, on_status: OnStatus
    ) -> None:
        """To the thing of `navigate_to`; to what is touched and is out of the arm's reach."""
        if self.base is None:
            return
        far = [
            box
            for key in keys
            if action in _TOUCHING and self.world.held != key
            if (box := self._boxes.get(key)) is not None and not self.base.can_reach(box)
        ]
        if action == "navigate_to":
            far = [self._boxes[key] for key in keys[:1] if key in self._boxes]
        for box in far:
            around = [own for own in self._boxes.values() if contains(own, box.center)]
            self.base.drive_to(box, should_stop, on_status, around)

    def _require_open(self, action: str, keys: Sequence[Key]) -> None:
        """What is taken out of a thing, or put into it, needs it open."""
        things = self.world.things
        around: Key | None = None
        if len(keys) != SKILLS[action].arguments:
            return  # `apply` says so
        if action == "pick" and things[keys[0]].relation == "in":
            around = things[keys[0]].parent
        elif action == "place":
            goal = things[keys[1]]
            around = keys[1] if goal.container and not goal.surface else None
        thing = things.get(around)
        if thing is not None and thing.states.get("opening") == "closed":
            change = Change(Kind.CLOSED, thing.name, self._boxes.get(around))
            sentence = f"the {thing.name} is closed"
            if action == "pick":
                sentence = f"the {things[keys[0]].name} is in the {thing.name}, which is closed"
            raise SkillError(sentence, change)

    def _key(self, label: str, box: Box | None) -> Key:
        """The thing that a step means; a new one if it was never spoken of."""
        places = {
            key: [place[key] for place in (self._boxes, self._were) if key in place]
            for key, thing in self.world.things.items()
            if thing.name == label
        }
        # what is known to be there comes before what may be anywhere
        there = [
            key
            for key, own in places.items()
            if box is None or any(_overlap(place, box) > SAME_IOU for place in own)
        ]
        anywhere = [key for key, own in places.items() if not own]
        if there or anywhere:
            return (there or anywhere)[0]
        key = f"{label} #{len(self.world.things)}"
        things = {**self.world.things, key: unknown_thing(label)}
        if box is not None:
            self._boxes[key] = box
            closet = self._closet_around(key, box)
            if closet is not None:
                things[key] = replace(things[key], parent=closet, relation="in")
        if _is_closet(label):
            states = {**things[key].states, "opening": "closed"}
            things[key] = replace(things[key], states=states, graspable=False, brews=False)
        self.world = replace(self.world, things=things)
        return key

    def _closet_around(self, key: Key, box: Box) -> Key | None:
        for other, known in self._boxes.items():
            inside = bool(contains(known, box.center))
            if other != key and inside and _is_closet(str(other)):
                return other
        return None

    def _require_reach(self, action: str, keys: Sequence[Key]) -> None:
        if action not in _TOUCHING:
            return
        here = self._boxes.get(self.world.robot_at)
        for key in keys:
            there = self._boxes.get(key)
            if here is None or there is None or self.world.held == key:
                continue
            distance = float(np.linalg.norm(gaps(here, there).clip(min=0)))
            if distance > REACH:
                raise SkillError(
                    f"the {self.world.things[key].name} is {distance:.1f} m away from the "
                    f"{self.world.things[self.world.robot_at].name}, where the robot stands"
                )


def _is_closet(label: str) -> bool:
    label = simplified(label.lower())
    return any(word in label for word in _CLOSETS)


def _overlap(a: Box, b: Box) -> float:
    if np.allclose(a.center, b.center, atol=0.05) and np.allclose(a.size, b.size, atol=0.05):
        return 1.0
    return float(box_ious([a], b)[0])
