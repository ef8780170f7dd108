"""A robot at work for half an hour: camera, clouds and 20 clients at once, on two cores.

    python benchmarks/load.py [--minutes 30] [--clients 20] [--room FOLDER] [--docs]

Mapper, reasoner, camera and clients are processes of their own. First an idle robot: its map stands
still and one client asks for a minute; that is what its answers are held against. Then 30 Hz RGB-D
of 640x480 and 10 Hz clouds are sent, and every client asks without a pause (after BUSY: a second
later). Counted are answers, BUSY, and everything else; the age of the map when it is asked for, the
answers' latencies; and the memory of both nodes: the mean of the last tenth against that after the
warm-up (a fifth of the time, at most five minutes). Exit status 1 where a target is missed;
`--docs` writes the table of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil
from r1_ros.msg import ErrorCode

from benchmarks.generated import write_part
from r1_ros.client import NoResponseError, R1Client, RequestFailedError, ServerMissingError
from r1_ros.evaluation.health import Health
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.node_states import NodeStates
from r1_ros.runtime.request_errors import code_name
from r1_ros.starting.node_commands import NodeOptions, node_command
from r1_ros.starting.processes import ProcessGroup

CORES = 2
NODES = ("scene_mapper", "scene_reasoner")
ROOM = ("--seed", "7", "--frames", "60", "--width", "640", "--height", "480")
QUESTIONS = (
    "How many chairs are there?",
    "What colour is the fridge?",
    "Where is the ball?",
    "Find the table.",
    "Is there a mug on the table?",
    "Open the fridge.",
    "Describe this room.",
    "冰箱是什麼顏色？",
)
FILL_S, IDLE_S = 40.0, 60.0
BUSY_PAUSE_S = 1.0
ANSWER_S = 120.0  # a client that waits longer hangs: a request takes 60 s at most
SAMPLE_S, MAP_S = 2.0, 10.0  # how often memory is read, and the map asked for
GROWTH, SHARE = 0.02, 0.8
PERCENT = (50, 95, 99)


@dataclass
class Heard:
    """What clients got: how often each outcome, and the seconds of the answers."""

    outcomes: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    sentences: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def ask_on(client: R1Client, number: int, until: float, heard: Heard) -> None:
    """One client: asks, again and again."""
    count = number
    while time.monotonic() < until:
        question = QUESTIONS[count % len(QUESTIONS)]
        count += 1
        began, what, sentence = time.monotonic(), "answered", ""
        try:
            client.ask(question, timeout=ANSWER_S)
        except RequestFailedError as error:
            what, sentence = code_name(error.code), str(error)
            if error.code == ErrorCode.UNREADABLE_OUTPUT or error.code == ErrorCode.NO_PLAN:
                what = "answered"  # by a model that has not learned enough: it took its time
        except NoResponseError as error:
            what, sentence = "hung", str(error)
        except ServerMissingError as error:
            what, sentence = "not found", str(error)
        seconds = time.monotonic() - began
        with heard.lock:
            heard.outcomes[what] += 1
            if what == "answered":
                heard.seconds.append(seconds)
            elif what != "BUSY":
                heard.sentences.append(sentence)
        if what == "BUSY":
            time.sleep(min(BUSY_PAUSE_S, max(0.0, until - time.monotonic())))


def run_clients(count: int, seconds: float) -> Heard:
    """So many clients for so long; each is a node of its own."""
    heard, clients = Heard(), [R1Client() for _ in range(count)]
    until = time.monotonic() + seconds
    threads = [
        threading.Thread(target=ask_on, args=(client, k, until, heard))
        for k, client in enumerate(clients)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for client in clients:
        client.close()
    return heard


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """p50, p95 and p99; NaN where there is none."""
    if not len(values):
        return {f"p{p}": float("nan") for p in PERCENT}
    return {f"p{p}": round(float(np.percentile(values, p)), 3) for p in PERCENT}


def growth(samples: Sequence[tuple[float, int]], warm_up: float) -> float:
    """Share by which the mean of the last tenth lies above that of the tenth after the warm-up."""
    begin, end = samples[0][0], samples[-1][0]
    tenth = (end - begin) / 10
    first = [rss for at, rss in samples if warm_up <= at - begin <= warm_up + tenth]
    last = [rss for at, rss in samples if at >= end - tenth]
    return float(np.mean(last) / np.mean(first) - 1)


class Watch:
    """Samples memory and the map's age in a thread; use as a context manager."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self.memory: dict[str, list[tuple[float, int]]] = {name: [] for name in pids}
        self.cpu: dict[str, float] = {}  # cores used
        self.cpu_s: dict[str, float] = {}
        self.map_ages: list[float] = []
        self.map_calls: list[float] = []
        self.map_failures: list[str] = []
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=run) for run in (self._sample, self._ask_map)]

    def __enter__(self) -> Watch:
        self._cpu_before = {n: cpu_seconds(p.pid) for n, p in self._processes.items()}
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()
        seconds = time.monotonic() - self._began
        for name, process in self._processes.items():
            self.cpu_s[name] = cpu_seconds(process.pid) - self._cpu_before[name]
            self.cpu[name] = round(self.cpu_s[name] / seconds, 3)

    def _sample(self) -> None:
        while not self._stop.wait(SAMPLE_S):
            for name, process in self._processes.items():
                self.memory[name].append((time.monotonic(), process.memory_info().rss))

    def _ask_map(self) -> None:
        with R1Client() as client:
            while not self._stop.wait(MAP_S):
                began = time.monotonic()
                try:
                    scene = client.get_scene(max_points=1000, max_views=1)
                except (RequestFailedError, NoResponseError, ServerMissingError) as error:
                    self.map_failures.append(str(error))
                    continue
                self.map_calls.append(time.monotonic() - began)
                self.map_ages.append((time.time_ns() - scene.stamp) / 1e9)


def start_nodes(group: ProcessGroup, folder: Path) -> None:
    """Mapper and reasoner with their shipped parameters."""
    for name in NODES:
        command = node_command(name, NodeOptions(log_level="warn"), folder)
        group.start(name, command, log=folder / f"{name}.log")
    deadline = time.monotonic() + 180.0
    with NodeStates(NODES) as states:
        while set(states.read().values()) != {"active"}:
            if time.monotonic() > deadline:
                raise TimeoutError(f"not active: {states.read()}")
            time.sleep(0.2)


def camera(folder: Path, seconds: float) -> subprocess.Popen[str]:
    """The camera's process."""
    script = Path(__file__).with_name("load_camera.py")
    command = [sys.executable, str(script), str(folder), "--seconds", str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def make_room(folder: Path) -> Path:
    """A synthetic kitchen as an RGB-D folder."""
    room = folder / "room"
    command = [sys.executable, "-m", "r1_training.cli", "synthesize-room", str(room), *ROOM]
    subprocess.run(command, check=True, capture_output=True)
    return room


def cpu_seconds(pid: int) -> float:
    """CPU time that a process has used."""
    return sum(psutil.Process(pid).cpu_times()[:2])


def measure(folder: Path, room: Path, clients: int, seconds: float) -> dict[str, Any]:
    """Idle, then under load."""
    with ProcessGroup() as group:
        start_nodes(group, folder)
        pids = {name: group.pid(name) for name in NODES}
        camera(room, FILL_S).communicate()
        run_clients(1, 10.0)  # whatever is loaded late
        before_cpu = cpu_seconds(pids["scene_reasoner"])
        idle = run_clients(1, IDLE_S)
        idle_cpu = cpu_seconds(pids["scene_reasoner"]) - before_cpu
        with Health() as health, Watch(pids) as watch:
            before = {name: health.count(name, "received") for name in ("color", "points")}
            while not (health.known("color") and health.known("points")):
                health.wait(1.0)
            before = {name: health.count(name, "received") for name in before}
            feed = camera(room, seconds + 5.0)
            heard = run_clients(clients, seconds)
            sent = json.loads(feed.communicate()[0])
            time.sleep(3.0)
            counts = {
                name: {
                    "sent": sent["sent"][name],
                    "received": health.count(name, "received") - before[name],
                    "dropped": health.count(name, "dropped"),
                    "integrated": health.count(name, "integrated"),
                }
                for name in before
            }
        ended = group.ended()
        logs = {n: (folder / f"{n}.log").read_text(errors="replace")[-2000:] for n in NODES}
    warm_up = min(seconds / 5, 300.0)
    idle_rate = idle.outcomes["answered"] / IDLE_S
    rate = heard.outcomes["answered"] / seconds
    return {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "cores_used": sorted(os.sched_getaffinity(0)),
        "load_average": os.getloadavg()[0],
        "minutes": seconds / 60,
        "clients": clients,
        "idle": {
            "answers_per_minute": 60 * idle_rate,
            "latency_s": percentiles(idle.seconds),
            "cpu_s_per_answer": idle_cpu / max(1, idle.outcomes["answered"]),
        },
        "answers_per_minute": 60 * rate,
        "share_of_idle": rate / idle_rate,
        "cpu_s_per_answer": watch.cpu_s["scene_reasoner"] / max(1, heard.outcomes["answered"]),
        "outcomes": dict(heard.outcomes),
        "sentences": sorted(set(heard.sentences))[:20],
        "answer_latency_s": percentiles(heard.seconds),
        "map_age_s": percentiles(watch.map_ages),
        "map_call_s": percentiles(watch.map_calls),
        "map_failures": watch.map_failures[:20],
        "camera": sent,
        "messages": counts,
        "cpu_cores": watch.cpu,
        "memory_mb": {n: round(s[-1][1] / 2**20) for n, s in watch.memory.items()},
        "memory_growth": {n: growth(s, warm_up) for n, s in watch.memory.items()},
        "ended": str(ended or ""),
        "memory": {n: [(round(a - s[0][0]), r) for a, r in s] for n, s in watch.memory.items()},
        "logs": logs,
    }


def missed(found: Mapping[str, Any]) -> list[str]:
    """Which targets are missed."""
    other = {k: n for k, n in found["outcomes"].items() if k not in ("answered", "BUSY")}
    share = found["share_of_idle"]
    return [
        *(f"{n} grew by {g:.1%}" for n, g in found["memory_growth"].items() if g >= GROWTH),
        *([f"{share:.0%} of the answers"] if share < SHARE else []),
        *([f"neither answered nor BUSY: {other}"] if other else []),
        *([f"get_scene failed: {found['map_failures'][0]}"] if found["map_failures"] else []),
        *([found["ended"]] if found["ended"] else []),
    ]


def table(found: Mapping[str, Any]) -> str:
    """The table of docs/reliability.md."""

    def spread(name: str, of: Mapping[str, Any] = found) -> str:
        return ", ".join(f"{key} {value:.2f} s" for key, value in of[name].items())

    grown, memory = found["memory_growth"], found["memory_mb"]
    frames, outcomes = found["messages"], found["outcomes"]
    used = ", ".join(f"{name} {value:.2f}" for name, value in found["cpu_cores"].items())
    rows = [
        ("answers a minute, idle", f"{found['idle']['answers_per_minute']:.0f}"),
        ("answers a minute, under load", f"{found['answers_per_minute']:.0f}"),
        ("share (target 80 %)", f"{found['share_of_idle']:.0%}"),
        ("answered, BUSY", f"{outcomes.get('answered', 0)}, {outcomes.get('BUSY', 0)}"),
        (
            "lost, hanging, failed otherwise",
            str(sum(n for k, n in outcomes.items() if k not in ("answered", "BUSY"))),
        ),
        (
            "CPU time of the reasoner for an answer, idle; under load",
            f"{found['idle']['cpu_s_per_answer']:.2f} s; {found['cpu_s_per_answer']:.2f} s",
        ),
        ("latency of an answer", spread("answer_latency_s")),
        ("latency of an answer, idle", spread("latency_s", found["idle"])),
        ("age of the map when it comes", spread("map_age_s")),
        ("time that `get_scene` takes", spread("map_call_s")),
        *(
            (
                f"{name}: sent, received, integrated",
                f"{c['sent']}, {c['received']}, {c['integrated']}",
            )
            for name, c in frames.items()
        ),
        *(
            (f"memory of {name}", f"{memory[name]} MB, grown by {grown[name]:.1%} (target 2 %)")
            for name in grown
        ),
        ("cores used", used),
    ]
    head = f"| {found['minutes']:.0f} minutes, {found['clients']} clients, {found['machine']} | |"
    return "\n".join([head, "|---|---|", *(f"| {a} | {b} |" for a, b in rows)])


def main() -> int:
    """Measure, print the table, write JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--clients", type=int, default=20)
    parser.add_argument("--room", type=Path, help="RGB-D folder; default: a synthetic kitchen")
    parser.add_argument("--out", type=Path, default=Path("output/load.json"))
    parser.add_argument("--docs", action="store_true")
    options = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    use_large_message_transport()
    with tempfile.TemporaryDirectory() as folder:
        os.environ.setdefault("ROS_HOME", folder)
        room = options.room or make_room(Path(folder))
        found = measure(Path(folder), room, options.clients, 60 * options.minutes)
    text = table(found)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    options.out.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n")
    print(text)
    if options.docs:
        write_part("load", text)
    failures = missed(found)
    for failure in failures:
        print("missed:", failure)
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
