"""Reading a file of ScanQA's validation size, and one ten times as large: rows a second, memory.

The files have ScanQA's schema, indentation and lengths (4,675 rows, about 250 bytes a row, up to
ten objects). The anchor is `json.load` and a plain loop that builds the same samples, unchecked.
Times and memory come from separate fresh processes: tracemalloc slows a process down.
Target: 20,000 rows a second, exit status 1 where they are missed.

    python benchmarks/scanqa_loader.py [--out output/scanqa_loader.json]
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
import tracemalloc
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from r1_training.datasets.annotation_sample import Sample
from r1_training.datasets.scannet.splits import scannet_val_scenes
from r1_training.datasets.scanqa import read_scanqa

ROWS = 4_675
TARGET = 20_000
NOUNS = ("chair", "table", "window", "door", "desk", "kitchen cabinets", "sofa", "refrigerator")
COLORS = ("brown", "white", "black", "gray", "dark brown", "light blue", "red", "tan")


def write_file(path: Path, rows: int) -> None:
    """ScanQA's schema; each row differs."""
    rng, scenes = random.Random(0), scannet_val_scenes()
    with path.open("w") as file:
        for number in range(rows):
            scene = rng.choice(scenes)
            noun, color = rng.choice(NOUNS), rng.choice(COLORS)
            count = rng.choice((1, 1, 1, 1, 2, 2, 3, 10))
            row = {
                "answers": [f"{color} {noun}", color],
                "object_ids": [rng.randrange(60) for _ in range(count)],
                "object_names": [noun] * count,
                "question": f"What is the {color} {noun} next to in the {rng.choice(NOUNS)}?",
                "question_id": f"val-{scene[:9]}-{number}",
                "scene_id": scene,
            }
            file.write(("[\n" if number == 0 else ",\n") + json.dumps(row, indent=0))
        file.write("\n]")


def stream(path: Path) -> int:
    """Ours: every sample checked, none kept."""
    return sum(1 for _ in read_scanqa(path, "val"))


def load(path: Path) -> int:
    """The anchor: the whole file in memory, no checks."""
    count = 0
    with path.open() as file:
        rows = json.load(file)
    for row in rows:
        Sample(
            dataset="scanqa",
            split="val",
            scene_id=row["scene_id"],
            id=row["question_id"],
            task="qa",
            question=row["question"],
            answers=tuple(row["answers"]),
            object_ids=tuple(row["object_ids"]),
            object_names=tuple(row["object_names"]),
        )
        count += 1
    return count


WAYS = {"streamed": stream, "json.load": load}


def measure(way: str, path: Path, traced: bool) -> dict[str, float]:
    """One pass in this process: rows, seconds, peak memory above the start in MiB."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if traced:
        tracemalloc.start()
    start = time.perf_counter()
    rows = WAYS[way](path)
    seconds = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1] / 2**20 if traced else 0.0
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rows": rows, "seconds": seconds, "traced": peak, "rss": (after - before) / 1024}


def in_new_process(way: str, path: Path, traced: bool) -> dict[str, float]:
    command = [sys.executable, __file__, "--measure", way, str(path)] + ["--traced"] * traced
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("output/scanqa_loader.json"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    parser.add_argument("--traced", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        way, path = arguments.measure
        print(json.dumps(measure(way, Path(path), arguments.traced)))
        return 0
    results = []
    print(f"{'rows':>7} {'way':<10} {'rows/s':>10} {'tracemalloc peak':>18} {'RSS growth':>12}")
    with tempfile.TemporaryDirectory() as folder:
        for rows in (ROWS, 10 * ROWS):
            path = Path(folder) / f"{rows}.json"
            write_file(path, rows)
            for way in WAYS:
                runs = [in_new_process(way, path, False) for _ in range(arguments.repeats)]
                # The fastest run: other programs on the machine only ever make it slower.
                rate = rows / min(run["seconds"] for run in runs)
                traced = in_new_process(way, path, True)["traced"]
                rss = min(run["rss"] for run in runs)
                print(f"{rows:>7} {way:<10} {rate:>10,.0f} {traced:>14.2f} MiB {rss:>8.1f} MiB")
                results.append(
                    {
                        "rows": rows,
                        "way": way,
                        "rows_per_s": rate,
                        "traced_mib": traced,
                        "rss_mib": rss,
                    }
                )
    ours = [entry for entry in results if entry["way"] == "streamed"]
    anchor = [entry for entry in results if entry["way"] == "json.load"]
    summary = {
        "target_rows_per_s": TARGET,
        "reached": all(entry["rows_per_s"] >= TARGET for entry in ours),
        "speed_against_json_load": ours[0]["rows_per_s"] / anchor[0]["rows_per_s"],
        "memory_10x_over_1x": ours[1]["traced_mib"] / ours[0]["traced_mib"],
        "anchor_memory_10x_over_1x": anchor[1]["traced_mib"] / anchor[0]["traced_mib"],
    }
    print("\n".join(f"{name}: {value}" for name, value in summary.items()))
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    arguments.out.write_text(json.dumps({"results": results, **summary}, indent=1) + "\n")
    return int(not summary["reached"])


if __name__ == "__main__":
    sys.exit(main())
