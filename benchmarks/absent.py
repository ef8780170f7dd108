"""What a model says of things that are not there, with and without `R1Config.asks_back`.

Questions that were made about other rooms are asked about rooms that hold nothing of what they ask
for (colour, state, material, descriptions and the like): right is that there is none. Beside them
as many questions about what is there, which asking back must not spoil.

    PYTHONPATH=. python benchmarks/absent.py [r1-tiny] [--rooms 24] [--pack data/meshes.npz]
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from r1_model.asking.question import Question
from r1_model.reasoner import Reasoner
from r1_model.text.answer import Answer
from r1_training.evaluation.room_evaluator import ObservedRoom, ask_all, observed_rooms
from r1_training.synthetic.language.make import make_samples
from r1_training.synthetic.language.sample import Sample, placeholders
from r1_training.synthetic.room_mix import PRIMITIVES, RoomMix

SEED = 9  # beyond those of evaluate-rooms
KINDS = ("colour", "state", "material", "shape", "size", "named")
EACH = 4  # questions a room and sort
MADE = 96
_NONE = re.compile(r"\b(?:no|not|nothing|none|isn't|aren't)\b|沒有|没有|找不到|看不到", re.I)


@dataclass(frozen=True)
class Place:
    """A room, and what is asked about it."""

    observed: ObservedRoom
    samples: list[Sample]


def places(reasoner: Reasoner, rooms: int, mix: RoomMix) -> list[Place]:
    """Unseen rooms."""
    found = []
    for place in observed_rooms(rooms, SEED, "test", reasoner.device, mix):
        rng = np.random.default_rng((SEED, place.room.seed))
        given = {"visible": place.visible, "split": "test"}
        samples = make_samples(place.room, rng, count=MADE, **given)
        samples = [one for one in samples if one.kind in KINDS and not one.turns and one.objects]
        samples = [one for one in samples if not placeholders(one.question)]
        found.append(Place(place, samples))
    return found


def absent(here: Place, others: list[Place], rng: Random) -> list[Sample]:
    """Questions about other rooms of which this one holds nothing, whatever it may be called."""
    words = {word for thing in here.observed.room.objects for word in thing.category.split()}
    found = []
    for other in others:
        for sample in other.samples:
            asked = [other.observed.room.objects[id - 1].category for id in sample.objects]
            if other is not here and not words & {w for name in asked for w in name.split()}:
                found.append(sample)
    return rng.sample(found, min(EACH, len(found)))


def main() -> None:
    """Print the table, write the JSON with every answer."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("model", nargs="?", default="r1-tiny")
    parser.add_argument("--rooms", type=int, default=24)
    parser.add_argument("--pack", type=Path, help="rooms of meshes instead of primitives")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, default=Path("output/absent.json"))
    options = parser.parse_args()
    reasoner = Reasoner.from_pretrained(options.model, device=options.device)
    mix = PRIMITIVES if options.pack is None else RoomMix.load(options.pack)
    every = places(reasoner, options.rooms, mix)
    rows: dict[str, list[dict[str, object]]] = defaultdict(list)
    seconds: dict[str, float] = defaultdict(float)
    for here in every:
        rng = Random(here.observed.room.seed)
        there = rng.sample(here.samples, min(EACH, len(here.samples)))
        missing = absent(here, every, rng)
        for back in (False, True):
            reasoner.settings.asks_back = back
            start = time.perf_counter()
            told = reasoner.ask_many(
                [Question(here.observed.scene, one.question) for one in missing]
            )
            judged = ask_all(reasoner, [(here.observed, one) for one in there])
            seconds[f"{back}"] += time.perf_counter() - start
            rows[f"absent {back}"] += [
                {"question": one.question, "answer": said.answer, "right": denied(said)}
                for one, said in zip(missing, told, strict=True)
            ]
            rows[f"there {back}"] += [
                {
                    "question": one.sample.question,
                    "answer": one.answer.answer,
                    "right": bool(one.verdict["correct"]),
                }
                for one in judged
            ]
    print(f"{'':10s}{'asked':>7s}{'without':>10s}{'asking back':>13s}")
    for name in ("absent", "there"):
        shares = [np.mean([row["right"] for row in rows[f"{name} {b}"]]) for b in (False, True)]
        print(f"{name:10s}{len(rows[f'{name} True']):7d}{shares[0]:10.3f}{shares[1]:13.3f}")
    print(f"seconds   {'':7s}{seconds['False']:10.1f}{seconds['True']:13.1f}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    report = {"model": reasoner.name, "rooms": options.rooms, "seconds": seconds, **rows}
    options.json.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", "utf-8")


def denied(said: Answer) -> bool:
    """An answer says that there is no such thing; "No, the lamp is off." has the lamp's box."""
    return not said.boxes and bool(_NONE.search(said.answer))


if __name__ == "__main__":
    main()
