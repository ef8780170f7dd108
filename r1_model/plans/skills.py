"""The skills that plans are made of: names, arguments, meaning. One table for all."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Skill:
    """A skill that a robot may offer.

    Attributes:
        name: the action in plan text and in `PlanStep.action`.
        arguments: how many objects it takes.
        meaning: one sentence, with the arguments as {0}, {1}.
    """

    name: str
    arguments: int
    meaning: str


SKILLS: dict[str, Skill] = {
    skill.name: skill
    for skill in (
        Skill("navigate_to", 1, "Drive to a place from which {0} can be reached."),
        Skill("open", 1, "Open {0} (door, cupboard, drawer, window, box)."),
        Skill("close", 1, "Close {0}."),
        Skill("pick", 1, "Take {0} with the gripper; the gripper must be empty."),
        Skill("place", 2, "Put {0}, which is held, down on, in or under {1}."),
        Skill("turn_on", 1, "Switch {0} on."),
        Skill("turn_off", 1, "Switch {0} off."),
        Skill("make_coffee", 1, "Start {0}, a coffee machine with a mug under it."),
        Skill("wait", 1, "Wait until {0} has finished."),
        Skill("wipe", 1, "Wipe the surface of {0} clean."),
        Skill("clean", 1, "Clean the floor area {0}."),
        Skill("make_bed", 1, "Straighten the bedding on {0}."),
        Skill("push", 1, "Push {0} into its place."),
        Skill("look_at", 1, "Point the camera at {0}."),
    )
}
