"""The page of pictures of a replay: the map with what was answered and what was right."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from r1_ros.demo.pictures import boxes_of, colors_of, distinct, entry_of
from r1_ros.evaluation.replay import Replayed
from r1_ros.pictures.page import draw_page
from r1_ros.pictures.top_down import PictureBox

_TRUTH = (120, 120, 124)


def write_page(result: Replayed, path: Path) -> None:
    """Write a PNG: answers' boxes in their colours, what was right in grey."""
    scene, record = result.scene, result.record
    if scene is None:
        raise ValueError("there is no map to draw")
    colors = colors_of(result.outcomes)
    answered = [boxes_of(o, c) for o, c in zip(result.outcomes, colors, strict=True)]
    truth = {
        item["id"]: PictureBox(
            np.array(item["center"]), np.array(item["size"]), item["label"], _TRUTH, np.eye(3)
        )
        for row in record["answers"]
        for item in row["expected"]["objects"]
    }
    entries = [entry_of(o, c) for o, c in zip(result.outcomes, colors, strict=True)]
    held = sum(item.held for item in result.expectations)
    note = (
        f"{record['map']['points']} points, {record['map']['keyframes']} keyframes; "
        f"{held} of {len(result.expectations)} expectations hold"
    )
    boxes = [*truth.values(), *distinct(answered)]
    page = draw_page(
        scene.points, scene.colors, boxes, entries, title=Path(record["bag"]).name, note=note
    )
    page.save(path, optimize=True)
