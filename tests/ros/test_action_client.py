"""No response is lost, however fast it comes."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import pytest
from r1_ros.action import ExecutePlan
from rclpy.action import ActionServer, CancelResponse, GoalResponse
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node

from r1_ros.runtime import action_client
from r1_ros.runtime.action_client import ThreadSafeActionClient, stop_goal
from r1_ros.runtime.executor import destroy_waitable
from tests.ros.background import background, eventually

pytestmark = pytest.mark.ros


class _SlowHandle:
    """rclpy's handle, but the sending thread sleeps right after each request has left."""

    def __init__(self, handle) -> None:
        self._handle = handle

    def __getattr__(self, name: str):
        value = getattr(self._handle, name)
        if not name.startswith("send_"):
            return value

        def send(request):
            number = value(request)
            time.sleep(0.3)
            return number

        return send


def test_a_response_that_is_faster_than_its_sender_arrives() -> None:
    def execute(handle):
        handle.succeed()
        return ExecutePlan.Result(steps_done=3)

    with background() as spinning:
        node = Node("fast", context=spinning.context)
        server = ActionServer(node, ExecutePlan, "fast", execute)
        client = ThreadSafeActionClient(node, ExecutePlan, "fast")
        spinning.start(node)
        assert client.wait_for_server(10.0)
        client._client_handle = _SlowHandle(client._client_handle)
        sending = client.send_goal_async(ExecutePlan.Goal())
        handle = eventually(lambda: sending.done() and sending.result(), seconds=5.0)
        getting = handle.get_result_async()
        eventually(getting.done, seconds=5.0)
        assert getting.result().result.steps_done == 3
        cancelling = handle.cancel_goal_async()
        eventually(cancelling.done, seconds=5.0)
        client._client_handle = client._client_handle._handle
        client.destroy()
        server.destroy()


@pytest.mark.parametrize("is_late", [False, True])
def test_a_goal_whose_response_is_lost_is_followed_to_its_end(
    is_late: bool, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """As DDS loses it where the server has not found the client's reader; or it comes late."""
    held, feedback = [], []

    def execute(handle):
        handle.publish_feedback(ExecutePlan.Feedback(status="on its way"))
        handle.succeed()
        return ExecutePlan.Result(steps_done=3)

    with background() as spinning:
        node = Node("deaf", context=spinning.context)
        server = ActionServer(node, ExecutePlan, "deaf", execute)
        client = ThreadSafeActionClient(node, ExecutePlan, "deaf")
        take = client.take_data

        def deaf():
            data = take()
            if "goal" in data and not held:
                held.append(data.pop("goal"))
            elif is_late and "result" in data:
                data["goal"] = held[0]
            return data

        monkeypatch.setattr(client, "take_data", deaf)
        spinning.start(node)
        assert client.wait_for_server(10.0)
        sending = client.send_goal_async(ExecutePlan.Goal(), feedback_callback=feedback.append)
        handle = eventually(lambda: sending.done() and sending.result(), seconds=10.0)
        assert held and handle.accepted
        getting = handle.get_result_async()
        eventually(getting.done, seconds=10.0)
        assert getting.result().result.steps_done == 3
        eventually(lambda: feedback)
        assert len(client._accepted_by_status) == (0 if is_late else 1)
        assert "unexpected" not in capfd.readouterr().err
        client.destroy()
        server.destroy()


def test_a_goal_that_no_status_lists_waits_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other goals of the same server say nothing about one whose response is awaited."""
    with background() as spinning:
        node = Node("picky", context=spinning.context)
        server = ActionServer(
            *(node, ExecutePlan, "picky", lambda handle: ExecutePlan.Result()),
            goal_callback=lambda g: GoalResponse.REJECT if g.frame_id else GoalResponse.ACCEPT,
        )
        client = ThreadSafeActionClient(node, ExecutePlan, "picky")
        seen, take = [], client.take_data

        def deaf():
            data = take()
            seen.extend(data)
            return {kind: value for kind, value in data.items() if kind != "goal"}

        monkeypatch.setattr(client, "take_data", deaf)
        spinning.start(node)
        assert client.wait_for_server(10.0)
        refused = client.send_goal_async(ExecutePlan.Goal(frame_id="map"))
        taken = client.send_goal_async(ExecutePlan.Goal())
        eventually(taken.done, seconds=10.0)
        assert taken.result().accepted
        eventually(lambda: seen.count("goal") == 2)
        assert not refused.done()
        client.destroy()
        server.destroy()


@pytest.mark.parametrize("successor", [False, True])
def test_a_goal_is_given_up_with_its_server(successor: bool) -> None:
    """A skill that ignores its cancel request, in a process that is killed."""
    goals, release = [], threading.Event()

    def execute(handle):
        goals.append(handle)
        release.wait(30)
        handle.succeed()
        return ExecutePlan.Result()

    def server(node: Node) -> ActionServer:
        return ActionServer(
            *(node, ExecutePlan, "lost", execute),
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            callback_group=ReentrantCallbackGroup(),
        )

    with background() as spinning:
        first, second, mine = (
            Node(name, context=spinning.context) for name in ("first", "second", "mine")
        )
        lost = server(first)
        client = ThreadSafeActionClient(mine, ExecutePlan, "lost")
        spinning.start(first, second, mine)
        assert client.wait_for_server(10.0)
        sending = client.send_goal_async(ExecutePlan.Goal())
        handle = eventually(lambda: sending.done() and sending.result(), seconds=5.0)
        getting = handle.get_result_async()
        eventually(lambda: goals)
        stopping = threading.Thread(target=stop_goal, args=(client, handle, getting), daemon=True)
        stopping.start()
        eventually(lambda: goals[0].is_cancel_requested)
        assert stopping.is_alive()  # it waits as long as the skill runs
        if successor:
            heir = server(second)
        destroy_waitable(first, lost.destroy)  # as after a kill: no result, no answer
        eventually(lambda: not stopping.is_alive())
        assert not getting.done()
        release.set()
        if successor:
            heir.destroy()
        client.destroy()


def test_a_client_with_nothing_under_way_reads_no_status_of_others() -> None:
    """Status and feedback of each goal go to every client; one that waits for nothing sleeps."""

    def execute(handle):
        for _ in range(5):
            handle.publish_feedback(ExecutePlan.Feedback(status="on its way"))
        handle.succeed()
        return ExecutePlan.Result(steps_done=3)

    taken: dict[str, int] = {"idle": 0, "busy": 0}

    def counted(name: str, client: ThreadSafeActionClient) -> None:
        take = client.take_data

        def take_data():
            taken[name] += 1
            return take()

        client.take_data = take_data

    with background() as spinning:
        node, other = (Node(name, context=spinning.context) for name in ("busy", "idle"))
        server = ActionServer(node, ExecutePlan, "shared", execute)
        busy = ThreadSafeActionClient(node, ExecutePlan, "shared")
        idle = ThreadSafeActionClient(other, ExecutePlan, "shared")
        counted("busy", busy)
        counted("idle", idle)
        spinning.start(node, other)
        assert busy.wait_for_server(10.0) and idle.wait_for_server(10.0)
        for _ in range(3):
            assert run(busy) == 3
        assert taken["busy"] > 0 and taken["idle"] == 0
        assert not busy._goal_handles and not busy._is_under_way()
        # and it wakes for a goal of its own, sent while the executor sleeps
        for _ in range(3):
            assert run(idle) == 3
        assert taken["idle"] > 0
        for entity in (busy, idle, server):
            entity.destroy()


@pytest.mark.parametrize("nap", [0.0, 0.1, 1.0])
def test_results_come_beside_a_status_that_is_read_now_and_then(
    nap: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(action_client, "_MANY", 1)
    for name in ("_NAP_S", "_LONGEST_NAP_S"):
        monkeypatch.setattr(action_client, name, nap)

    def execute(handle):
        handle.succeed()
        return ExecutePlan.Result(steps_done=3)

    with background() as spinning:
        node = Node("many", context=spinning.context)
        server = ActionServer(node, ExecutePlan, "many", execute)
        client = ThreadSafeActionClient(node, ExecutePlan, "many")
        naps, reset = [], client._nap_timer.reset
        monkeypatch.setattr(client._nap_timer, "reset", lambda: naps.append(reset()))
        spinning.start(node)
        assert client.wait_for_server(10.0)
        for _ in range(5):
            assert run(client) == 3
        assert bool(naps) == bool(nap)
        client.destroy()
        server.destroy()


@pytest.mark.parametrize(
    ("due_in", "others", "then"),
    [
        (60.0, (), (False, False)),  # nothing but a status that is not due: it naps
        (60.0, (4,), (True, False)),  # a response, perhaps of another client: taken at once
        (60.0, (0,), (True, False)),
        (-1.0, (), (True, True)),
        (-1.0, (4,), (True, True)),
    ],
)
def test_responses_do_not_wait_for_a_status(
    due_in: float, others: tuple[int, ...], then: tuple[bool, bool]
) -> None:
    """Each nap took one of the responses that came to all clients: they piled up."""
    with background() as spinning:
        node = Node("waiting", context=spinning.context)
        client = ThreadSafeActionClient(node, ExecutePlan, "waiting")
        handle = client._client_handle
        ready = [entity == 1 or entity in others for entity in range(5)]  # 1: the status
        client._client_handle = SimpleNamespace(is_ready=lambda _: ready)
        client._listens, client._status_due = True, time.monotonic() + due_in
        assert (client.is_ready(None), client._is_status_ready) == then
        assert (client._naps_until > time.monotonic() + 30.0) == (not then[0])
        client._client_handle = handle
        client.destroy()
        node.destroy_node()


def run(client: ThreadSafeActionClient) -> int:
    """Steps done of a goal, once it has ended and is let go."""
    sending = client.send_goal_async(ExecutePlan.Goal())
    handle = eventually(lambda: sending.done() and sending.result(), seconds=10.0)
    getting = handle.get_result_async()
    eventually(getting.done, seconds=10.0)
    return getting.result().result.steps_done
