from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from r1_model.network.depth_positions import patch_positions
from r1_model.scene.scene import InvalidSceneError, View
from tests.r1_model.small import random_scene


def view() -> View:
    return random_scene(views=1).views[0]


@pytest.mark.parametrize("missing", [np.nan, np.inf, -np.inf])
def test_depth_that_is_no_number_is_no_measurement(missing: float) -> None:
    """Cameras with 32FC1 depth mark pixels without a measurement so."""
    measured = view()
    depth = measured.depth.copy()
    depth[30, 40] = missing
    given = replace(measured, depth=depth)
    expected = measured.depth.copy()
    expected[30, 40] = 0
    assert np.array_equal(given.depth, expected) and given.depth.dtype == np.float32
    assert not np.isfinite(depth[30, 40])  # the caller's array stays
    places, _ = patch_positions(
        torch.from_numpy(given.depth)[None],
        torch.from_numpy(given.K)[None],
        torch.from_numpy(given.T_scene_camera)[None],
        4,
        6,
    )
    assert places.isfinite().all()


def test_whole_depth_is_not_copied() -> None:
    depth = view().depth
    assert replace(view(), depth=depth).depth is depth


@pytest.mark.parametrize(
    ("focal", "reason"),
    [((0.0, 0.0), "focal"), ((60.0, 0.0), "focal"), ((-60.0, 60.0), "focal"),
     ((np.nan, 60.0), "finite")],
)  # fmt: skip
def test_a_camera_without_focal_length_is_refused(focal, reason: str) -> None:
    K = view().K.copy()
    K[0, 0], K[1, 1] = focal
    with pytest.raises(InvalidSceneError, match=reason):
        replace(view(), K=K)


def test_views_that_cannot_be_told_apart_are_refused() -> None:
    scene = random_scene(views=3)
    views = [replace(item, id=number) for item, number in zip(scene.views, (4, 7, 4), strict=True)]
    with pytest.raises(InvalidSceneError, match="2 views have the id 4"):
        replace(scene, views=views)
    assert replace(scene, views=views[1:]).views == views[1:]


def test_an_image_without_pixels_is_refused() -> None:
    with pytest.raises(InvalidSceneError, match="color"):
        replace(view(), color=view().color[:0], depth=view().depth[:0])
