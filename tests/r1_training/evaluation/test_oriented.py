import math

import numpy as np
import pytest

from r1_model.scene.scene import Scene, View
from r1_training.evaluation.oriented import fits, oriented_iou, turned_scene
from r1_training.evaluation.swaps import SWAPS


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


@pytest.mark.parametrize(
    ("label", "names", "yes"),
    [
        ("dining table", ["table"], True),
        ("chair", ["office chair"], True),
        ("book", ["bookshelf"], False),
        ("table lamp", ["lamp", "light"], True),
        ("Mug", ["cup", "mug"], True),
        ("cup", ["cupboard"], False),
        ("", ["table"], False),
    ],
)
def test_names_fit_as_whole_words(label, names, yes):
    assert fits(label, names) is yes


def scene(seed, views=2):
    rng = np.random.default_rng(seed)
    return Scene(
        points=rng.normal(size=(50, 3)).astype(np.float32),
        colors=rng.integers(0, 255, (50, 3)).astype(np.uint8),
        views=[
            View(
                color=rng.integers(0, 255, (6 + seed, 8, 3)).astype(np.uint8),
                depth=np.ones((6 + seed, 8), np.float32),
                K=np.eye(3),
                T_scene_camera=np.eye(4),
                id=k,
            )
            for k in range(views)
        ],
    )


def test_a_turned_scene_has_its_cameras_turned_with_it():
    first = scene(0)
    there = turned_scene(first, 0.7)
    inverse = np.linalg.inv(there.views[0].T_scene_camera)
    seen = there.points @ inverse[:3, :3].T + inverse[:3, 3]
    assert np.allclose(seen, first.points, atol=1e-5)
    assert turned_scene(first, 0) is first
    assert np.allclose(turned_scene(there, -0.7).points, first.points, atol=1e-5)


def test_each_swap_changes_one_thing():
    mine, other = scene(0), scene(1, views=3)
    swapped = {name: swap(mine, other) for name, swap in SWAPS.items()}
    assert swapped["true"] is mine
    views = swapped["other views"].views
    assert [v.color.shape for v in views] == [v.color.shape for v in mine.views]
    assert not any(np.array_equal(a.color, b.color) for a, b in zip(views, mine.views, strict=True))
    assert all(np.array_equal(a.depth, b.depth) for a, b in zip(views, mine.views, strict=True))
    assert not any(v.depth.any() for v in swapped["no depth"].views)
    assert np.array_equal(swapped["no depth"].views[0].color, mine.views[0].color)
    assert np.array_equal(swapped["other points"].points, other.points)
    assert swapped["other points"].views is mine.views
