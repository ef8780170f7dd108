"""Find the files that ship beside the Python code: configuration, launch, RViz."""

from __future__ import annotations

import os
from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parent.parent


def share_file(relative: str) -> Path:
    """Path of e.g. `config/scene_understanding.yaml`, in the source tree or where colcon put it.

    Raises:
        FileNotFoundError: it is in neither place.
    """
    source = SOURCE_ROOT / relative
    if source.is_file():
        return source
    from ament_index_python.packages import PackageNotFoundError, get_package_share_directory

    try:
        installed = Path(get_package_share_directory("r1_ros")) / relative
    except PackageNotFoundError:
        raise FileNotFoundError(f"{relative}: neither {source} nor an installed r1_ros") from None
    if not installed.is_file():
        raise FileNotFoundError(f"{relative}: neither {source} nor {installed}")
    return installed


def use_large_message_transport() -> None:
    """Give Fast DDS room for images in shared memory; call before `rclpy.init`.

    A profile that the user has chosen stays. Children inherit the choice.
    """
    os.environ.setdefault("FASTRTPS_DEFAULT_PROFILES_FILE", str(share_file("config/fastdds.xml")))
