import math

import numpy as np
import pytest

from r1_model.geometry.oriented_boxes import oriented_iou


def box(center=(0, 0, 0), size=(1, 1, 1), yaw=0.0):
    return np.array(center, float), np.array(size, float), yaw


def sampled_iou(a, b, count=200_000):
    """The slow way: points by chance."""
    points = np.random.default_rng(0).uniform(-2.5, 2.5, (count, 3))

    def inside(center, size, yaw):
        c, s = math.cos(yaw), math.sin(yaw)
        local = points - center
        local = np.stack(
            (c * local[:, 0] + s * local[:, 1], c * local[:, 1] - s * local[:, 0], local[:, 2]), 1
        )
        return (np.abs(local) <= size / 2).all(1)

    first, second = inside(*a), inside(*b)
    return (first & second).sum() / max((first | second).sum(), 1)


@pytest.mark.parametrize("seed", range(8))
def test_the_overlap_is_that_of_points_by_chance(seed):
    rng = np.random.default_rng(seed)
    a, b = (
        box(rng.uniform(-0.5, 0.5, 3), rng.uniform(0.6, 2.0, 3), rng.uniform(-4, 4))
        for _ in range(2)
    )
    assert oriented_iou(a, b) == pytest.approx(sampled_iou(a, b), abs=0.02)
    assert oriented_iou(a, b) == pytest.approx(oriented_iou(b, a))


def test_known_overlaps():
    assert oriented_iou(box(), box()) == pytest.approx(1)
    assert oriented_iou(box(), box((0.5, 0, 0))) == pytest.approx(1 / 3)
    assert oriented_iou(box(), box(yaw=math.pi / 2)) == pytest.approx(1)
    octagon = 2 * (math.sqrt(2) - 1)
    assert oriented_iou(box(), box(yaw=math.pi / 4)) == pytest.approx(octagon / (2 - octagon))
    assert oriented_iou(box(), box((0, 0, 3))) == 0
    assert oriented_iou(box(), box((3, 0, 0), yaw=0.4)) == 0
