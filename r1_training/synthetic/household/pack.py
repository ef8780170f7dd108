"""The pack of meshes and textures that rooms of meshes are made from: its file, its checks.

A pack is one `.npz` of plain arrays, at most 10 MB, so that it travels to a GPU machine. Meshes are
triangles with a colour each, vertices quantised to 1/65535 of their box.
"""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.spatial import ConvexHull, QhullError

from r1_training.synthetic.household.catalog import VOCABULARY

FORMAT = 1
TILE = 64  # pixels of a texture tile
STEPS = 65535  # of a vertex coordinate
MOST_BYTES = 10_000_000
_UNIT_BOX = np.array([[x, y, z] for x in (-0.5, 0.5) for y in (-0.5, 0.5) for z in (0.0, 1.0)])


class MeshPackError(ValueError):
    """A pack that cannot be used; the message says which file and what is wrong with it."""


@dataclass(frozen=True)
class PackedMesh:
    """One object of a pack. Local frame: z up, base at z = 0, box centred in x and y, front -y.

    Attributes:
        name, creator, licence, source: where it comes from.
        category: of `household.catalog.VOCABULARY`.
        held_out: only val and test rooms show it.
        shape: "round", "square" or "rectangular" seen from above.
        states: what the mesh shows, state -> value.
        size: (x, y, z) metres.
        vertices, faces: (first, last + 1) rows of the pack's arrays.
        main: (3,) mean colour of the main part in [0, 1]; main_share: its share of the surface.
        surfaces: rectangles that things may stand on: (x, y, z, w, d, clear), metres at `size`.
    """

    name: str
    creator: str
    licence: str
    source: str
    category: str
    held_out: bool
    shape: str
    states: dict[str, str]
    size: tuple[float, float, float]
    vertices: tuple[int, int]
    faces: tuple[int, int]
    main: tuple[float, float, float]
    main_share: float
    surfaces: tuple[tuple[float, float, float, float, float, float], ...] = ()


@dataclass(frozen=True, eq=False)
class MeshPack:
    """Meshes and textures, ready to be drawn from.

    Attributes:
        meshes: in the order of the arrays.
        vertices: (V, 3) uint16, in [0, STEPS] over the mesh's box.
        faces: (F, 3) int32, rows of the mesh's own vertices.
        colors: (F, 3) uint8; is_main: (F,) bool, the part that may be recoloured.
        textures: (T, TILE, TILE, 3) uint8, each channel scaled to a mean of 128.
        texture_means: (T, 3) float32, the mean colours they had, in [0, 1].
        texture_groups: name -> rows of `textures`, e.g. "Wood".
    """

    meshes: tuple[PackedMesh, ...]
    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray
    is_main: np.ndarray
    textures: np.ndarray
    texture_means: np.ndarray
    texture_groups: dict[str, tuple[int, ...]]

    @cached_property
    def by_category(self) -> dict[str, tuple[int, ...]]:
        """Category -> numbers of its meshes."""
        found: dict[str, list[int]] = {}
        for number, mesh in enumerate(self.meshes):
            found.setdefault(mesh.category, []).append(number)
        return {category: tuple(numbers) for category, numbers in found.items()}

    def choices(self, category: str, split: str) -> tuple[int, ...]:
        """Meshes of a category that rooms of a split may show; those of one mesh show it in all."""
        key = category, split
        if key not in self._choices:
            numbers = self.by_category.get(category, ())
            wanted = split != "train"
            chosen = tuple(n for n in numbers if self.meshes[n].held_out == wanted)
            self._choices[key] = chosen or numbers
        return self._choices[key]

    @cached_property
    def _choices(self) -> dict[tuple[str, str], tuple[int, ...]]:
        return {}

    def hull(self, number: int) -> np.ndarray:
        """(N, 3) float64, the unit vertices on a mesh's convex hull; those of the box for -1."""
        if number not in self._hulls:
            points = _UNIT_BOX if number < 0 else self.unit_vertices(number)
            with suppress(QhullError):  # flat: all of its vertices do as well
                points = points[ConvexHull(points).vertices]
            self._hulls[number] = points
        return self._hulls[number]

    @cached_property
    def _hulls(self) -> dict[int, np.ndarray]:
        return {}

    def unit_vertices(self, number: int) -> np.ndarray:
        """(N, 3) float64 of a mesh in [-0.5, 0.5]^2 x [0, 1]: times the size it has its metres."""
        first, last = self.meshes[number].vertices
        return self.vertices[first:last] / STEPS - (0.5, 0.5, 0.0)


def write_pack(
    path: Path,
    meshes: list[dict[str, Any]],
    arrays: dict[str, np.ndarray],
    textures: np.ndarray,
    groups: dict[str, list[int]],
) -> int:
    """Write a pack and return its bytes.

    Args:
        meshes: fields of `PackedMesh`, one a mesh.
        arrays: vertices (V, 3) uint16, faces (F, 3) uint16, colors (F, 3) uint8, is_main (F,) bool.
        textures: (T, TILE, TILE, 3) uint8, as photographed.
        groups: name -> rows of `textures`.

    Raises:
        MeshPackError: it is larger than MOST_BYTES; nothing is left behind.
    """
    sheet = io.BytesIO()
    _sheet(textures).save(sheet, "WEBP", quality=72, method=6)
    about = {"format": FORMAT, "meshes": meshes, "groups": groups, "textures": len(textures)}
    with path.open("wb") as file:
        np.savez_compressed(
            file,
            about=np.frombuffer(json.dumps(about, ensure_ascii=False).encode(), np.uint8),
            vertices=np.ascontiguousarray(arrays["vertices"].T),  # rows of one axis pack better
            faces=np.ascontiguousarray(arrays["faces"].T),
            colors=np.ascontiguousarray(arrays["colors"].T),
            is_main=np.packbits(arrays["is_main"]),
            sheet=np.frombuffer(sheet.getvalue(), np.uint8),
        )
    size = path.stat().st_size
    if size > MOST_BYTES:
        path.unlink()
        raise MeshPackError(f"{path}: {size:,} bytes, over {MOST_BYTES:,}: ask for fewer triangles")
    return size


def load_pack(path: Path) -> MeshPack:
    """Read and check a pack.

    Raises:
        MeshPackError: missing, no pack, of another format, or with bad triangles, an unknown
            category, a mesh without a licence or creator.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            parts = {name: file[name] for name in file.files}
        about = json.loads(parts["about"].tobytes())
        meshes = tuple(_mesh(row) for row in about["meshes"])
        if about["format"] != FORMAT:
            raise MeshPackError(f"{path}: format {about['format']}, this reads {FORMAT}")
        arrays = {name: parts[name].T for name in ("vertices", "faces", "colors")}
        main = np.unpackbits(parts["is_main"])[: len(arrays["faces"])].astype(bool)
        tiles = _tiles(parts["sheet"].tobytes(), about["textures"])
        groups = {name: tuple(rows) for name, rows in about["groups"].items()}
    except (OSError, KeyError, TypeError, zipfile.BadZipFile, json.JSONDecodeError) as error:
        raise MeshPackError(f"{path}: no pack of meshes ({error})") from error
    except MeshPackError:
        raise
    except ValueError as error:  # numpy says so for a file that is none of its own
        raise MeshPackError(f"{path}: no pack of meshes ({error})") from error
    _check(path, meshes, arrays)
    tiles, means = normalised(tiles)
    return MeshPack(
        meshes=meshes,
        vertices=np.ascontiguousarray(arrays["vertices"]),
        faces=np.ascontiguousarray(arrays["faces"]).astype(np.int32),
        colors=np.ascontiguousarray(arrays["colors"]),
        is_main=main,
        textures=tiles,
        texture_means=means,
        texture_groups=groups,
    )


def _mesh(row: dict[str, Any]) -> PackedMesh:
    pairs: dict[str, Any] = {n: tuple(row[n]) for n in ("size", "vertices", "faces", "main")}
    surfaces = tuple(tuple(surface) for surface in row["surfaces"])
    return PackedMesh(**{**row, **pairs, "surfaces": surfaces})


def _check(path: Path, meshes: tuple[PackedMesh, ...], arrays: dict[str, np.ndarray]) -> None:
    vertices, faces, colors = arrays["vertices"], arrays["faces"], arrays["colors"]
    for name, array in arrays.items():
        if array.ndim != 2 or array.shape[1] != 3:
            raise MeshPackError(f"{path}: {name} has shape {array.shape}, not (N, 3)")
    if len(colors) != len(faces):
        raise MeshPackError(f"{path}: {len(colors)} colours for {len(faces)} triangles")
    for mesh in meshes:
        (v0, v1), (f0, f1) = mesh.vertices, mesh.faces
        if mesh.category not in VOCABULARY:
            raise MeshPackError(f"{path}: {mesh.name!r} is of no known category: {mesh.category!r}")
        if not mesh.licence or not mesh.creator:
            raise MeshPackError(f"{path}: {mesh.name!r} has no licence or no creator")
        if not 0 <= v0 < v1 <= len(vertices) or not 0 <= f0 < f1 <= len(faces):
            raise MeshPackError(f"{path}: {mesh.name!r} lies outside of the pack's arrays")
        if faces[f0:f1].max() >= v1 - v0:
            raise MeshPackError(f"{path}: {mesh.name!r} has triangles of vertices it has not")
        if min(mesh.size) <= 0:
            raise MeshPackError(f"{path}: {mesh.name!r} has the size {mesh.size}")


def normalised(tiles: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Tiles (T, S, S, 3) uint8, every channel scaled to a mean of about 128, and means (T, 3)."""
    mean = tiles.astype(np.float32).mean((1, 2))
    # dark ones keep some of their darkness, or their noise would show
    scaled = tiles.astype(np.float32) * (128 / np.maximum(mean, 40))[:, None, None]
    return (scaled.clip(0, 255) + 0.5).astype(np.uint8), mean / 255


def _sheet(tiles: np.ndarray) -> Image.Image:
    columns = 32
    rows = max(1, -(-len(tiles) // columns))
    sheet = np.zeros((rows, columns, TILE, TILE, 3), np.uint8)
    sheet.reshape(-1, TILE, TILE, 3)[: len(tiles)] = tiles
    return Image.fromarray(sheet.transpose(0, 2, 1, 3, 4).reshape(rows * TILE, columns * TILE, 3))


def _tiles(data: bytes, count: int) -> np.ndarray:
    image = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    rows, columns = image.shape[0] // TILE, image.shape[1] // TILE
    tiles = image.reshape(rows, TILE, columns, TILE, 3).transpose(0, 2, 1, 3, 4)
    tiles = tiles.reshape(-1, TILE, TILE, 3)[:count].copy()
    for axis in (1, 2):  # the picture's colours run over a tile's edge by a pixel
        edges = tiles.swapaxes(axis, 1)
        edges[:, 0], edges[:, -1] = edges[:, 1], edges[:, -2]
    return tiles
