"""The settings of the middleware that images in shared memory need."""

from __future__ import annotations

import os

from r1_ros.runtime.share_files import share_file


def use_large_message_transport() -> None:
    """Give Fast DDS room for images in shared memory; call before `rclpy.init`.

    A profile that the user has chosen stays. Children inherit the choice.
    """
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(share_file("config/fastdds.xml")))
