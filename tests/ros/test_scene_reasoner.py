"""scene_reasoner as its clients see it. The model is scripted; everything else is real."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point, Vector3
from lifecycle_msgs.msg import State
from r1_ros.action import Ask, DescribeScene, Plan
from r1_ros.msg import ErrorCode, SceneAnswer
from r1_ros.srv import Ask as AskService
from r1_ros.srv import GetScene
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from visualization_msgs.msg import Marker, MarkerArray

from r1_model.answer import TASKS
from r1_model.errors import ModelLoadError
from r1_model.scene import Scene
from r1_ros.client import NoResponseError, R1Client, RequestFailedError, ServerMissingError
from r1_ros.nodes.scene_reasoner import SceneReasoner
from tests.ros.background import Background, background, eventually
from tests.ros.scripted import DESK, LAMP, ScriptedReasoner, StubMapper, room

pytestmark = pytest.mark.ros


@dataclass
class Robot:
    """A reasoner with a mapper, and a client of both."""

    spinning: Background
    node: SceneReasoner
    model: ScriptedReasoner
    mapper: StubMapper
    client: R1Client

    def set(self, **parameters: object) -> None:
        results = self.node.set_parameters([Parameter(n, value=v) for n, v in parameters.items()])
        assert all(result.successful for result in results), results


def start_robot(spinning: Background, namespace: str = "", **parameters: object) -> Robot:
    model = ScriptedReasoner()
    overrides = [Parameter(name, value=value) for name, value in parameters.items()]
    node = SceneReasoner(
        lambda _: model,
        namespace=namespace,
        context=spinning.context,
        parameter_overrides=overrides,
    )
    mapper = StubMapper(room(), namespace=namespace, context=spinning.context)
    spinning.start(mapper, node)
    eventually(lambda: node.is_active, "the node is active")
    return Robot(spinning, node, model, mapper, R1Client(namespace))


@pytest.fixture(scope="module")
def shared() -> Iterator[Robot]:
    with background() as spinning:
        robot = start_robot(spinning)
        yield robot
        robot.client.close()


@pytest.fixture
def robot(shared: Robot) -> Robot:
    """The module's robot, as new."""
    if shared.node._answering is not None:  # what was cancelled may still run
        shared.node._answering.worker._thread.submit(lambda: None).result(10.0)
    shared.model.__init__()
    shared.mapper.scene, shared.mapper.error = room(), (ErrorCode.NONE, "")
    shared.mapper.revision += 1
    shared.set(queue_size=4, request_timeout=60.0, scene_timeout=10.0)
    if not shared.node.is_active:
        shared.node.trigger_activate()
    return shared


def refused(call, code: int) -> RequestFailedError:
    """The error of a call that must fail with `code` and a sentence."""
    with pytest.raises(RequestFailedError) as caught:
        call()
    assert caught.value.code == code, str(caught.value)
    assert len(str(caught.value)) > 10 and "\n" not in str(caught.value)
    return caught.value


# What is asked is answered.


@pytest.mark.parametrize("task", TASKS)
@pytest.mark.parametrize("chinese", [False, True])
def test_every_task_is_answered(robot: Robot, task: str, chinese: bool) -> None:
    question = "幫我看看這個房間" if chinese else "Look at this room for me."
    answer = robot.client.ask(question, task=task)
    assert (answer.task, answer.question) == (task, question)
    assert answer.language == ("zh-Hant" if chinese else "en")
    assert answer.answer and "<" not in answer.answer and answer.raw.startswith("<think>")
    assert (answer.header.frame_id, answer.header.stamp.nanosec) == ("map", 34)
    assert (answer.model, answer.trained, list(answer.view_ids)) == ("scripted", False, [3, 7])
    if task == "grounding":
        (lamp,) = answer.objects
        assert lamp.label == "desk lamp" and lamp.id and math.isnan(lamp.score)
        assert lamp.pose.position.x == pytest.approx(LAMP.center[0], abs=0.01)
        assert lamp.size.z == pytest.approx(LAMP.size[2], abs=0.01)


def test_the_service_gives_the_same_answer(robot: Robot) -> None:
    node = robot.client._node
    service = node.create_client(AskService, "ask")
    assert service.wait_for_service(10.0)
    future = service.call_async(AskService.Request(question="How many chairs?", task="qa"))
    eventually(future.done)
    response = future.result()
    assert response.error_code == ErrorCode.NONE and response.answer.answer == "There are four."


def test_feedback_tells_stage_and_text_at_10_hz_at_most(robot: Robot) -> None:
    robot.model.token_seconds = 0.01
    heard: list[tuple[float, Ask.Feedback]] = []
    answer = robot.client.ask(
        "Why is the floor wet?", on_feedback=lambda f: heard.append((f.elapsed_seconds, f))
    )
    stages = [feedback.stage for _, feedback in heard]
    order = ["queued", "scene", "views", "encode", "think", "answer"]
    assert [order.index(stage) for stage in stages] == sorted(map(order.index, stages))
    assert len(set(stages)) >= 3 and stages[-1] in ("think", "answer")
    assert answer.raw.startswith(heard[-1][1].text) and heard[-1][1].text
    gaps = np.diff([elapsed for elapsed, _ in heard])
    assert len(gaps) and gaps.min() >= 0.099


def _hear(robot: Robot, kind, name: str, listen) -> None:
    """Listen to the feedback of an action; the client alone may miss what comes at its end."""
    node = robot.client._node
    node.create_subscription(
        kind.Impl.FeedbackMessage, f"{name}/_action/feedback", lambda m: listen(m.feedback), 10
    )
    # the client's own subscription and this one
    eventually(lambda: robot.node.count_subscribers(f"{name}/_action/feedback") >= 2)


def test_a_plan_streams_its_steps(robot: Robot) -> None:
    robot.model.token_seconds = 0.004
    heard: list[int] = []
    _hear(robot, Plan, "plan", lambda feedback: heard.append(len(feedback.steps)))
    result = robot.client.plan("Prepare the desk.")
    assert [step.action for step in result.steps] == ["navigate_to", "pick", "place"]
    eventually(lambda: heard[-1:] == [3], "all steps come as feedback")
    assert heard == sorted(heard) and len(set(heard)) > 1
    place = result.steps[2]
    assert (place.index, place.object, list(place.arguments)) == (
        3, "desk lamp", ["desk lamp", "desk"],
    )  # fmt: skip
    lamp, desk = place.targets
    assert result.steps[1].targets[0].id == lamp.id != desk.id == result.steps[0].targets[0].id
    assert result.answer.task == "planning" and "not carried out yet" in result.answer.answer


def test_descriptions_stream_object_by_object(robot: Robot) -> None:
    robot.model.token_seconds = 0.004
    heard: list[str] = []
    _hear(robot, DescribeScene, "describe", lambda f: heard.extend(i.label for i in f.objects))
    result = robot.client.describe()
    eventually(lambda: len(heard) == 2, "all objects come as feedback")
    assert heard == [item.label for item in result.objects] == ["desk lamp", "desk"]
    assert result.objects[1].description == "A wooden desk."
    first = robot.client.describe(max_objects=1)
    eventually(lambda: len(heard) == 3)
    assert [item.id for item in first.objects] == [result.objects[0].id]


def test_views_come_with_their_scores(robot: Robot) -> None:
    response = robot.client.select_views("Where is the lamp?", count=1)
    assert list(response.view_ids) == [3] and response.coverage[0] == pytest.approx(0.4)
    assert robot.client.select_views("Where is the lamp?").utility[1] == pytest.approx(0.5)


def test_the_map_is_fetched_again_only_when_it_has_changed(robot: Robot) -> None:
    for _ in range(2):
        robot.client.ask("How many chairs?", task="qa")
    robot.mapper.revision += 1
    robot.client.ask("How many chairs?", task="qa")
    first, second, third = robot.model.scenes
    assert first is second and third is not second
    assert robot.mapper.requests[-2:] == [robot.mapper.revision - 1] * 2


def test_answers_and_markers_are_published(robot: Robot) -> None:
    answers: list[SceneAnswer] = []
    markers: list[MarkerArray] = []
    node = robot.client._node
    latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
    node.create_subscription(SceneAnswer, "scene_reasoner/answers", answers.append, 10)
    eventually(lambda: node.count_publishers("scene_reasoner/answers"))
    robot.client.ask("Find the lamp.", task="grounding")
    eventually(lambda: answers)
    # RViz that starts later still gets the boxes
    node.create_subscription(MarkerArray, "scene_reasoner/markers", markers.append, latched)
    eventually(lambda: markers)
    assert answers[0].objects[0].label == "desk lamp"
    assert [marker.action for marker in markers[0].markers] == [
        Marker.DELETEALL, Marker.ADD, Marker.ADD,
    ]  # fmt: skip


# Dialogues.


def test_a_dialogue_remembers_and_ids_last(robot: Robot) -> None:
    ask, session = robot.client.ask, "desk"
    first = ask("Find the desk lamp.", task="grounding", session_id=session)
    ask("Is it on?", task="qa", session_id=session)
    question, history, _ = robot.model.asked[-1]
    assert [turn.question for turn in history] == ["Find the desk lamp."]
    assert history[0].raw == first.raw
    again = ask("Find the desk lamp.", task="grounding", session_id=session)
    assert again.objects[0].id == first.objects[0].id
    ask("What is this?", session_id=session, target=first.objects[0].id)
    assert np.allclose(robot.model.asked[-1][2].center, LAMP.center, atol=0.01)
    ask("Something else", session_id="other")
    assert robot.model.asked[-1][1] == []


def test_a_map_that_is_started_anew_ends_its_dialogues(robot: Robot) -> None:
    ask, session = robot.client.ask, "moved"
    (lamp,) = ask("Find the desk lamp.", task="grounding", session_id=session).objects
    robot.mapper.map_id += 1
    robot.mapper.revision += 1
    # Asked before the reasoner has heard of it: the object is resolved, then found to be gone.
    refused(
        lambda: ask("What is this?", session_id=session, target=lamp.id), ErrorCode.UNKNOWN_OBJECT
    )
    ask("Is it on?", task="qa", session_id=session)
    assert robot.model.asked[-1][1] == []
    (new,) = ask("Find the desk lamp.", task="grounding", session_id=session).objects
    assert new.id != lamp.id
    robot.mapper.map_id += 1
    robot.mapper.revision += 1
    ask("Is it off?", task="qa", session_id=session)
    assert robot.model.asked[-1][1] == []


def test_a_session_forgets_its_oldest_turns(robot: Robot) -> None:
    robot.set(max_turns=2)
    for number in range(4):
        robot.client.ask(f"Question {number}?", task="qa", session_id="long")
    assert [t.question for t in robot.model.asked[-1][1]] == ["Question 1?", "Question 2?"]
    robot.set(max_turns=20)


def test_points_and_boxes_reach_the_model(robot: Robot) -> None:
    robot.client.ask("What is this?", target=(1.0, 1.5, 0.9))
    assert robot.model.asked[-1][2].size.tolist() == [0, 0, 0]
    robot.client.ask("What is this?", target=DESK)
    assert np.allclose(robot.model.asked[-1][2].size, DESK.size)


# What cannot be answered is refused with a code and a sentence, and the node lives on.


def _goal(**fields: object) -> Ask.Goal:
    return Ask.Goal(**({"question": "What is this?"} | fields))


_BAD = [
    (_goal(question=""), ErrorCode.EMPTY_QUESTION),
    (_goal(question=" \n\t"), ErrorCode.EMPTY_QUESTION),
    (_goal(question="x" * 4001), ErrorCode.QUESTION_TOO_LONG),
    (_goal(question="x" * 1_000_000), ErrorCode.QUESTION_TOO_LONG),
    (_goal(task="sing"), ErrorCode.UNKNOWN_TASK),
    (_goal(task="y" * 100_000), ErrorCode.UNKNOWN_TASK),
    (_goal(session_id="s" * 10_000), ErrorCode.INVALID_REQUEST),
    (_goal(timeout_seconds=-1.0), ErrorCode.INVALID_REQUEST),
    (_goal(timeout_seconds=float("nan")), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=9), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=1, target_id="o77"), ErrorCode.UNKNOWN_OBJECT),
    (_goal(target_kind=1, target_id="o1", session_id="never"), ErrorCode.UNKNOWN_OBJECT),
    (_goal(target_kind=2, target_point=Point(x=float("nan"))), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=2, target_point=Point(x=float("inf"))), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=2, target_point=Point(x=500.0)), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=3), ErrorCode.INVALID_REQUEST),
    (_goal(target_kind=3, target_size=Vector3(x=1.0, y=-1.0, z=1.0)), ErrorCode.INVALID_REQUEST),
]


@pytest.mark.parametrize(("goal", "code"), _BAD, ids=range(len(_BAD)))
def test_bad_requests(robot: Robot, goal: Ask.Goal, code: int) -> None:
    error = refused(lambda: robot.client._run(robot.client._ask, goal, 10.0, None), code)
    assert len(str(error)) < 500
    assert robot.client.ask("How many chairs?", task="qa").answer


def test_bad_goals_of_the_other_actions(robot: Robot) -> None:
    refused(lambda: robot.client.plan(""), ErrorCode.EMPTY_QUESTION)
    refused(lambda: robot.client.plan("x" * 1_000_000), ErrorCode.QUESTION_TOO_LONG)
    refused(lambda: robot.client.describe("x" * 1_000_000), ErrorCode.QUESTION_TOO_LONG)
    refused(lambda: robot.client.select_views(""), ErrorCode.EMPTY_QUESTION)


def test_an_empty_map(robot: Robot) -> None:
    robot.mapper.scene = Scene(np.zeros((0, 3), np.float32), np.zeros((0, 3), np.uint8))
    for call in (robot.client.ask, robot.client.plan, robot.client.describe):
        refused(lambda call=call: call("What is here?"), ErrorCode.EMPTY_SCENE)
    refused(lambda: robot.client.select_views("What is here?"), ErrorCode.EMPTY_SCENE)


def test_a_mapper_that_is_not_active(robot: Robot) -> None:
    robot.mapper.error = (ErrorCode.INACTIVE, "scene_mapper is not active")
    error = refused(lambda: robot.client.ask("Where?"), ErrorCode.SCENE_UNAVAILABLE)
    assert "not active" in str(error)


def test_garbage_from_the_model_is_said_to_be_garbage(robot: Robot) -> None:
    robot.model.say = "</obj><obj>300, 1</think> \x1b[31m"
    error = refused(
        lambda: robot.client.ask("Find it.", task="grounding"), ErrorCode.UNREADABLE_OUTPUT
    )
    assert "random" in str(error) and error.result.answer.raw.startswith("</obj>")
    error = refused(lambda: robot.client.plan("Do it."), ErrorCode.NO_PLAN)
    assert not error.result.steps


def test_defects_and_memory(robot: Robot) -> None:
    robot.model.fail = ZeroDivisionError("division by zero")
    error = refused(lambda: robot.client.ask("Why?"), ErrorCode.INTERNAL)
    assert "ZeroDivisionError" in str(error)
    robot.model.fail = MemoryError("4 GB")
    refused(lambda: robot.client.ask("Why?"), ErrorCode.OUT_OF_MEMORY)
    robot.model.fail = None
    assert robot.client.ask("Why?").answer


# Cancel, deadline, busy, inactive: every goal reaches a terminal state.


def _in_thread(call) -> tuple[threading.Thread, list]:
    outcome: list = []

    def run() -> None:
        try:
            outcome.append(call())
        except RequestFailedError as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome


@pytest.mark.parametrize("encode_seconds", [0.0, 1.0])
def test_cancel_returns_at_once(robot: Robot, encode_seconds: float) -> None:
    robot.model.token_seconds, robot.model.encode_seconds = 0.02, encode_seconds
    thread, outcome = _in_thread(lambda: robot.client.ask("Why?", task="reasoning"))
    assert robot.model.encoding.wait(10.0)
    time.sleep(0.15)
    start = time.perf_counter()
    robot.client.cancel()
    thread.join(10.0)
    elapsed = time.perf_counter() - start
    assert outcome[0].code == ErrorCode.CANCELED
    assert elapsed < 0.5, f"{elapsed:.3f} s (noisy machine: benchmarks/ holds the figure)"
    # while tokens flow the caller gets what there was
    assert bool(outcome[0].result.answer.raw) == (encode_seconds == 0)
    robot.model.token_seconds = 0.0
    assert robot.client.ask("How many?", task="qa").answer == "There are four."


def test_cancel_while_queued(robot: Robot) -> None:
    with R1Client() as other:
        other.ask("How many?", task="qa")  # both know each other before it counts
        robot.model.asked.clear()
        robot.model.token_seconds = 0.1
        first, first_outcome = _in_thread(lambda: robot.client.ask("Why?", task="reasoning"))
        eventually(lambda: robot.model.asked)
        stages: list[str] = []
        second, outcome = _in_thread(
            lambda: other.ask("Why not?", on_feedback=lambda f: stages.append(f.stage))
        )
        eventually(lambda: stages)
        other.cancel()
        second.join(5.0)
    assert outcome[0].code == ErrorCode.CANCELED and stages == ["queued"]
    assert first.is_alive()
    robot.client.cancel()
    first.join(5.0)
    robot.model.token_seconds = 0.0
    assert robot.client.ask("How many?", task="qa").answer
    assert [question for question, _, _ in robot.model.asked] == ["Why?", "How many?"]


def test_a_burst_of_goals_and_cancels_all_end(robot: Robot) -> None:
    robot.model.token_seconds = 0.01
    action = robot.client._ask
    assert action.wait_for_server(10.0)
    results = []
    for number in range(30):
        sending = action.send_goal_async(Ask.Goal(question=f"Why {number}?"))
        handle = eventually(lambda sending=sending: sending.done() and sending.result())
        results.append(handle.get_result_async())
        handle.cancel_goal_async()  # before, while or after it gets its job
    eventually(lambda: all(future.done() for future in results), "every goal has a result")
    codes = {(future.result().status, future.result().result.error_code) for future in results}
    assert codes <= {
        (GoalStatus.STATUS_CANCELED, ErrorCode.CANCELED),
        (GoalStatus.STATUS_ABORTED, ErrorCode.BUSY),
    }
    assert (GoalStatus.STATUS_CANCELED, ErrorCode.CANCELED) in codes
    robot.model.token_seconds = 0.0
    assert robot.client.ask("How many?", task="qa").answer


def test_busy_is_refused_or_queued_by_parameter(robot: Robot) -> None:
    robot.model.token_seconds = 0.02
    robot.set(queue_size=0)
    thread, outcome = _in_thread(lambda: robot.client.ask("Why?", task="reasoning"))
    assert robot.model.encoding.wait(10.0)
    for _ in range(3):
        refused(lambda: robot.client.ask("And now?"), ErrorCode.BUSY)
    refused(lambda: robot.client.select_views("And now?"), ErrorCode.BUSY)
    robot.set(queue_size=1)
    waiting, later = _in_thread(lambda: robot.client.ask("How many?", task="qa"))
    eventually(lambda: robot.node._answering.worker.requests == 2)
    refused(lambda: robot.client.ask("And now?"), ErrorCode.BUSY)
    thread.join(10.0)
    waiting.join(10.0)
    assert outcome[0].answer and later[0].answer == "There are four."


def test_a_cancelled_request_leaves_no_room_taken(robot: Robot) -> None:
    robot.set(queue_size=0)
    robot.model.encode_seconds = 0.7
    thread, outcome = _in_thread(lambda: robot.client.ask("Why?"))
    assert robot.model.encoding.wait(10.0)
    robot.client.cancel()
    thread.join(5.0)
    # the model still computes, but nobody waits for it
    assert robot.client.ask("How many?", task="qa").answer == "There are four."


def test_the_deadline_ends_a_request_with_what_there_is(robot: Robot) -> None:
    robot.model.token_seconds = 0.02
    error = refused(
        lambda: robot.client.ask("Why?", task="reasoning", timeout=0.4), ErrorCode.TIMEOUT
    )
    assert "0.4 s" in str(error) and error.result.answer.raw.startswith("<think>")


def test_an_exception_in_a_feedback_callback_cancels_the_goal(robot: Robot) -> None:
    robot.model.token_seconds = 0.02

    def fail(_: object) -> None:
        raise KeyError("in the caller's code")

    with pytest.raises(KeyError):
        robot.client.ask("Why?", on_feedback=fail)
    eventually(lambda: robot.node._answering.worker.requests == 0, seconds=1.0)


def test_deactivate_ends_what_runs(robot: Robot) -> None:
    robot.model.token_seconds = 0.02
    thread, outcome = _in_thread(lambda: robot.client.ask("Why?", task="reasoning"))
    assert robot.model.encoding.wait(10.0)
    assert robot.node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
    thread.join(5.0)
    assert outcome[0].code == ErrorCode.INACTIVE and "deactivated" in str(outcome[0])
    refused(lambda: robot.client.ask("Why?"), ErrorCode.INACTIVE)
    refused(lambda: robot.client.select_views("Why?"), ErrorCode.INACTIVE)
    robot.node.trigger_activate()
    robot.model.token_seconds = 0.0
    assert robot.client.ask("How many?", task="qa").answer


def test_cleanup_drops_the_model_and_the_servers(robot: Robot) -> None:
    robot.node.trigger_deactivate()
    assert robot.node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
    assert robot.node._state == State.PRIMARY_STATE_UNCONFIGURED
    with R1Client(discovery_timeout=0.5) as client, pytest.raises(ServerMissingError):
        client.ask("Why?")
    assert robot.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
    assert robot.node.trigger_activate() == TransitionCallbackReturn.SUCCESS
    with R1Client() as client:
        assert client.ask("How many?", task="qa").answer


# Nodes of their own.


def test_no_mapper() -> None:
    with background() as spinning:
        node = SceneReasoner(
            lambda _: ScriptedReasoner(), namespace="alone", context=spinning.context
        )
        spinning.start(node)
        eventually(lambda: node.is_active)
        with R1Client("alone") as client:
            error = refused(lambda: client.ask("Why?"), ErrorCode.SCENE_UNAVAILABLE)
            assert "/alone/scene_mapper/get_scene" in str(error)


def test_a_model_that_does_not_load_fails_configure_with_one_line(capfd) -> None:
    def load(_: object) -> ScriptedReasoner:
        raise ModelLoadError("no model 'r2'; presets: r1-tiny")

    with background() as spinning:
        node = SceneReasoner(load, namespace="alone", context=spinning.context)
        node._autostart_timer.cancel()
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE
        assert "configure failed: no model 'r2'; presets: r1-tiny" in capfd.readouterr().err
        assert node.trigger_configure() == TransitionCallbackReturn.FAILURE  # and again
        node.destroy_node()


def test_two_robots_do_not_hear_each_other() -> None:
    with background() as spinning:
        one = start_robot(spinning, "robot1")
        two = start_robot(spinning, "robot2")
        heard: list[SceneAnswer] = []
        two.client._node.create_subscription(
            SceneAnswer, "scene_reasoner/answers", heard.append, 10
        )
        eventually(lambda: two.client._node.count_publishers("scene_reasoner/answers"))
        one.client.ask("Is there a lamp?", task="qa", session_id="s")
        two.client.ask("How many chairs?", task="qa", session_id="s")
        assert [q for q, _, _ in one.model.asked] == ["Is there a lamp?"]
        assert [(q, h) for q, h, _ in two.model.asked] == [("How many chairs?", [])]
        eventually(lambda: heard)
        assert [answer.question for answer in heard] == ["How many chairs?"]
        assert len(one.mapper.requests) == len(two.mapper.requests) == 1
        with (
            R1Client("lost", discovery_timeout=3.0) as lost,
            pytest.raises(ServerMissingError, match="namespace /lost. There is .*/ask"),
        ):
            lost.ask("Anybody?")
        for robot in (one, two):
            robot.client.close()


def test_a_client_gives_up_on_a_silent_node() -> None:
    release = threading.Event()
    with background() as spinning:
        silent = Node("scene_mapper", namespace="alone", context=spinning.context)
        silent.create_service(GetScene, "~/get_scene", lambda _, r: release.wait(10.0) and r)
        spinning.start(silent)
        with R1Client("alone") as client, pytest.raises(NoResponseError, match="0.3 s"):
            client.get_scene(timeout=0.3)
        release.set()


def test_a_point_needs_three_coordinates(robot: Robot) -> None:
    with pytest.raises(ValueError, match="three"):
        robot.client.ask("What is this?", target=(1.0, 2.0))
