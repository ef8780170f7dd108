"""From the cancel request of a client to the result in its hands, beside waiting for the answer.

    python benchmarks/cancel_latency.py [--model MODEL] [--count N] [--json FILE]

Three processes: scene_mapper with a room of 40,000 points and six views, scene_reasoner, and this
one, the client. Goals are cancelled at moments spread evenly over a whole request, so every stage
is hit. Without --model it is the shipped r1-tiny, or where there is none an r1-tiny of random
weights (the same computation).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from r1_ros.msg import ErrorCode

from r1_model.pretrained import PRESETS
from r1_model.scene_io import save_scene
from r1_ros.client import R1Client, RequestFailedError
from r1_training.build import build_tiny
from r1_training.tokenizer import train_tokenizer
from tests.r1_model.small import random_scene

TARGET_MS = 200.0
QUESTION = "Describe every object in the room."
_HARMLESS = (ErrorCode.NONE, ErrorCode.UNREADABLE_OUTPUT)


def random_tiny(folder: Path) -> Path:
    """An r1-tiny of random weights."""
    texts = [f"the object number {number} stands on the table ." for number in range(200)]
    tokenizer = train_tokenizer(texts, vocab_size=1024)
    build_tiny(tokenizer, seed=0).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@contextmanager
def nodes(folder: Path, model: str) -> Iterator[R1Client]:
    """Mapper and reasoner in processes of their own, and a client of both."""
    save_scene(random_scene(views=6, points=40_000), folder / "scenes" / "room")
    parameters = {
        "scene_mapper": {"snapshot_directory": folder / "scenes", "load_scene": "room"},
        "scene_reasoner": {"model": model, "device": "cpu"},
    }
    processes = []
    for name, values in parameters.items():
        command = [sys.executable, "-m", f"r1_ros.nodes.{name}", "--ros-args"]
        for key, value in values.items():
            command += ["-p", f"{key}:={value}"]
        processes.append(subprocess.Popen(command))
    try:
        with R1Client(discovery_timeout=180.0) as client:
            yield client
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(30)


def wait_until_active(client: R1Client) -> None:
    """Servers are there a moment before the node is active."""
    while True:
        try:
            client.select_views(QUESTION)
        except RequestFailedError as error:
            if error.code != ErrorCode.INACTIVE:
                raise
            time.sleep(0.1)
        else:
            return


def whole_answer(client: R1Client) -> tuple[float, str]:
    """Seconds that an answer takes when nobody cancels, and the model's name."""
    start = time.perf_counter()
    try:
        answer = client.describe(QUESTION, timeout=300.0).answer
    except RequestFailedError as error:
        if error.code not in _HARMLESS:  # random weights say nothing that can be read
            raise
        answer = error.result.answer
    return time.perf_counter() - start, answer.model


def cancel_after(client: R1Client, delay: float) -> tuple[str, float] | None:
    """Stage and milliseconds until the result; None where the answer was there first."""
    stages = ["sent"]
    ended: list[tuple[float, int]] = []

    def run() -> None:
        try:
            client.describe(QUESTION, timeout=300.0, on_feedback=lambda f: stages.append(f.stage))
            code = ErrorCode.NONE
        except RequestFailedError as error:
            code = error.code
        ended.append((time.perf_counter(), code))

    thread = threading.Thread(target=run)
    thread.start()
    time.sleep(delay)
    while stages == ["sent"] and thread.is_alive():
        time.sleep(0.001)  # a goal that is not accepted yet cannot be cancelled
    stage, start = stages[-1], time.perf_counter()
    client.cancel()
    thread.join()
    moment, code = ended[0]
    return (stage, 1e3 * (moment - start)) if code == ErrorCode.CANCELED else None


def main() -> int:
    """Print the table; exit status 1 when the 95th percentile misses the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="")
    parser.add_argument("--count", type=int, default=60)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shipped = Path(PRESETS["r1-tiny"]).is_dir()
        model = options.model or ("r1-tiny" if shipped else str(random_tiny(folder / "r1-tiny")))
        with nodes(folder, model) as client:
            wait_until_active(client)
            whole_answer(client)  # warm
            seconds, name = whole_answer(client)
            delays = np.linspace(0, 0.9 * seconds, options.count)
            measured = [(delay, cancel_after(client, delay)) for delay in delays]
    cancelled = [(delay, *found) for delay, found in measured if found is not None]
    times = np.array([ms for _, _, ms in cancelled])
    waits = np.array([1e3 * (seconds - delay) for delay, _, _ in cancelled])
    print(f"\n{name}: a whole answer takes {seconds:.2f} s; {len(times)} goals cancelled")
    print(f"{'stage':>8} {'goals':>6} {'median ms':>10} {'max ms':>8}")
    for stage in dict.fromkeys(stage for _, stage, _ in cancelled):
        of_stage = [ms for _, other, ms in cancelled if other == stage]
        print(f"{stage:>8} {len(of_stage):6} {np.median(of_stage):10.1f} {max(of_stage):8.1f}")
    result = {
        "model": name,
        "answer_s": seconds,
        "cancelled": len(times),
        "median_ms": float(np.median(times)),
        "p95_ms": float(np.percentile(times, 95)),
        "max_ms": float(times.max()),
        "waiting_median_ms": float(np.median(waits)),
        "ratio": float(np.median(waits) / np.median(times)),
        "target_ms": TARGET_MS,
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
    }
    print(
        f"all: median {result['median_ms']:.1f} ms, p95 {result['p95_ms']:.1f} ms, max "
        f"{result['max_ms']:.1f} ms (target {TARGET_MS:.0f} ms); waiting for the answer instead: "
        f"median {result['waiting_median_ms']:.0f} ms, {result['ratio']:.0f} times as long"
    )
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(result, indent=1) + "\n")
    return int(result["p95_ms"] > TARGET_MS)


if __name__ == "__main__":
    sys.exit(main())
