"""A robot that is not there: skills that take a little time and obey a symbolic world.

It holds one thing at a time, must stand near what it touches, and takes nothing out of what is
closed (see `r1_model.plans.simulator`). All that it knows of the room are the boxes of the plan.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from r1_model.plans.simulator import Key, PlanError, World, apply, unknown_thing
from r1_model.plans.skills import SKILLS
from r1_model.text.answer import Box, Step
from r1_model.text.boxes import box_ious, contains, gaps
from r1_model.text.chinese import simplified
from r1_ros.plans.assumptions import things_of
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
        step_seconds: how long each skill takes [s].

    Attributes:
        world: as it is now; it lasts from plan to plan.
    """

    def __init__(self, step_seconds: float = 0.2) -> None:
        self.step_seconds = step_seconds
        self.world = World({})
        self._boxes: dict[Key, Box] = {}  # by the world's keys

    def skills(self) -> frozenset[str]:
        """All of `r1_model.plans.skills`."""
        return frozenset(SKILLS)

    def start_plan(self, frame_id: str) -> None:
        """The world stays as the plan before left it; the frame does not matter to it."""

    def execute(self, step: Step, should_stop: ShouldStop, on_status: OnStatus) -> None:
        """Change the world, after the time that it takes."""
        keys = [self._key(label, box) for label, box in things_of(step)]
        on_status(SKILLS[step.action].meaning.format(*step.labels, "", ""))
        self._require_reach(step.action, keys)
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
            self._boxes.pop(keys[0], None)  # it moves with the robot now
        elif step.action == "place" and keys[1] in self._boxes:
            self._boxes[keys[0]] = self._boxes[keys[1]]

    def close(self) -> None:
        """Nothing to let go of."""

    def _key(self, label: str, box: Box | None) -> Key:
        """The thing that a step means; a new one if it was never spoken of."""
        same_name = [key for key, thing in self.world.things.items() if thing.name == label]
        for key in same_name:
            known = self._boxes.get(key)
            if box is None or known is None or _overlap(known, box) > SAME_IOU:
                return key  # without a known box it has been moved
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
