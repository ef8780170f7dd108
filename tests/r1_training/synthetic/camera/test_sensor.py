import pytest
import torch

from r1_training.synthetic.camera.sensor import (
    AXIAL_BASE,
    AXIAL_SLOPE,
    noisy_color,
    noisy_depth,
    noisy_poses,
    sample_levels,
)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def wall(distance, batch=4, views=2):
    depth = torch.full((batch, views, 60, 80), distance)
    return depth, torch.full_like(depth, 0.9)


def test_level_zero_changes_nothing():
    depth, strength = wall(2.0)
    zero = torch.zeros(4)
    assert torch.allclose(noisy_depth(depth, strength, zero, generator()), depth, atol=1e-4)
    color = torch.randint(0, 256, (4, 2, 30, 40, 3), dtype=torch.uint8, generator=generator())
    assert (noisy_color(color, zero, generator()).int() - color.int()).abs().max() <= 1
    T = torch.eye(4).expand(4, 2, 4, 4)
    assert torch.allclose(noisy_poses(T, zero, generator()), T)


@pytest.mark.parametrize("distance", [1.0, 2.0, 3.5])
def test_noise_grows_with_distance_as_the_model_says(distance):
    depth, strength = wall(distance, batch=16)
    measured = noisy_depth(depth, strength, torch.ones(16), generator())
    error = (measured - depth)[measured > 0]
    sigma = AXIAL_BASE + AXIAL_SLOPE * (distance - 0.4) ** 2
    assert 0.7 * sigma < error.std() < 2.5 * sigma + 0.004 * distance
    assert error.mean().abs() < 0.004 * distance
    assert (measured == 0).float().mean() < 0.05


def test_depth_comes_in_disparity_steps():
    depth, strength = wall(3.0)
    measured = noisy_depth(depth, strength, torch.ones(4), generator())
    values = measured[measured > 0].unique()
    assert len(values) < 40
    assert values.diff().min() > 0.015


def test_weak_returns_far_points_and_edges_are_lost():
    depth, strength = wall(2.0)
    one = torch.ones(4)
    weak = noisy_depth(depth, strength * 0.05, one, generator())
    assert (weak == 0).float().mean() > 0.9
    far = noisy_depth(depth * 5, strength, one, generator())
    assert (far == 0).all()
    step = depth.clone()
    step[..., 40:] = 3.0
    lost = noisy_depth(step, strength, one, generator()) == 0
    assert lost[..., 40].float().mean() > 0.4 > 0.1 > lost[..., 20].float().mean()


def test_nothing_is_nan_and_seeds_decide():
    depth, strength = wall(0.0)
    depth[..., :40] = torch.rand(4, 2, 60, 40, generator=generator()) * 12
    measured = noisy_depth(depth, strength, torch.ones(4), generator(3))
    assert measured.isfinite().all() and (measured >= 0).all()
    assert torch.equal(measured, noisy_depth(depth, strength, torch.ones(4), generator(3)))
    assert not torch.equal(measured, noisy_depth(depth, strength, torch.ones(4), generator(4)))


def test_color_noise_keeps_the_picture():
    color = torch.full((8, 2, 30, 40, 3), 120, dtype=torch.uint8)
    noisy = noisy_color(color, torch.ones(8), generator()).float()
    assert 90 < noisy.mean() < 150
    assert 1 < noisy.std() < 40


def test_poses_stay_rigid_and_near():
    T = torch.eye(4).expand(50, 3, 4, 4)
    noisy = noisy_poses(T, torch.ones(50), generator())
    R = noisy[..., :3, :3]
    assert torch.allclose(R @ R.transpose(-1, -2), torch.eye(3).expand_as(R), atol=1e-5)
    assert 0.002 < noisy[..., :3, 3].std() < 0.004


def test_levels_are_in_range():
    levels = sample_levels(1000, generator(), 0.2, 0.6)
    assert levels.min() >= 0.2 and levels.max() <= 0.6 and levels.std() > 0.1
