"""Read a coloured point cloud from a .ply file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from plyfile import PlyData, PlyParseError


class PlyError(ValueError):
    """The file is no .ply with x, y, z vertices; the message names it."""


def read_ply(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) float32 metres and colours (N, 3) uint8; grey where the file has none.

    Raises:
        PlyError: missing, damaged, or without vertices.
    """
    try:
        vertices = PlyData.read(path)["vertex"]
        points = np.stack([vertices[axis] for axis in "xyz"], axis=1).astype(np.float32)
    except (OSError, PlyParseError, KeyError, ValueError) as error:
        raise PlyError(f"{path}: {error}") from error
    names = {p.name for p in vertices.properties}
    if {"red", "green", "blue"} <= names:
        colors = np.stack([vertices[c] for c in ("red", "green", "blue")], axis=1)
        colors = colors.astype(np.uint8)
    else:
        colors = np.full(points.shape, 160, np.uint8)
    finite = np.isfinite(points).all(1)
    return points[finite], colors[finite]
