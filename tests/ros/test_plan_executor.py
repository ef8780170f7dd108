"""plan_executor as its clients see it: simulated robot, skill servers, a robot of one's own."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from functools import partial

import pytest
from geometry_msgs.msg import Point, Pose, Vector3
from r1_ros.action import ExecutePlan
from r1_ros.msg import ErrorCode, GroundedObject, PlanStep, SceneAnswer
from rclpy.action import ActionServer, CancelResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.task import Future

from r1_ros.client import ClientClosedError, R1Client, RequestFailedError
from r1_ros.nodes.plan_executor import PlanExecutor
from r1_ros.nodes.scene_reasoner import SceneReasoner
from tests.ros.background import Background, background, eventually
from tests.ros.scripted import ScriptedReasoner, StubMapper, room

pytestmark = pytest.mark.ros


def _executor(
    spinning: Background, make=None, namespace: str = "", **parameters: object
) -> PlanExecutor:
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    arguments = {
        "context": spinning.context,
        "parameter_overrides": overrides,
        "namespace": namespace,
    }
    node = PlanExecutor(**arguments) if make is None else PlanExecutor(make, **arguments)
    spinning.start(node)
    eventually(lambda: node.is_active)
    return node


@pytest.fixture(scope="module")
def simulated() -> Iterator[tuple[PlanExecutor, R1Client]]:
    with background() as spinning:
        # a namespace of its own: it lives beside the nodes of the other tests
        node = _executor(
            spinning, namespace="shared", robot="simulated", simulated_step_seconds=0.1
        )
        with R1Client("shared") as client:
            yield node, client


def _target(label: str, x: float = 0.0) -> GroundedObject:
    return GroundedObject(
        id=label, label=label, pose=Pose(position=Point(x=x)), size=Vector3(x=1.0, y=1.0, z=1.0)
    )


def _steps(*calls: str) -> list[PlanStep]:
    steps = []
    for call in calls:
        action, *labels = call.split()
        targets = [_target(label) for label in labels]
        steps.append(PlanStep(action=action, object=labels[0], arguments=labels, targets=targets))
    return steps


def _refused(call, code: int) -> RequestFailedError:
    with pytest.raises(RequestFailedError) as caught:
        call()
    assert caught.value.code == code, str(caught.value)
    assert len(str(caught.value)) > 10 and "\n" not in str(caught.value)
    return caught.value


def test_a_plan_is_carried_out_with_feedback_for_each_step(simulated) -> None:
    heard: list[tuple[int, str, int]] = []
    result = simulated[1].execute_plan(
        _steps("navigate_to table", "turn_on lamp", "wipe table"),
        on_feedback=lambda f: heard.append((f.step.index, f.step.action, f.steps_done)),
    )
    assert (result.steps_done, result.failed_step) == (3, 0)
    assert [index for index, _, _ in heard] == sorted(index for index, _, _ in heard)
    assert {(1, "navigate_to", 1), (2, "turn_on", 2), (3, "wipe", 2)} <= set(heard)


def test_the_first_failure_ends_the_plan_and_is_named(simulated) -> None:
    steps = _steps("navigate_to shelf", "place cup shelf", "turn_on lamp")
    error = _refused(lambda: simulated[1].execute_plan(steps), ErrorCode.SKILL_FAILED)
    assert (error.result.steps_done, error.result.failed_step) == (1, 2)
    assert "does not hold the cup" in str(error)


def test_plans_that_cannot_be_started(simulated) -> None:
    client = simulated[1]
    _refused(lambda: client.execute_plan([]), ErrorCode.EMPTY_PLAN)
    error = _refused(
        lambda: client.execute_plan(_steps("navigate_to a", "fly b")), ErrorCode.UNKNOWN_SKILL
    )
    assert (error.result.steps_done, error.result.failed_step) == (0, 2)
    bad = _steps("navigate_to a", "pick a")
    bad[1].targets[0].pose.position.x = float("nan")
    error = _refused(lambda: client.execute_plan(bad), ErrorCode.INVALID_REQUEST)
    assert "step 2" in str(error)
    _refused(lambda: client.execute_plan(_steps(*["wait x"] * 1001)), ErrorCode.INVALID_REQUEST)
    huge = [PlanStep(action="x" * 1_000_000)]
    assert len(str(_refused(lambda: client.execute_plan(huge), ErrorCode.UNKNOWN_SKILL))) < 1000


def _in_thread(call) -> tuple[threading.Thread, list]:
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(call())
        except (RequestFailedError, ClientClosedError) as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


def test_cancel_busy_and_deactivate() -> None:
    with background() as spinning:
        node = _executor(spinning, robot="simulated", simulated_step_seconds=30.0)
        with R1Client() as client, R1Client() as other:
            started = threading.Event()
            run = lambda: client.execute_plan(  # noqa: E731
                _steps("navigate_to table", "wipe table"), on_feedback=lambda f: started.set()
            )
            thread, outcome = _in_thread(run)
            assert started.wait(10.0)
            _refused(lambda: other.execute_plan(_steps("navigate_to x")), ErrorCode.BUSY)
            before = time.perf_counter()
            client.cancel()
            thread.join(10.0)
            assert time.perf_counter() - before < 1.0
            assert outcome[0].code == ErrorCode.CANCELED
            assert (outcome[0].result.steps_done, outcome[0].result.failed_step) == (0, 0)

            started.clear()
            thread, outcome = _in_thread(run)
            assert started.wait(10.0)
            assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
            thread.join(10.0)
            assert outcome[0].code == ErrorCode.INACTIVE
            _refused(lambda: other.execute_plan(_steps("navigate_to x")), ErrorCode.INACTIVE)


def test_whose_plan_runs_is_told_before_the_server_goes() -> None:
    with background() as spinning:
        node = _executor(spinning, robot="simulated", simulated_step_seconds=30.0)
        for _ in range(3):
            started = threading.Event()
            with R1Client() as client:
                run = partial(
                    client.execute_plan,
                    _steps("navigate_to table"),
                    on_feedback=lambda _, started=started: started.set(),
                )
                thread, outcome = _in_thread(run)
                assert started.wait(10.0)
                for change in (node.trigger_deactivate, node.trigger_cleanup):
                    assert change() == TransitionCallbackReturn.SUCCESS
                assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
                thread.join(20.0)
                assert outcome[0].code == ErrorCode.INACTIVE
            assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS


def test_a_goal_is_cancelled_before_its_server_has_answered() -> None:
    """Under load a robot may move before the client knows that its plan was accepted."""
    with background() as spinning:
        slow = _SkillServer("wait", 30.0, context=spinning.context)
        spinning.start(slow)
        _executor(spinning)
        with R1Client() as client:
            send = client._execute.send_goal_async
            asked, answer = threading.Event(), threading.Event()

            def late(*arguments, **options):
                sending, known = send(*arguments, **options), Future()

                def pass_on(future) -> None:
                    threading.Thread(
                        target=lambda: (answer.wait(10.0), known.set_result(future.result()))
                    ).start()

                sending.add_done_callback(pass_on)
                asked.set()
                return known

            client._execute.send_goal_async = late
            thread, outcome = _in_thread(lambda: client.execute_plan(_steps("wait kettle")))
            assert asked.wait(10.0)
            eventually(lambda: slow.goals)
            client.cancel()
            answer.set()
            thread.join(10.0)
            assert outcome[0].code == ErrorCode.CANCELED and slow.stopped
            assert not client._sending and not client._goals


def test_a_client_that_is_closed_while_it_waits() -> None:
    with background() as spinning:
        node = _executor(spinning, robot="simulated", simulated_step_seconds=30.0)
        client = R1Client()
        started = threading.Event()
        thread, outcome = _in_thread(
            lambda: client.execute_plan(_steps("wait x"), on_feedback=lambda f: started.set())
        )
        assert started.wait(10.0)
        client.close()
        thread.join(1.0)
        assert isinstance(outcome[0], ClientClosedError)
        eventually(lambda: not node._plan_lock.locked(), "its goal is cancelled")
        for call in (client.get_scene, lambda: client.ask("?")):
            with pytest.raises(ClientClosedError):
                call()
        client.close()


def test_a_skill_that_takes_too_long() -> None:
    with background() as spinning:
        _executor(spinning, robot="simulated", simulated_step_seconds=30.0, skill_timeout=0.2)
        with R1Client() as client:
            error = _refused(
                lambda: client.execute_plan(_steps("navigate_to x")), ErrorCode.SKILL_TIMEOUT
            )
        assert error.result.failed_step == 1 and "0.2 s" in str(error)


class _SkillServer(Node):
    """`skills/NAME` as a robot would offer it, in a node of its own."""

    def __init__(self, name: str, seconds: float = 0.0, fails: str = "", **arguments) -> None:
        super().__init__(f"{name}_server", **arguments)
        self.seconds, self.fails = seconds, fails
        self.goals: list[ExecutePlan.Goal] = []
        self.stopped = False
        self.server = ActionServer(
            self,
            ExecutePlan,
            f"skills/{name}",
            self._execute,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    def _execute(self, handle) -> ExecutePlan.Result:
        self.goals.append(handle.request)
        handle.publish_feedback(ExecutePlan.Feedback(status="moving"))
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            if handle.is_cancel_requested:
                self.stopped = True
                handle.canceled()
                return ExecutePlan.Result(error_code=ErrorCode.CANCELED, error_msg="stopped")
            time.sleep(0.01)
        if self.fails:
            handle.abort()
            return ExecutePlan.Result(error_code=ErrorCode.SKILL_FAILED, error_msg=self.fails)
        handle.succeed()
        return ExecutePlan.Result(steps_done=1)


def test_skill_servers_of_a_robot() -> None:
    with background() as spinning:
        drive = _SkillServer("navigate_to", 0.1, context=spinning.context)
        pick = _SkillServer("pick", fails="the mug slipped", context=spinning.context)
        slow = _SkillServer("wait", 30.0, context=spinning.context)
        spinning.start(drive, pick, slow)
        _executor(spinning)
        with R1Client() as client:
            statuses: list[str] = []
            error = _refused(
                lambda: client.execute_plan(
                    _steps("navigate_to table", "pick mug", "navigate_to table"),
                    frame_id="odom",
                    on_feedback=lambda f: statuses.append(f.status),
                ),
                ErrorCode.SKILL_FAILED,
            )
            assert (error.result.steps_done, error.result.failed_step) == (1, 2)
            assert "slipped" in str(error) and "moving" in statuses
            (goal,) = drive.goals
            assert goal.frame_id == "odom" and goal.steps[0].object == "table"
            assert goal.steps[0].targets[0].size.x == 1.0

            error = _refused(
                lambda: client.execute_plan(_steps("open door")), ErrorCode.UNKNOWN_SKILL
            )
            assert "navigate_to, pick, wait" in str(error)

            thread, outcome = _in_thread(lambda: client.execute_plan(_steps("wait kettle")))
            eventually(lambda: slow.goals)
            client.cancel()
            thread.join(10.0)
            assert outcome[0].code == ErrorCode.CANCELED and slow.stopped


def test_a_plan_waits_for_the_skill_servers_that_it_needs() -> None:
    with background() as spinning:
        spinning.start(_SkillServer("pick", context=spinning.context))
        node = _executor(spinning, server_timeout=600.0)
        with R1Client() as client, R1Client() as other:
            eventually(lambda: node._robot.skills() == {"pick"})
            # a name that no robot has is not waited for
            error = _refused(
                lambda: client.execute_plan(_steps("pick mug", "fly mug")), ErrorCode.UNKNOWN_SKILL
            )
            assert "'fly'" in str(error) and str(error).count("navigate_to") == 0
            plan = _steps("navigate_to table", "pick mug")
            thread, outcome = _in_thread(lambda: client.execute_plan(plan))
            eventually(node._plan_lock.locked)
            _refused(lambda: other.execute_plan(plan), ErrorCode.BUSY)
            client.cancel()
            thread.join(10.0)
            assert outcome[0].code == ErrorCode.CANCELED
            thread, outcome = _in_thread(lambda: client.execute_plan(plan))
            spinning.start(_SkillServer("navigate_to", context=spinning.context))
            thread.join(20.0)
            assert outcome[0].steps_done == 2
            # it applies at once
            node.set_parameters([Parameter("server_timeout", value=0.1)])
            error = _refused(
                lambda: client.execute_plan(_steps("open door")), ErrorCode.UNKNOWN_SKILL
            )
            assert "navigate_to, pick" in str(error)


def test_a_robot_of_ones_own() -> None:
    from docs.examples.own_robot import MyRobot

    with background() as spinning:
        _executor(spinning, MyRobot)
        with R1Client() as client:
            statuses: list[str] = []
            client.execute_plan(_steps("pick mug"), on_feedback=lambda f: statuses.append(f.status))
            assert any("in map" in status for status in statuses)


def test_nav2_says_what_it_needs(capfd) -> None:
    pytest.importorskip("rclpy")
    try:
        import nav2_msgs  # noqa: F401
    except ImportError:
        pass
    else:
        pytest.skip("nav2_msgs is installed here")
    with background() as spinning:
        node = PlanExecutor(
            context=spinning.context,
            parameter_overrides=[
                Parameter("robot", value="nav2"), Parameter("autostart", value=False),
            ],
        )  # fmt: skip
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert "nav2_msgs" in capfd.readouterr().err
        node.destroy_node()


def test_a_dialogue_says_it_is_done_only_when_it_is_done() -> None:
    """The third turn of the dialogue example: "turn it off"."""
    with background() as spinning:
        model = ScriptedReasoner()
        reasoner = SceneReasoner(lambda _: model, context=spinning.context)
        spinning.start(StubMapper(room(), context=spinning.context), reasoner)
        node = _executor(spinning, robot="simulated", simulated_step_seconds=0.0)
        eventually(lambda: reasoner.is_active)
        heard: list[SceneAnswer] = []
        with R1Client() as client:
            client._node.create_subscription(
                SceneAnswer, "scene_reasoner/answers", heard.append, 10
            )
            eventually(lambda: client._node.count_publishers("scene_reasoner/answers"))
            eventually(node._report_client.service_is_ready)
            client.ask("Is there a lamp on my desk?", task="qa", session_id="desk")
            answer = client.ask("Turn it off for me.", task="dialogue", session_id="desk")
            assert "I have turned it off" in answer.raw  # the model claims it
            assert "have turned" not in answer.answer and "not carried out yet" in answer.answer
            assert [step.action for step in answer.steps] == ["navigate_to", "turn_off"]

            client.execute_plan(answer.steps, session_id="desk")
            eventually(lambda: len(heard) == 3)
            assert heard[-1].answer == "Done: I turned off the desk lamp."
            assert (heard[-1].session_id, heard[-1].task) == ("desk", "dialogue")
            assert answer.steps[1].targets[0].id in [item.id for item in heard[-1].objects]
            client.ask("Is it on?", task="qa", session_id="desk")
            assert "Done: I turned off the desk lamp." in model.asked[-1][1][-1].raw

            # the lamp is off now: a second attempt fails, and the dialogue does not claim success
            error = _refused(
                lambda: client.execute_plan(answer.steps, session_id="desk"),
                ErrorCode.SKILL_FAILED,
            )
            assert error.result.failed_step == 2
            eventually(lambda: len(heard) == 5)
            assert "I stopped at step 2 of 2" in heard[-1].answer
            # a dialogue that never planned anything is not told anything
            client.execute_plan(answer.steps[:1], session_id="nobody")
            assert len(heard) == 5
