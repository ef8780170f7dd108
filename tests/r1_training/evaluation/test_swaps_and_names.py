import numpy as np
import pytest

from r1_model.scene.scene import Scene, View
from r1_training.evaluation.fitting_names import fits
from r1_training.evaluation.swaps import SWAPS


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
