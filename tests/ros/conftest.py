"""Every test process talks on a ROS domain of its own, on this machine only."""

from __future__ import annotations

import os

# Before anything imports rclpy; children inherit it.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 100)
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
os.environ.pop("ROS_LOCALHOST_ONLY", None)
