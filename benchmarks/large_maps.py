"""Maps of several rooms: encoded in tiles (what `Reasoner` does) and at once, on the same maps.

    python benchmarks/large_maps.py [MODEL] [--rooms N] [--json FILE]

Test rooms that the model has never seen stand side by side, 1, 2 and 4 to a map. Found is an object
that a detection of its category overlaps by IoU 0.25; the anchor is one pass over the whole map.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from r1_model.answer import Box
from r1_model.inference import Reasoner
from r1_model.scene import Scene
from r1_training.labels import MAX_OBJECTS
from r1_training.metrics.boxes import pairwise_iou
from r1_training.scene_batch import LEAST_POINTS
from r1_training.synthetic.observe import room_to_scene
from r1_training.synthetic.room import make_room

WALL_M = 0.1
POINTS = 80_000  # of each room
ROOMS_OF_A_MAP = (1, 2, 4)
IOU = 0.25


def flat(first: int, count: int) -> tuple[Scene, list[Box]]:
    """`count` test rooms in a row, as one map, and what stands in them."""
    points, colors, things, start = [], [], [], 0.0
    for seed in range(first, first + count):
        room = make_room(seed, "test")
        scene, seen = room_to_scene(room, seed, points=POINTS, partial=0)
        low, high = scene.bounds()
        offset = np.array([start - low[0], -low[1], 0.0])
        start += high[0] - low[0] + WALL_M
        points.append(scene.points + offset.astype(np.float32))
        colors.append(scene.colors)
        things += [
            Box(thing.center + offset, thing.size, thing.category)
            for thing in room.objects[:MAX_OBJECTS]
            if seen[thing.id] >= LEAST_POINTS
        ]
    return Scene(np.concatenate(points), np.concatenate(colors)), things


def found(things: list[Box], detections: list[Box]) -> int:
    """How many of the things a detection of their category overlaps."""
    if not detections:
        return 0
    overlap = pairwise_iou(_numbers(things), _numbers(detections))
    same = [[box.label == thing.label for box in detections] for thing in things]
    return int((np.array(same) & (overlap >= IOU)).any(1).sum())


def _numbers(boxes: list[Box]) -> np.ndarray:
    return np.array([[*box.center, *box.size] for box in boxes])


def main() -> int:
    """Print the table; exit status 1 where tiles find less than one pass does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=24, help="in all maps of a row together")
    parser.add_argument("--json", type=Path, default=Path("output/large_maps.json"))
    options = parser.parse_args()
    tiled, at_once = (Reasoner.from_pretrained(options.model, device="cpu") for _ in range(2))
    at_once._model.config.scene_config.max_extent = None  # noqa: SLF001
    rows = []
    print("rooms  objects  at once  tiles  s at once  s tiles")
    for count in ROOMS_OF_A_MAP:
        total, hits, seconds = 0, np.zeros(2, int), np.zeros(2)
        maps = range(0, options.rooms // count * count, count)
        for first in maps:
            scene, things = flat(first, count)
            total += len(things)
            for column, reasoner in enumerate((at_once, tiled)):
                start = time.perf_counter()
                detections = reasoner.detect(scene)
                seconds[column] += time.perf_counter() - start
                hits[column] += found(things, detections)
        recall, seconds = hits / total, seconds / len(maps)
        rows.append(
            {"rooms": count, "objects": total}
            | dict(zip(("at_once", "tiles"), recall.tolist(), strict=True))
            | dict(zip(("s_at_once", "s_tiles"), seconds.tolist(), strict=True))
        )
        print(
            f"{count:5} {total:8} {recall[0]:8.3f} {recall[1]:6.3f} "
            f"{seconds[0]:10.2f} {seconds[1]:8.2f}",
            flush=True,
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"model": options.model, "maps": rows}, indent=1) + "\n")
    return int(any(row["tiles"] < row["at_once"] for row in rows[1:]))


if __name__ == "__main__":
    sys.exit(main())
