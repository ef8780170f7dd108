"""Meshes from the forms that they are published in: arrays, Sweet Home 3D libraries, OBJ and GLB.

Every reader gives metres, z up, front -y.
"""

from __future__ import annotations

import csv
import json
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

_LICENCES = {"CC-0": "CC0 1.0", "CC-BY": "CC-BY 3.0"}
# the libraries of Debian's sweethome3d-furniture, as its copyright file has it
_LIBRARY_LICENCES = {
    "Scopia": "CC-BY 3.0",
    "KatorLegaz": "CC-BY 3.0",
    "Reallusion": "CC-BY 3.0",
    "BlendSwap-CC-BY": "CC-BY 3.0",
    "BlendSwap-CC-0": "CC0 1.0",
}
# `src` of the array form -> creator, licence, whether its sizes are metres
_SOURCES = {
    "ycb": ("Yale-CMU-Berkeley Object and Model Set", "CC-BY 4.0", True),
    "pybullet": ("pybullet-URDF-models authors", "MIT", True),
    "quaternius": ("Quaternius", "CC0 1.0", False),
}
COLUMNS = ("file", "name", "creator", "licence")


class MeshSourceError(ValueError):
    """A source of meshes that cannot be read; the message says which file and why."""


@dataclass(frozen=True)
class RawMesh:
    """A mesh as published.

    Attributes:
        name, group: the source's name and section.
        vertices: (V, 3) float, metres (or any unit, with `metric` False), z up, front -y.
        faces: (F, 3) int; colors: (F, 3) uint8.
        creator, licence, source: for the credits.
        metric: are the sizes to be trusted?
        category: given by the user's table; empty where the name decides.
    """

    name: str
    group: str
    vertices: np.ndarray
    faces: np.ndarray
    colors: np.ndarray
    creator: str
    licence: str
    source: str
    metric: bool = True
    category: str = ""


def read_meshes(path: Path) -> Iterator[RawMesh]:
    """All meshes of a source.

    Args:
        path: a folder with `meshes.npz` and `meshes.json`; a `.sh3f` library or a folder of them
            (Debian's sweethome3d-furniture); a folder of OBJ or GLB files with `meshes.csv`
            (columns file, name, creator, licence, and perhaps category).

    Raises:
        MeshSourceError: none of these, or broken.
    """
    if (path / "meshes.npz").is_file() and (path / "meshes.json").is_file():
        yield from _read_arrays(path)
    elif (path / "meshes.csv").is_file():
        yield from _read_folder(path)
    elif path.suffix == ".sh3f" and path.is_file():
        yield from _read_library(path)
    elif libraries := sorted(path.rglob("*.sh3f")):
        for library in libraries:
            yield from _read_library(library)
    else:
        raise MeshSourceError(f"{path}: neither meshes.npz, nor meshes.csv, nor a .sh3f library")


def _read_arrays(folder: Path) -> Iterator[RawMesh]:
    try:
        with np.load(folder / "meshes.npz", allow_pickle=False) as file:
            vertices, faces, colors = (file[name] for name in ("vertices", "faces", "colors"))
        rows = json.loads((folder / "meshes.json").read_text(encoding="utf-8"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise MeshSourceError(f"{folder}: {error}") from error
    for row in rows:
        if "lib" in row:
            source, metric = f"sweethome3d-furniture, {row['lib']}", True
            creator, licence = row.get("creator", ""), _LIBRARY_LICENCES.get(row["lib"], "")
        else:
            source = row.get("src", "")
            creator, licence, metric = _SOURCES.get(source.split()[0].split("-")[0], ("", "", True))
        shades = colors[row["f0"] : row["f1"]]
        if "quaternius" in source:  # glTF's factors, which are linear
            shades = ((shades / 255) ** (1 / 2.2) * 255 + 0.5).astype(np.uint8)
        yield RawMesh(
            name=row["name"],
            group=row.get("cat", ""),
            vertices=vertices[row["v0"] : row["v1"]].astype(np.float64),
            faces=faces[row["f0"] : row["f1"]].astype(np.int64),
            colors=shades,
            creator=creator,
            licence=licence,
            source=source,
            metric=metric,
        )


def _read_folder(folder: Path) -> Iterator[RawMesh]:
    with (folder / "meshes.csv").open(encoding="utf-8", newline="") as file:
        table = csv.DictReader(file)
        if missing := set(COLUMNS) - set(table.fieldnames or ()):
            raise MeshSourceError(f"{folder / 'meshes.csv'}: no column {sorted(missing)}")
        rows = list(table)
    for row in rows:
        vertices, faces, colors = _load(folder / row["file"])
        yield RawMesh(
            *(row["name"], "", vertices, faces, colors),
            *(row["creator"], row["licence"], folder.name),
            metric=row.get("metric", "yes") != "no",
            category=row.get("category") or "",
        )


def _read_library(path: Path) -> Iterator[RawMesh]:
    """A Sweet Home 3D furniture library: a zip of models with a catalogue of properties."""
    try:
        with zipfile.ZipFile(path) as archive, tempfile.TemporaryDirectory() as folder:
            catalogue = next(
                name for name in archive.namelist() if name.endswith("FurnitureCatalog.properties")
            )
            entries = _properties(archive.read(catalogue).decode("latin-1"))
            for number in sorted({int(k.partition("#")[2]) for k in entries if "#" in k}):
                entry = {key: entries.get(f"{key}#{number}", "") for key in _ENTRY}
                inner = PurePosixPath(entry["model"].lstrip("/"))
                if ".." in inner.parts:
                    raise MeshSourceError(f"{path}: {inner} leads out of the library")
                for name in archive.namelist():
                    if PurePosixPath(name).parent == inner.parent and not name.endswith("/"):
                        archive.extract(name, folder)
                vertices, faces, colors = _load(Path(folder, inner))
                if turned := entry["modelRotation"].split():
                    vertices = _upright(np.array(turned, float).reshape(3, 3), vertices)
                size = np.array([float(entry[k]) / 100 for k in ("width", "depth", "height")])
                extent = np.ptp(vertices, 0)
                licence = _LIBRARY_LICENCES.get(path.stem, _LICENCES.get(entry["license"], ""))
                yield RawMesh(
                    name=entry["name"],
                    group=entry["category"],
                    vertices=vertices * (size / np.maximum(extent, 1e-9)),
                    faces=faces,
                    colors=colors,
                    creator=entry["creator"],
                    licence=licence,
                    source=f"sweethome3d-furniture, {path.stem}",
                )
    except (OSError, StopIteration, zipfile.BadZipFile, KeyError, ValueError) as error:
        raise MeshSourceError(f"{path}: {error or 'no catalogue of furniture'}") from error


_ENTRY = (
    *("name", "category", "model", "width", "depth", "height", "creator", "license"),
    "modelRotation",
)


def _upright(rotation: np.ndarray, vertices: np.ndarray) -> np.ndarray:
    """Vertices (V, 3), z up, turned by a matrix that was written for y up."""
    axes = np.array([[1.0, 0, 0], [0, 0, 1], [0, -1, 0]])  # z up -> y up
    return vertices @ (axes.T @ rotation @ axes).T


def _properties(text: str) -> dict[str, str]:
    r"""A Java properties file: `key=value`, \uXXXX escapes, comments with # at the start."""
    found = {}
    for line in text.replace("\\\n", "").splitlines():
        line = line.strip()
        if line and line[0] not in "#!" and "=" in line:
            key, _, value = line.partition("=")
            found[key.strip()] = value.strip().encode("latin-1").decode("unicode_escape")
    return found


def _load(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Vertices (V, 3), faces (F, 3) and face colours (F, 3) of an OBJ or GLB file, z up."""
    import trimesh  # of preparation alone

    try:
        scene = trimesh.load_scene(path)
        parts = [part for part in scene.dump() if isinstance(part, trimesh.Trimesh)]
    except (OSError, ValueError, KeyError, IndexError, NotImplementedError) as error:
        raise MeshSourceError(f"{path}: {error}") from error
    if not parts or not any(len(np.asarray(part.faces)) for part in parts):
        raise MeshSourceError(f"{path}: no triangles")
    vertices, faces, colors, count = [], [], [], 0
    for part in parts:
        vertices.append(np.asarray(part.vertices))
        faces.append(np.asarray(part.faces) + count)
        colors.append(_face_colors(part))
        count += len(vertices[-1])
    points = np.concatenate(vertices)
    upright = np.stack((points[:, 0], -points[:, 2], points[:, 1]), 1)  # y up -> z up
    return upright, np.concatenate(faces), np.concatenate(colors).astype(np.uint8)


def _face_colors(part) -> np.ndarray:
    """(F, 3) uint8 of a trimesh: its texture in the middle of each triangle, or its material."""
    count, visual = len(part.faces), part.visual
    if visual.kind != "texture":
        colors = np.asarray(visual.face_colors)[:, :3]
        return colors if len(colors) == count else np.full((count, 3), 160, np.uint8)
    material = visual.material
    image = getattr(material, "image", None) or getattr(material, "baseColorTexture", None)
    if image is None or visual.uv is None or len(visual.uv) != len(part.vertices):
        return np.tile(np.asarray(material.main_color)[:3].astype(np.uint8), (count, 1))
    pixels = np.asarray(image.convert("RGB"))
    across, up = (visual.uv[part.faces].mean(1) % 1.0).T
    rows = ((1 - up) * (pixels.shape[0] - 1)).round().astype(int)
    return pixels[rows, (across * (pixels.shape[1] - 1)).round().astype(int)]
