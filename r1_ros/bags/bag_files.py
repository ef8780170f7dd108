"""The files of a bag: which there are, which metadata.yaml names, and what lies there instead."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

import yaml

STORAGE_SUFFIXES = (".mcap", ".db3", ".mcap.zstd", ".db3.zstd")
METADATA = "metadata.yaml"
_SHOWN = 5  # names in an error
_ROS1_MAGIC = b"#ROSBAG V"


class BagError(ValueError):
    """This is no bag, or nothing in it can be read; the message names the file."""


@dataclass(frozen=True)
class Metadata:
    """What metadata.yaml says: the names of the files, and how many messages there are."""

    files: tuple[str, ...]
    count: int


def read_metadata(path: Path) -> Metadata | None:
    """None where the file is missing or says nothing of use."""
    try:
        content = yaml.safe_load((path / METADATA).read_text(encoding="utf-8"))
        info = content["rosbag2_bagfile_information"]
        names = tuple(PureWindowsPath(name).name for name in info["relative_file_paths"])
        return Metadata(names, int(info["message_count"]))
    except (OSError, yaml.YAMLError, ValueError, TypeError, LookupError):
        return None


def storage_files(path: Path) -> list[Path]:
    """The files of a bag; bag_10.mcap comes after bag_9.mcap."""
    if not path.exists():
        raise BagError(f"no such bag: {path}")
    if path.is_file():
        _refuse_ros1(path)
        return [path]
    # hidden ones are no part of a bag: macOS leaves a ._bag_0.mcap beside what it copies
    names = [f for f in path.iterdir() if not f.name.startswith(".")]
    files = list(filter(_is_storage, names))
    if not files:
        for file in path.glob("*.bag*"):
            _refuse_ros1(file)
        raise BagError(f"{path} holds no rosbag2 (no .mcap or .db3 file){_held(names)}")
    return sorted(files, key=lambda file: (len(file.name), file.name))


def _held(found: list[Path]) -> str:
    """What the folder holds instead: bags below it, or files that are packed otherwise."""
    below = sorted(str(f) for f in found if f.is_dir() and any(map(_is_storage, f.iterdir())))
    if below:
        return f"; there is one below it: {', '.join(below[:_SHOWN])}"
    files = sorted(f.name for f in found)
    return f"; it holds {', '.join(files[:_SHOWN])}" if files else "; it is empty"


def _is_storage(path: Path) -> bool:
    return path.name.lower().endswith(STORAGE_SUFFIXES) and path.is_file()


def _refuse_ros1(path: Path) -> None:
    with path.open("rb") as file:
        ros1 = file.read(len(_ROS1_MAGIC)) == _ROS1_MAGIC
    if ros1 or path.name.endswith((".bag", ".bag.active")):
        target = path.name.partition(".bag")[0] + "_ros2"
        raise BagError(
            f"{path} is a ROS 1 bag; convert it: rosbags-convert --src {shlex.quote(str(path))} "
            f"--dst {shlex.quote(str(path.with_name(target)))}"
        )
