"""Coloured point clouds as .ply files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from plyfile import PlyData, PlyElement, PlyParseError

from r1_model.scene.point_colors import channels_of, colors_as_bytes, grey

_SPLAT = ("f_dc_0", "f_dc_1", "f_dc_2")  # spherical harmonics of degree 0
_PACKED = ("rgb", "rgba")  # one word for all channels
_SPLAT_FACTOR = 0.28209479177387814  # 1 / (2 sqrt(pi)), Kerbl et al. 2023


class PlyError(ValueError):
    """The file is no .ply with x, y, z vertices; the message names it."""


def read_ply(path: Path) -> tuple[np.ndarray, np.ndarray]:
    """Points (N, 3) float32 metres and colours (N, 3) uint8; grey where the file has none.

    Raises:
        PlyError: missing, damaged, or without vertices.
    """
    try:
        ply = PlyData.read(path)
        if "vertex" not in ply:
            held = ", ".join(element.name for element in ply.elements) or "nothing"
            raise PlyError(f"{path}: has no element `vertex`; it has {held}")
        vertices = ply["vertex"]
        points = np.stack([vertices[axis] for axis in "xyz"], axis=1).astype(np.float32)
    except OSError as error:
        raise PlyError(f"{path}: cannot be opened: {error.strerror or error}") from error
    except PlyError:
        raise
    except (PlyParseError, KeyError, ValueError) as error:
        raise PlyError(f"{path}: {error}") from error
    except (MemoryError, OverflowError) as error:
        raise PlyError(f"{path}: its header counts more than memory holds: {error}") from error
    colors = _colors(vertices)
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


def _colors(vertices: PlyElement) -> np.ndarray:
    """(N, 3) uint8 of colours as scanners and converters name them, and of Gaussian splats."""
    names = {p.name for p in vertices.properties}
    if (packed := next((n for n in _PACKED if n in names), None)) is not None:
        words = np.ascontiguousarray(vertices[packed])
        if words.dtype.itemsize == 4:  # 0x..RRGGBB, perhaps in the bits of a float, as PCL has it
            little = words.astype(words.dtype.newbyteorder("<"))
            return little.view(np.uint8).reshape(-1, 4)[:, 2::-1]
    if (channels := channels_of(names)) is not None:
        return colors_as_bytes(np.stack([vertices[c] for c in channels], axis=1))
    if set(_SPLAT) <= names:
        harmonics = np.stack([vertices[c] for c in _SPLAT], axis=1).astype(np.float64)
        return colors_as_bytes(np.clip(0.5 + _SPLAT_FACTOR * harmonics, 0, 1))
    return grey(len(vertices.data))
