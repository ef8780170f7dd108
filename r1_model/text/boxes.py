"""Boxes of answers in space: turned into another frame, their overlap, what lies between them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from r1_model.geometry.boxes import aabb_iou
from r1_model.geometry.oriented_boxes import oriented_iou, turn
from r1_model.text.answer import Answer, Box, Step

_SAME_YAW = 1e-6
_ROUNDING = 1e-4  # metres, far more than that of the centre of a map


def turned_box(box: Box, yaw: float) -> Box:
    """The box in a frame that is turned: by `yaw` radians about z."""
    if yaw == 0:
        return box
    center = turn(yaw)[:3, :3] @ box.center
    return replace(box, center=center, yaw=math.remainder(box.yaw + yaw, math.tau))


def turned_steps(steps: Sequence[Step], yaw: float) -> list[Step]:
    """Steps with their boxes in a frame that is turned by `yaw` radians about z."""
    return [
        replace(step, boxes=tuple(turned_box(box, yaw) for box in step.boxes)) for step in steps
    ]


def turned_answer(said: Answer, yaw: float) -> Answer:
    """An answer with all of its boxes in a frame that is turned by `yaw` radians about z.

    What the model wrote stays as it is: `Answer.frame` says what its numbers refer to.
    """
    if yaw == 0:
        return said
    withheld = [
        replace(item, step=turned_steps([item.step], yaw)[0]) if item.step else item
        for item in said.withheld
    ]
    return replace(
        said,
        boxes=[turned_box(box, yaw) for box in said.boxes],
        steps=turned_steps(said.steps, yaw),
        withheld=withheld,
        frame=None if said.frame is None else replace(said.frame, yaw=said.frame.yaw - yaw),
    )


def along_axes(box: Box) -> Box:
    """The axis-aligned box that is most like it: turned to the nearest axes about its centre."""
    if box.yaw == 0:
        return box
    quarters = round(box.yaw / (math.pi / 2))
    size = box.size[[1, 0, 2]] if quarters % 2 else box.size
    return replace(box, size=size, yaw=0.0)


def extent(box: Box) -> np.ndarray:
    """Edge lengths (3,) of the axis-aligned box around it, metres."""
    return np.abs(turn(box.yaw)[:3, :3]) @ box.size


def box_ious(boxes: Sequence[Box], box: Box) -> np.ndarray:
    """Intersection over union of each of N boxes with one, (N,) float64."""
    found = np.zeros(len(boxes))
    if not boxes:
        return found
    centers = np.array([other.center for other in boxes])
    sizes = np.array([other.size for other in boxes])
    off = np.array([math.remainder(other.yaw - box.yaw, math.pi / 2) for other in boxes])
    back = turn(-box.yaw)[:3, :3].T
    quarter = np.array([round((other.yaw - box.yaw) / (math.pi / 2)) % 2 for other in boxes])
    crossed = np.where(quarter[:, None] == 1, sizes[:, [1, 0, 2]], sizes)
    alike = np.abs(off) < _SAME_YAW
    found[alike] = aabb_iou(centers[alike] @ back, crossed[alike], box.center @ back, box.size)
    reach = np.linalg.norm(np.concatenate((sizes, box.size[None]))[:, :2], axis=1) / 2
    near = np.linalg.norm(centers[:, :2] - box.center[:2], axis=1) < reach[:-1] + reach[-1]
    for place in np.flatnonzero(near & ~alike).tolist():
        other = boxes[place]
        found[place] = oriented_iou(
            (other.center, other.size, other.yaw), (box.center, box.size, box.yaw)
        )
    return found


def gaps(a: Box, b: Box) -> np.ndarray:
    """How far two boxes are apart along the edges of `a`, (3,) metres; negative where they overlap.

    Of a box that is turned against `a` what counts is the box around it.
    """
    apart = np.abs(turn(-a.yaw)[:3, :3] @ (b.center - a.center))
    return apart - (a.size + extent(replace(b, yaw=b.yaw - a.yaw))) / 2


def contains(box: Box, points: np.ndarray) -> np.ndarray:
    """Do points (..., 3) lie inside of a box? (...) bool."""
    local = (points - box.center) @ turn(box.yaw)[:3, :3]
    return (np.abs(local) <= box.size / 2).all(-1)


def points_inside(boxes: Sequence[Box], points: np.ndarray) -> list[np.ndarray]:
    """Which of a cloud's points (N, 3) lie in each box: rows, in order.

    As `contains` of each box, which looks at all points: here at those in its range of x alone.
    """
    order = np.argsort(points[:, 0], kind="stable")
    x = points[order, 0]
    found = []
    for box in boxes:
        reach = extent(box)[0] / 2 + _ROUNDING
        first, end = np.searchsorted(x, (box.center[0] - reach, box.center[0] + reach))
        near = order[first:end]
        found.append(np.sort(near[contains(box, points[near])]))
    return found
