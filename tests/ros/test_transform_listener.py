"""TransformListener: publishers that it cannot hear are named."""

from __future__ import annotations

import pytest
from rclpy.callback_groups import MutuallyExclusiveCallbackGroup
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, QoSProfile, ReliabilityPolicy
from tf2_msgs.msg import TFMessage

from r1_ros.tf.buffer import TransformBuffer, TransformError
from r1_ros.tf.listener import TransformListener
from tests.ros.robot import OPTICAL, START, camera_pose
from tests.ros.spinning import Spinner

pytestmark = pytest.mark.ros

RELIABLE = QoSProfile(depth=10)
BEST_EFFORT = QoSProfile(depth=10, reliability=ReliabilityPolicy.BEST_EFFORT)
LATCHED = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Ears:
    """A listener on a node, and what it heard."""

    def __init__(self, ros: Spinner) -> None:
        self.changes = 0
        self.node = ros.add(Node("ears"))
        self.buffer = TransformBuffer()
        self.listener = TransformListener(
            self.node, self.buffer, self._count, print, MutuallyExclusiveCallbackGroup()
        )

    def _count(self) -> None:
        self.changes += 1


@pytest.mark.parametrize(
    ("topic", "qos", "policy"),
    [("/tf", BEST_EFFORT, "reliability"), ("/tf_static", RELIABLE, "durability")],
)
def test_a_publisher_that_cannot_be_heard_is_named_once(
    ros: Spinner, capfd: pytest.CaptureFixture, topic: str, qos: QoSProfile, policy: str
) -> None:
    ears, robot = Ears(ros), ros.add(Node("robot"))
    robot.create_publisher(TFMessage, topic, qos)
    said = ""

    def warned() -> bool:
        nonlocal said
        said += capfd.readouterr().err
        return "no transform arrives" in said

    ros.until(warned, "a warning")
    assert f"({topic}: " in said and policy in said.lower()
    ros.until(lambda: len(ears.listener.conflicts()) == 1, "the conflict")
    (conflict,) = ears.listener.conflicts()
    assert conflict.startswith(f"{topic}: {policy}: robot offers")
    robot.create_publisher(TFMessage, topic, qos)
    ros.until(lambda: len(ears.listener.conflicts()) == 2, "the second conflict")
    ros.spin(0.5)
    assert "no transform arrives" not in capfd.readouterr().err
    ears.listener.close()
    assert ears.listener.conflicts() == []


def test_publishers_that_are_heard_are_no_conflict(
    ros: Spinner, capfd: pytest.CaptureFixture
) -> None:
    ears, robot = Ears(ros), ros.add(Node("robot"))
    publishers = [
        robot.create_publisher(TFMessage, topic, qos)
        for topic, qos in (("/tf", RELIABLE), ("/tf", LATCHED), ("/tf_static", LATCHED))
    ]
    for stamp, publisher in enumerate(publishers, 1):
        ros.until(publisher.get_subscription_count, "the listener")
        publisher.publish(TFMessage(transforms=[camera_pose(stamp)]))
        ros.until(lambda stamp=stamp: ears.changes == stamp, "the transform")
    assert ears.listener.conflicts() == []
    assert "incompatible" not in capfd.readouterr().err


def test_all_that_waits_is_taken_at_once(ros: Spinner) -> None:
    """An executor that is behind must not leave transforms behind the images."""
    ears, robot = Ears(ros), ros.add(Node("robot"))
    publisher = robot.create_publisher(TFMessage, "/tf", QoSProfile(depth=100))
    ros.until(publisher.get_subscription_count, "the listener is found")
    for number in range(50):
        publisher.publish(TFMessage(transforms=[camera_pose(START + number * 10**8)]))
    newest = START + 49 * 10**8

    def heard() -> bool:
        try:
            return ears.buffer.lookup("map", OPTICAL, newest) is not None
        except TransformError:
            return False

    ros.until(heard, "all of them")
    assert 1 <= ears.changes < 25
