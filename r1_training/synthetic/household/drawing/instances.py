"""Mesh instances as rows of one table, as they travel to the device."""

from __future__ import annotations

import numpy as np

from r1_training.synthetic.rooms.elements import MeshInstances

# columns of the instance table
AFFINE = slice(0, 12)  # map_from_unit, row-major
SIZE = slice(12, 15)
COLOR = slice(15, 18)
TILE, SCALE, GLOSS, EMISSIVE, INSTANCE, MESH = 18, 19, 20, 21, 22, 23
COLUMNS = 24
BOX, NO_MESH = -1, -2  # in place of a mesh's number


def instance_table(meshes: MeshInstances) -> np.ndarray:
    """(I, 24) float32 with the columns of this module."""
    table = np.empty((len(meshes), COLUMNS), np.float32)
    table[:, AFFINE] = meshes.map_from_unit.reshape(-1, 12)
    table[:, SIZE], table[:, COLOR] = meshes.size, meshes.color
    table[:, TILE], table[:, SCALE] = meshes.tile, meshes.scale
    table[:, GLOSS], table[:, EMISSIVE] = meshes.gloss, meshes.emissive
    table[:, INSTANCE], table[:, MESH] = meshes.instance, meshes.mesh
    return table
