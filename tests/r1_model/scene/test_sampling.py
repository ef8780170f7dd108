import numpy as np
import pytest

from r1_model.scene.sampling import MODEL_VOXEL, sample_points, voxel_means

RNG = np.random.default_rng(0)


def cloud(count: int, low: float = -1.0, high: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    points = RNG.uniform(low, high, (count, 3)).astype(np.float32)
    return points, RNG.integers(0, 256, (count, 3), dtype=np.uint8)


@pytest.mark.parametrize("voxel", [0.02, 0.1, 0.7])
def test_voxel_means_against_a_loop(voxel):
    points, colors = cloud(800)
    cells: dict[tuple, list[int]] = {}
    for index, point in enumerate(points):
        cells.setdefault(tuple(np.floor(point / voxel).astype(int)), []).append(index)
    found_points, found_colors = voxel_means(points, colors, voxel)
    assert len(found_points) == len(cells)
    assert found_points.dtype == np.float32 and found_colors.dtype == np.uint8
    for row, key in enumerate(sorted(cells)):
        members = cells[key]
        assert found_points[row] == pytest.approx(points[members].mean(0), abs=1e-5)
        assert found_colors[row] == pytest.approx(colors[members].mean(0), abs=0.51)


def test_no_two_voxels_are_taken_for_one():
    """Neighbours in the list of cells need not be neighbours in space."""
    steps = range(4)
    cells = np.array([(x, y, z) for x in steps for y in steps for z in steps])
    for stretch in ((1, 2, 9), (9, 1, 2), (2, 9, 1)):
        points = ((cells * stretch + 0.5) * MODEL_VOXEL).astype(np.float32)
        found, _ = voxel_means(points, np.zeros((64, 3), np.uint8))
        assert len(found) == 64


def test_the_order_of_the_points_does_not_matter():
    points, colors = cloud(500, 0, 0.2)
    order = RNG.permutation(500)
    for first, second in zip(
        voxel_means(points, colors), voxel_means(points[order], colors[order]), strict=True
    ):
        assert np.allclose(first, second, atol=1e-6)


def test_one_point_is_a_cloud():
    points, colors = voxel_means(*cloud(1))
    assert len(points) == 1
    found, _ = sample_points(points, colors, 5)
    assert np.array_equal(found, np.repeat(points, 5, 0))
    assert MODEL_VOXEL == 0.02  # what the weights were trained on


def test_sampling_takes_each_point_equally_often():
    points, colors = cloud(100)
    for count in (40, 100, 250):
        found, painted = sample_points(points, colors, count)
        assert found.shape == (count, 3) and painted.shape == (count, 3)
        rows = {tuple(point): index for index, point in enumerate(points.tolist())}
        chosen = np.array([rows[tuple(point)] for point in found.tolist()])
        times = np.bincount(chosen, minlength=100)
        assert times.max() - times.min() <= 1
        assert np.array_equal(painted, colors[chosen])


def test_sampling_is_shuffled_and_seeded():
    points, colors = cloud(200)
    first, again, other = (sample_points(points, colors, 200, seed)[0] for seed in (0, 0, 1))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other) and not np.array_equal(first, points)
