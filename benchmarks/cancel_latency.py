"""From the cancel request of a client to the result in its hands, beside waiting for the answer.

    python benchmarks/cancel_latency.py [--model MODEL] [--count N] [--json FILE]

The nodes run in processes of their own with the demo's room in their map; this one is the client.
Goals of the actions ask, plan and describe are cancelled at moments spread evenly over a whole
request of each, so every stage is hit.
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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from r1_ros.msg import ErrorCode

from r1_model.scene.storage import save_scene
from r1_ros.client import R1Client, RequestFailedError
from r1_training.synthetic.camera.observe import room_to_scene
from r1_training.synthetic.rooms.example_rooms import living_room

TARGET_MS = 200.0
# What a model that has not learned enough brings about; the time is the same.
_HARMLESS = (ErrorCode.NONE, ErrorCode.UNREADABLE_OUTPUT, ErrorCode.NO_PLAN)
Request = Callable[[R1Client, Callable], object]
REQUESTS: dict[str, Request] = {
    "ask": lambda client, feedback: client.ask("Describe the sofa.", on_feedback=feedback),
    "plan": lambda client, feedback: client.plan("Turn on the TV.", on_feedback=feedback),
    "describe": lambda client, feedback: client.describe(on_feedback=feedback),
}


@dataclass(frozen=True)
class Cancelled:
    """One goal that was cancelled: when, in which stage, and how long the result took.

    Attributes:
        stage: of the last feedback before the cancel request.
        milliseconds: from the cancel request to the result.
        waiting_ms: how long the answer would have taken from that moment on.
    """

    stage: str
    milliseconds: float
    waiting_ms: float


@contextmanager
def nodes(
    folder: Path, model: str, parameters: Mapping[str, object] | None = None
) -> Iterator[R1Client]:
    """The nodes in processes of their own, the demo's room in their map, and a client.

    Args:
        folder: for the room's snapshot.
        model: preset or checkpoint folder.
        parameters: more of scene_reasoner's.
    """
    room, _ = room_to_scene(living_room(), partial=0.0)
    save_scene(room, folder / "scenes" / "room")
    wanted = {
        "scene_mapper": {"snapshot_directory": folder / "scenes", "load_scene": "room"},
        "scene_reasoner": {"model": model, "device": "cpu", **(parameters or {})},
        "plan_executor": {"robot": "simulated", "simulated_step_seconds": 0.0},
    }
    processes = []
    for name, values in wanted.items():
        command = [sys.executable, "-m", f"r1_ros.nodes.{name}", "--ros-args"]
        for key, value in values.items():
            command += ["-p", f"{key}:={value}"]
        processes.append(subprocess.Popen(command))
    try:
        with R1Client(discovery_timeout=180.0) as client:
            _wait_until_active(client)
            yield client
    finally:
        for process in processes:
            process.send_signal(signal.SIGINT)
        for process in processes:
            process.wait(30)


def _wait_until_active(client: R1Client) -> None:
    """Servers are there a moment before the node is active."""
    while True:
        try:
            client.select_views("Where is the sofa?")
        except RequestFailedError as error:
            if error.code != ErrorCode.INACTIVE:
                raise
            time.sleep(0.1)
        else:
            return


def whole_answer(client: R1Client, request: Request) -> float:
    """Seconds that a request takes when nobody cancels it."""
    start = time.perf_counter()
    try:
        request(client, lambda _: None)
    except RequestFailedError as error:
        if error.code not in _HARMLESS:
            raise
    return time.perf_counter() - start


def cancel_after(
    client: R1Client, request: Request, delay: float, whole: float
) -> Cancelled | None:
    """Cancel a request after `delay` seconds; None where the answer was there first."""
    stages = ["sent"]
    ended: list[tuple[float, int]] = []

    def run() -> None:
        try:
            request(client, lambda feedback: stages.append(feedback.stage))
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
    if code != ErrorCode.CANCELED:
        return None
    return Cancelled(stage, 1e3 * (moment - start), 1e3 * (whole - delay))


def measure(client: R1Client, request: Request, count: int) -> tuple[float, list[Cancelled]]:
    """Seconds of a whole answer, and what `count` cancels took."""
    whole_answer(client, request)  # warm
    whole = whole_answer(client, request)
    delays = np.linspace(0, 0.9 * whole, count)
    tries = [cancel_after(client, request, delay, whole) for delay in delays]
    return whole, [cancelled for cancelled in tries if cancelled is not None]


def summary(whole: float, cancelled: list[Cancelled]) -> dict[str, float]:
    """Figures of one action."""
    times = np.array([one.milliseconds for one in cancelled])
    waiting = float(np.median([one.waiting_ms for one in cancelled]))
    return {
        "answer_s": whole,
        "cancelled": len(times),
        "median_ms": float(np.median(times)),
        "p95_ms": float(np.percentile(times, 95)),
        "max_ms": float(times.max()),
        "waiting_median_ms": waiting,
        "ratio": waiting / float(np.median(times)),
    }


def main() -> int:
    """Print the tables; exit status 1 when an action's slowest cancel misses the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="r1-tiny")
    parser.add_argument("--count", type=int, default=40, help="goals of each action")
    parser.add_argument("--json", type=Path, default=Path("output/cancel_latency.json"))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, nodes(Path(folder), options.model) as client:
        found = {name: measure(client, one, options.count) for name, one in REQUESTS.items()}
    print(f"\n{options.model}, target {TARGET_MS:.0f} ms")
    print(f"{'action':>9} {'stage':>8} {'goals':>6} {'median ms':>10} {'max ms':>8}")
    for name, (_, cancelled) in found.items():
        for stage in dict.fromkeys(one.stage for one in cancelled):
            of_stage = [one.milliseconds for one in cancelled if one.stage == stage]
            row = f"{len(of_stage):6} {np.median(of_stage):10.1f} {max(of_stage):8.1f}"
            print(f"{name:>9} {stage:>8} {row}")
    results = {name: summary(*one) for name, one in found.items()}
    for name, one in results.items():
        print(
            f"{name}: median {one['median_ms']:.1f} ms, p95 {one['p95_ms']:.1f} ms, max "
            f"{one['max_ms']:.1f} ms; waiting for the answer instead: median "
            f"{one['waiting_median_ms']:.0f} ms, {one['ratio']:.0f} times as long"
        )
    machine = f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores"
    record = {"model": options.model, "target_ms": TARGET_MS, "machine": machine, **results}
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(record, indent=1) + "\n")
    return int(any(one["max_ms"] > TARGET_MS for one in results.values()))


if __name__ == "__main__":
    sys.exit(main())
