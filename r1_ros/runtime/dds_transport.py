"""The settings of the middleware that images in shared memory and many clients need."""

from __future__ import annotations

import os

from rclpy.qos import QoSProfile

from r1_ros.runtime.share_files import share_file

# Fast DDS 3 (from Kilted on) reads the first name, Fast DDS 2 (Jazzy) the second
PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")

# Every client of a service is sent every response, and keeps its own. With the default depth of 10,
# a burst of "BUSY" to others pushes out the one that a client waits for.
MANY_CLIENTS = QoSProfile(depth=200)


def use_large_message_transport() -> None:
    """Give Fast DDS room for images in shared memory; call before `rclpy.init`.

    A profile that the user has chosen stays. Children inherit the choice.
    """
    if not any(name in os.environ for name in PROFILES):
        os.environ |= dict.fromkeys(PROFILES, str(share_file("config/fastdds.xml")))
