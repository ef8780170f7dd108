"""Which steps of a plan make no sense once others are taken out of it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

import numpy as np

from r1_model.text.answer import Box, Step

_SAME_M = 0.05  # two boxes of one thing: what lies inside of this was rounded


def dependent_steps(steps: Sequence[Step], out: Collection[int]) -> set[int]:
    """Positions of all steps that go when some go: those given, and what hangs on them.

    What is done where the robot no longer goes; what is taken out of, put into or closed behind a
    thing that is no longer opened; what is done with a thing that is no longer picked up; picking
    up what is no longer put down; waiting for what no longer runs; going where nothing is left to
    do.

    Args:
        steps: of a plan, in order.
        out: positions (from 0) of the steps that are taken out.
    """
    gone = set(out)
    while True:
        more = gone | _after(steps, gone) | _picked_in_vain(steps, gone) | _empty_trips(steps, gone)
        if more == gone:
            return gone
        gone = more


def same_thing(label: str, box: Box | None, other_label: str, other: Box | None) -> bool:
    """Do two arguments of steps mean one thing? Boxes tell where both have one, else labels."""
    if box is None or other is None:
        return label == other_label
    near = np.abs(box.center - other.center) <= _SAME_M + np.maximum(box.size, other.size) / 4
    return bool(near.all())


def arguments(step: Step) -> list[tuple[str, Box | None]]:
    """Each label of a step with its box, None for one without."""
    boxes = list(step.boxes)
    pairs: list[tuple[str, Box | None]] = []
    for label in step.labels:
        index = next((i for i, box in enumerate(boxes) if box.label == label), None)
        pairs.append((label, None if index is None else boxes.pop(index)))
    return pairs


def inside(box: Box, container: Box) -> bool:
    """Does the centre of a box lie in another one?"""
    return bool((np.abs(box.center - container.center) <= container.size / 2).all())


def _uses(step: Step, label: str, box: Box | None) -> bool:
    return any(same_thing(label, box, name, own) for name, own in arguments(step))


def _after(steps: Sequence[Step], gone: set[int]) -> set[int]:
    """Later steps that need an earlier one that is gone."""
    found: set[int] = set()
    for position in gone:
        step = steps[position]
        if not step.labels:
            continue
        label, box = arguments(step)[0]
        later = range(position + 1, len(steps))
        if step.action == "navigate_to":
            for index in later:
                if steps[index].action == "navigate_to":
                    break
                found.add(index)
        elif step.action in ("open", "make_coffee"):
            found |= {i for i in later if _uses(steps[i], label, box)}
            if step.action == "open" and box is not None:
                found |= {i for i in later if _taken_from(steps[i], box)}
        elif step.action in ("pick", "place"):
            found |= {i for i in later if _uses(steps[i], label, box)}
            if step.action == "place" and len(step.labels) > 1:  # no mug, no coffee
                target = arguments(step)[1]
                brews = (i for i in later if steps[i].action == "make_coffee")
                found |= {i for i in brews if _uses(steps[i], *target)}
    return found


def _taken_from(step: Step, container: Box) -> bool:
    if step.action != "pick" or not step.labels:
        return False
    box = arguments(step)[0][1]
    return box is None or inside(box, container)


def _picked_in_vain(steps: Sequence[Step], gone: set[int]) -> set[int]:
    found = set()
    for position, step in enumerate(steps):
        if step.action != "pick" or position in gone or not step.labels:
            continue
        label, box = arguments(step)[0]
        for index in range(position + 1, len(steps)):
            other = steps[index]
            if other.action == "pick":
                break
            if other.action == "place" and other.labels:
                name, own = arguments(other)[0]
                if same_thing(label, box, name, own) and index in gone:
                    found.add(position)
                break
    return found


def _empty_trips(steps: Sequence[Step], gone: set[int]) -> set[int]:
    """Drives to places where all that was to be done is gone, and doors opened for nothing."""
    found = set()
    stops = [i for i, step in enumerate(steps) if step.action == "navigate_to"]
    for stop, after in pairwise([*stops, len(steps)]):
        there = set(range(stop + 1, after))
        if stop not in gone and there and there <= gone:
            found.add(stop)
    for position, step in enumerate(steps):
        if step.action != "open" or position in gone or not step.labels:
            continue
        for index in range(position + 1, len(steps)):
            other = steps[index]
            if other.action != "close" or not _uses(other, *arguments(step)[0]):
                continue
            between = {i for i in range(position + 1, index) if steps[i].action != "navigate_to"}
            if index not in gone and between and between <= gone:
                found |= {position, index}
            break
    return found
