"""Questions about synthetic rooms: milliseconds a sample, beside making the room itself.

    python benchmarks/synthetic_language.py [--rooms N] [--json FILE]

One core. The anchor is `make_room` in the same run: questions must not cost more than rooms.
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

from r1_training.synthetic.language import make_samples
from r1_training.synthetic.rooms.room import make_room

SAMPLES = 8
TARGET_MS = 2.0


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rooms", type=int, default=300)
    parser.add_argument("--json", type=Path, default=Path("output/synthetic_language.json"))
    arguments = parser.parse_args()
    make_samples(make_room(0), np.random.default_rng(0), visible=[1], count=1)  # warm up
    start = time.perf_counter()
    rooms = [make_room(seed) for seed in range(arguments.rooms)]
    room_ms = (time.perf_counter() - start) / len(rooms) * 1e3
    tasks: Counter[str] = Counter()
    start = time.perf_counter()
    for seed, room in enumerate(rooms):
        visible = [thing.id for thing in room.objects]
        samples = make_samples(room, np.random.default_rng(seed), visible=visible, count=SAMPLES)
        tasks.update(sample.task for sample in samples)
    sample_ms = (time.perf_counter() - start) / tasks.total() * 1e3
    figures = {
        "rooms": len(rooms),
        "samples": tasks.total(),
        "tasks": dict(tasks),
        "ms_per_sample": round(sample_ms, 3),
        "target_ms_per_sample": TARGET_MS,
        "ms_per_room": round(room_ms, 3),
        "samples_per_room_time": round(room_ms / sample_ms, 2),
        "met": sample_ms <= TARGET_MS,
    }
    for name, value in figures.items():
        print(f"{name:>22}  {value}")
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(figures, indent=2) + "\n")
    return 0 if figures["met"] else 1


if __name__ == "__main__":
    sys.exit(main())
