from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from r1_model.views.visibility import back_project, look_at, project, seen_voxels, visible
from tests.r1_model.posed_views import kitchen_scene, wall_view

coordinate = st.floats(-5, 5)
place = st.tuples(coordinate, coordinate, coordinate).map(np.array)


@settings(max_examples=60, deadline=None)
@given(eye=place, target=place)
def test_look_at_puts_the_target_on_the_optical_axis(eye: np.ndarray, target: np.ndarray) -> None:
    distance = np.linalg.norm(target - eye)
    if distance < 1e-6:
        return
    pose = look_at(eye, target)
    rotation = pose[:3, :3]
    assert np.allclose(rotation @ rotation.T, np.eye(3))
    assert np.isclose(np.linalg.det(rotation), 1)
    in_camera = np.linalg.inv(pose) @ [*target, 1]
    assert np.allclose(in_camera[:3], [0, 0, distance], atol=1e-6)
    assert pose[2, 1] <= 1e-9  # the camera's down never points up


def test_look_at_is_upright_and_not_mirrored() -> None:
    pose = look_at(np.zeros(3), np.array([0.0, 1, 0]))  # facing +y: right is +x, up is +z
    assert np.allclose(pose[:3, :3], [[1, 0, 0], [0, 0, 1], [0, -1, 0]])


def test_look_at_itself_is_refused() -> None:
    with pytest.raises(ValueError, match="itself"):
        look_at(np.ones(3), np.ones(3))


def test_back_projection_and_projection_are_inverse() -> None:
    view = wall_view(np.array([1.0, -2, 1.5]), np.array([0.5, 3, 0.2]), 2.0)
    points = back_project(view)
    u, v, z = project(view, points)
    assert len(points) == 64 * 48
    assert np.allclose(z, 2.0)
    assert np.allclose(u, np.rint(u)) and np.allclose(v, np.rint(v))
    assert (u.min(), u.max(), v.min(), v.max()) == pytest.approx((0, 63, 0, 47))


def test_back_projection_skips_invalid_depth() -> None:
    view = wall_view(np.zeros(3), np.array([1.0, 0, 0]), 2.0)
    view.depth[:, :32] = 0
    assert len(back_project(view)) == 32 * 48
    view.depth[:] = 0
    assert back_project(view).shape == (0, 3)
    assert seen_voxels([view, view]).shape == (2, 0)


def test_visible_knows_occlusion_and_the_image_border() -> None:
    view = wall_view(np.zeros(3), np.array([1.0, 0, 0]), 2.0)
    points = np.array(
        [
            [1.0, 0, 0],  # in front of the wall
            [2.05, 0, 0],  # on it
            [2.5, 0, 0],  # behind it
            [-1.0, 0, 0],  # behind the camera
            [1.0, 3, 0],  # outside the image
        ]
    )
    assert visible(view, points).tolist() == [True, True, False, False, False]
    view.depth[:] = 0  # unknown depth hides nothing
    assert visible(view, points).tolist() == [True, True, True, False, False]


def test_seen_voxels_of_two_views() -> None:
    left = wall_view(np.zeros(3), np.array([1.0, 0, 0]), 2.0)
    right = wall_view(np.zeros(3), np.array([-1.0, 0, 0]), 2.0)
    seen = seen_voxels([left, right, left])
    assert (seen[0] == seen[2]).all()
    assert not (seen[0] & seen[1]).any()
    assert (seen[0] | seen[1]).all()


def test_the_kitchen_sees_itself(kitchen) -> None:
    """A view's own points are visible in it, and mostly in the same place from the next view."""
    scene = kitchen_scene(kitchen, every=40)
    first = scene.views[0]
    points = back_project(first)
    assert visible(first, points).mean() > 0.99
    assert points[:, 2].min() > -0.15  # nothing lies below the floor
    seen = seen_voxels(scene.views)
    assert seen.any(0).all() and seen.any(1).all()
