"""Boxes that the text names, at the dense decoder's precision.

A box in text is rounded to 1/255 of the scene, a third of a mug in a large room. Where the text
repeats a detection it was shown, the detection itself is meant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from r1_model.text.answer import Box
from r1_model.text.boxes import along_axes, box_ious
from r1_model.text.grammar import ParsedAnswer

SAME_TARGET = 0.25  # IoU of a turned target and the detection that it means
_TURNED = 1e-3  # radians
TOLERANCE = 4.0  # levels; a repeated detection is off by rounding and by slips of some levels


def snap_to_detections(
    box: Box, found: Sequence[Box], bounds: tuple[np.ndarray, np.ndarray]
) -> Box:
    """The box with centre and size of the detection that it repeats, or unchanged.

    Args:
        box: from text.
        found: detections.
        bounds: minimum and maximum corner of the scene, (3,) metres each.
    """
    quantum = np.tile(np.maximum(bounds[1] - bounds[0], 1e-3) / 255, 2)
    own = np.concatenate((box.center, box.size))
    best, least = None, TOLERANCE
    for other in found:
        difference = np.abs(np.concatenate((other.center, other.size)) - own) / quantum
        if difference.max() <= least:
            best, least = other, difference.max()
    if best is None:
        return box
    return replace(box, center=best.center, size=best.size, score=best.score)


def snap_answer(
    parsed: ParsedAnswer, found: Sequence[Box], bounds: tuple[np.ndarray, np.ndarray]
) -> ParsedAnswer:
    """An answer whose boxes and steps are at the detections' precision.

    One detection that is named twice in the same words is one object.

    Args:
        parsed: from `grammar.parse_answer`.
        found, bounds: as in `snap_to_detections`.
    """

    def snap(boxes: Sequence[Box]) -> list[Box]:
        return [snap_to_detections(box, found, bounds) for box in boxes]

    steps = [replace(step, boxes=tuple(snap(step.boxes))) for step in parsed.steps]
    unique: dict[tuple[float | str, ...], Box] = {}
    for box in snap(parsed.boxes):
        unique.setdefault((*box.center.tolist(), *box.size.tolist(), box.label), box)
    return replace(parsed, boxes=list(unique.values()), steps=steps)


def target_box(target: Box, found: Sequence[Box]) -> Box:
    """The box that a target means: itself, or for a point the detection that it lies on, or for a
    box that is turned against the axes the detection that fills it most.

    Args:
        target: size 0 is a point.
        found: detections.

    Returns:
        Axis-aligned. The smallest detection that contains the point, else the nearest one, else the
        point; a turned box where no detection overlaps it by `SAME_TARGET` lies along the nearest
        axes.
    """
    if abs(math.remainder(target.yaw, math.pi / 2)) > _TURNED and len(found):
        overlaps = box_ious(found, target)
        if overlaps.max() >= SAME_TARGET:
            return found[int(overlaps.argmax())]
    target = along_axes(target)
    if np.any(target.size > 0) or not found:
        return target
    outside = [
        np.linalg.norm(np.maximum(np.abs(target.center - box.center) - box.size / 2, 0))
        for box in found
    ]
    inside = [box for box, distance in zip(found, outside, strict=True) if distance == 0]
    if inside:
        return min(inside, key=lambda box: float(np.prod(box.size)))
    return found[int(np.argmin(outside))]
