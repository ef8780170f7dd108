"""Publish an RGB-D folder as a robot would: raw images, camera info, tf. For one process each.

python -m tests.ros.kitchen_publisher FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import rclpy
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from tf2_msgs.msg import TFMessage

from r1_model.geometry.poses import pose_matrix
from r1_ros.bags.recording import frame_stamps
from r1_ros.bags.rgbd_folder import RgbdFolder
from r1_ros.messages.geometry import transform_message
from r1_ros.runtime.dds_transport import use_large_message_transport
from tests.ros.robot import OPTICAL, Robot, camera_info, image
from tests.ros.spinning import Spinner

# Frames on their way at most. Paced by what the mapper reports, so that a busy machine decides
# about the duration of the test and not about its outcome.
_AHEAD = 10


def publish(path: Path) -> int:
    """Publish every frame once; returns how many."""
    folder = RgbdFolder.open(path)
    ros = Spinner(SingleThreadedExecutor())
    node = ros.add(Node("kitchen_publisher"))
    robot = Robot(node)

    def received() -> int:
        return robot.statuses.number("color", "received")

    ros.until(robot.connected, "the mapper")
    # camera_link is where robots have it: the optical frame hangs on it by a static transform
    static = pose_matrix([0, 0, 0], [-0.5, 0.5, -0.5, 0.5])
    robot.tf_static.publish(
        TFMessage(transforms=[transform_message(0, "camera_link", OPTICAL, static)])
    )
    ros.until(lambda: received() == 0, "diagnostics")
    for index, (frame, stamp) in enumerate(zip(folder.frames, frame_stamps(folder), strict=True)):
        T = frame.pose @ pose_matrix([0, 0, 0], [0.5, -0.5, 0.5, 0.5])
        robot.tf.publish(TFMessage(transforms=[transform_message(stamp, "map", "camera_link", T)]))
        info = camera_info(stamp)
        info.width, info.height, info.k = folder.width, folder.height, folder.K.reshape(-1)
        robot.info.publish(info)
        robot.color.publish(image(stamp, "rgb8", folder.read_color(frame)))
        robot.depth.publish(image(stamp, "16UC1", folder.read_depth(frame)))
        ros.until(lambda sent=index: sent - received() < _AHEAD, "the mapper keeps up")
    last = len(folder.frames)
    ros.until(lambda: received() == last, "the last frame", seconds=30)
    ros.close()
    return last


if __name__ == "__main__":
    use_large_message_transport()
    rclpy.init()
    print(publish(Path(sys.argv[1])), flush=True)
    rclpy.try_shutdown()
