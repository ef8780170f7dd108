"""Maps of several rooms: encoded in tiles (what `Reasoner` does) and at once, on the same maps.

    python benchmarks/large_maps.py [MODEL] [--rooms N] [--json FILE]

Test rooms that the model has never seen stand side by side, 1, 2 and 4 to a map. Found is an object
that a detection of its category overlaps by IoU 0.25; the anchor is one pass over the whole map.
"Find the sink." asks for things that are alone of their name in the map, "Find the white chair."
for those that only their colour tells apart; right is a single box that overlaps by IoU 0.25.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from r1_model.reasoner import Reasoner
from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_training.common.labels import MAX_OBJECTS
from r1_training.metrics.measures.boxes import pairwise_iou
from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.language.words.words_en import COLORS
from r1_training.synthetic.rooms.room import make_room
from r1_training.tiny.scene_batch import LEAST_POINTS

WALL_M = 0.1
POINTS = 80_000  # of each room
ROOMS_OF_A_MAP = (1, 2, 4)
IOU = 0.25
OF_EACH = 5  # questions of a kind, of each map


def flat(first: int, count: int) -> tuple[Scene, list[Box], list[str]]:
    """`count` test rooms in a row, as one map, what stands in them, and its colours."""
    points, colors, things, painted, start = [], [], [], [], 0.0
    for seed in range(first, first + count):
        room = make_room(seed, "test")
        scene, seen = room_to_scene(room, seed, points=POINTS, partial=0)
        low, high = scene.bounds()
        offset = np.array([start - low[0], -low[1], 0.0])
        start += high[0] - low[0] + WALL_M
        points.append(scene.points + offset.astype(np.float32))
        colors.append(scene.colors)
        shown = [t for t in room.objects[:MAX_OBJECTS] if seen[t.id] >= LEAST_POINTS]
        things += [Box(t.center + offset, t.size, t.category) for t in shown]
        painted += [t.color for t in shown]
    return Scene(np.concatenate(points), np.concatenate(colors)), things, painted


def found(things: list[Box], detections: list[Box]) -> int:
    """How many of the things a detection of their category overlaps."""
    if not detections:
        return 0
    overlap = pairwise_iou(_numbers(things), _numbers(detections))
    same = [[box.label == thing.label for box in detections] for thing in things]
    return int((np.array(same) & (overlap >= IOU)).any(1).sum())


def questions(things: list[Box], painted: list[str]) -> list[tuple[str, str, Box]]:
    """(kind, question, what it means): some that a name tells apart, some that need a colour."""
    names = Counter(thing.label for thing in things)
    both = Counter(zip((thing.label for thing in things), painted, strict=True))
    by_name = [
        ("named", f"Find the {thing.label}.", thing) for thing in things if names[thing.label] == 1
    ]
    by_color = [
        ("coloured", f"Find the {COLORS[color]} {thing.label}.", thing)
        for thing, color in zip(things, painted, strict=True)
        if names[thing.label] > 1 and both[thing.label, color] == 1
    ]
    return by_name[:OF_EACH] + by_color[:OF_EACH]


def _numbers(boxes: list[Box]) -> np.ndarray:
    return np.array([[*box.center, *box.size] for box in boxes])


def main() -> int:
    """Print the table; exit status 1 where tiles find less than one pass does."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=24, help="in all maps of a row together")
    parser.add_argument("--json", type=Path, default=Path("output/large_maps.json"))
    options = parser.parse_args()
    if options.rooms < max(ROOMS_OF_A_MAP):
        parser.error(f"--rooms must be {max(ROOMS_OF_A_MAP)} or more, got {options.rooms}")
    tiled, at_once = (Reasoner.from_pretrained(options.model, device="cpu") for _ in range(2))
    at_once._model.config.scene_config.max_extent = None  # noqa: SLF001
    rows = []
    print("rooms  objects  at once  tiles  s at once  s tiles  named  coloured")
    for count in ROOMS_OF_A_MAP:
        total, hits, seconds = 0, np.zeros(2, int), np.zeros(2)
        right: dict[str, list[bool]] = {"named": [], "coloured": []}
        maps = range(0, options.rooms // count * count, count)
        for first in maps:
            scene, things, painted = flat(first, count)
            total += len(things)
            for column, reasoner in enumerate((at_once, tiled)):
                start = time.perf_counter()
                detections = reasoner.detect(scene)
                seconds[column] += time.perf_counter() - start
                hits[column] += found(things, detections)
            for kind, question, thing in questions(things, painted):
                boxes = tiled.ask(scene, question, task="grounding").boxes
                overlap = pairwise_iou(_numbers([thing]), _numbers(boxes)) if boxes else None
                right[kind].append(len(boxes) == 1 and bool(overlap[0, 0] >= IOU))
        recall, seconds = hits / total, seconds / len(maps)
        rows.append(
            {"rooms": count, "objects": total}
            | dict(zip(("at_once", "tiles"), recall.tolist(), strict=True))
            | dict(zip(("s_at_once", "s_tiles"), seconds.tolist(), strict=True))
            | {kind: sum(values) / len(values) for kind, values in right.items()}
            | {f"{kind}_asked": len(values) for kind, values in right.items()}
        )
        print(
            f"{count:5} {total:8} {recall[0]:8.3f} {recall[1]:6.3f} "
            f"{seconds[0]:10.2f} {seconds[1]:8.2f} "
            + "  ".join(f"{rows[-1][kind]:.2f} ({len(values)})" for kind, values in right.items()),
            flush=True,
        )
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"model": options.model, "maps": rows}, indent=1) + "\n")
    return int(any(row["tiles"] < row["at_once"] for row in rows[1:]))


if __name__ == "__main__":
    sys.exit(main())
