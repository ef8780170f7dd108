"""A scan's frames for training: evenly spaced, in the aligned frame, as an extracted folder."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from r1_model.scene.scene import View
from r1_training.common.whole_files import written_whole
from r1_training.datasets.scannet.sens import (
    DEPTH_SHIFT,
    posed_frames,
    posed_sens_frames,
    read_frames,
    read_sens,
)

JPEG_QUALITY = 95


def even_views(scan: Path, count: int, T_aligned_scan: np.ndarray) -> Iterator[View]:
    """`count` views spread over the whole recording, in the aligned frame.

    Reads `{scan}.sens`, else the extracted folders in the scan's folder; none where there is
    neither. Chosen among the frames with a valid pose; where these are fewer, all of them.

    Raises:
        FileFormatError: frames are there and broken; also a recording that is cut off behind the
            last view.
    """
    sens = scan / f"{scan.name}.sens"
    if sens.is_file():
        chosen = spread(posed_sens_frames(sens), count)
        yield from read_sens(sens, T_aligned_scan, chosen=chosen)
    elif (scan / "pose").is_dir():
        chosen = spread(posed_frames(scan), count)
        yield from read_frames(scan, T_aligned_scan, chosen=chosen)


def spread(numbers: Sequence[int], count: int) -> list[int]:
    """At most `count` of the numbers, evenly chosen, first and last among them."""
    if len(numbers) <= count:
        return list(numbers)
    return [numbers[round(place)] for place in np.linspace(0, len(numbers) - 1, count)]


def frame_files(views: Iterator[View]) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of an extracted folder (`sens.read_frames` reads it)."""
    for number, view in enumerate(views):
        if number == 0:
            K = np.eye(4)
            K[:3, :3] = view.K
            for kind in ("color", "depth"):
                yield f"intrinsic/intrinsic_{kind}.txt", _matrix(K)
        quality = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
        depth = (view.depth * DEPTH_SHIFT).round().astype(np.uint16)
        yield (
            f"color/{view.id}.jpg",
            cv2.imencode(".jpg", view.color[..., ::-1], quality)[1].tobytes(),
        )
        yield f"depth/{view.id}.png", cv2.imencode(".png", depth)[1].tobytes()
        yield f"pose/{view.id}.txt", _matrix(view.T_scene_camera)


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file that is either there and whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as part:
        part.write_bytes(data)


def _matrix(matrix: np.ndarray) -> bytes:
    text = io.StringIO()
    np.savetxt(text, matrix, fmt="%.9g")
    return text.getvalue().encode()
