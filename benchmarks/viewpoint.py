"""Left and right as seen from where somebody looks: how often are they right, by how far the gaze
is off the walls?

    PYTHONPATH=. python benchmarks/viewpoint.py [r1-tiny] --rooms 40

"Is the A to the left or to the right of the B?" of pairs that are clearly beside each other for who
looks, in rooms of the test split. Columns: the answer without a viewpoint (as on the map); with the
gaze at the nearest wall's direction, as the product does for a model that reads rooms along their
walls; with the gaze as it is. Beside them: how often the nearest wall's direction says the same as
the gaze, which is the most that the second column can reach.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from r1_model.asking.question import Question
from r1_model.geometry.oriented_boxes import turn
from r1_model.reasoner import Reasoner
from r1_training.evaluation.room_evaluator import ObservedRoom, observed_rooms
from r1_training.synthetic.rooms.elements import RoomObject

OFF = ((0, 10), (10, 25), (25, 45))  # degrees between gaze and the nearest wall's direction
CLEARLY = 1.3  # times as far beside as before or behind
BESIDE_M = 0.3
GAZES = 6  # of a room
PAIRS = 2  # of a gaze
_OR = " to the left or to the right of the "


def side(a: RoomObject, b: RoomObject, gaze: float) -> str | None:
    """Is a to the left or to the right of b, for who looks along `gaze` radians? None: neither."""
    R = np.abs(turn(math.pi / 2 - gaze)[:3, :3])
    away = turn(math.pi / 2 - gaze)[:3, :3] @ (a.center - b.center)
    apart = abs(away[0]) - float((R @ (a.size + b.size))[0]) / 2
    if abs(away[0]) < BESIDE_M or apart < -0.1 or abs(away[0]) < CLEARLY * abs(away[1]):
        return None
    return "right" if away[0] > 0 else "left"


def pairs(place: ObservedRoom, gaze: float, rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """(A, B, left or right) of things whose names say which is meant."""
    names = [thing.category for thing in place.room.objects]
    alone = [
        thing for thing in place.room.objects
        if names.count(thing.category) == 1 and thing.id in place.visible
        and thing.category != "rug" and thing.parent is None
    ]  # fmt: skip
    found = [
        (a.category, b.category, where)
        for a in alone for b in alone if a is not b and (where := side(a, b, gaze))
    ]  # fmt: skip
    rng.shuffle(found)
    return found[:PAIRS]


def said(text: str) -> str | None:
    """The one side that an answer names."""
    sides = [name for name in ("left", "right") if name in text.lower()]
    return sides[0] if len(sides) == 1 else None


def main() -> None:
    """Print the table, write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", nargs="?", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=40)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, default=Path("output/viewpoint.json"))
    options = parser.parse_args()
    reasoner = Reasoner.from_pretrained(options.model, device=options.device)
    rows: list[dict[str, float | bool]] = []
    rng = np.random.default_rng(options.seed)
    for place in observed_rooms(options.rooms, options.seed, "test", reasoner.device):
        asked: list[tuple[Question, str, float, float]] = []
        for _ in range(GAZES):
            quarter = math.pi / 2 * rng.integers(4)
            off = math.radians(rng.uniform(-45, 45))
            for a, b, where in pairs(place, quarter + off, rng):
                text = f"Is the {a}{_OR}{b}?"
                question = Question(place.scene, text, gaze=quarter + off)
                asked.append((question, where, off, quarter))
        rows += judged(reasoner, place, asked)
        print(len(rows), end=" ", flush=True)
    print()
    report(rows, options.json)


def judged(
    reasoner: Reasoner, place: ObservedRoom, asked: Sequence[tuple[Question, str, float, float]]
) -> list[dict[str, float | bool]]:
    """Which of the answers are right, each way."""
    questions = [question for question, _, _, _ in asked]
    bare = [Question(place.scene, question.text) for question in questions]
    without = reasoner.ask_many(bare)
    nearest = reasoner.ask_many(questions)
    reasoner.settings.align_to_walls = False
    exact = reasoner.ask_many(questions)
    reasoner.settings.align_to_walls = True
    found: list[dict[str, float | bool]] = []
    for row, (question, where, off, quarter) in enumerate(asked):
        names = question.text.removeprefix("Is the ").removesuffix("?").split(_OR)
        a, b = (next(t for t in place.room.objects if t.category == name) for name in names)
        away = turn(math.pi / 2 - quarter)[:3, :3] @ (a.center - b.center)
        found.append(
            {
                "off": abs(math.degrees(off)),
                "without": said(without[row].answer) == where,
                "nearest": said(nearest[row].answer) == where,
                "exact": said(exact[row].answer) == where,
                "agree": bool((away[0] > 0) == (where == "right")),
            }
        )
    return found


def report(rows: Sequence[dict[str, float | bool]], path: Path) -> None:
    """The table, and a file."""
    print(f"{'gaze off the walls':20}{'n':>5}{'without':>9}{'nearest':>9}{'exact':>7}{'agree':>7}")
    for low, high in (*OFF, (0, 45)):
        own = [row for row in rows if low <= row["off"] <= high]
        keys = ("without", "nearest", "exact", "agree") if own else ()
        shares = "".join(f"{np.mean([row[key] for row in own]):8.2f} " for key in keys)
        print(f"{low:2} to {high:2} degrees{'':5}{len(own):>5}{shares}")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
