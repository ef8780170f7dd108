"""Requests of scene_reasoner that end early, and nodes that come and go."""

from __future__ import annotations

import threading
import time
from functools import partial

import pytest
from action_msgs.msg import GoalStatus
from lifecycle_msgs.msg import State
from r1_ros.action import Ask
from r1_ros.msg import ErrorCode, SceneAnswer
from r1_ros.srv import GetScene
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.node import Node

from r1_model.errors import ModelLoadError
from r1_ros.client import NoResponseError, R1Client, RequestFailedError, ServerMissingError
from r1_ros.nodes.scene_reasoner import SceneReasoner
from tests.ros.background import background, eventually
from tests.ros.reasoner_rig import Robot, refused, start_robot
from tests.ros.scripted import ScriptedReasoner

pytestmark = pytest.mark.ros


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


def test_who_waits_is_told_before_the_servers_go(robot: Robot) -> None:
    robot.model.token_seconds = 0.02
    for _ in range(5):
        robot.model.encoding.clear()
        with R1Client() as client:
            thread, outcome = _in_thread(partial(client.ask, "Why?", task="reasoning"))
            assert robot.model.encoding.wait(10.0)
            assert robot.node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
            assert robot.node.trigger_cleanup() == TransitionCallbackReturn.SUCCESS
            assert robot.node.trigger_configure() == TransitionCallbackReturn.SUCCESS
            thread.join(20.0)
            assert outcome[0].code == ErrorCode.INACTIVE
        robot.node.trigger_activate()


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
