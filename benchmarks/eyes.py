"""Does a model need its eyes? Parts of a map are swapped; six pictures are all that it sees.

    PYTHONPATH=. python benchmarks/eyes.py [--model r1-tiny] [--pack data/meshes.npz] [--rooms 96]

Unseen rooms of unseen meshes. Questions that need pictures are about what is printed on things and
can be read in a keyframe; others beside them, as many a room. Swapped: another room's pictures, no
depth, another room's points. Alone: the model sees six of twelve keyframes by a policy, or all, and
no other (`Switches.alone`); as users ask, things are looked at in all keyframes and six are shown.
Milliseconds are those of all questions of a row by their number, scenes and views included.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from r1_training.evaluation.room_evaluator import (
    ObservedRoom,
    ask_all,
    ask_swapped,
    observed,
    pieces_of,
    samples_about,
)
from r1_training.evaluation.swaps import SWAPS
from r1_training.prediction.switches import SwitchedReasoner, Switches
from r1_training.synthetic.language.sample import Sample
from r1_training.synthetic.room_mix import RoomMix

MADE = 64  # questions made about a room, of which those are asked that need pictures
POLICIES = ("selected", "even", "horizontal", "coverage", "all")
Pending = list[tuple[ObservedRoom, Sample]]


def questions(places: Sequence[ObservedRoom], seed: int, each: int) -> Pending:
    """At most `each` a room that need pictures, and as many others."""
    found: Pending = []
    for place in places:
        shown = place.visible, place.readable, place.topped
        samples = samples_about(place.room, *shown, seed, MADE, "test")
        needing = [sample for sample in samples if sample.reads][:each]
        others = [sample for sample in samples if not sample.reads][: len(needing)]
        found += [(place, sample) for sample in needing + others]
    return found


def rows_of(
    reasoner: SwitchedReasoner, mix: RoomMix, rooms: int, seed: int, each: int
) -> dict[str, dict[str, list[float]]]:
    """Row -> kind -> right or not, and seconds."""
    rows: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    for piece in pieces_of(rooms, seed):
        places = observed(piece, "test", reasoner.device, mix)
        pending = questions(places, seed, each)
        if not pending:
            continue
        plans = [(name, Switches(), swap) for name, swap in SWAPS.items()]
        plans += [
            (f"{policy} alone", Switches(policy=policy, alone=True), SWAPS["true"])
            for policy in POLICIES
        ]
        for name, switches, swap in plans:
            reasoner.switch(switches).close()
            start = time.perf_counter()
            true = swap is SWAPS["true"]
            asked = (
                ask_all(reasoner, pending) if true else ask_swapped(reasoner, places, pending, swap)
            )
            rows[name]["seconds"].append(time.perf_counter() - start)
            for one in asked:
                correct = one.verdict.get("acc25", one.verdict["correct"])
                rows[name]["pictures" if one.sample.reads else "others"].append(float(correct))
        print(f"  {piece.stop} of {rooms} rooms, seed {seed}", flush=True)
    return rows


def main() -> None:
    """Print the table, write the JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="r1-tiny")
    parser.add_argument("--pack", type=Path, default=Path("data/meshes.npz"))
    parser.add_argument("--rooms", type=int, default=96)
    parser.add_argument("--each", type=int, default=6, help="questions a kind and room, at most")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--device", default="auto")
    parser.add_argument("--json", type=Path, default=Path("output/eyes.json"))
    options = parser.parse_args()
    mix = RoomMix.load(options.pack)
    reasoner = SwitchedReasoner.from_pretrained(options.model, device=options.device)
    seeds = [rows_of(reasoner, mix, options.rooms, seed, options.each) for seed in options.seeds]
    device = torch.cuda.get_device_name() if reasoner.device.type == "cuda" else "CPU"
    report: dict[str, object] = {"model": reasoner.name, "device": device, "rooms": options.rooms}
    print(f"{'':20s}{'need pictures':>22s}{'others':>22s}{'ms a question':>16s}")
    for name in seeds[0]:
        row: dict[str, float] = {}
        for kind in ("pictures", "others"):
            means = [float(np.mean(rows[name][kind])) for rows in seeds]
            row |= {
                kind: float(np.mean(means)),
                f"{kind} spread": max(means) - min(means),
                f"{kind} asked": sum(len(rows[name][kind]) for rows in seeds),
            }
        asked = row["pictures asked"] + row["others asked"]
        row["ms"] = 1_000 * sum(sum(rows[name]["seconds"]) for rows in seeds) / asked
        report[name] = row
        cells = [
            f"{row[kind]:.3f} +- {row[f'{kind} spread'] / 2:.3f} ({row[f'{kind} asked']})"
            for kind in ("pictures", "others")
        ]
        print(f"{name:20s}{cells[0]:>22s}{cells[1]:>22s}{row['ms']:16.1f}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
