"""Pictures of the demo: the page (PNG) and the Rerun recording of everything that was answered."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.spatial.transform import Rotation

from r1_model.geometry.boxes import aabb_iou
from r1_model.scene.scene import Scene
from r1_ros.demo.outcome import Outcome
from r1_ros.msg import GroundedObject
from r1_ros.pictures.page import PageEntry, draw_page
from r1_ros.pictures.rerun_recording import SceneRecording
from r1_ros.pictures.top_down import PALETTE, PictureBox

_SAME_OBJECT_IOU = 0.3


def write_pictures(
    scene: Scene, outcomes: Sequence[Outcome], folder: Path, *, title: str, note: str
) -> tuple[Path, Path]:
    """Write demo.png and demo.rrd into `folder`; their paths."""
    colors = colors_of(outcomes)
    boxes = [boxes_of(outcome, color) for outcome, color in zip(outcomes, colors, strict=True)]
    entries = [entry_of(outcome, color) for outcome, color in zip(outcomes, colors, strict=True)]
    page = draw_page(scene.points, scene.colors, distinct(boxes), entries, title=title, note=note)
    picture, recording = folder / "demo.png", folder / "demo.rrd"
    page.save(picture, optimize=True)
    with SceneRecording(recording, title) as stream:
        stream.log_cloud(scene.points, scene.colors)
        stream.log_views(scene.views)
        for entry, answered in zip(entries, boxes, strict=True):
            stream.log_answer(entry, answered)
    return picture, recording


def colors_of(outcomes: Sequence[Outcome]) -> list[tuple[int, int, int] | None]:
    """One colour for every answer that has boxes."""
    colors: list[tuple[int, int, int] | None] = []
    used = 0
    for outcome in outcomes:
        has_boxes = outcome.answer is not None and bool(outcome.answer.objects)
        colors.append(PALETTE[used % len(PALETTE)] if has_boxes else None)
        used += has_boxes
    return colors


def entry_of(outcome: Outcome, color: tuple[int, int, int] | None) -> PageEntry:
    """An answer as the page's panel shows it."""
    heading = f"{outcome.question.task}, {outcome.language}, {outcome.seconds:.2f} s"
    text = outcome.text
    if outcome.answer is not None and outcome.answer.steps:
        steps = [f"{s.index}. {s.action}({', '.join(s.arguments)})" for s in outcome.answer.steps]
        text = f"{'  '.join(steps)}  ({text})"
    return PageEntry(heading, outcome.question.text, text, outcome.language, color)


def boxes_of(outcome: Outcome, color: tuple[int, int, int] | None) -> list[PictureBox]:
    """The boxes of an answer in its colour; none without."""
    if outcome.answer is None or color is None:
        return []
    return [_box(item, color, outcome.language) for item in outcome.answer.objects]


def _box(item: GroundedObject, color: tuple[int, int, int], language: str) -> PictureBox:
    position, q = item.pose.position, item.pose.orientation
    return PictureBox(
        np.array([position.x, position.y, position.z]),
        np.array([item.size.x, item.size.y, item.size.z]),
        item.label,
        color,
        Rotation.from_quat([q.x, q.y, q.z, q.w]).as_matrix(),
        language,
    )


def distinct(answers: Sequence[Sequence[PictureBox]]) -> list[PictureBox]:
    """Each object once on the map, though several answers name it; small answers come first."""
    kept: list[PictureBox] = []
    for box in (box for boxes in sorted(answers, key=len) for box in boxes):
        if not any(_iou(box, other) > _SAME_OBJECT_IOU for other in kept):
            kept.append(box)
    # Large boxes first, so that small ones lie on top.
    return sorted(kept, key=lambda box: -float(np.prod(box.size)))


def _iou(a: PictureBox, b: PictureBox) -> float:
    """Of the axis-aligned hulls."""
    hulls = [(box.corners().min(0), box.corners().max(0)) for box in (a, b)]
    (center, size), (other, other_size) = (((low + high) / 2, high - low) for low, high in hulls)
    return float(aabb_iou(center, size, other, other_size))
