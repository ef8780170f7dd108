"""scene_mapper's scenes on disk and its cloud: what others get of the map."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from r1_ros.msg import ErrorCode
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import PointCloud2

from r1_ros.messages.point_clouds import read_points
from r1_ros.messages.scenes import scene_from_response
from r1_ros.runtime.diagnostics import WARN
from tests.ros import robot as views
from tests.ros.rig import Rig
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def test_save_load_reset_round_trip(ros: Spinner, tmp_path: Path) -> None:
    rig = Rig(ros, snapshot_directory=str(tmp_path))
    empty = rig.get_scene()
    assert empty.error_code == ErrorCode.EMPTY_SCENE and empty.revision == 0
    assert rig.save("nothing").error_code == ErrorCode.EMPTY_SCENE
    rig.map_frames(3)
    saved = rig.get_scene()
    response = rig.save("kitchen-1.v2")
    assert response.error_code == ErrorCode.NONE
    assert (response.points, response.views) == (saved.cloud.width, 1)
    assert rig.reset().success
    assert rig.get_scene().error_code == ErrorCode.EMPTY_SCENE
    loaded = rig.load("kitchen-1.v2")
    assert (loaded.error_code, loaded.points) == (ErrorCode.NONE, response.points)
    again = rig.get_scene()
    assert bytes(again.cloud.data) == bytes(saved.cloud.data)
    assert again.views[0] == saved.views[0] and again.revision > saved.revision
    rig.map_frames(2)  # what is seen again does not double
    merged = scene_from_response(rig.get_scene()).points
    assert len(merged) < 1.2 * response.points
    np.testing.assert_allclose(merged[:, 0], views.WALL_M, atol=2e-3)


def test_a_load_that_fails_keeps_the_map(ros: Spinner, tmp_path: Path) -> None:
    rig = Rig(ros, snapshot_directory=str(tmp_path))
    rig.map_frames(3)
    rig.save("good")
    before = rig.get_scene()
    assert rig.load("missing").error_code == ErrorCode.NOT_FOUND
    index = tmp_path / "good" / "scene.npz"
    index.write_bytes(index.read_bytes()[:300])
    response = rig.load("good")
    assert response.error_code == ErrorCode.CORRUPT_SNAPSHOT and "scene.npz" in response.error_msg
    (tmp_path / "file").write_text("")
    assert rig.save("file").error_code == ErrorCode.STORAGE
    assert rig.get_scene(known_revision=before.revision).unchanged


def test_a_scene_that_a_client_calls_autosave_is_the_clients(ros: Spinner, tmp_path: Path) -> None:
    rig = Rig(ros, snapshot_directory=str(tmp_path), autosave_period=0.1)
    rig.map_frames(2)
    saved = rig.save("autosave")
    assert saved.error_code == ErrorCode.NONE
    files = {path: path.read_bytes() for path in (tmp_path / "autosave").rglob("*.*")}
    rig.robot.frame(rig.next(), metres=2.5)
    rig.until_number("color", "integrated", 3)

    def autosaved() -> bool:
        return (tmp_path / ".autosave" / "scene.npz").exists()

    ros.until(autosaved, "the automatic snapshot")
    assert rig.load(".autosave").error_code == ErrorCode.INVALID_NAME
    assert rig.save(".autosave").error_code == ErrorCode.INVALID_NAME
    assert rig.reset().success
    assert not autosaved()
    rig.mapper.trigger_deactivate()
    assert files == {path: path.read_bytes() for path in (tmp_path / "autosave").rglob("*.*")}
    rig.mapper.trigger_cleanup()
    rig.mapper.trigger_configure()  # an older version's automatic snapshot is not read either
    assert rig.mapper._map.revision == 0


def test_the_cloud_is_latched_and_published_only_when_it_changed(ros: Spinner) -> None:
    rig = Rig(ros, cloud_period=0.1)
    rig.map_frames(2)
    clouds: list[PointCloud2] = []
    rig.robot.node.create_subscription(PointCloud2, "scene_mapper/cloud", clouds.append, LATCHED)
    ros.until(lambda: clouds and clouds[-1].width > 0, "the latched cloud")
    ros.spin(0.4)
    count = len(clouds)
    ros.spin(0.4)
    assert len(clouds) == count
    rig.map_frames(1)
    ros.until(lambda: len(clouds) > count, "the changed cloud")
    points, _ = read_points(clouds[-1])
    np.testing.assert_allclose(points[:, 0], views.WALL_M, atol=2e-3)


def test_the_cloud_is_read_out_for_nobody_but_at_once_for_who_comes(ros: Spinner) -> None:
    rig = Rig(ros, cloud_period=0.1)
    rig.map_frames(2)
    ros.spin(0.4)
    assert rig.mapper._published_revision == 0
    rig.mapper.set_parameters([Parameter("cloud_period", value=3600.0)])
    for _ in range(2):
        clouds: list[PointCloud2] = []
        node = rig.robot.node
        listener = node.create_subscription(PointCloud2, "scene_mapper/cloud", clouds.append, 1)
        ros.until(lambda clouds=clouds: clouds and clouds[-1].width > 0, "the cloud")
        assert rig.mapper._published_revision == rig.mapper._map.revision
        node.destroy_subscription(listener)
        ros.until(lambda: not rig.mapper.count_subscribers("scene_mapper/cloud"))
        rig.map_frames(1)
        assert rig.mapper._published_revision < rig.mapper._map.revision


def test_an_inactive_mapper_publishes_no_cloud_for_who_comes(ros: Spinner) -> None:
    rig = Rig(ros, cloud_period=3600.0)
    rig.map_frames(2)
    published = rig.mapper._published_revision
    rig.mapper.trigger_deactivate()
    clouds: list[PointCloud2] = []
    rig.robot.node.create_subscription(PointCloud2, "scene_mapper/cloud", clouds.append, LATCHED)
    ros.until(lambda: clouds, "the cloud that was published last")
    ros.spin(0.4)
    assert [cloud.width for cloud in clouds] == [0]
    assert rig.mapper._published_revision == published < rig.mapper._map.revision
    rig.mapper.trigger_activate()
    ros.until(lambda: clouds[-1].width > 0, "the cloud of now")


def test_the_period_of_the_cloud_changes_at_once(ros: Spinner) -> None:
    rig = Rig(ros, cloud_period=3600.0)
    clouds: list[PointCloud2] = []
    rig.robot.node.create_subscription(PointCloud2, "scene_mapper/cloud", clouds.append, LATCHED)
    ros.until(lambda: clouds, "the empty cloud")
    rig.map_frames(2)
    ros.spin(0.3)
    assert len(clouds) == 1
    rig.mapper.set_parameters([Parameter("cloud_period", value=0.1)])
    ros.until(lambda: clouds[-1].width > 0, "the cloud")
    rig.mapper.set_parameters([Parameter("cloud_period", value=3600.0)])
    count = len(clouds)
    rig.map_frames(1)
    ros.spin(0.3)
    assert len(clouds) == count
    refused = rig.mapper.set_parameters([Parameter("autosave_period", value=5.0)])[0]
    assert not refused.successful and "cannot change now" in refused.reason


def test_a_disk_that_takes_nothing_is_told_until_it_does_again(
    ros: Spinner, tmp_path: Path
) -> None:
    folder = tmp_path / "scenes"
    folder.write_text("a file where the folder should be")
    rig = Rig(ros, snapshot_directory=str(folder), autosave_period=0.1)
    rig.map_frames()
    ros.until(lambda: "the map is not saved" in rig.statuses.of("map")["message"], "told")
    assert rig.statuses.of("map")["level"] == WARN
    assert rig.save("mine").error_code == ErrorCode.STORAGE
    folder.unlink()
    ros.until(lambda: "not saved" not in rig.statuses.of("map")["message"], "saved again")
    assert rig.save("mine").error_code == ErrorCode.NONE
