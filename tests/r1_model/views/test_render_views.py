from __future__ import annotations

import numpy as np
import pytest

from r1_model.scene.sampling import voxel_means
from r1_model.scene.scene import InvalidSceneError, Scene
from r1_model.views.render_views import (
    BACKGROUND,
    camera_matrix,
    point_spacing,
    render,
    ring_poses,
    with_rendered_views,
)
from r1_model.views.visibility import look_at
from tests.r1_model.posed_views import kitchen_scene

SIZE = (60, 80)


def room(spacing: float = 0.05) -> Scene:
    """A 4 x 3 x 2.5 m room, walls coloured by where they are."""
    x, y, z = (np.arange(0, edge, spacing) for edge in (4, 3, 2.5))
    floor = np.stack(np.meshgrid(x, y, [0.0]), -1).reshape(-1, 3)
    sides = [np.stack(np.meshgrid([edge], y, z), -1).reshape(-1, 3) for edge in (0.0, 4.0)]
    ends = [np.stack(np.meshgrid(x, [edge], z), -1).reshape(-1, 3) for edge in (0.0, 3.0)]
    parts = [floor, *sides, *ends]
    shades = [(200, 200, 200), (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0)]
    colors = np.concatenate(
        [np.tile(np.uint8(c), (len(p), 1)) for p, c in zip(parts, shades, strict=True)]
    )
    return Scene(np.concatenate(parts).astype(np.float32), colors)


def test_the_scene_centre_lands_in_front_of_every_camera() -> None:
    points = room().points
    centroid = points.mean(0, dtype=np.float64)
    low, high = points.min(0), points.max(0)
    poses = ring_poses(points, 8)
    for pose in poses:
        in_camera = (np.linalg.inv(pose) @ [*centroid, 1])[:3]
        assert np.allclose(in_camera[:2], 0, atol=1e-6)
        assert in_camera[2] > 0.5
        assert (pose[:3, 3] > low).all() and (pose[:3, 3] < high).all()  # inside the room
    assert len({tuple(pose[:3, 3].round(6)) for pose in poses}) == 8  # no direction twice


def test_the_nearest_point_wins_whatever_the_order() -> None:
    pose = look_at(np.zeros(3), np.array([1.0, 0, 0]))
    points = np.array([[3.0, 0, 0], [1, 0, 0], [2, 0, 0]], np.float32)
    colors = np.array([[255, 0, 0], [0, 255, 0], [0, 0, 255]], np.uint8)
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        color, depth = render(
            points[order], colors[order], camera_matrix(SIZE), pose, SIZE, spacing=0.01
        )
        seen = color[29:31, 39:41].reshape(-1, 3)
        assert [0, 255, 0] in seen.tolist()
        assert depth[depth > 0].max() == 1.0


def test_up_is_up_and_right_is_right() -> None:
    pose = look_at(np.zeros(3), np.array([0.0, 1, 0]))  # facing +y: +x is right
    points = np.array([[0.5, 2, 0], [0, 2, 0.5]], np.float32)
    color, depth = render(
        points, np.uint8([[255, 0, 0], [0, 0, 255]]), camera_matrix(SIZE), pose, SIZE, 0.05
    )
    v, u = np.nonzero((color == [255, 0, 0]).all(2))
    assert len(u) and (u > 45).all() and (abs(v - 29.5) < 3).all()
    v, u = np.nonzero((color == [0, 0, 255]).all(2))
    assert len(v) and (v < 25).all() and (abs(u - 39.5) < 3).all()


def test_nothing_where_nothing_is() -> None:
    pose = look_at(np.zeros(3), np.array([1.0, 0, 0]))
    color, depth = render(
        np.float32([[-1, 0, 0], [0.05, 0, 0]]),  # behind, and at the lens
        np.zeros((2, 3), np.uint8),
        camera_matrix(SIZE),
        pose,
        SIZE,
        0.02,
    )
    assert (color == BACKGROUND).all() and (depth == 0).all()


def test_a_wall_is_closed_and_flat() -> None:
    y, z = np.meshgrid(np.arange(-3, 3, 0.03), np.arange(-3, 3, 0.03))
    points = np.stack((np.full(y.size, 2.0), y.ravel(), z.ravel()), 1).astype(np.float32)
    spacing = point_spacing(points)
    assert spacing == pytest.approx(0.03, rel=0.05)
    pose = look_at(np.zeros(3), np.array([1.0, 0, 0]))
    _, depth = render(
        points, np.zeros((len(points), 3), np.uint8), camera_matrix(SIZE), pose, SIZE, spacing
    )
    assert np.allclose(depth, 2.0, atol=1e-4)


def test_a_cloud_gets_views_and_keyframes_stay() -> None:
    scene = room()
    rendered = with_rendered_views(scene, 5)
    assert [view.id for view in rendered.views] == [0, 1, 2, 3, 4]
    assert all((view.depth > 0).mean() > 0.5 for view in rendered.views)
    again = with_rendered_views(scene, 5)
    assert all((a.color == b.color).all() for a, b in zip(rendered.views, again.views, strict=True))
    assert with_rendered_views(rendered) is rendered


def test_lopsided_and_tiny_clouds() -> None:
    point = Scene(np.zeros((1, 3), np.float32), np.zeros((1, 3), np.uint8))
    assert len(with_rendered_views(point, 3).views) == 3
    with pytest.raises(InvalidSceneError, match="no points"):
        with_rendered_views(Scene(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)))


def test_rendered_kitchen_matches_the_camera(kitchen) -> None:
    scene = kitchen_scene(kitchen, every=10)
    points, colors = voxel_means(scene.points, scene.colors)
    view = scene.views[3]
    color, depth = render(
        points, colors, view.K, view.T_scene_camera, view.depth.shape, point_spacing(points)
    )
    both = (depth > 0) & (view.depth > 0)
    assert both.mean() > 0.8
    assert np.median(np.abs(depth - view.depth)[both]) < 0.04
    difference = np.abs(color.astype(int) - view.color).mean(2)[both]
    # against the mirrored image, which shares every statistic but the place
    mirrored = np.abs(color[:, ::-1].astype(int) - view.color).mean(2)[both]
    assert np.median(difference) < 0.75 * np.median(mirrored)
