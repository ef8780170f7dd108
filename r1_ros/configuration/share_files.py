"""Find the files that ship beside the Python code: configuration, launch, RViz."""

from __future__ import annotations

from pathlib import Path

SOURCE_ROOT = Path(__file__).resolve().parents[2]


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
