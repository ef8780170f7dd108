"""Which views show an object: what view selection is scored by."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from r1_model.scene.scene import View
from r1_model.views.visibility import visible

_GRID = 5  # points along each edge of a box
_SHARE = 0.1  # of them must be in the picture; the far side of an object never is
_ON_SURFACE_M = 0.1


def sees(view: View, center: np.ndarray, size: np.ndarray) -> bool:
    """Whether a view shows a box: centre and size (3,) metres, in the frame of the scene.

    Points of a grid through the box count that lie in the image and not behind what is measured.
    """
    steps = np.linspace(-0.5, 0.5, _GRID)
    grid = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), -1).reshape(-1, 3)
    return bool(visible(view, center + grid * size, _ON_SURFACE_M).mean() >= _SHARE)


def shares(
    views: Sequence[View], chosen: Sequence[int], boxes: Sequence[tuple[np.ndarray, np.ndarray]]
) -> dict[str, float] | None:
    """How well views were chosen for objects; None without views or objects.

    Args:
        views: all views of the scene.
        chosen: ids of those that the model was shown.
        boxes: centre and size of each object that was asked about.

    Returns:
        `shown`: share of the objects that some chosen view shows; `views`: share of the chosen
        views that show one; `chance`: the same share of all views.
    """
    by_id = {view.id: view for view in views}
    picked = [by_id[number] for number in chosen if number in by_id]
    if not picked or not boxes:
        return None
    hits = np.array([[sees(view, *box) for box in boxes] for view in picked])
    every = np.array([any(sees(view, *box) for box in boxes) for view in views])
    return {
        "shown": float(hits.any(0).mean()),
        "views": float(hits.any(1).mean()),
        "chance": float(every.mean()),
    }
