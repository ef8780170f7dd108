"""Detections of one map as sightings: doubles merged, ghosts left out, boxes turned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from r1_model.objects.evidence import look
from r1_model.objects.known_object import OrientedBox, Sighting
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_model.text.boxes import box_ious, extent, points_inside

DOUBLE_IOU = 0.5  # whatever they are called
DOUBLE_IOU_ALIKE = 0.25  # called the same
DOUBLE_INSIDE = 0.7  # called the same, and this share of the smaller one lies in the larger one
GHOST = 0.97  # of the rays that look into it find nothing in it, nor right behind it
MOST_POINTS = 100_000  # of a map that colours and orientations are read from
_TURNED_POINTS = 40  # fewer say little about how a thing is turned
_TURNED_AREA = 0.8  # a turned footprint must be this much smaller to be believed,
_TURNED = np.radians(5)  # and turned: one along the axes is only that of few points, of a window
_FLOOR = 0.03  # metres above a box's bottom: what it stands on


def make_sightings(scene: Scene, found: Sequence[Box]) -> list[Sighting]:
    """Sightings of a map, best first.

    Args:
        scene: the map.
        found: detections with scores, in any order.
    """
    boxes = merge_doubles(found)
    if not boxes:
        return []
    stride = max(1, len(scene.points) // MOST_POINTS)
    points, colors = scene.points[::stride], scene.colors[::stride]
    owns = points_inside([replace(box, size=box.size + 0.02) for box in boxes], points)
    turned = [turned_box(box, points[own]) for box, own in zip(boxes, owns, strict=True)]
    evidence = look(scene.views, turned)
    sightings = []
    for row, (box, own) in enumerate(zip(boxes, owns, strict=True)):
        if evidence.seen_through(row) > GHOST:  # never true where no view looks
            continue
        sightings.append(
            Sighting(
                center=np.asarray(box.center, np.float64),
                size=extent(box).astype(np.float64),
                label=box.label,
                score=float(box.score),
                turned=turned[row],
                color=_color(box, points[own], colors[own]),
                fill=evidence.fill(row),
                names=dict(box.names),
            )
        )
    return sightings


def _color(box: Box, points: np.ndarray, colors: np.ndarray) -> np.ndarray:
    """Mean of a box's points, without those of what it stands on where there are others."""
    above = points[:, 2] > box.center[2] - box.size[2] / 2 + min(_FLOOR, box.size[2] / 2)
    own = colors[above] if above.any() else colors
    return own.mean(0, dtype=np.float64) if len(own) else np.full(3, np.nan)


def merge_doubles(found: Sequence[Box]) -> list[Box]:
    """Of detections of one thing the best, best first."""
    kept: list[Box] = []
    for box in sorted(found, key=lambda b: -b.score):
        if not any(is_double(box, other) for other in kept):
            kept.append(box)
    return kept


def is_double(a: Box, b: Box) -> bool:
    """Do two detections mean one thing? Symmetric."""
    overlap = float(box_ious([a], b)[0])
    if overlap >= DOUBLE_IOU:
        return True
    if a.label != b.label:
        return False
    volumes = float(np.prod(a.size)), float(np.prod(b.size))
    shared = overlap * sum(volumes) / (1 + overlap)
    return overlap >= DOUBLE_IOU_ALIKE or shared > DOUBLE_INSIDE * min(volumes)


def turned_box(box: Box, points: np.ndarray) -> OrientedBox:
    """The box around a detection's points with the smallest footprint, if it is clearly smaller.

    A detection that is turned itself stays as it is: it lies along the walls.

    Args:
        box: the detection.
        points: (N, 3) metres, the map's points in it.
    """
    straight = OrientedBox(np.asarray(box.center, float), np.asarray(box.size, float), box.yaw)
    if box.yaw != 0:
        return straight
    above = points[points[:, 2] > box.center[2] - box.size[2] / 2 + _FLOOR]
    if len(above) < _TURNED_POINTS:
        return straight
    plane = np.ascontiguousarray(above[:, :2] - box.center[:2], np.float32)
    (x, y), (width, depth), degrees = cv2.minAreaRect(plane)
    if width * depth > _TURNED_AREA * np.prod(box.size[:2]) or min(width, depth) <= 0:
        return straight
    yaw = np.radians(degrees)
    yaw = np.pi / 2 - (np.pi / 2 - yaw) % np.pi  # in (-pi/2, pi/2]
    if abs(np.remainder(yaw + np.pi / 4, np.pi / 2) - np.pi / 4) < _TURNED:
        return straight
    center = np.array([box.center[0] + x, box.center[1] + y, box.center[2]])
    return OrientedBox(center, np.array([width, depth, box.size[2]]), float(yaw))
