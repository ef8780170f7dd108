"""Which views of a scene the model is shown for a question."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from r1_model.scene.scene import Scene
from r1_model.views.visibility import seen_voxels

# measured on unseen rooms (r1_training.clip): 0 to 0.1 finds the best first view, 0.25 the best six
COVERAGE_WEIGHT = 0.1


@dataclass(frozen=True)
class ViewScore:
    """Why a view was chosen.

    Attributes:
        view_id: `View.id`.
        utility: U = w_t S_text3D + w_c S_img3D + w_clip S_clip; NaN while the embeddings are
            untrained, and the choice then rests on coverage alone.
        text_3d: S_text3D in [-1, 1] or NaN: question against the points that the view sees.
        image_3d: S_img3D in [-1, 1] or NaN: the scene's images against these points.
        clip: S_clip in [-1, 1] or NaN: question against the view's image.
        coverage: share of the scene's voxels that this view adds to those chosen before, [0, 1].
    """

    view_id: int
    utility: float
    text_3d: float
    image_3d: float
    clip: float
    coverage: float


class ViewScorer(Protocol):
    """What `select_views` needs to know about text, images and points.

    `scene_clip.SceneClipScorer` is the one that ships.
    """

    @property
    def trained(self) -> bool:
        """False: the numbers would be noise, and are not asked for."""
        ...

    def similarities(self, scene: Scene, question: str) -> np.ndarray:
        """(V, 3) float: S_text3D, S_img3D, S_clip of every view of the scene, in its order."""
        ...

    def utility(self, similarities: np.ndarray) -> np.ndarray:
        """(V, 3) -> (V,) float: the weighted sum."""
        ...


def select_views(
    scene: Scene,
    question: str,
    count: int,
    scorer: ViewScorer | None = None,
    coverage_weight: float = COVERAGE_WEIGHT,
    seen: np.ndarray | None = None,
) -> list[ViewScore]:
    """Choose `count` of a scene's views for a question, best first.

    Greedy: each choice has the highest utility plus `coverage_weight` times the share of the
    scene's voxels that it would add, so that the views are not all of one place. Deterministic;
    ties go to the lowest id. A scene without views: see `render_views.with_rendered_views`.

    Args:
        scene: its views are the candidates.
        question: the user's text, of any length.
        count: how many to choose; fewer come back where the scene has fewer.
        scorer: None, or one that is not trained, leaves coverage alone to decide.
        coverage_weight: 0 ranks by utility only.
        seen: `visibility.seen_voxels` of the scene's views, where it is known already.

    Returns:
        One `ViewScore` a chosen view; empty for a scene without views.
    """
    if count < 0:
        raise ValueError(f"count must not be negative, got {count}")
    if not scene.views or not count:
        return []
    similarities = np.full((len(scene.views), 3), np.nan)
    utility = np.full(len(scene.views), np.nan)
    if scorer is not None and scorer.trained:
        similarities = scorer.similarities(scene, question)
        utility = scorer.utility(similarities)
    ids = np.array([view.id for view in scene.views])
    seen = seen_voxels(scene.views) if seen is None else seen
    chosen, gains = choose(ids, utility, seen, count, coverage_weight)
    return [
        ViewScore(
            view_id=int(ids[i]),
            utility=float(utility[i]),
            text_3d=float(similarities[i, 0]),
            image_3d=float(similarities[i, 1]),
            clip=float(similarities[i, 2]),
            coverage=float(gain),
        )
        for i, gain in zip(chosen, gains, strict=True)
    ]


def choose(
    ids: np.ndarray, utility: np.ndarray, seen: np.ndarray, count: int, coverage_weight: float
) -> tuple[list[int], list[float]]:
    """Greedy choice by utility and newly seen voxels.

    Args:
        ids: (V,) int, ties go to the lowest.
        utility: (V,) float; where it is NaN coverage alone decides.
        seen: (V, X) bool, `visibility.seen_voxels`.
        count: how many to choose.
        coverage_weight: of the share of voxels newly seen, beside the utility.

    Returns:
        Rows of the chosen views in order of choice, and the share of voxels each added.
    """
    known = np.isfinite(utility).all()
    worth = utility if known else np.zeros(len(ids))
    weight = coverage_weight if known else 1.0
    order = np.argsort(ids, kind="stable")
    left = [int(row) for row in order]
    uncovered = np.ones(seen.shape[1], bool)
    voxels = max(1, seen.shape[1])
    chosen: list[int] = []
    gains: list[float] = []
    while left and len(chosen) < count:
        gain = (seen[left] & uncovered).sum(1) / voxels
        best = int(np.argmax(worth[left] + weight * gain))  # the first of equals: the lowest id
        gains.append(float(gain[best]))
        chosen.append(left.pop(best))
        uncovered &= ~seen[chosen[-1]]
    return chosen, gains
