"""Scenes through messages, with real serialisation."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

from r1_ros.msg import SceneView
from r1_ros.srv import GetScene
from rclpy.serialization import deserialize_message, serialize_message

from r1_model.geometry.poses import pose_matrix
from r1_model.scene.scene import Scene, View
from r1_ros.messages.scenes import (
    scene_from_response,
    scene_to_response,
    view_from_message,
    view_to_message,
)
from r1_ros.runtime.errors import BadMessageError

pytestmark = pytest.mark.ros


def make_view(index: int = 0) -> View:
    gradient = np.linspace(0, 255, 64, dtype=np.uint8)
    color = np.stack([np.tile(gradient, (48, 1))] * 3, -1) // np.array([1, 2, 4], np.uint8)
    depth = np.full((48, 64), 1.5 + 0.25 * index, np.float32)
    depth[:4] = 0
    K = np.array([[60.0, 0, 31.5], [0, 61.0, 23.5], [0, 0, 1]])
    T = pose_matrix([1.0, -2.0, 0.5 + index], [0.1, 0.2, -0.3, 0.9])
    return View(color, depth, K, T, stamp=1_700_000_000_123_456_789 + index, id=index, frame_id="c")


def make_scene(views: int = 3, points: int = 1000) -> Scene:
    rng = np.random.default_rng(1)
    return Scene(
        points=rng.normal(size=(points, 3)).astype(np.float32),
        colors=rng.integers(0, 256, (points, 3), np.uint8),
        views=[make_view(index) for index in range(views)],
        stamp=1_700_000_000_000_000_007,
        frame_id="map",
    )


def through_the_wire(message):
    return deserialize_message(serialize_message(message), type(message))


def test_a_view_survives_the_wire() -> None:
    view = make_view(7)
    back = view_from_message(through_the_wire(view_to_message(view, "map")))
    assert (back.stamp, back.id, back.frame_id) == (view.stamp, 7, "c")
    np.testing.assert_allclose(back.depth, view.depth, atol=5e-4)
    np.testing.assert_array_equal(back.depth == 0, view.depth == 0)
    np.testing.assert_allclose(back.T_scene_camera, view.T_scene_camera, atol=1e-12)
    np.testing.assert_array_equal(back.K, view.K)
    assert np.abs(back.color.astype(int) - view.color).mean() < 2  # JPEG


def test_depth_beyond_sixteen_bits_becomes_invalid() -> None:
    view = make_view()
    view.depth[10, 10] = 70.0
    assert view_from_message(view_to_message(view, "map")).depth[10, 10] == 0


def test_a_scene_survives_the_wire() -> None:
    scene = make_scene()
    response = through_the_wire(scene_to_response(scene, 42, 7))
    assert (response.revision, response.map_id) == (42, 7)
    back = scene_from_response(response)
    np.testing.assert_array_equal(back.points, scene.points)
    np.testing.assert_array_equal(back.colors, scene.colors)
    assert (back.stamp, back.frame_id, len(back.views)) == (scene.stamp, "map", 3)


def test_an_empty_scene_survives_the_wire() -> None:
    scene = Scene(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
    back = scene_from_response(through_the_wire(scene_to_response(scene, 0, 0)))
    assert back.points.shape == (0, 3) and back.views == []


def test_views_that_are_known_are_not_decoded_again() -> None:
    first = scene_from_response(scene_to_response(make_scene(views=3), 1, 1))
    response = scene_to_response(make_scene(views=4), 2, 1)
    response.views[1].header.stamp.nanosec += 1  # another keyframe of that number
    response.views[0].color.data = b""  # not looked at
    again = scene_from_response(response, first.views)
    assert [view.id for view in again.views] == [0, 1, 2, 3]
    assert again.views[0] is first.views[0] and again.views[2] is first.views[2]
    assert again.views[1] is not first.views[1]
    with pytest.raises(BadMessageError):
        scene_from_response(response)


def test_limits_thin_evenly() -> None:
    scene = make_scene(views=9, points=500)
    back = scene_from_response(scene_to_response(scene, 1, 1, max_points=100, max_views=3))
    assert len(back.points) == 100
    assert [view.id for view in back.views] == [0, 4, 8]
    rows = {tuple(row) for row in scene.points}
    assert all(tuple(row) in rows for row in back.points)


def test_ready_made_view_messages_are_used() -> None:
    scene = make_scene(views=2)
    ready = [view_to_message(view, "map") for view in scene.views]
    response = scene_to_response(scene, 1, 1, view_messages=ready)
    assert response.views[0] is ready[0]


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda m: setattr(m.color, "data", []), "not an image"),
        (lambda m: setattr(m.depth, "data", m.depth.data[:60]), "truncated data"),
        (lambda m: setattr(m.pose.position, "x", float("nan")), "bad pose"),
        (lambda m: setattr(m.pose.orientation, "w", float("inf")), "bad pose"),
        (lambda m: setattr(m.camera_info, "k", np.zeros(9)), "uncalibrated camera"),
        (lambda m: setattr(m, "depth", view_to_message(_small(), "map").depth), "bad view"),
    ],
)
def test_a_damaged_view_is_refused_with_its_reason(damage, reason: str) -> None:
    message = view_to_message(make_view(), "map")
    damage(message)
    with pytest.raises(BadMessageError) as error:
        view_from_message(message)
    assert error.value.reason == reason


def _small() -> View:
    view = make_view()
    return View(view.color[:8, :8], view.depth[:8, :8], view.K, view.T_scene_camera)


def test_types_are_those_of_the_interfaces() -> None:
    assert isinstance(view_to_message(make_view(), "map"), SceneView)
    assert isinstance(scene_to_response(make_scene(), 1, 1), GetScene.Response)
