"""Small packs that tests make: boxes and tables that stand in for meshes."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from r1_training.prepare.mesh_readers import RawMesh
from r1_training.prepare.meshes import make_pack
from r1_training.synthetic.household.catalog import VOCABULARY
from r1_training.synthetic.household.pack import MeshPack, load_pack


def cuboid(low, high) -> tuple[np.ndarray, np.ndarray]:
    low, high = np.array(low, float), np.array(high, float)
    vertices = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
    quads = ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
    faces = np.array([t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))])
    return low + vertices * (high - low), faces


def joined(*parts) -> tuple[np.ndarray, np.ndarray]:
    vertices, faces, count = [], [], 0
    for points, triangles in parts:
        vertices.append(points)
        faces.append(triangles + count)
        count += len(points)
    return np.concatenate(vertices), np.concatenate(faces)


def table_mesh(w=1.4, d=0.8, h=0.75) -> tuple[np.ndarray, np.ndarray]:
    legs = [
        cuboid((sx * (w / 2 - 0.03) - 0.03, sy * (d / 2 - 0.03) - 0.03, 0),
               (sx * (w / 2 - 0.03) + 0.03, sy * (d / 2 - 0.03) + 0.03, h - 0.04))
        for sx in (-1, 1) for sy in (-1, 1)
    ]  # fmt: skip
    return joined(cuboid((-w / 2, -d / 2, h - 0.04), (w / 2, d / 2, h)), *legs)


def raw(name="thing", mesh=None, category="", licence="CC0 1.0", creator="A. Maker", **other):
    vertices, faces = mesh if mesh is not None else cuboid((0, 0, 0), (0.1, 0.1, 0.1))
    colors = np.full((len(faces), 3), (160, 82, 45), np.uint8)
    return RawMesh(name, "", vertices, faces, colors, creator, licence, "tests", True, category)


def everything() -> list[RawMesh]:
    """A few boxes, a table or a shelf for every category."""
    raws = []
    for name, spec in VOCABULARY.items():
        middle = np.array([np.mean(r) for r in (spec.width, spec.depth, spec.height)])
        for k in range(3):
            size = middle * (0.94 + 0.03 * k)
            if name in ("dining table", "desk", "table", "coffee table"):
                mesh = table_mesh(*size)
            else:
                mesh = cuboid((-size[0] / 2, -size[1] / 2, 0), (size[0] / 2, size[1] / 2, size[2]))
            raws.append(raw(f"{name} {k}", mesh, name))
    return raws


def small_pack(folder: Path) -> MeshPack:
    """`everything` as a pack."""
    path = folder / "meshes.npz"
    make_pack(everything(), None, path)
    return load_pack(path)
