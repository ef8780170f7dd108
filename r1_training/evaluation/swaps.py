"""Swap tests: does an answer need the pictures, the depth, the points? Another room's are given."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from r1_model.scene.scene import Scene

Swap = Callable[[Scene, Scene], Scene]


def as_it_is(scene: Scene, other: Scene) -> Scene:
    """Nothing is swapped."""
    return scene


def other_views(scene: Scene, other: Scene) -> Scene:
    """The pictures of another room, at this room's poses and with its depth."""
    return replace(
        scene,
        views=[
            replace(view, color=_fitted(other.views[k % len(other.views)].color, view.color.shape))
            for k, view in enumerate(scene.views)
        ],
    )


def no_depth(scene: Scene, other: Scene) -> Scene:
    """Views without a depth: they have no place."""
    views = [replace(view, depth=np.zeros_like(view.depth)) for view in scene.views]
    return replace(scene, views=views)


def other_points(scene: Scene, other: Scene) -> Scene:
    """The cloud of another room with this room's views."""
    return replace(scene, points=other.points, colors=other.colors, normals=other.normals)


SWAPS: dict[str, Swap] = {
    "true": as_it_is,
    "other views": other_views,
    "no depth": no_depth,
    "other points": other_points,
}


def _fitted(image: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """An image at another size, by its nearest pixels."""
    rows = np.arange(shape[0]) * image.shape[0] // shape[0]
    columns = np.arange(shape[1]) * image.shape[1] // shape[1]
    return np.ascontiguousarray(image[rows][:, columns])
