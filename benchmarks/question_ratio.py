"""Seconds of questions about an existing scene on a CPU: this checkout against another, in one run.

The two answer the same questions in turn, each in a process of its own, so that both have the same
machine; raw answers are compared, too.

    git worktree add /tmp/before HEAD~1
    python benchmarks/question_ratio.py /tmp/before [--threads 1] [--repeats 3] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
WORKER = r"""
import json, sys, time
from r1_model.reasoner import Reasoner
from r1_ros.demo.questions import ROOM_QUESTIONS
from r1_training.evaluation.seven_examples import example_scene
from r1_training.synthetic.language.example_questions import EXAMPLES

reasoner = Reasoner.from_pretrained("r1-tiny", device="cpu")
scenes = [example_scene(example, 0)[1] for example in EXAMPLES[:2]]
prepared = None
print("ready", flush=True)
for line in sys.stdin:
    number, index = map(int, line.split())
    if prepared != number:
        reasoner.prepare(scenes[number])
        prepared = number
    question = ROOM_QUESTIONS[index]
    start = time.perf_counter()
    answer = reasoner.ask(scenes[number], question.text)
    print(json.dumps({"seconds": time.perf_counter() - start, "task": question.task,
                      "first": answer.first_token_seconds, "raw": answer.raw}), flush=True)
"""
QUESTIONS, SCENES = 14, 2


class Worker:
    """A checkout that answers questions in a process of its own."""

    def __init__(self, root: Path, threads: int) -> None:
        environment = os.environ | {"PYTHONPATH": str(root), "OMP_NUM_THREADS": str(threads)}
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            cwd=root,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        if self._line() != "ready":
            raise SystemExit(f"{root}: the model does not load")

    def ask(self, scene: int, index: int) -> dict[str, Any]:
        """One question of the demo about one of the scenes."""
        print(scene, index, file=self.process.stdin, flush=True)
        return json.loads(self._line())

    def close(self) -> None:
        """End the process."""
        self.process.stdin.close()
        self.process.wait()

    def _line(self) -> str:
        return self.process.stdout.readline().strip()


def main() -> None:
    """Print medians of both and their ratio, for all questions and by task."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("before", type=Path, help="checkout of the other commit")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", type=Path, default=Path("output/question_ratio.json"))
    options = parser.parse_args()
    workers = [Worker(root.resolve(), options.threads) for root in (options.before, ROOT)]
    rows, equal = [], True
    for repeat in range(options.repeats + 1):
        for scene in range(SCENES):
            for index in range(QUESTIONS):
                # who goes first alternates
                pair = [0, 1] if (repeat + index) % 2 else [1, 0]
                found = {number: workers[number].ask(scene, index) for number in pair}
                equal &= found[0]["raw"] == found[1]["raw"]
                if repeat:  # the first round warms up
                    rows.append((found[0], found[1]))
    for worker in workers:
        worker.close()
    report = {"threads": options.threads, "equal_answers": equal, "tasks": {}}
    print(f"{'task':>16} {'before s':>9} {'now s':>9} {'ratio':>6} {'first before':>13} {'now':>7}")
    tasks = dict.fromkeys(before["task"] for before, _ in rows)
    for name in [*tasks, "all"]:
        some = [pair for pair in rows if name in ("all", pair[0]["task"])]
        seconds = np.array([[one["seconds"] for one in pair] for pair in some])
        first = np.array([[one["first"] for one in pair] for pair in some])
        ratio = float(np.median(seconds[:, 1] / seconds[:, 0]))
        middle, start = np.median(seconds, axis=0), np.median(first, axis=0)
        print(
            f"{name:>16} {middle[0]:9.3f} {middle[1]:9.3f} {ratio:6.2f} "
            f"{start[0]:13.3f} {start[1]:7.3f}"
        )
        report["tasks"][name] = {
            "before_s": middle[0],
            "now_s": middle[1],
            "ratio": ratio,
            "first_before_s": start[0],
            "first_now_s": start[1],
        }
    print("answers are equal" if equal else "ANSWERS DIFFER")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(report, indent=1) + "\n")
    if not equal:
        sys.exit(1)


if __name__ == "__main__":
    main()
