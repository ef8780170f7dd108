"""The camera of `load.py`, in a process of its own: RGB-D and clouds at their rates, until told.

    python benchmarks/load_camera.py FOLDER --seconds 60

The stamps are of the clock, as a driver's are. At its end it prints how many of each it sent.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import rclpy
from rclpy.node import Node
from rclpy.qos import QoSProfile
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from tf2_msgs.msg import TFMessage

from benchmarks.mapper_throughput import Stamped
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.runtime.dds_transport import use_large_message_transport
from tests.ros.robot import START, camera_info, camera_pose, cloud, image

RGBD_HZ, CLOUD_EVERY = 30.0, 3
SAME = 3  # the recording is of 10 Hz: each frame comes so often
CLOUD_STEP = 3  # every third pixel of each side


def ready_frames(folder: RgbdFolder) -> list[dict[str, Stamped]]:
    """Serialised messages of each frame, by topic."""
    K, frames = folder.K, []
    for frame in folder.frames:
        color, depth = folder.read_color(frame), folder.read_depth(frame)
        height, width = depth.shape
        info = camera_info(START)
        info.width, info.height, info.k = width, height, K.reshape(-1)
        v, u = np.mgrid[0:height:CLOUD_STEP, 0:width:CLOUD_STEP]
        z = depth[v, u] / 1000.0
        points = np.stack([(u - K[0, 2]) * z / K[0, 0], (v - K[1, 2]) * z / K[1, 1], z], -1)
        pose = TFMessage(transforms=[camera_pose(START, frame.pose)])
        frames.append(
            {
                "tf": Stamped(pose),
                "camera_info": Stamped(info),
                "color": Stamped(image(START, "rgb8", color)),
                "depth": Stamped(image(START, "16UC1", depth)),
                "points": Stamped(cloud(START, points.reshape(-1, 3)[z.reshape(-1) > 0])),
            }
        )
    return frames


def main() -> None:
    """Publish; print the counts as JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seconds", type=float, required=True)
    options = parser.parse_args()
    frames = ready_frames(RgbdFolder.open(options.folder))
    use_large_message_transport()
    rclpy.init()
    node = Node("load_camera", start_parameter_services=False)
    qos = QoSProfile(depth=5)
    publishers = {
        "tf": node.create_publisher(TFMessage, "/tf", QoSProfile(depth=100)),
        "camera_info": node.create_publisher(CameraInfo, "color/camera_info", qos),
        "color": node.create_publisher(Image, "color/image", qos),
        "depth": node.create_publisher(Image, "depth/image", qos),
        "points": node.create_publisher(PointCloud2, "points", qos),
    }
    sent = dict.fromkeys(publishers, 0)
    # to and fro: a camera does not jump
    path = [*range(len(frames)), *range(len(frames) - 2, 0, -1)]
    began = time.monotonic()
    number = late = 0
    while time.monotonic() - began < options.seconds:
        frame, stamp = frames[path[number // SAME % len(path)]], time.time_ns()
        for name, message in frame.items():
            if name != "points" or number % CLOUD_EVERY == 0:
                publishers[name].publish(message.at(stamp))
                sent[name] += 1
        number += 1
        left = began + number / RGBD_HZ - time.monotonic()
        late += left < -1.0 / RGBD_HZ
        time.sleep(max(0.0, left))
    print(json.dumps({"sent": sent, "late": late, "seconds": time.monotonic() - began}))
    node.destroy_node()
    rclpy.try_shutdown()


if __name__ == "__main__":
    main()
