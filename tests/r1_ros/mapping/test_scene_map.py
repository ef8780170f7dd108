"""SceneMap: what its sources make together, revisions, keyframe ids."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("open3d")

from r1_model.geometry.poses import pose_matrix
from r1_model.scene.scene import Scene
from r1_ros.configuration.parameters import MapperConfig
from r1_ros.mapping.rgbd_frame import RgbdFrame
from r1_ros.mapping.scene_map import SceneMap

pytestmark = pytest.mark.ros
K = np.array([[60.0, 0, 31.5], [0, 60.0, 23.5], [0, 0, 1]])
CONFIG = MapperConfig()


def frame(
    x: float = 0.0, metres: float = 1.5, stamp: int = 5, yz: tuple[float, float] = (0.0, 0.0)
) -> RgbdFrame:
    return RgbdFrame(
        color=np.full((48, 64, 3), 90, np.uint8),
        depth=np.full((48, 64), metres * 1000, np.uint16),
        K=K,
        T_scene_camera=pose_matrix([x, *yz], [0, 0, 0, 1]),
        stamp=stamp,
        frame_id="camera",
    )


def mapped(config: MapperConfig = CONFIG, count: int = 2) -> SceneMap:
    scene_map = SceneMap(config)
    for _ in range(count):
        scene_map.add_frame(frame(), config)
    return scene_map


def test_revisions_grow_and_are_never_those_of_another_map() -> None:
    scene_map = SceneMap(CONFIG)
    seen = [scene_map.revision]
    assert seen == [0]
    for _ in range(3):
        scene_map.add_frame(frame(), CONFIG)
        seen.append(scene_map.revision)
    scene_map.reset()
    assert scene_map.revision == 0
    scene_map.add_frame(frame(), CONFIG)
    seen.append(scene_map.revision)
    assert seen == sorted(set(seen))
    assert mapped().revision > seen[-1]  # as after a restart


def test_a_map_has_one_id_until_it_is_started_anew() -> None:
    scene_map = SceneMap(CONFIG)
    assert scene_map.map_id == 0

    def ids(count: int) -> list[int]:
        found = []
        for _ in range(count):
            scene_map.add_frame(frame(), CONFIG)
            found.append(scene_map.map_id)
        return found

    first, again = ids(2)
    assert 0 < first == again == scene_map.snapshot().map_id
    scene_map.reset()
    assert scene_map.map_id == 0
    second, still = ids(2)
    assert first < second == still
    scene_map.replace(scene_map.snapshot().scene, CONFIG)
    assert scene_map.map_id > second


def test_an_unchanged_map_is_read_out_once() -> None:
    scene_map = mapped()
    first = scene_map.snapshot()
    assert scene_map.snapshot() is first
    scene_map.add_frame(frame(), CONFIG)
    assert scene_map.snapshot() is not first


def test_a_snapshot_does_not_change_afterwards() -> None:
    scene_map = mapped()
    snapshot = scene_map.snapshot()
    points, views = snapshot.scene.points.copy(), len(snapshot.scene.views)
    for step in range(4):
        scene_map.add_frame(frame(x=0.5 * step), CONFIG)
    scene_map.reset()
    np.testing.assert_array_equal(snapshot.scene.points, points)
    assert len(snapshot.scene.views) == views == len(snapshot.view_messages)


def test_points_fill_in_where_there_is_no_surface() -> None:
    scene_map = mapped()
    surface = len(scene_map.snapshot().scene.points)
    on_the_wall = np.array([[0.0, 0.0, 1.501], [0.1, 0.1, 1.502]], np.float32)
    elsewhere = np.array([[0.0, 0.0, 3.0]], np.float32)
    both = np.concatenate([on_the_wall, elsewhere])
    scene_map.add_points(both, np.full((3, 3), 7, np.uint8), 9)
    scene = scene_map.snapshot().scene
    assert len(scene.points) == surface + 1 and scene.stamp == 9
    np.testing.assert_allclose(scene.points[-1], [0, 0, 3.0], atol=1e-6)
    assert scene.normals is None  # bare points have none


def test_a_pose_that_is_far_off_does_not_end_the_map() -> None:
    scene_map = mapped()
    points = np.array([[0.0, 0.0, 1.501], [0.0, 0.0, 3.0]], np.float32)
    scene_map.add_points(points, np.zeros((2, 3), np.uint8), 9)
    near = len(scene_map.snapshot().scene.points)
    for far in (9e4, -9e4):
        for _ in range(2):
            scene_map.add_frame(frame(far, yz=(far, far)), CONFIG)
    scene = scene_map.snapshot().scene
    assert (np.abs(scene.points) < 10).all(-1).sum() == near  # merged as before
    assert len(scene.points) > near


def test_a_scene_with_absurd_points_can_be_continued() -> None:
    far = np.array([[3e38, -3e38, 3e38], [0, 0, 1.5]], np.float32)
    scene_map = SceneMap(CONFIG)
    scene_map.replace(Scene(far, np.zeros((2, 3), np.uint8)), CONFIG)
    for _ in range(2):
        scene_map.add_frame(frame(), CONFIG)
    points = scene_map.snapshot().scene.points
    assert (points == far[0]).all(-1).any()


def test_a_loaded_scene_stays_as_it_is_until_something_new_is_seen() -> None:
    original = mapped().snapshot().scene
    scene_map = SceneMap(CONFIG)
    scene_map.replace(original, CONFIG)
    again = scene_map.snapshot().scene
    for name in ("points", "colors", "normals"):
        np.testing.assert_array_equal(getattr(again, name), getattr(original, name))
    keyframe = scene_map.add_frame(frame(x=2.0), CONFIG)
    assert keyframe.id == max(view.id for view in original.views) + 1
    scene_map.add_frame(frame(x=2.0), CONFIG)
    grown = scene_map.snapshot().scene
    assert len(grown.points) > len(original.points)
    assert len(grown.normals) == len(grown.points)


def test_an_empty_scene_can_be_loaded() -> None:
    scene_map = mapped()
    scene_map.replace(Scene(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8)), CONFIG)
    assert scene_map.revision == 0 and not len(scene_map.snapshot().scene.points)


def test_keyframes_are_bounded_and_their_ids_never_repeat() -> None:
    config = MapperConfig(max_keyframes=4)
    scene_map = SceneMap(config)
    ids = []
    for step in range(12):
        message = scene_map.add_frame(frame(x=0.4 * step), config)
        ids.append(message.id)
    assert ids == list(range(12)) and scene_map.keyframes == 4
    scene = scene_map.snapshot().scene
    kept = [view.id for view in scene.views]
    assert kept == sorted(kept) and kept[-1] == 11
