"""Questions as seen by the robot, or from a pose: tf to the model, or a clear error."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import pytest
from geometry_msgs.msg import PoseStamped, Quaternion
from r1_ros.action import Ask
from r1_ros.msg import ErrorCode
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile
from tf2_msgs.msg import TFMessage

from r1_model.geometry.oriented_boxes import turn
from r1_ros.client import RequestFailedError
from r1_ros.messages.geometry import transform_message
from tests.ros.background import background, eventually
from tests.ros.reasoner_rig import Robot, refused, start_robot

pytestmark = pytest.mark.ros

_LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture(scope="module")
def robot() -> Iterator[Robot]:
    with background() as spinning:
        made = start_robot(spinning, base_frame="base")
        with made.client:
            yield made


@pytest.fixture(scope="module")
def tf(robot: Robot) -> Iterator[Node]:
    """A robot that stands in the map and looks along +y, with a camera that looks back."""
    node = Node("tf", context=robot.spinning.context)
    publisher = node.create_publisher(TFMessage, "/tf_static", _LATCHED)
    edges = (("map", "base", turn(math.pi / 2)), ("base", "rear", turn(math.pi)))
    publisher.publish(TFMessage(transforms=[transform_message(0, p, c, T) for p, c, T in edges]))
    yield node
    node.destroy_node()


def _pose(frame_id: str, yaw: float = 0.0, **orientation: float) -> PoseStamped:
    pose = PoseStamped()
    pose.header.frame_id = frame_id
    turned = {"z": math.sin(yaw / 2), "w": math.cos(yaw / 2)}
    pose.pose.orientation = Quaternion(**(orientation or turned))
    return pose


def test_without_tf_the_caller_is_told(robot: Robot) -> None:
    error = refused(lambda: robot.client.ask("what?", viewpoint="robot"), ErrorCode.NO_TRANSFORM)
    assert "'base'" in str(error) and "'map'" in str(error)
    assert robot.client.ask("what?", task="qa").answer and robot.model.gazes[-1] is None


@pytest.mark.parametrize(
    ("viewpoint", "gaze"),
    [
        (None, None),
        ("robot", math.pi / 2),
        (0.5, 0.5),
        (-3.0, -3.0),
        (_pose("", 0.7), 0.7),
        (_pose("map", 0.7), 0.7),
        (_pose("/map", 0.7), 0.7),
        (_pose("base", 0.25), math.pi / 2 + 0.25),
        (_pose("rear", 0.25), -math.pi / 2 + 0.25),
    ],
    ids=str,
)
def test_the_model_is_told_where_the_asker_looks(robot: Robot, tf: Node, viewpoint, gaze) -> None:
    def said() -> list[float | None]:
        for ask in (
            lambda: robot.client.ask("is it on the left?", task="qa", viewpoint=viewpoint),
            lambda: robot.client.locate("the lamp", viewpoint=viewpoint),
            lambda: robot.client.plan("tidy up", viewpoint=viewpoint),
        ):
            try:
                ask()
            except RequestFailedError as error:  # tf is still on its way
                assert error.code == ErrorCode.NO_TRANSFORM
                return []
        return robot.model.gazes[-3:]

    gazes = eventually(said, "tf is heard")
    if gaze is None:
        assert gazes == [None] * 3
    else:
        assert np.allclose(gazes, gaze, atol=1e-6)


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"viewpoint_kind": 9}, ErrorCode.INVALID_REQUEST),
        ({"viewpoint": _pose("", x=0.0, y=0.0, z=0.0, w=0.0)}, ErrorCode.INVALID_REQUEST),
        ({"viewpoint": _pose("", x=math.nan, y=0.0, z=0.0, w=1.0)}, ErrorCode.INVALID_REQUEST),
        ({"viewpoint": _pose("", y=-math.sqrt(0.5), w=math.sqrt(0.5))}, ErrorCode.INVALID_REQUEST),
        ({"viewpoint": _pose("the moon")}, ErrorCode.NO_TRANSFORM),
        ({"viewpoint": _pose("x" * 100_000)}, ErrorCode.INVALID_REQUEST),
    ],
    ids=["kind", "zeros", "nan", "up", "unknown", "long"],
)
def test_a_viewpoint_that_is_none(robot: Robot, fields, code) -> None:
    goal = Ask.Goal(**({"question": "what?", "viewpoint_kind": 2} | fields))
    error = refused(lambda: robot.client._run(robot.client._ask, goal, 10.0, None), code)
    assert "viewpoint" in str(error) and len(str(error)) < 500
    assert robot.client.ask("How many chairs?", task="qa").answer


def test_a_word_that_is_no_viewpoint(robot: Robot) -> None:
    with pytest.raises(ValueError, match="'sideways'"):
        robot.client.ask("what?", viewpoint="sideways")
