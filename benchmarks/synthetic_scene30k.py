"""How long a synthetic Scene-30K takes, offline, with the command itself.

    python benchmarks/synthetic_scene30k.py [--keep 30000] [--out output/synthetic_scene30k]

Target: 30,000 kept items in under 10 minutes on 2 cores, exit status 1 where it is missed.
Leaves the data and its statistics plot in the output folder.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
TARGET_ITEMS, TARGET_SECONDS = 30_000, 600


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keep", type=int, default=30_000)
    parser.add_argument("--out", type=Path, default=Path("output/synthetic_scene30k"))
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    command = [sys.executable, "-m", "r1_training.cli", "synthesize", options.out.resolve()]
    command += ["--rooms", options.keep, "--keep", options.keep]
    command += ["--config", REPOSITORY / "config" / "engine" / "rules.yaml"]
    start = time.monotonic()
    subprocess.run([str(part) for part in command], cwd=REPOSITORY, check=True)
    seconds = time.monotonic() - start
    statistics = json.loads((options.out / "statistics.json").read_text())
    # Fewer items have as much less time.
    target = TARGET_SECONDS * options.keep / TARGET_ITEMS
    result = {
        "items": statistics["items"],
        "scenes": statistics["scenes"],
        "seconds": round(seconds, 1),
        "items_per_second": round(statistics["items"] / seconds),
        "target_seconds": round(target, 1),
        "met": seconds <= target and statistics["items"] >= options.keep,
        "share_of_target": round(seconds / target, 3),
        "cores": len(os.sched_getaffinity(0)),
    }
    for name, value in result.items():
        print(f"{name:>18}  {value}")
    (options.out / "benchmark.json").write_text(json.dumps(result, indent=1) + "\n")
    return int(not result["met"])


if __name__ == "__main__":
    sys.exit(main())
