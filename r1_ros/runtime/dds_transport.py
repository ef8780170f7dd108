"""The settings of the middleware that images in shared memory need."""

from __future__ import annotations

import os

from r1_ros.configuration.share_files import share_file

# Fast DDS 3 (from Kilted on) reads the first name, Fast DDS 2 (Jazzy) the second
PROFILES = ("FASTDDS_DEFAULT_PROFILES_FILE", "FASTRTPS_DEFAULT_PROFILES_FILE")


def use_large_message_transport() -> None:
    """Give Fast DDS room for images in shared memory; call before `rclpy.init`.

    A profile that the user has chosen stays. Children inherit the choice.
    """
    if not any(name in os.environ for name in PROFILES):
        os.environ |= dict.fromkeys(PROFILES, str(share_file("config/fastdds.xml")))
