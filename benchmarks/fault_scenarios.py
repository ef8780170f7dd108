"""Faults of the machine and of the robot around running nodes; the second table of fault_matrix.py.

Each scenario starts real nodes, does something to them, waits until that is told where it must be,
undoes it, and waits until work goes on. What it takes is measured; what must not happen fails it.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import psutil
import rclpy
import yaml
from r1_ros.msg import ErrorCode
from r1_ros.srv import SaveScene
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import QoSProfile

from r1_model.errors import R1Error
from r1_model.geometry.poses import pose_matrix
from r1_ros.client import NoResponseError, R1Client, RequestFailedError
from r1_ros.evaluation.health import Health
from r1_ros.mapping.snapshots import Snapshots
from r1_ros.runtime.node_states import NodeStates
from r1_ros.runtime.request_errors import code_name
from r1_ros.starting.node_commands import NodeOptions, node_command
from r1_ros.starting.processes import ProcessGroup
from tests.ros.robot import BEST_EFFORT, T_MAP_OPTICAL, Robot

WITHIN_S = 60.0  # what takes longer is not told, or does not recover
PERIOD_S = 0.1  # of the camera
STOPPED_S = 5.0
HEADER_BYTES = 512


@dataclass(frozen=True)
class Scenario:
    """What came of one: seconds until it was told and until work went on; NaN: it was not."""

    name: str
    told: str
    told_s: float
    recovered_s: float
    held: bool


class Camera(threading.Thread):
    """Publishes frames of a wall at 10 Hz; what is wrong with them may be set at any time.

    Attributes:
        offset_s: added to the stamps.
        x: where the camera is [m].
    """

    def __init__(self, node: Node, qos: QoSProfile) -> None:
        super().__init__(daemon=True)
        self.robot = Robot(node, qos)
        self.offset_s, self.x = 0.0, 0.0
        self._end = threading.Event()

    def run(self) -> None:
        """Publish until `stop`."""
        while not self._end.wait(PERIOD_S):
            stamp = time.time_ns() + round(self.offset_s * 1e9)
            T = pose_matrix([self.x, 0, 0], [0, 0, 0, 1]) @ T_MAP_OPTICAL
            self.robot.pose(stamp, T)
            self.robot.frame(stamp)

    def stop(self) -> None:
        """End, and wait for it."""
        self._end.set()
        self.join()


class Bench:
    """Nodes, a camera, and what they say."""

    def __init__(self, folder: Path, group: ProcessGroup, health: Health, node: Node) -> None:
        self.folder, self.group, self.health, self.node = folder, group, health, node
        self.snapshots = folder / "scenes"

    def start(self, name: str = "scene_mapper", **more: object) -> None:
        """Start a node and wait until it is active."""
        values = {"diagnostics_period": 0.1, **more}
        if name == "scene_mapper":
            values |= {"autosave_period": 1.0, "snapshot_directory": str(self.snapshots)}
        extra = self.folder / f"{name}_scenario.yaml"
        extra.write_text(yaml.safe_dump({f"/{name}": {"ros__parameters": values}}))
        command = [*node_command(name, NodeOptions(), self.folder), "--params-file", str(extra)]
        self.group.start(name, command, log=self.folder / f"{name}_scenarios.log")
        self.wait_active(name)

    def wait_active(self, name: str) -> None:
        """Wait until a node is active."""
        with NodeStates([name]) as states:
            until(lambda: states.read()[name] == "active", 90.0)

    @contextmanager
    def camera(self, qos: QoSProfile = BEST_EFFORT) -> Iterator[Camera]:
        """A camera that is seen by the mapper."""
        camera = Camera(self.node, qos)
        camera.start()
        try:
            yield camera
        finally:
            camera.stop()
            for publisher in (
                camera.robot.color, camera.robot.depth, camera.robot.info, camera.robot.points,
                camera.robot.tf, camera.robot.tf_static,
            ):  # fmt: skip
                self.node.destroy_publisher(publisher)

    def integrated(self) -> int:
        """How many frames are in the map."""
        return self.health.count("color", "integrated")

    def works(self) -> Callable[[], bool]:
        """True when ten more frames are in the map than now."""
        before = self.integrated()
        return lambda: self.integrated() >= before + 10 or 0 < self.integrated() < before

    def says(self, name: str, words: str) -> bool:
        """Whether a status of /diagnostics holds these words now."""
        return words in self.health.text(name)


def until(condition: Callable[[], bool], seconds: float = WITHIN_S) -> float:
    """Seconds until a condition holds; NaN where it does not within `seconds`."""
    began = time.monotonic()
    while not condition():
        if time.monotonic() - began > seconds:
            return float("nan")
        time.sleep(0.05)
    return time.monotonic() - began


def disk_full(bench: Bench) -> Scenario:
    """No byte more may be written (RLIMIT_FSIZE): automatic snapshots, and a client's."""
    process = psutil.Process(bench.group.pid("scene_mapper"))
    _, most = process.rlimit(resource.RLIMIT_FSIZE)
    process.rlimit(resource.RLIMIT_FSIZE, (0, most))
    told = until(lambda: bench.says("map", "the map is not saved"))
    code = save_code(bench)
    process.rlimit(resource.RLIMIT_FSIZE, (most, most))
    recovered = until(lambda: not bench.says("map", "not saved"))
    held = code == ErrorCode.STORAGE and save_code(bench) == ErrorCode.NONE
    return Scenario("disk full", f"map: not saved; {code_name(code)}", told, recovered, held)


def cannot_write(bench: Bench) -> Scenario:
    """The folder is no folder any more: as read-only, also for root."""
    shutil.move(bench.snapshots, bench.folder / "away")
    bench.snapshots.write_text("")
    told = until(lambda: bench.says("map", "the map is not saved"))
    code = save_code(bench)
    bench.snapshots.unlink()
    recovered = until(lambda: not bench.says("map", "not saved"))
    held = code == ErrorCode.STORAGE and save_code(bench) == ErrorCode.NONE
    return Scenario(
        "snapshots cannot be written", f"map: not saved; {code_name(code)}", told, recovered, held
    )


def save_code(bench: Bench) -> int:
    """Error code of save_scene."""
    client = bench.node.create_client(SaveScene, "scene_mapper/save_scene")
    client.wait_for_service(10.0)
    future = client.call_async(SaveScene.Request(name="mine"))
    executor = SingleThreadedExecutor(context=bench.node.context)
    executor.add_node(bench.node)
    executor.spin_until_future_complete(future, timeout_sec=30.0)
    executor.shutdown()
    code = future.result().error_code if future.done() else -1
    bench.node.destroy_client(client)
    return code


def clock_forward(bench: Bench, camera: Camera) -> Scenario:
    """The clock of the camera is an hour ahead."""
    camera.offset_s = 3600.0
    recovered = until(bench.works())
    return Scenario("clock an hour forward", "nothing is wrong", np.nan, recovered, True)


def clock_back(bench: Bench, camera: Camera) -> Scenario:
    """It is set right again: an hour back."""
    log = bench.folder / "scene_mapper_scenarios.log"
    said = log.read_text(errors="replace").count("time jumped back")
    camera.offset_s = 0.0
    told = until(lambda: log.read_text(errors="replace").count("time jumped back") > said)
    recovered = until(bench.works())
    return Scenario("clock an hour back", "log: time jumped back", told, recovered, True)


def pose_jump(bench: Bench, camera: Camera) -> Scenario:
    """map -> odom jumps by a metre, as after a loop closure."""
    camera.x = 1.0
    told = until(lambda: bench.says("map", "jumped by 1.00 m"))
    return Scenario("pose jumps by 1 m", "map: jumped by 1.00 m", told, until(bench.works()), True)


def slow_consumer(bench: Bench) -> Scenario:
    """A program that listens to the map, reliably, and takes nothing: it is stopped."""
    code = (
        "import rclpy, sensor_msgs.msg as m\n"
        "rclpy.init(); n = rclpy.create_node('slow')\n"
        "n.create_subscription(m.PointCloud2, 'scene_mapper/cloud', print, 1)\n"
        "rclpy.spin(n)\n"
    )
    slow = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL)
    try:
        until(lambda: bench.node.count_subscribers("scene_mapper/cloud") > 0)
        slow.send_signal(signal.SIGSTOP)
        recovered = until(bench.works())
        with R1Client() as client:
            asked = time.monotonic()
            held = len(client.get_scene().points) > 0 and time.monotonic() - asked < WITHIN_S
    finally:
        slow.kill()
        slow.wait()
    return Scenario("slow consumer", "nothing is wrong", np.nan, recovered, held)


def starved(bench: Bench, name: str = "scene_mapper") -> Scenario:
    """The process gets no time at all for some seconds."""
    pid = bench.group.pid(name)
    os.kill(pid, signal.SIGSTOP)
    time.sleep(STOPPED_S)
    os.kill(pid, signal.SIGCONT)
    return Scenario(f"{name} without CPU for 5 s", "", np.nan, until(bench.works()), True)


def reasoner_stopped(bench: Bench) -> Scenario:
    """The reasoner gets no time: a client is told in its time, and answered afterwards."""
    bench.start("scene_reasoner")
    with R1Client() as client:
        client.ask("How many chairs are there?")
        pid = bench.group.pid("scene_reasoner")
        os.kill(pid, signal.SIGSTOP)
        began, what = time.monotonic(), "answered"
        try:
            client.ask("How many chairs are there?", timeout=5.0)
        except (NoResponseError, RequestFailedError) as error:
            what = type(error).__name__
        told = time.monotonic() - began
        os.kill(pid, signal.SIGCONT)
        recovered = until(lambda: answered(client))
    bench.group.stop("scene_reasoner")
    return Scenario("reasoner without CPU", f"client: {what}", told, recovered, what != "answered")


def answered(client: R1Client) -> bool:
    """Whether a question is answered now."""
    with suppress(NoResponseError, RequestFailedError):
        client.ask("How many chairs are there?", timeout=10.0)
        return True
    return False


def model_hangs(bench: Bench) -> Scenario:
    """A forward pass never ends: the node ends itself, and is started again as launch does."""
    command = [sys.executable, "-m", "tests.ros.scripted"]
    options = ["--ros-args", "-p", "hang_timeout:=2.0"]
    log = bench.folder / "hanging.log"
    bench.group.start("scene_reasoner", [*command, "hang", *options], log=log)
    bench.wait_active("scene_reasoner")
    began = time.monotonic()
    with R1Client() as client:
        code = ErrorCode.NONE
        try:
            client.ask("How many chairs are there?", timeout=2.0)
        except RequestFailedError as error:
            code = error.code
        status = bench.group.wait("scene_reasoner", WITHIN_S)
        told = time.monotonic() - began if status == 1 else float("nan")
        if status is None:
            os.kill(bench.group.pid("scene_reasoner"), signal.SIGKILL)
            bench.group.wait("scene_reasoner", 5.0)
        bench.group.forget("scene_reasoner")
        again = time.monotonic()
        bench.group.start("scene_reasoner", [*command, "0.0", *options], log=log)
        until(lambda: answered(client))
        recovered = time.monotonic() - again
    bench.group.stop("scene_reasoner")
    what = f"{code_name(code)}; exit status {status}"
    held = code == ErrorCode.TIMEOUT and status == 1
    return Scenario("model hangs", what, told, recovered, held)


def qos_mismatch(bench: Bench) -> Scenario:
    """The mapper is told to want reliable images, the camera sends best effort."""
    reliable = {"qos_overrides./color/image.subscription.reliability": "reliable"}
    bench.start(**reliable)
    with bench.camera():
        told = until(lambda: bench.says("color", "incompatible QoS"))
    with bench.camera(QoSProfile(depth=10)):
        recovered = until(bench.works())
    bench.group.stop("scene_mapper")
    return Scenario("QoS mismatch", "color: incompatible QoS", told, recovered, True)


def snapshot_cut(bench: Bench) -> Scenario:
    """The automatic snapshot is cut, at every byte of its header and in the middle."""
    bench.start()
    with bench.camera():
        until(lambda: (bench.snapshots / ".autosave").is_dir() and bench.integrated() > 10)
        time.sleep(2.0)
        os.kill(bench.group.pid("scene_mapper"), signal.SIGKILL)
        bench.group.wait("scene_mapper", 5.0)
        bench.group.forget("scene_mapper")
        file = next((bench.snapshots / ".autosave").rglob("*.npz"))
        whole, accepted = file.read_bytes(), 0
        for length in [*range(HEADER_BYTES), len(whole) // 2, len(whole) - 1]:
            file.write_bytes(whole[:length])
            try:
                Snapshots(bench.snapshots).load_automatic()
                accepted += 1
            except R1Error:
                continue
        began = time.monotonic()
        bench.start()  # from what is left: cut by one byte
        recovered = until(bench.works()) + time.monotonic() - began
    bench.group.stop("scene_mapper")
    text = f"{HEADER_BYTES + 2 - accepted} of {HEADER_BYTES + 2} cuts refused"
    return Scenario("snapshot cut", text, np.nan, recovered, accepted == 0)


def run_scenarios(folder: Path) -> list[Scenario]:
    """All of them, one after the other."""
    folder.mkdir()
    context = Context()
    rclpy.init(args=[], context=context)
    node = Node("fault_scenarios", context=context, start_parameter_services=False)
    found = []
    with ProcessGroup() as group, Health() as health:
        bench = Bench(folder, group, health, node)
        bench.start()
        with bench.camera() as camera:
            until(bench.works())
            for run in (disk_full, cannot_write, slow_consumer, starved, reasoner_stopped):
                found.append(run(bench))
                print(found[-1], flush=True)
            for moved in (clock_forward, clock_back, pose_jump):
                found.append(moved(bench, camera))
                print(found[-1], flush=True)
            found.append(model_hangs(bench))
            print(found[-1], flush=True)
        group.stop("scene_mapper")
        for alone in (qos_mismatch, snapshot_cut):
            found.append(alone(bench))
            print(found[-1], flush=True)
    node.destroy_node()
    context.try_shutdown()
    return found
