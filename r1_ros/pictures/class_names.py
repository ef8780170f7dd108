"""Names of classes that prediction files tell as numbers."""

from __future__ import annotations

from pathlib import Path

from r1_ros.configuration.text_files import read_text

# In the order of VoteNet's and the reference's detection.
SCANNET = (
    "cabinet", "bed", "chair", "sofa", "table", "door", "window", "bookshelf", "picture",
    "counter", "desk", "curtain", "refrigerator", "shower curtain", "toilet", "sink", "bathtub",
    "others",
)  # fmt: skip


def class_names(told: str) -> tuple[str, ...]:
    """`scannet`, or the lines of a file, the first of them class 0.

    Raises:
        TextFileError: the file cannot be read.
    """
    if told == "scannet":
        return SCANNET
    return tuple(line.strip() for line in read_text(Path(told)).rstrip().splitlines())
