"""Plans that move: the simulated robot drives in the mapper's map, and goes on after a failure."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from geometry_msgs.msg import Point, Pose, PoseStamped, Vector3
from nav_msgs.msg import Path as PathMessage
from r1_ros.msg import ErrorCode, GroundedObject, KnownObject, PlanStep
from r1_ros.srv import ApprovePlan, ListObjects
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile

from r1_model.scene.scene import Scene
from r1_ros.client import R1Client, RequestFailedError
from r1_ros.nodes.plan_executor import PlanExecutor
from tests.r1_model.motion.worlds import block, room
from tests.r1_model.posed_views import wall_view
from tests.ros.background import Background, background, eventually
from tests.ros.scripted import StubMapper

pytestmark = pytest.mark.ros

_TABLE = ((2.0, 1.0, 0.4), (1.0, 0.6, 0.8))
_BLOCK = block((1.5, 2.5), (0.7, 1.3), (0.0, 0.8))
_LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


def _scene(*things: np.ndarray) -> Scene:
    points = room(*things).astype(np.float32)
    eye = np.array([0.6, 2.4, 1.2])
    view = wall_view(eye, eye + [1.0, 0, -0.2], 1.5)
    return Scene(points=points, colors=np.full(points.shape, 90, np.uint8), views=[view], stamp=5)


def _target(label: str, where: tuple, object_id: str = "") -> GroundedObject:
    (x, y, z), (w, d, h) = where
    pose, size = Pose(position=Point(x=x, y=y, z=z)), Vector3(x=w, y=d, z=h)
    return GroundedObject(id=object_id or label, label=label, pose=pose, size=size)


def _step(action: str, *targets: GroundedObject) -> PlanStep:
    labels = [target.label for target in targets]
    return PlanStep(action=action, object=labels[0], arguments=labels, targets=list(targets))


class _Eyes(Node):
    """Hears the path and the poses."""

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("eyes", **node_arguments)
        self.paths: list[PathMessage] = []
        self.poses: list[PoseStamped] = []
        many = QoSProfile(depth=1000, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.create_subscription(PathMessage, "plan_executor/path", self.paths.append, _LATCHED)
        self.create_subscription(PoseStamped, "plan_executor/robot_pose", self.poses.append, many)


class _Objects(Node):
    """`list_objects` as a test says."""

    def __init__(self, **node_arguments: object) -> None:
        super().__init__("objects", **node_arguments)
        self.known: list[KnownObject] = []
        self.asked = 0
        self.create_service(ListObjects, "list_objects", self._answer)

    def _answer(
        self, request: ListObjects.Request, response: ListObjects.Response
    ) -> ListObjects.Response:
        self.asked += 1
        response.known.header.frame_id = "map"
        response.known.objects = self.known
        return response


def _executor(spinning: Background, **parameters: object) -> PlanExecutor:
    values = {"robot": "simulated", "simulated_step_seconds": 0.0, "simulated_speed": 20.0}
    node = PlanExecutor(
        context=spinning.context,
        parameter_overrides=[Parameter(n, value=v) for n, v in (values | parameters).items()],
    )
    spinning.start(node)
    eventually(lambda: node.is_active)
    return node


@contextmanager
def _world(scene: Scene, **parameters: object) -> Iterator[tuple[R1Client, _Eyes, _Objects]]:
    with background() as spinning:
        context = {"context": spinning.context}
        eyes, objects = _Eyes(**context), _Objects(**context)
        spinning.start(StubMapper(scene, **context), eyes, objects)
        _executor(spinning, **parameters)
        with R1Client() as client:
            yield client, eyes, objects


def test_the_robot_drives_around_things_and_shows_its_way() -> None:
    go = _step("navigate_to", _target("table", _TABLE))
    with _world(_scene(_BLOCK)) as (client, eyes, _):
        assert client.execute_plan([go]).steps_done == 1
        path = eventually(lambda: eyes.paths)[-1]
        assert path.header.frame_id == "map" and len(path.poses) > 3
        places = np.array([[p.pose.position.x, p.pose.position.y] for p in path.poses])
        assert np.allclose(places[0], (0.6, 2.4), atol=0.1)  # where the camera stood
        apart = np.maximum(np.abs(places - [2.0, 1.0]) - [0.5, 0.3], 0)
        assert np.linalg.norm(apart, axis=1).min() >= 0.2
        end = path.poses[-1].pose.position
        eventually(lambda: eyes.poses and eyes.poses[-1].pose.position == end)


def test_what_no_way_leads_to_fails_and_says_so() -> None:
    away = _target("stool", ((3.6, 1.5, 0.2), (0.3, 0.3, 0.4)))
    with (
        _world(_scene(block((2.4, 2.4), (0.0, 3.0)))) as (client, eyes, _),
        pytest.raises(RequestFailedError, match="no side of the stool can be reached") as caught,
    ):
        client.execute_plan([_step("navigate_to", away)])
    assert caught.value.code == ErrorCode.SKILL_FAILED and eyes.paths == []


_OLD, _NEW = ((2.0, 1.0, 0.85), (0.1, 0.1, 0.1)), ((3.4, 2.4, 0.85), (0.1, 0.1, 0.1))


def _fetch() -> list[PlanStep]:
    return [
        _step("navigate_to", _target("table", _TABLE)),
        _step("pick", _target("mug", _OLD, "obj7")),
    ]


def _moved_mug(gone: bool = False) -> KnownObject:
    x, y, z = _NEW[0]
    return KnownObject(
        id="obj7", label="mug", moved=True, gone=gone,
        pose=Pose(position=Point(x=x, y=y, z=z)), size=Vector3(x=0.1, y=0.1, z=0.1),
    )  # fmt: skip


def test_a_thing_that_was_moved_is_fetched_from_where_it_is_now() -> None:
    with _world(_scene(_BLOCK), replan=True) as (client, eyes, objects):
        objects.known = [_moved_mug()]
        said: list[tuple[str, str]] = []
        result = client.execute_plan(
            _fetch(), on_feedback=lambda f: said.append((f.step.action, f.status))
        )
        assert result.steps_done == 2 and objects.asked >= 2
        assert any("not where the plan has it" in status for _, status in said)
        assert [action for action, status in said if status == "done"] == [
            "navigate_to", "navigate_to", "pick",
        ]  # fmt: skip
        end = eventually(lambda: len(eyes.poses) > 3 and eyes.poses[-1]).pose.position
        assert np.hypot(end.x - 3.4, end.y - 2.4) < 1.3


def test_without_replan_what_was_moved_or_is_gone_ends_the_plan() -> None:
    with _world(_scene(_BLOCK)) as (client, _, objects):
        for gone, words in ((False, "not where the plan has it"), (True, "not there any more")):
            objects.known = [_moved_mug(gone)]
            with pytest.raises(RequestFailedError, match=words) as caught:
                client.execute_plan(_fetch())
            assert caught.value.code == ErrorCode.NOT_SEEN
            assert caught.value.result.failed_step == 2


_CUPBOARD = ((2.0, 1.0, 0.4), (1.0, 0.6, 0.8))


def _from_cupboard() -> list[PlanStep]:
    mug = _target("mug", ((2.0, 1.0, 0.4), (0.1, 0.1, 0.1)))
    return [_step("navigate_to", _target("cupboard", _CUPBOARD)), _step("pick", mug)]


@pytest.mark.parametrize("may_open", [True, False])
def test_a_closed_cupboard_is_opened_only_where_that_is_allowed(may_open: bool) -> None:
    with _world(_scene(_BLOCK), replan=True, replan_may_open=may_open) as (client, _, _objects):
        if may_open:
            assert client.execute_plan(_from_cupboard()).steps_done == 2
            return
        with pytest.raises(RequestFailedError, match="closed") as caught:
            client.execute_plan(_from_cupboard())
        assert caught.value.code == ErrorCode.SKILL_FAILED


def test_what_replanning_puts_in_waits_for_approval_too() -> None:
    parameters = {"replan": True, "replan_may_open": True, "require_approval": True}
    with _world(_scene(_BLOCK), **parameters) as (client, eyes, _):
        approve = eyes.create_client(ApprovePlan, "plan_executor/approve")
        waits: list[str] = []

        def on_feedback(feedback) -> None:
            if feedback.plan_id and (not waits or feedback.status != waits[-1]):
                waits.append(feedback.status)
                is_first = len(waits) == 1
                request = ApprovePlan.Request(plan_id=feedback.plan_id, approve=is_first)
                threading.Thread(target=approve.call_async, args=(request,)).start()

        with pytest.raises(RequestFailedError, match="closed"):
            client.execute_plan(_from_cupboard(), on_feedback=on_feedback)
        assert len(waits) == 2 and "open(cupboard)" in waits[1]


def test_a_plan_executor_in_a_process_of_its_own_drives_by_the_mapper_of_another() -> None:
    command = [sys.executable, "-m", "r1_ros.nodes.plan_executor", "--ros-args"]
    for name, value in (("robot", "simulated"), ("simulated_speed", 20.0)):
        command += ["-p", f"{name}:={value}"]
    with background() as spinning:
        eyes = _Eyes(context=spinning.context)
        spinning.start(StubMapper(_scene(_BLOCK), context=spinning.context), eyes)
        process = subprocess.Popen(command, env=os.environ)
        try:
            with R1Client() as client:
                steps = [_step("navigate_to", _target("table", _TABLE))]
                eventually(lambda: eyes.count_publishers("plan_executor/path"), seconds=60.0)
                assert client.execute_plan(steps).steps_done == 1
                assert eventually(lambda: eyes.paths)[-1].poses
        finally:
            process.terminate()
            assert process.wait(20.0) is not None
