"""Several cameras on one robot make one map; one that falls silent is named and stops nobody."""

from __future__ import annotations

import numpy as np
import pytest
from r1_ros.srv import GetScene
from rclpy.node import Node
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image
from tf2_msgs.msg import TFMessage

from r1_model.geometry.poses import pose_matrix
from r1_ros.configuration.parameter_schema import InvalidParameterError
from r1_ros.messages.geometry import header_message, transform_message
from r1_ros.messages.scenes import scene_from_response
from r1_ros.nodes.scene_mapper import SceneMapper
from r1_ros.runtime import diagnostics
from r1_ros.runtime.diagnostics import OK, WARN
from tests.ros import robot as views
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros
STEP = 100_000_000
# looking along -x, from the same place as the one that looks along +x
BACK = pose_matrix([0.0, 0.0, 1.0], [0.5, 0.5, -0.5, -0.5])


class Camera:
    """One of several: its own topics, frame, pose and size."""

    def __init__(
        self, node: Node, name: str, T: np.ndarray, scale: int = 1, topics: tuple[str, ...] = ()
    ) -> None:
        self.frame, self.T, self.scale = f"{name}_optical_frame", T, scale
        color, depth, info = topics or (
            f"{name}/color/image", f"{name}/depth/image", f"{name}/color/camera_info",
        )  # fmt: skip
        self.publishers = [
            node.create_publisher(kind, topic, views.RELIABLE)
            for kind, topic in ((Image, color), (Image, depth), (CameraInfo, info))
        ]
        tf_static = node.create_publisher(TFMessage, "/tf_static", views.LATCHED)
        tf_static.publish(TFMessage(transforms=[transform_message(0, "map", self.frame, T)]))
        self.tf_static = tf_static

    def connected(self) -> bool:
        return all(p.get_subscription_count() for p in (*self.publishers, self.tf_static))

    def show(self, stamp: int, metres: float = views.WALL_M) -> None:
        size = views.HEIGHT * self.scale, views.WIDTH * self.scale
        info = views.camera_info(stamp)
        info.header = header_message(stamp, self.frame)
        info.height, info.width = size
        K = views.K * self.scale
        K[2, 2] = 1.0
        info.k, info.p = K.reshape(-1), np.hstack([K, np.zeros((3, 1))]).reshape(-1)
        color = np.full((*size, 3), 90, np.uint8)
        depth = np.full(size, round(metres * 1000), np.uint16)
        messages = (
            views.image(stamp, "rgb8", color, self.frame),
            views.image(stamp, "16UC1", depth, self.frame),
            info,
        )
        for publisher, message in zip(self.publishers, messages, strict=True):
            publisher.publish(message)


class Rig:
    """A mapper of several cameras."""

    def __init__(self, ros: Spinner, cameras: str, **parameters: object) -> None:
        self.ros, self.node = ros, ros.add(Node("robot"))
        values = {"cameras": cameras, "diagnostics_period": 0.1, **parameters}
        overrides = [Parameter(key, value=value) for key, value in values.items()]
        self.mapper = ros.add(SceneMapper(parameter_overrides=overrides))
        ros.until(lambda: self.mapper.is_active, "the mapper is active")
        self.statuses = views.Statuses(self.node)
        self.stamp = views.START

    def camera(self, name: str, T: np.ndarray, **more: object) -> Camera:
        camera = Camera(self.node, name, T, **more)
        self.ros.until(camera.connected, f"{name} is heard")
        self.ros.until(lambda: camera.frame in self.mapper._buffer.frames(), "its transform")
        return camera

    def show(self, *cameras: Camera, times: int = 3) -> None:
        """Frames of one moment, which the mapper takes before the next ones."""
        for _ in range(times):
            self.stamp += STEP
            for camera in cameras:
                camera.show(self.stamp)
            self.ros.spin(0.05)

    def integrated(self, part: str, count: int) -> None:
        self.ros.until(
            lambda: self.statuses.number(part, "integrated") == count,
            f"{count} of {part}, is {self.statuses.of(part)}",
        )

    def scene(self):
        client = self.node.create_client(GetScene, "scene_mapper/get_scene")
        return scene_from_response(self.ros.call(client, GetScene.Request()))


def test_two_cameras_make_one_map(ros: Spinner) -> None:
    """Of other frames, sizes and topics; nothing of one is matched with the other's."""
    topics = ("/rear_rgb", "/rear_depth", "/rear_info")
    rig = Rig(
        ros, "front, rear",
        **{f"rear.{key}": topic for key, topic in
           zip(("color_topic", "depth_topic", "camera_info_topic"), topics, strict=True)},
    )  # fmt: skip
    front = rig.camera("front", views.T_MAP_OPTICAL)
    rear = rig.camera("rear", BACK, scale=2, topics=topics)
    rig.show(front, rear)
    for part in ("front/color", "front/depth", "front/camera_info", "rear/color", "rear/depth"):
        rig.integrated(part, 3)
        assert rig.statuses.of(part)["level"] == OK, rig.statuses.of(part)
    assert rig.statuses.of("rear/color")["topics"].startswith("/rear_rgb")
    scene = rig.scene()
    x = scene.points[:, 0]
    ahead, behind = (x > 0).sum(), (x < 0).sum()
    assert ahead > 500 and behind > 500
    np.testing.assert_allclose(np.abs(x), views.WALL_M, atol=5e-3)
    assert {view.frame_id for view in scene.views} == {front.frame, rear.frame}
    assert {view.color.shape[1] for view in scene.views} == {64, 128}


def test_a_camera_that_falls_silent_is_named_and_the_other_goes_on(
    ros: Spinner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diagnostics, "_SILENT_S", 0.5)
    rig = Rig(ros, "front rear")
    front, rear = rig.camera("front", views.T_MAP_OPTICAL), rig.camera("rear", BACK)
    rig.show(front, rear, times=2)
    rig.integrated("rear/color", 2)

    def silent() -> bool:
        rig.show(front, times=1)
        return "silent" in rig.statuses.of("rear/depth").get("message", "")

    ros.until(silent, "the silence")
    assert rig.statuses.of("rear/depth")["level"] == WARN
    assert rig.statuses.of("front/depth")["message"] == "receiving"
    assert rig.statuses.number("front/color", "integrated") > 2
    assert rig.statuses.number("front/color", "dropped") == 0
    rig.show(front, rear, times=2)  # it comes back
    rig.integrated("rear/color", 4)
    assert rig.statuses.of("map")["level"] == OK


def test_a_camera_that_never_comes_stops_nobody(ros: Spinner) -> None:
    rig = Rig(ros, "front, rear")
    front = rig.camera("front", views.T_MAP_OPTICAL)
    rig.show(front)
    rig.integrated("front/color", 3)
    assert rig.statuses.of("rear/color")["message"] == "no publisher"


def test_a_damaged_camera_hurts_itself_alone(ros: Spinner) -> None:
    """Here: depth of one camera in the frame of the other."""
    rig = Rig(ros, "front, rear")
    front, rear = rig.camera("front", views.T_MAP_OPTICAL), rig.camera("rear", BACK)
    wrong = views.image(0, "16UC1", np.full((48, 64), 1500, np.uint16), front.frame)
    for _ in range(3):
        rig.stamp += STEP
        front.show(rig.stamp)
        rear.publishers[0].publish(
            views.image(rig.stamp, "rgb8", np.zeros((48, 64, 3), np.uint8), rear.frame)
        )
        wrong.header.stamp = header_message(rig.stamp, "").stamp
        rear.publishers[1].publish(wrong)
        info = views.camera_info(rig.stamp)
        info.header.frame_id = rear.frame
        rear.publishers[2].publish(info)
        ros.spin(0.05)
    rig.integrated("front/color", 3)
    key = "dropped: depth is not registered to colour"
    ros.until(lambda: rig.statuses.number("rear/depth", key) == 3, "the reason")
    assert rig.statuses.number("rear/color", "integrated") == 0
    assert rig.statuses.number("front/depth", "dropped") == 0


def test_a_camera_may_have_a_range_of_its_own(ros: Spinner) -> None:
    rig = Rig(ros, "near, far", **{"far.depth_min": 1.0, "far.depth_max": 6.0}, depth_max=2.0)
    near, far = rig.camera("near", views.T_MAP_OPTICAL), rig.camera("far", BACK)
    for _ in range(3):
        rig.stamp += STEP
        near.show(rig.stamp, 5.0)
        far.show(rig.stamp, 5.0)
        ros.spin(0.05)
    rig.integrated("far/color", 3)
    ros.until(lambda: rig.statuses.number("near/color", "dropped: no valid depth") == 3, "drops")
    x = rig.scene().points[:, 0]
    assert len(x) > 500 and (x < 0).all()


def test_compressed_images_of_one_and_raw_ones_of_the_other(ros: Spinner) -> None:
    cv2 = pytest.importorskip("cv2")
    rig = Rig(ros, "front, rear")
    front = rig.camera("front", views.T_MAP_OPTICAL)
    rear = rig.camera("rear", BACK)
    for publisher in rear.publishers[:2]:
        rig.node.destroy_publisher(publisher)
    packed = [
        rig.node.create_publisher(CompressedImage, f"rear/{topic}", views.RELIABLE)
        for topic in ("color/image/compressed", "depth/image/compressedDepth")
    ]
    ros.until(lambda: all(p.get_subscription_count() for p in packed), "compressed topics")
    jpeg = cv2.imencode(".jpg", views.color_pixels())[1].tobytes()
    png = cv2.imencode(".png", np.full((48, 64), 1500, np.uint16))[1].tobytes()
    for _ in range(3):
        rig.stamp += STEP
        front.show(rig.stamp)
        header = header_message(rig.stamp, rear.frame)
        packed[0].publish(CompressedImage(header=header, format="jpeg", data=jpeg))
        packed[1].publish(CompressedImage(header=header, format="16UC1; png", data=png))
        info = views.camera_info(rig.stamp)
        info.header.frame_id = rear.frame
        rear.publishers[2].publish(info)
        ros.spin(0.05)
    rig.integrated("rear/color", 3)
    rig.integrated("front/color", 3)
    assert all(p.get_subscription_count() for p in packed)  # raw ones of the other let it be


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"cameras": "front, front"}, "'front' stands there twice"),
        ({"cameras": "front-left"}, "'front-left' cannot be the name"),
        ({"cameras": "voxel_size"}, "'voxel_size' cannot be the name"),
        ({"cameras": " ".join(f"c{i}" for i in range(17))}, "16 at most, got 17"),
        ({"cameras": "front", "front.depth_max": -1.0}, "front.depth_max"),
        (
            {"cameras": "front", "front.depth_min": 2.0, "front.depth_max": 1.0},
            "front.depth_min (2.0) must be below",
        ),
        ({"cameras": "front", "front.depth_min": 2.0}, "front.depth_min (2.0) must be below"),
    ],
)
def test_bad_parameters_of_cameras(ros: Spinner, parameters: dict, message: str) -> None:
    overrides = [Parameter(key, value=value) for key, value in parameters.items()]
    with pytest.raises(InvalidParameterError) as error:
        SceneMapper(parameter_overrides=overrides)
    assert message in str(error.value)


def test_cameras_can_change_between_two_configurations(ros: Spinner) -> None:
    rig = Rig(ros, "front")
    (late,) = rig.mapper.set_parameters([Parameter("front.color_topic", value="/other")])
    assert not late.successful and "cannot change now" in late.reason
    rig.mapper.trigger_deactivate()
    rig.mapper.trigger_cleanup()
    changes = [Parameter("cameras", value="front, top"), Parameter("front.color_topic", value="/x")]
    assert all(result.successful for result in rig.mapper.set_parameters(changes))
    (bad,) = rig.mapper.set_parameters([Parameter("front.depth_min", value=99.0)])
    assert not bad.successful
    rig.mapper.trigger_configure()
    rig.mapper.trigger_activate()
    ros.until(lambda: rig.mapper.is_active, "active again")
    assert rig.mapper.has_parameter("top.color_topic")
    assert [c.color_topic for c in rig.mapper._cameras] == ["/x", "top/color/image"]
