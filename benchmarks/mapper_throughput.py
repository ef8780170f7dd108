"""Frames per second of scene_mapper, messages included, beside Open3D's bare integrate loop.

    python benchmarks/mapper_throughput.py [--folder RGBD_FOLDER] [--json FILE]

Three processes: the mapper as it ships, a publisher of serialised 640x480 RGB-D messages (all of
them different), and this one. Two runs: as fast as the mapper takes frames, and paced. Without
--folder a synthetic room is used.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

os.environ.setdefault("ROS_DOMAIN_ID", str(101 + os.getpid() % 100))
os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil
import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from tf2_msgs.msg import TFMessage

from r1_model.geometry.poses import invert_pose, pose_matrix
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.mapping.lean_open3d import o3c
from r1_ros.mapping.lean_open3d import open3d as o3d
from r1_ros.runtime.dds_transport import use_large_message_transport
from tests.ros.robot import START, Robot, Statuses, camera_info, camera_pose, image
from tests.ros.spinning import Spinner

VOXEL, DEPTH_MAX, STEP_NS = 0.02, 4.0, 16_666_667
WIDTH, HEIGHT = 640, 480
IN_FLIGHT = 20
SETTLE_S = 2.0
REPEATS = 3
TARGET_FPS = 85.0
_STAMP_OFFSET = {
    Image: 4,
    CameraInfo: 4,
    PointCloud2: 4,
    TFMessage: 8,
}  # of the stamp in the serialised message


def frames_of(folder: Path | None, count: int) -> tuple[list, np.ndarray]:
    """[(color, depth in mm, T_map_camera)] and K."""
    if folder is None:
        return synthetic_frames(count)
    recording = RgbdFolder.open(folder)
    chosen = recording.frames[:count]
    read = [(recording.read_color(f), recording.read_depth(f), f.pose) for f in chosen]
    return read, recording.K


def synthetic_frames(count: int) -> tuple[list, np.ndarray]:
    """A box room of 5 x 4 x 2.6 m seen from a turning camera; depth noise as of a Kinect."""
    K = np.array([[585.0, 0, 320], [0, 585.0, 240], [0, 0, 1]])
    v, u = np.mgrid[0:HEIGHT, 0:WIDTH]
    rays = np.stack([(u - K[0, 2]) / K[0, 0], (v - K[1, 2]) / K[1, 1], np.ones(u.shape)], -1)
    low, high = np.array([-2.5, -2.0, 0.0]), np.array([2.5, 2.0, 2.6])
    rng = np.random.default_rng(0)
    frames = []
    for index in range(count):
        angle = 2 * np.pi * index / count
        turn = [0, 0, np.sin(angle / 2), np.cos(angle / 2)]
        T = pose_matrix([0.3, -0.2, 1.4], turn) @ pose_matrix([0, 0, 0], [-0.5, 0.5, -0.5, 0.5])
        directions = rays @ T[:3, :3].T
        directions[np.abs(directions) < 1e-9] = 1e-9
        walls = np.where(directions > 0, high, low)
        depth = ((walls - T[:3, 3]) / directions).min(-1)
        depth += rng.normal(0, 0.0015, depth.shape) * depth**2
        hit = T[:3, 3] + depth[..., None] * directions
        color = ((np.sin(hit * 9) + 1) * 127).astype(np.uint8)
        frames.append((color, (depth * 1000).astype(np.uint16), T))
    return frames, K


def bare_loop(frames: list, K: np.ndarray, block: int, band: float, attribute: o3c.Dtype) -> float:
    """Frames per second of Open3D alone."""
    grid = o3d.t.geometry.VoxelBlockGrid(
        ("tsdf", "weight", "color"),
        (o3c.float32, attribute, attribute),
        ((1), (1), (3)),
        VOXEL,
        block,
        20_000,
        o3c.Device("CPU:0"),
    )
    intrinsic = o3c.Tensor(K)
    ready = [
        (
            o3d.t.geometry.Image(o3c.Tensor.from_numpy(np.ascontiguousarray(depth))),
            o3d.t.geometry.Image(o3c.Tensor.from_numpy(np.ascontiguousarray(color))),
            o3c.Tensor(invert_pose(T)),
        )
        for color, depth, T in frames
    ]
    started = time.perf_counter()
    for depth, color, extrinsic in ready:
        rest = (extrinsic, 1000.0, DEPTH_MAX, band)
        blocks = grid.compute_unique_block_coordinates(depth, intrinsic, *rest)
        grid.integrate(blocks, depth, color, intrinsic, intrinsic, *rest)
    return len(frames) / (time.perf_counter() - started)


class Stamped:
    """A serialised message whose stamp can be changed."""

    def __init__(self, message: object) -> None:
        self._data = bytearray(serialize_message(message))
        self._offset = _STAMP_OFFSET[type(message)]

    def at(self, stamp: int) -> bytes:
        """The message with `stamp`, nanoseconds."""
        struct.pack_into("<iI", self._data, self._offset, *divmod(stamp, 10**9))
        return bytes(self._data)


def publish(folder: Path | None, distinct: int, total: int, rate: float) -> None:
    """The publisher process; rate 0: as fast as the mapper takes frames."""
    frames, K = frames_of(folder, distinct)
    info = camera_info(START)
    info.width, info.height, info.k = WIDTH, HEIGHT, K.reshape(-1)
    info = Stamped(info)
    ready = [
        (
            Stamped(TFMessage(transforms=[camera_pose(START, T)])),
            Stamped(image(START, "rgb8", color)),
            Stamped(image(START, "16UC1", depth)),
        )
        for color, depth, T in frames
    ]
    ros = Spinner(SingleThreadedExecutor())
    robot = Robot(ros.add(Node("benchmark_publisher")))

    def received() -> int:
        return robot.statuses.number("color", "received")

    ros.until(robot.connected)
    ros.until(lambda: received() == 0)
    started = time.perf_counter()
    for index in range(total):
        pose, color, depth = ready[index % len(ready)]
        stamp = START + index * STEP_NS
        robot.tf.publish(pose.at(stamp))
        robot.info.publish(info.at(stamp))
        robot.color.publish(color.at(stamp))
        robot.depth.publish(depth.at(stamp))
        if rate:
            due = started + (index + 1) / rate
            while (left := due - time.perf_counter()) > 0:
                time.sleep(left)
        else:
            ros.until(lambda sent=index + 1: sent - received() < IN_FLIGHT)
    ros.spin(SETTLE_S)  # what is in shared memory goes with its writer
    ros.close()


def measure(folder: Path | None, distinct: int, total: int, rate: float) -> dict:
    """One run of mapper and publisher, each in its own process."""
    command = [sys.executable, "-m", "r1_ros.nodes.scene_mapper", "--ros-args"]
    # all that it can fuse, at the priority of the others
    values = {"depth_max": DEPTH_MAX, "diagnostics_period": 0.1, "fusion_rate": 0.0, "niceness": 0}
    command += [part for key, value in values.items() for part in ("-p", f"{key}:={value}")]
    feed = [sys.executable, __file__, "--publish", "--distinct", str(distinct)]
    feed += ["--frames", str(total), "--rate", str(rate)]
    feed += ["--folder", str(folder)] if folder else []
    ros = Spinner(SingleThreadedExecutor())
    statuses = Statuses(ros.add(Node("benchmark")))

    mapper = subprocess.Popen(command)
    publisher = subprocess.Popen(feed)
    try:
        ros.until(lambda: statuses.number("color", "received") > 0, "frames", seconds=120)
        usage, first = psutil.Process(mapper.pid), statuses.number("color", "integrated")
        started, cpu = time.perf_counter(), sum(usage.cpu_times()[:2])
        last, last_time = first, started
        while publisher.poll() is None or time.perf_counter() < last_time + SETTLE_S:
            ros.executor.spin_once(timeout_sec=0.05)
            if (now := statuses.number("color", "integrated")) > last:
                last, last_time = now, time.perf_counter()
        seconds = last_time - started
        cpu = sum(usage.cpu_times()[:2]) - cpu
        color = statuses.of("color")
        return {
            "rate": rate,
            "frames": total,
            "received": int(color["received"]),
            "integrated": int(color["integrated"]),
            "dropped": int(color["dropped"]),
            "lost_in_transport": total - int(color["received"]),
            "frames_per_second": (last - first) / seconds,
            "mapper_cpu_ms_per_frame": 1000 * cpu / (last - first),
            "mapper_memory_mb": usage.memory_info().rss / 2**20,
            "last_drop_reason": color["last_drop_reason"],
        }
    finally:
        publisher.kill()
        mapper.send_signal(signal.SIGINT)
        mapper.wait(20)
        ros.close()


def main() -> int:
    """Print a table and write JSON; exit status 1 when the mapper misses the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, help="RGB-D folder; default: a synthetic room")
    parser.add_argument("--distinct", type=int, default=100, help="different frames")
    parser.add_argument("--frames", type=int, default=600, help="frames of each run")
    parser.add_argument("--rate", type=float, default=60.0, help="frames/s of the paced run")
    parser.add_argument("--json", type=Path, default=Path("output/mapper_throughput.json"))
    parser.add_argument("--publish", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    use_large_message_transport()
    rclpy.init()
    if options.publish:
        publish(options.folder, options.distinct, options.frames, options.rate)
        rclpy.try_shutdown()
        return 0
    frames, K = frames_of(options.folder, options.distinct)
    bare_loop(frames[:10], K, 16, 8.0, o3c.uint16)  # warm up
    full = measure(options.folder, options.distinct, options.frames, 0.0)
    paced = measure(options.folder, options.distinct, options.frames, options.rate)
    # the best of several: what else runs on the machine must not flatter the ratio
    bare = max(bare_loop(frames, K, 16, 8.0, o3c.uint16) for _ in range(REPEATS))
    bare_as_ours = max(bare_loop(frames, K, 8, 3.0, o3c.float32) for _ in range(REPEATS))
    result = {
        "machine": f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores",
        "load_average": os.getloadavg()[0],
        "open3d": o3d.__version__,
        "data": str(options.folder or "synthetic room"),
        "voxel_size": VOXEL,
        "bare_frames_per_second": bare,
        "bare_as_ours_frames_per_second": bare_as_ours,
        "full_speed": full,
        "paced": paced,
        "ratio": full["frames_per_second"] / bare,
        "target_frames_per_second": TARGET_FPS,
        "met": full["frames_per_second"] >= TARGET_FPS,
    }
    print(f"{result['machine']}, load {result['load_average']:.1f}, {result['data']}")
    print(f"Open3D's loop as in its examples   {bare:7.1f} frames/s")
    print(f"Open3D's loop with our blocks      {bare_as_ours:7.1f} frames/s")
    print(
        f"scene_mapper, messages included    {full['frames_per_second']:7.1f} frames/s"
        f"  = {result['ratio']:.2f} x; {full['mapper_cpu_ms_per_frame']:.1f} ms CPU a frame"
    )
    print(
        f"  at {paced['rate']:.0f} frames/s: {paced['integrated']} of {paced['frames']} integrated,"
        f" {paced['dropped']} dropped, {paced['lost_in_transport']} lost,"
        f" {paced['mapper_memory_mb']:.0f} MB"
    )
    met = "met" if result["met"] else "MISSED"
    print(f"target, messages included          {TARGET_FPS:7.1f} frames/s  {met}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1) + "\n")
    rclpy.try_shutdown()
    return int(not result["met"])


if __name__ == "__main__":
    sys.exit(main())
