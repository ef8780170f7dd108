"""Faults put into a running robot: what is noticed, what survives, and how long recovery takes.

    python benchmarks/fault_matrix.py [--kills 5] [--only PART ...] [--out output/reliability.json]
        [--docs]

inputs: every fault of every input is played to a real scene_mapper (`r1_ros.evaluation.faults`),
4.5 seconds long, and must be told of on /diagnostics, under the name of its input; afterwards
messages are used again. scenarios: `fault_scenarios.py`. kills: each node is killed (SIGKILL) as
often as asked, under load, and started again as `r1 up --respawn` does: time until it is active,
whether the mapper has its map from the last automatic snapshot, and how old that was (what came
after it is lost). `--docs` writes the tables and the plot of docs/reliability.md.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import rclpy
import yaml
from rclpy.context import Context
from rclpy.node import Node

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.fault_scenarios import Scenario, run_scenarios
from benchmarks.generated import RELIABILITY, write_part
from r1_ros.bags.bag import Bag
from r1_ros.client import NoResponseError, R1Client, RequestFailedError, ServerMissingError
from r1_ros.evaluation.faults import Fault
from r1_ros.evaluation.health import Health
from r1_ros.evaluation.lockstep import LockstepPlayer
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.node_states import NodeStates
from r1_ros.starting.bag_inputs import bag_topics
from r1_ros.starting.node_commands import NODES, NodeOptions, node_command
from r1_ros.starting.processes import ProcessGroup

PLOT = RELIABILITY.parent / "images" / "reliability.png"
PARTS = ("inputs", "scenarios", "kills")
AUTOSAVE_S = 1.0
ROOM = ("--seed", "7", "--frames", "60", "--width", "320", "--height", "240")
# (input, kind, what must be said; empty: the fault is one that nothing is wrong with)
FAULTS = (
    *((name, "drop", "WARN") for name in ("color", "depth", "camera_info", "tf")),
    *((name, "freeze", "WARN") for name in ("color", "depth", "camera_info")),
    *((name, "wrong_frame", "WARN") for name in ("color", "depth", "camera_info", "tf")),
    *((name, "nan", "WARN") for name in ("depth", "camera_info", "tf")),
    *((name, "cut", "WARN") for name in ("color", "depth")),
    *((name, "repeat", "WARN") for name in ("color", "depth")),
    *((name, "delay", "") for name in ("color", "depth", "tf")),
)
AT_S, SECONDS, WITHIN_S = 1.0, 4.5, 15.0
START_S = 90.0
TARGETS_S = {"scene_mapper": 5.0, "scene_reasoner": 15.0, "plan_executor": 5.0}


@dataclass(frozen=True)
class Row:
    """What one fault did: told after so many seconds (NaN: never), messages used afterwards."""

    input: str
    kind: str
    must_tell: bool
    told_s: float
    alive: bool
    used_after: int
    held: bool


def make_bag(folder: Path) -> Path:
    for command in (
        ("r1_training.cli", "synthesize-room", str(folder / "room"), *ROOM),
        ("r1_ros.cli.main", "record", str(folder / "room"), str(folder / "bag")),
    ):
        subprocess.run([sys.executable, "-m", *command], check=True, capture_output=True)
    return folder / "bag"


def wait_for(condition: Callable[[], bool], what: str) -> float:
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > START_S:
            raise TimeoutError(what)
        time.sleep(0.05)
    return time.monotonic() - began


def start(group: ProcessGroup, name: str, folder: Path, *, autosave: bool = True) -> None:
    values = {"diagnostics_period": 0.1}
    if name == "scene_mapper" and autosave:
        values |= {"autosave_period": AUTOSAVE_S, "snapshot_directory": str(folder / "snapshots")}
    extra = folder / f"{name}_matrix.yaml"
    extra.write_text(yaml.safe_dump({f"/{name}": {"ros__parameters": values}}))
    command = [*node_command(name, NodeOptions(), folder), "--params-file", str(extra)]
    group.start(name, command, log=folder / f"{name}.log")


def input_faults(group: ProcessGroup, bag_path: Path, node: Node, folder: Path) -> list[Row]:
    rows = []
    for name, kind, level in FAULTS:
        start(group, "scene_mapper", folder, autosave=False)
        with NodeStates(["scene_mapper"]) as states:
            wait_for(lambda s=states: s.read()["scene_mapper"] == "active", "scene_mapper")
        fault = Fault(AT_S, SECONDS, name, kind, by=0.5, expect=level, within=WITHIN_S)
        with Health() as health, Bag(bag_path) as bag:
            player = LockstepPlayer(bag, node, health, bag_topics(NodeOptions()), [fault])
            used_in: dict[str, int] = {}

            def at(_: int, health: Health = health, used: dict[str, int] = used_in) -> None:
                used["color"] = health.count("color", "integrated")

            player.play([AT_S + SECONDS + 0.05], at)
            began = player.fault_began.get(fault, time.monotonic())
            names = ("color", "depth", "points", "map") if name == "tf" else (name,)
            told = [
                remark.at - began
                for remark in health.remarks
                if remark.name in names and remark.level >= 1 and remark.at >= began
            ]
            after = health.count("color", "integrated") - used_in.get("color", 0)
        alive = group.ended() is None
        held = alive and after > 0 and (not level or bool(told))
        rows.append(
            Row(name, kind, bool(level), min(told, default=float("nan")), alive, after, held)
        )
        print(rows[-1], flush=True)
        group.stop("scene_mapper")
    return rows


def kills(group: ProcessGroup, bag: Path, folder: Path, count: int) -> dict[str, dict]:
    for name in NODES:
        start(group, name, folder)
    found: dict[str, dict] = {}
    with NodeStates(NODES) as states, R1Client() as client:
        wait_for(lambda: set(states.read().values()) == {"active"}, "the nodes")
        play = [sys.executable, "-m", "r1_ros.cli.main", "play", str(bag), "--loop"]
        group.start("load", play, log=folder / "play.log")
        time.sleep(6.0)
        for name in NODES:
            seconds, lost, kept, hung, active_at = [], [], 0, 0, 0.0
            for _ in range(count):
                wait_for(lambda: saved_at(folder) > 0, "an automatic snapshot")
                os.kill(group.pid(name), signal.SIGKILL)
                # what came before it was started went with the kill before, and is counted there
                lost.append(time.time() - max(saved_at(folder), active_at))
                group.wait(name, 5.0)
                group.forget(name)
                start(group, name, folder)
                began = time.monotonic()
                wait_for(lambda n=name: states.read()[n] == "active", name)
                seconds.append(time.monotonic() - began)
                active_at = time.time()
                try:
                    kept += len(client.get_scene().points) > 0
                    client.ask("How many chairs are there?", timeout=30.0)
                except (RequestFailedError, ServerMissingError):
                    pass  # told, not hanging
                except NoResponseError:
                    hung += 1
            found[name] = {
                "kills": count,
                "p50_s": float(np.percentile(seconds, 50)),
                "p95_s": float(np.percentile(seconds, 95)),
                "seconds": seconds,
                "lost_s": lost if name == "scene_mapper" else [],
                "map_kept": kept,
                "clients_hung": hung,
                "target_s": TARGETS_S[name],
            }
            print(name, found[name], flush=True)
        group.stop("load")
    return found


def saved_at(folder: Path) -> float:
    """When the automatic snapshot was written, seconds since 1970; 0: there is none."""
    files = (folder / "snapshots" / ".autosave").rglob("*")
    with contextlib.suppress(FileNotFoundError):  # replaced meanwhile
        return max((file.stat().st_mtime for file in files), default=0.0)
    return 0.0


def plot(killed: dict[str, dict], scenarios: Sequence[Scenario]) -> None:
    """How long recovery takes: of each kill, and of each scenario."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 3.6), layout="constrained")
    for name, row in killed.items():
        ordered = np.sort(row["seconds"])
        left.step(ordered, np.arange(1, len(ordered) + 1) / len(ordered), label=name, where="post")
        left.axvline(row["target_s"], color="0.8", zorder=0)
    left.set(xlabel="active again after a kill [s]", ylabel="share of kills", xlim=0, ylim=(0, 1))
    left.legend(loc="lower right")
    names = [row.name for row in scenarios]
    right.barh(names, [row.recovered_s for row in scenarios], color="tab:blue")
    right.set(xlabel="works again after a fault [s]")
    right.invert_yaxis()
    PLOT.parent.mkdir(exist_ok=True)
    figure.savefig(PLOT, dpi=90)


def seconds_text(value: float) -> str:
    """A duration in a table; empty where there is none."""
    return "" if np.isnan(value) else f"{value:.1f} s"


def tables(rows: Sequence[Row], scenarios: Sequence[Scenario], killed: dict[str, dict]) -> str:
    lines = ["| input | fault | told after | messages used afterwards |", "|---|---|---|---|"]
    for row in rows:
        told = "not told" if np.isnan(row.told_s) else f"{row.told_s:.1f} s"
        told = told if row.must_tell or not np.isnan(row.told_s) else "nothing is wrong"
        lines.append(f"| {row.input} | {row.kind} | {told} | {'yes' if row.used_after else 'no'} |")
    lines += ["", "| fault | told as | told after | works again after | |", "|---|---|---|---|---|"]
    lines += [
        f"| {r.name} | {r.told} | {seconds_text(r.told_s)} | {seconds_text(r.recovered_s)} | "
        f"{'held' if r.held else 'FAILED'} |"
        for r in scenarios
    ]
    lines += [
        "",
        "| node | kills | active p50 | p95 | map kept | lost at most | clients hung |",
    ]
    lines += ["|---|---|---|---|---|---|---|"]
    lines += [
        f"| {name} | {r['kills']} | {r['p50_s']:.1f} s | {r['p95_s']:.1f} s | "
        f"{r['map_kept']} of {r['kills']} | {seconds_text(max(r['lost_s'], default=np.nan))} | "
        f"{r['clients_hung']} |"
        for name, r in killed.items()
    ]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--out", type=Path, default=Path("output/reliability.json"))
    parser.add_argument("--docs", action="store_true")
    arguments = parser.parse_args()
    use_large_message_transport()
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 100))
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    context = Context()
    rclpy.init(args=[], context=context)
    node = Node("fault_matrix", context=context, start_parameter_services=False)
    with tempfile.TemporaryDirectory() as name, ProcessGroup() as group:
        folder = Path(name)
        os.environ.setdefault("ROS_HOME", name)
        bag = make_bag(folder) if {"inputs", "kills"} & set(arguments.only) else folder
        rows = input_faults(group, bag, node, folder) if "inputs" in arguments.only else []
        scenarios = run_scenarios(folder / "more") if "scenarios" in arguments.only else []
        killed = kills(group, bag, folder, arguments.kills) if "kills" in arguments.only else {}
    node.destroy_node()
    context.try_shutdown()
    text = tables(rows, scenarios, killed)
    print(text)
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    report = {
        "inputs": [asdict(row) for row in rows],
        "scenarios": [asdict(row) for row in scenarios],
        "kills": killed,
    }
    arguments.out.write_text(json.dumps(report, indent=1))
    if arguments.docs:
        plot(killed, scenarios)
        picture = f"![How long recovery takes, of kills and of other faults](images/{PLOT.name})"
        write_part("fault_matrix", f"{text}\n\n{picture}")
    good = all(row.held for row in (*rows, *scenarios)) and all(
        r["p95_s"] <= r["target_s"] and not r["clients_hung"] for r in killed.values()
    )
    sys.exit(not good)


if __name__ == "__main__":
    main()
