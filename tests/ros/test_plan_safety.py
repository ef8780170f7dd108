"""What plan_executor refuses, verifies and waits for before anything moves; the rest is real."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from geometry_msgs.msg import Point, Pose, Vector3
from r1_ros.action import ExecutePlan
from r1_ros.msg import ErrorCode, GroundedObject, PlanStep
from r1_ros.srv import ApprovePlan
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter

from r1_model.text.answer import Box, Step
from r1_model.text.grammar import format_box
from r1_ros.client import R1Client, RequestFailedError
from r1_ros.nodes.plan_executor import PlanExecutor
from r1_ros.nodes.scene_reasoner import SceneReasoner
from r1_ros.plans.robot import SkillError
from tests.ros.background import Background, background, eventually
from tests.ros.reasoner_rig import refused
from tests.ros.scripted import DESK, LAMP, ScriptedReasoner, StubMapper, room

pytestmark = pytest.mark.ros

TIMEOUT_S = 60.0


class _Arm:
    """A robot of a user's own, which knows nothing of maps, assumptions and approval."""

    def __init__(self, node: PlanExecutor) -> None:
        self.steps: list[Step] = []

    def skills(self) -> frozenset[str]:
        return frozenset({"navigate_to", "open", "look_at", "pick", "place", "wait"})

    def start_plan(self, frame_id: str) -> None:
        pass

    def execute(self, step: Step, should_stop, on_status) -> None:
        self.steps.append(step)
        if step.action == "wait":
            raise SkillError("there is no clock")

    def close(self) -> None:
        pass


@dataclass
class _Rig:
    node: PlanExecutor
    arm: _Arm
    mapper: StubMapper
    model: ScriptedReasoner
    client: R1Client

    def set(self, **parameters: object) -> None:
        results = self.node.set_parameters([Parameter(n, value=v) for n, v in parameters.items()])
        assert all(result.successful for result in results), results


def _executor(spinning: Background, namespace: str = "", **parameters: object) -> PlanExecutor:
    node = PlanExecutor(
        _Arm,
        namespace=namespace,
        context=spinning.context,
        parameter_overrides=[Parameter(n, value=v) for n, v in parameters.items()],
    )
    spinning.start(node)
    eventually(lambda: node.is_active)
    return node


@pytest.fixture(scope="module")
def shared() -> Iterator[_Rig]:
    with background() as spinning:
        model, mapper = ScriptedReasoner(), StubMapper(room(), context=spinning.context)
        reasoner = SceneReasoner(lambda _: model, context=spinning.context)
        spinning.start(mapper, reasoner)
        node = _executor(spinning)
        eventually(lambda: reasoner.is_active)
        eventually(lambda: node._map_check._scene.is_offered)
        eventually(node._sight._client.service_is_ready)
        with R1Client() as client:
            yield _Rig(node, node._robot, mapper, model, client)


@pytest.fixture
def rig(shared: _Rig) -> _Rig:
    shared.arm.steps.clear()
    shared.model.__init__()
    shared.mapper.scene, shared.mapper.error = room(), (ErrorCode.NONE, "")
    shared.mapper.revision += 1
    shared.set(require_approval=False, approval_timeout=TIMEOUT_S, verify_timeout=0.0)
    return shared


def _step(action: str, *things: Box | str, assumed: bool = False) -> PlanStep:
    labels = [thing if isinstance(thing, str) else thing.label for thing in things]
    targets = []
    for box in things:
        if isinstance(box, Box):
            x, y, z = map(float, box.center)
            dx, dy, dz = map(float, box.size)
            pose = Pose(position=Point(x=x, y=y, z=z))
            targets.append(
                GroundedObject(label=box.label, pose=pose, size=Vector3(x=dx, y=dy, z=dz))
            )
    return PlanStep(action=action, arguments=labels, targets=targets, assumed=assumed)


def _moved(box: Box, x: float) -> Box:
    return Box(box.center + (x, 0.0, 0.0), box.size, box.label)


# Outside of the map.


def test_a_plan_that_leads_out_of_the_map_is_not_started(rig: _Rig) -> None:
    inside = [_step("navigate_to", DESK), _step("pick", LAMP)]
    assert rig.client.execute_plan(inside).steps_done == 2
    rig.arm.steps.clear()
    plan = [*inside, _step("place", LAMP, _moved(DESK, 9.0))]
    error = refused(lambda: rig.client.execute_plan(plan), ErrorCode.OUTSIDE_OF_MAP)
    assert "step 3" in str(error) and "desk" in str(error) and "(10.20, 1.50" in str(error)
    assert (error.result.steps_done, error.result.failed_step) == (0, 3)
    assert not rig.arm.steps


def test_a_map_that_is_gone_or_broken(rig: _Rig) -> None:
    plan = [_step("navigate_to", DESK)]
    rig.mapper.error = (ErrorCode.EMPTY_SCENE, "the map holds no points yet")
    error = refused(lambda: rig.client.execute_plan(plan), ErrorCode.OUTSIDE_OF_MAP)
    assert "the map is empty" in str(error)
    rig.mapper.error = (ErrorCode.INACTIVE, "scene_mapper is not active")
    error = refused(lambda: rig.client.execute_plan(plan), ErrorCode.SCENE_UNAVAILABLE)
    assert "not active" in str(error)
    assert not rig.arm.steps
    # what needs no place needs no map
    assert rig.client.execute_plan([_step("look_at", "lamp")]).steps_done == 1


def test_a_plan_in_another_frame_is_not_compared(rig: _Rig, capfd) -> None:
    plan = [_step("navigate_to", _moved(DESK, 90.0))]
    for _ in range(2):
        assert rig.client.execute_plan(plan, frame_id="odom").steps_done == 1
    warning = "plans are not checked against the map: the map is in map and the plan in odom"
    assert capfd.readouterr().err.count(warning) == 1


def test_a_robot_without_a_mapper_says_so_once(capfd) -> None:
    with background() as spinning:
        _executor(spinning, "alone")
        with R1Client("alone") as client:
            for _ in range(2):
                assert client.execute_plan([_step("navigate_to", DESK)]).steps_done == 1
        said = capfd.readouterr().err
    warning = "plans are not checked against the map: nobody offers /alone/scene_mapper/get_scene"
    assert said.count(warning) == 1
    assert said.count("step 1 of 1 navigate_to(desk): done") == 2


# Assumed things.


def _answer(box: Box, there: str = "Yes, there is one.") -> dict[str, str]:
    """What the model says when it is asked whether it is there, and where."""
    where = f"{box.label} {format_box(box.center, box.size, room().bounds())}"
    texts = {"qa": there, "grounding": where}
    return {task: f"<think>I look.</think><answer>{text}</answer>" for task, text in texts.items()}


def _plan_in_desk(thing: str = "lamp") -> list[PlanStep]:
    return [
        _step("navigate_to", DESK), _step("open", DESK), _step("pick", thing, assumed=True),
        _step("look_at", DESK),
    ]  # fmt: skip


def test_what_is_assumed_is_looked_for_before_the_robot_acts(rig: _Rig) -> None:
    in_desk = Box(DESK.center, LAMP.size, "desk lamp")
    rig.model.say = _answer(in_desk)
    statuses: list[str] = []
    result = rig.client.execute_plan(
        _plan_in_desk(), on_feedback=lambda f: statuses.append(f.status)
    )
    assert result.steps_done == 4
    asked = [question for question, *_ in rig.model.asked]
    assert asked == ["Is there a lamp?", "Find the lamp."]
    (found,) = rig.arm.steps[2].boxes
    assert found.label == "lamp" and abs(found.center - in_desk.center).max() < 0.05
    assert "looking for the lamp in the desk" in statuses
    assert any(status.startswith("the lamp is there, at (") for status in statuses)


@pytest.mark.parametrize(
    ("say", "why"),
    [
        (_answer(Box(DESK.center + (2.0, 0.0, 0.0), LAMP.size, "lamp")), "not seen there"),
        (_answer(Box(DESK.center, LAMP.size, "vase")), "not seen there"),
        # asked to find it the model finds something, and asked whether it is there it denies it
        (_answer(Box(DESK.center, LAMP.size, "lamp"), "No, there is no lamp."), "not seen there"),
        ("<think>I look.</think><answer>I cannot see a lamp here.</answer>", "not seen there"),
    ],
    ids=["elsewhere", "another thing", "denied", "nothing"],
)
def test_what_is_not_there_is_not_acted_on(rig: _Rig, say: str | dict[str, str], why: str) -> None:
    rig.model.say = say
    error = refused(lambda: rig.client.execute_plan(_plan_in_desk()), ErrorCode.NOT_SEEN)
    assert "step 3 takes it that there is a lamp in the desk" in str(error) and why in str(error)
    assert (error.result.steps_done, error.result.failed_step) == (2, 3)
    assert [step.action for step in rig.arm.steps] == ["navigate_to", "open"]


def test_a_thing_may_take_a_while_to_appear(rig: _Rig) -> None:
    rig.set(verify_timeout=TIMEOUT_S)
    rig.model.say = _answer(Box(DESK.center, LAMP.size, "vase"))
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(rig.client.execute_plan, _plan_in_desk())
        eventually(lambda: len(rig.model.asked) >= 2)
        rig.model.say = _answer(Box(DESK.center, LAMP.size, "lamp"))
        assert running.result(TIMEOUT_S).steps_done == 4
        # a cancel ends the search
        rig.model.say = _answer(Box(DESK.center, LAMP.size, "vase"))
        asked = len(rig.model.asked)
        running = pool.submit(rig.client.execute_plan, _plan_in_desk())
        eventually(lambda: len(rig.model.asked) > asked)
        rig.client.cancel()
        assert _error(running).code == ErrorCode.CANCELED


def test_what_no_step_reveals_is_refused_before_the_start(rig: _Rig) -> None:
    plan = [_step("wait", "kettle"), _step("pick", "mug", assumed=True)]
    error = refused(lambda: rig.client.execute_plan(plan), ErrorCode.NOT_SEEN)
    assert "no step before it could reveal it" in str(error) and error.result.failed_step == 2
    assert not rig.arm.steps


def test_without_a_reasoner_nobody_can_look() -> None:
    with background() as spinning:
        node = _executor(spinning, "alone", verify_timeout=0.0, scene_service="")
        with R1Client("alone") as client:
            error = refused(lambda: client.execute_plan(_plan_in_desk()), ErrorCode.NOT_SEEN)
        assert "nobody could look: nobody offers /alone/ask" in str(error)
        assert len(node._robot.steps) == 2


# Approval.


def _error(running: Future) -> RequestFailedError:
    with pytest.raises(RequestFailedError) as caught:
        running.result(TIMEOUT_S)
    return caught.value


@dataclass
class _Waiting:
    """A plan that waits for approval."""

    running: Future
    feedback: ExecutePlan.Feedback


@pytest.fixture
def start(rig: _Rig) -> Iterator[Callable[..., _Waiting]]:
    rig.set(require_approval=True)
    with ThreadPoolExecutor(1) as pool:

        def begin() -> _Waiting:
            heard: list[ExecutePlan.Feedback] = []
            plan = [_step("navigate_to", DESK), _step("pick", LAMP)]
            running = pool.submit(rig.client.execute_plan, plan, on_feedback=heard.append)
            eventually(lambda: heard)
            assert heard[0].plan_id and not rig.arm.steps
            assert heard[0].status == (
                "waits for approval of 2 step(s): navigate_to(desk), pick(desk lamp)"
            )
            return _Waiting(running, heard[0])

        yield begin
        rig.client.cancel()


def test_nothing_moves_before_somebody_says_yes(rig: _Rig, start) -> None:
    waiting = start()
    with R1Client() as operator:
        error = refused(lambda: operator.approve_plan("0" * 32), ErrorCode.INVALID_REQUEST)
        assert waiting.feedback.plan_id in str(error) and not rig.arm.steps
        refused(lambda: operator.execute_plan([_step("look_at", "x")]), ErrorCode.BUSY)
        operator.approve_plan(waiting.feedback.plan_id)
        assert waiting.running.result(TIMEOUT_S).steps_done == 2
        assert len(rig.arm.steps) == 2
        late = lambda: operator.approve_plan(waiting.feedback.plan_id, False)  # noqa: E731
        assert "no plan waits" in str(refused(late, ErrorCode.INVALID_REQUEST))


def test_a_no_ends_the_plan(rig: _Rig, start) -> None:
    waiting = start()
    rig.client.approve_plan(waiting.feedback.plan_id, False, reason="the cat sleeps there")
    error = _error(waiting.running)
    assert error.code == ErrorCode.NOT_APPROVED and "the cat sleeps there" in str(error)
    assert (error.result.steps_done, error.result.failed_step) == (0, 0) and not rig.arm.steps


def test_of_two_callers_the_first_decides(rig: _Rig, start) -> None:
    """Both words are on their way before either is answered."""
    waiting = start()
    answers, go = [], threading.Barrier(2)

    def say(approve: bool) -> None:
        with R1Client() as one:
            one._approve.wait_for_service(TIMEOUT_S)
            go.wait(TIMEOUT_S)
            try:
                one.approve_plan(waiting.feedback.plan_id, approve)
                answers.append(approve)
            except RequestFailedError as error:
                assert error.code == ErrorCode.INVALID_REQUEST

    with ThreadPoolExecutor(2) as both:
        list(both.map(say, (True, False)))
    (decision,) = answers
    if decision:
        assert waiting.running.result(TIMEOUT_S).steps_done == 2
    else:
        assert _error(waiting.running).code == ErrorCode.NOT_APPROVED


def test_a_wait_for_approval_ends(rig: _Rig, start) -> None:
    waiting = start()
    rig.client.cancel()
    assert _error(waiting.running).code == ErrorCode.CANCELED
    waiting = start()
    assert rig.node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    assert _error(waiting.running).code == ErrorCode.INACTIVE
    assert rig.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    rig.set(approval_timeout=0.1)
    error = refused(
        lambda: rig.client.execute_plan([_step("look_at", "x")]), ErrorCode.NOT_APPROVED
    )
    assert "nobody approved the plan within 0.1 s" in str(error)
    assert not rig.arm.steps


def test_a_bare_call_is_refused_with_a_sentence(rig: _Rig) -> None:
    """As `ros2 service call` sends it, without a client of ours."""
    response = rig.node._on_approve(ApprovePlan.Request(approve=True), ApprovePlan.Response())
    assert response.error_code == ErrorCode.INVALID_REQUEST
    assert response.error_msg == "no plan waits for approval"


# The command line.


def _r1(*arguments: str, keys: str | None) -> subprocess.CompletedProcess:
    """`keys`: what is typed on a terminal; None: there is none."""
    command = [sys.executable, "-m", "r1_ros.cli.main", "plan", "Put the lamp away.", *arguments]
    if keys is None:
        stdin = master = None
    else:
        master, stdin = pty.openpty()
        os.write(master, keys.encode())
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL if stdin is None else stdin,
            capture_output=True, text=True, timeout=TIMEOUT_S,
        )  # fmt: skip
    finally:
        for descriptor in (master, stdin):
            if descriptor is not None:
                os.close(descriptor)


@pytest.mark.parametrize("required", [False, True])
def test_r1_plan_asks_on_the_terminal(rig: _Rig, required: bool) -> None:
    rig.set(require_approval=required)
    result = _r1("--execute", keys="n\n")
    assert result.returncode == 1 and "not carried out" in result.stderr, result
    assert "2. pick(desk lamp)" in result.stdout and not rig.arm.steps
    assert "Carry these 3 steps out? [y/N]" in result.stdout
    result = _r1("--execute", keys="y\n")
    assert result.returncode == 0, result
    assert "done: 3 steps" in result.stdout and len(rig.arm.steps) == 3
    assert ("waits for approval" in result.stdout) == required


def test_r1_plan_without_a_terminal_needs_a_yes(rig: _Rig) -> None:
    result = _r1("--execute", keys=None)
    assert result.returncode == 1 and "--execute needs a terminal, or --yes" in result.stderr
    assert not rig.arm.steps and not rig.model.asked
    result = _r1("--execute", "--yes", keys=None)
    assert result.returncode == 0 and "[y/N]" not in result.stdout, result
    assert len(rig.arm.steps) == 3
