"""The fast order of voxels is the stable one, and means are those of each voxel."""

from __future__ import annotations

import numpy as np
import pytest

from r1_model.geometry.voxels import voxel_keys
from r1_model.scene.sampling import _stable_order, voxel_means


@pytest.mark.parametrize("most", [1, 50, 2**40, np.iinfo(np.int64).max - 1])
def test_the_order_is_the_stable_one(most: int) -> None:
    key = np.random.default_rng(0).integers(0, most, 5_000, endpoint=True)
    assert np.array_equal(_stable_order(key), np.argsort(key, kind="stable"))


def test_means_are_those_of_each_voxel_alone() -> None:
    rng = np.random.default_rng(1)
    points = rng.uniform(-1, 1, (3_000, 3)).astype(np.float32)
    colors = rng.integers(0, 256, (3_000, 3), dtype=np.uint8)
    found_points, found_colors = voxel_means(points, colors, 0.2)
    key = voxel_keys(points, 0.2)
    for row, voxel in enumerate(np.unique(key)):
        own = key == voxel
        expected = np.add.reduce(points[own].astype(np.float64)) / own.sum()
        assert np.allclose(found_points[row], expected, atol=1e-6)
        mean = colors[own].astype(np.float64).mean(0)
        assert np.array_equal(found_colors[row], np.round(mean).astype(np.uint8))
