"""Coloured point clouds as .ply files."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from plyfile import PlyData, PlyElement, PlyParseError

from r1_model.scene.point_colors import channels_of, colors_as_bytes, grey, unpacked

_SPLAT = ("f_dc_0", "f_dc_1", "f_dc_2")  # spherical harmonics of degree 0
_SPLAT_FACTOR = 0.28209479177387814  # 1 / (2 sqrt(pi)), Kerbl et al. 2023


class PlyError(ValueError):
    """The file is no .ply with x, y, z vertices; the message names it."""


def read_ply(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) float32 metres and colours (N, 3) uint8; grey where the file has none.

    Raises:
        PlyError: missing, damaged, or without vertices.
    """
    try:
        content = _content(path)
        if "vertex" not in content:
            there = ", ".join(element.name for element in content.elements) or "none"
            raise ValueError(f"no element vertex; its elements: {there}")
        vertices = content["vertex"]
        # of equal names the first counts
        names = {p.name.lower(): p.name for p in reversed(vertices.properties)}
        if missing := [axis for axis in "xyz" if axis not in names]:
            have = ", ".join(p.name for p in vertices.properties) or "none"
            raise ValueError(f"vertices have no {', '.join(missing)}; they have {have}")
        columns = {name: vertices[own] for name, own in names.items()}
        points = np.stack([columns[axis] for axis in "xyz"], axis=1).astype(np.float32)
    except OSError as error:
        raise PlyError(f"{path}: cannot be opened: {error.strerror or error}") from error
    except (PlyParseError, ValueError, OverflowError) as error:
        raise PlyError(f"{path}: {error}") from error
    except MemoryError as error:
        raise PlyError(f"{path}: its header counts more than memory holds: {error}") from error
    colors = _colors(columns, len(points))
    finite = np.isfinite(points).all(1)
    if not finite.any():
        raise PlyError(f"{path}: has no vertex with finite coordinates ({len(points)} vertices)")
    return points[finite], colors[finite]


def write_ply(path: Path, points: np.ndarray, colors: np.ndarray) -> None:
    """Write points (N, 3) metres with colours (N, 3) uint8.

    Raises:
        OSError: it cannot be written.
    """
    vertices = np.empty(
        len(points), [(a, "f4") for a in "xyz"] + [(c, "u1") for c in ("red", "green", "blue")]
    )
    for axis, name in enumerate("xyz"):
        vertices[name] = points[:, axis]
    for channel, name in enumerate(("red", "green", "blue")):
        vertices[name] = colors[:, channel]
    PlyData([PlyElement.describe(vertices, "vertex")]).write(path)


def _content(path: Path) -> PlyData:
    """The file; what is not ASCII in its header stands in comments and is left out."""
    try:
        return PlyData.read(path)
    except UnicodeDecodeError:
        header, end, rest = path.read_bytes().partition(b"end_header")
        return PlyData.read(io.BytesIO(header.decode("ascii", "ignore").encode() + end + rest))


def _colors(columns: Mapping[str, np.ndarray], count: int) -> np.ndarray:
    """(count, 3) uint8 of colours as scanners and converters name them, and of Gaussian splats."""
    packed = next((columns[name] for name in ("rgb", "rgba") if name in columns), None)
    if packed is not None and packed.dtype.kind in "uif":
        return unpacked(packed.reshape(count, 1))
    if (channels := channels_of(columns)) is not None:
        return colors_as_bytes(np.stack([columns[c] for c in channels], axis=1))
    if set(_SPLAT) <= set(columns):
        harmonics = np.stack([columns[c] for c in _SPLAT], axis=1).astype(np.float64)
        return colors_as_bytes(np.clip(0.5 + _SPLAT_FACTOR * harmonics, 0, 1))
    return grey(count)
