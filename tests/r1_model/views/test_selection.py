from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from r1_model.scene.scene import Scene
from r1_model.views.selection import choose, select_views
from r1_model.views.visibility import seen_voxels
from tests.r1_model.posed_views import kitchen_scene, wall_view


class FixedScorer:
    """Similarities as told, weights of the paper."""

    def __init__(self, similarities: np.ndarray, trained: bool = True) -> None:
        self.table, self.trained = similarities, trained

    def similarities(self, scene: Scene, question: str) -> np.ndarray:
        return self.table

    def utility(self, similarities: np.ndarray) -> np.ndarray:
        return similarities @ [0.3, 0.5, 0.5]


def scene_of(*targets: tuple[float, float, float]) -> Scene:
    """A camera at the origin that looks at each target; ids count down."""
    views = [
        wall_view(np.zeros(3), np.array(target), 2.0, number=len(targets) - i)
        for i, target in enumerate(targets)
    ]
    return Scene(np.zeros((1, 3), np.float32), np.zeros((1, 3), np.uint8), views=views)


FOUR = scene_of((1, 0, 0), (1, 0, 0), (-1, 0, 0), (1, 0.2, 0))  # ids 4, 3, 2, 1


def test_without_a_trained_scorer_only_coverage_decides_and_says_so() -> None:
    for scorer in (None, FixedScorer(np.ones((4, 3)), trained=False)):
        found = select_views(FOUR, "where is the cup?", 3, scorer)
        assert all(
            np.isnan([s.utility, s.text_3d, s.image_3d, s.clip]).all() and s.coverage >= 0
            for s in found
        )
        assert {2} < {s.view_id for s in found}  # the one that looks the other way
        assert found[0].coverage >= found[1].coverage >= found[2].coverage > 0


def test_no_two_of_the_same() -> None:
    chosen = [s.view_id for s in select_views(FOUR, "", 2)]
    assert 2 in chosen
    by_utility = np.array([[0.5, 0.5, 0.5], [0.5, 0.5, 0.5], [0.4, 0.4, 0.4], [0, 0, 0]])
    # the two best see the same wall: after the first, the third is worth more than the second
    found = select_views(FOUR, "", 2, FixedScorer(by_utility), 0.5)
    assert [s.view_id for s in found] == [3, 2]
    assert [s.view_id for s in select_views(FOUR, "", 2, FixedScorer(by_utility), 0.0)] == [3, 4]


def test_scores_are_reported_as_they_are() -> None:
    table = np.arange(12).reshape(4, 3) / 10
    best = select_views(FOUR, "", 1, FixedScorer(table))[0]
    assert best.view_id == 1
    assert (best.text_3d, best.image_3d, best.clip) == pytest.approx((0.9, 1.0, 1.1))
    assert best.utility == pytest.approx(0.3 * 0.9 + 0.5 * 1.0 + 0.5 * 1.1)


def test_ties_go_to_the_lowest_id_whatever_the_order() -> None:
    same = scene_of((1, 0, 0), (1, 0, 0), (1, 0, 0))
    assert [s.view_id for s in select_views(same, "", 3)] == [1, 2, 3]
    turned = replace(same, views=same.views[::-1])
    assert [s.view_id for s in select_views(turned, "", 3)] == [1, 2, 3]


def test_fewer_views_than_asked_for() -> None:
    assert len(select_views(FOUR, "", 9)) == 4
    assert select_views(FOUR, "", 0) == []
    assert select_views(replace(FOUR, views=[]), "", 6) == []
    with pytest.raises(ValueError, match="negative"):
        select_views(FOUR, "", -1)


def test_views_without_any_depth() -> None:
    blind = scene_of((1, 0, 0), (-1, 0, 0))
    for view in blind.views:
        view.depth[:] = 0
    found = select_views(blind, "", 2)
    assert [(s.view_id, s.coverage) for s in found] == [(1, 0.0), (2, 0.0)]


def test_greedy_choice_equals_the_textbook_loop() -> None:
    rng = np.random.default_rng(0)
    seen, utility = rng.random((12, 300)) > 0.8, rng.random(12)
    ids = rng.permutation(12)
    rows, gains = choose(ids, utility, seen, 6, 0.7)
    covered, left = np.zeros(300, bool), set(range(12))
    for row, gain in zip(rows, gains, strict=True):
        worth = {r: utility[r] + 0.7 * (seen[r] & ~covered).sum() / 300 for r in left}
        assert row == max(left, key=lambda r: (worth[r], -ids[r]))
        assert gain == pytest.approx((seen[row] & ~covered).sum() / 300)
        covered |= seen[row]
        left.remove(row)


def test_coverage_beats_even_spacing_on_the_kitchen(kitchen) -> None:
    scene = kitchen_scene(kitchen, every=8)
    found = select_views(scene, "", 6)
    seen = seen_voxels(scene.views)
    even = np.linspace(0, len(scene.views) - 1, 6).astype(int)
    assert sum(s.coverage for s in found) > 1.1 * seen[even].any(0).mean()
