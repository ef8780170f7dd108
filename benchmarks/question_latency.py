"""Seconds from a client's question to the answer in its hands, on the CPU.

    python benchmarks/question_latency.py [--threads N ...] [--busy N] [--repeats N] [--json FILE]

The nodes run in processes of their own with the demo's room in their map; this one is the client.
It asks the demo's 14 questions, each of the seven tasks in English and in Chinese.
With --busy, N more processes want the cores all the time, as a camera driver, navigation and a
detector do on a robot; --threads compares numbers of torch threads (0: the parameter's default).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.cancel_latency import nodes
from r1_ros.client import R1Client
from r1_ros.demo.outcome import Outcome, ask
from r1_ros.demo.questions import ROOM_QUESTIONS

TARGET_S = 1.0


@contextmanager
def busy(count: int) -> Iterator[None]:
    """That many processes that do nothing but want a core."""
    processes = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()


def measure(client: R1Client, repeats: int) -> list[Outcome]:
    """All questions, again and again, once the first answer has warmed everything up."""
    ask(client, ROOM_QUESTIONS[0], 60.0)
    return [ask(client, question, 60.0) for _ in range(repeats) for question in ROOM_QUESTIONS]


def summary(outcomes: list[Outcome]) -> dict[str, float]:
    """Figures of one run, seconds."""
    seconds = np.array([outcome.seconds for outcome in outcomes])
    firsts = [outcome.answer.first_token_seconds for outcome in outcomes if outcome.answer]
    return {
        "questions": len(seconds),
        "faults": sum(outcome.is_fault for outcome in outcomes),
        "median_s": float(np.median(seconds)),
        "p95_s": float(np.percentile(seconds, 95)),
        "max_s": float(seconds.max()),
        "first_token_median_s": float(np.median(firsts)) if firsts else float("nan"),
    }


def table(outcomes: list[Outcome]) -> str:
    """Median and slowest answer of each task."""
    lines = [f"{'task':>16} {'median s':>9} {'max s':>7}"]
    for task in dict.fromkeys(outcome.question.task for outcome in outcomes):
        of_task = [outcome.seconds for outcome in outcomes if outcome.question.task == task]
        lines.append(f"{task:>16} {np.median(of_task):9.2f} {max(of_task):7.2f}")
    return "\n".join(lines)


def main() -> int:
    """Print a table for each number of threads; exit status 1 when a median misses the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="r1-tiny")
    parser.add_argument("--threads", type=int, nargs="+", default=[0])
    parser.add_argument("--busy", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=3, help="of all 14 questions")
    parser.add_argument("--json", type=Path, default=Path("output/question_latency.json"))
    options = parser.parse_args()
    runs = {}
    for threads in options.threads:
        with tempfile.TemporaryDirectory() as folder:
            extra = {"torch_threads": threads}
            with nodes(Path(folder), options.model, extra) as client, busy(options.busy):
                outcomes = measure(client, options.repeats)
        runs[threads] = summary(outcomes)
        print(f"\n{threads or 'default'} threads, {options.busy} busy processes beside")
        print(table(outcomes))
        print(", ".join(f"{name} {value:.4g}" for name, value in runs[threads].items()))
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    options.json.parent.mkdir(parents=True, exist_ok=True)
    found = {"model": options.model, "busy": options.busy, "machine": machine, "threads": runs}
    options.json.write_text(json.dumps(found, indent=1) + "\n")
    return int(any(run["median_s"] > TARGET_S or run["faults"] for run in runs.values()))


if __name__ == "__main__":
    sys.exit(main())
