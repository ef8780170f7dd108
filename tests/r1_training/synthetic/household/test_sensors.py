"""What sensors do to depth, each told by what it is known for."""

import pytest
import torch

from r1_training.synthetic.camera.observe import VOXEL, fuse
from r1_training.synthetic.camera.trajectories import intrinsics
from r1_training.synthetic.household.sensors import GREY, SENSORS, other_sensors, without_color

HEIGHT, WIDTH = 60, 80


@pytest.fixture(scope="module")
def measured():
    """Each sensor looks at a box 1 m away before a wall at 3 m; the wall's left half is dark."""
    count = len(SENSORS)
    depth = torch.full((count, 1, HEIGHT, WIDTH), 3.0)
    depth[..., 20:40, 30:50] = 1.0
    strength = torch.full_like(depth, 0.8)
    strength[..., :20] = 0.02
    K = intrinsics(torch.full((count, 1), 1.1), HEIGHT, WIDTH)
    level = torch.full((count,), 0.5)
    generator = torch.Generator().manual_seed(0)
    out = other_sensors(depth * 1.5, depth, strength, torch.arange(count), K, level, generator)
    return dict(zip(SENSORS, out[:, 0], strict=True)), depth[0, 0]


def test_structured_light_is_left_alone(measured):
    seen, depth = measured
    assert torch.equal(seen["structured light"], depth * 1.5)


def test_time_of_flight_has_flying_pixels_and_loses_dark_things(measured):
    seen, _ = measured
    between = (seen["time of flight"] > 1.2) & (seen["time of flight"] < 2.8)
    assert 10 < between.sum() < 200
    assert (seen["time of flight"][:, :19] == 0).float().mean() > 0.95
    assert (seen["time of flight"][45:, 60:] == 0).float().mean() < 0.05


def test_stereo_s_error_grows_with_depth(measured):
    seen, depth = measured
    near = (seen["stereo"] - depth)[24:36, 34:46]
    far = (seen["stereo"] - depth)[45:, 55:]
    near, far = (x[x.abs() < 0.5] for x in (near, far))
    assert far.std() > 4 * near.std() > 0


def test_a_sparse_scan_keeps_few_points(measured):
    seen, _ = measured
    assert 0.02 < (seen["sparse"] > 0).float().mean() < 0.15


def test_a_lidar_sees_rings_and_no_colour(measured):
    seen, _ = measured
    rows = (seen["lidar"] > 0).float().mean(1)
    full, empty = rows > 0.4, rows < 0.01
    assert (full | empty).all() and full.any() and empty.any()
    color = torch.randint(0, 255, (len(SENSORS), 7, 3), dtype=torch.uint8)
    grey = without_color(color, torch.arange(len(SENSORS)))
    assert (grey[-1] == GREY).all() and torch.equal(grey[:-1], color[:-1])


def test_nothing_is_measured_where_nothing_is():
    depth = torch.zeros(len(SENSORS), 1, 8, 8)
    K = intrinsics(torch.full((len(SENSORS), 1), 1.1), 8, 8)
    generator = torch.Generator().manual_seed(0)
    out = other_sensors(
        depth, depth, depth, torch.arange(len(SENSORS)), K, torch.ones(len(SENSORS)), generator
    )
    assert (out == 0).all()


@pytest.mark.parametrize("voxel", [0.01, 0.02, 0.05])
def test_maps_have_one_point_a_voxel_of_their_own_size(voxel):
    points = torch.rand(2, 4000, 3, generator=torch.Generator().manual_seed(0)) * 0.2
    options = {
        "colors": torch.full((2, 4000, 3), 9, dtype=torch.uint8),
        "instance": torch.ones(2, 4000, dtype=torch.int16),
        "valid": torch.ones(2, 4000, dtype=torch.bool),
        "count": 4000,
    }
    source = torch.Generator().manual_seed(1)
    found, *_ = fuse(points, **options, generator=source, voxels=torch.tensor([voxel] * 2))
    low = torch.tensor([-(2**9) * 0.02, -(2**9) * 0.02, -0.64])
    wanted = len(torch.unique(((points[0] - low) / voxel).floor(), dim=0))
    assert len(torch.unique(found[0], dim=0)) == wanted
    if voxel == VOXEL:
        plain, *_ = fuse(points, **options, generator=torch.Generator().manual_seed(1))
        assert torch.allclose(plain, found, atol=1e-5)
