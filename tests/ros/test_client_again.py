"""What a dying server took is sent again: a request for the map, and a goal, which runs once."""

from __future__ import annotations

import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
from r1_ros.action import Ask
from r1_ros.srv import GetScene
from rclpy.action import ActionServer
from rclpy.action.client import ClientGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.node import Node
from rclpy.task import Future

from r1_ros.client import NoResponseError, R1Client, calls
from r1_ros.messages.geometry import header_message
from r1_ros.messages.point_clouds import point_cloud_message
from tests.ros.background import background

pytestmark = pytest.mark.ros


class Mapper(Node):
    """Answers no request but those from the `deaf`-th on, as one that was killed."""

    def __init__(self, deaf: int, released: threading.Event, **arguments: object) -> None:
        super().__init__("scene_mapper", **arguments)
        self.asked, self._deaf, self._released = 0, deaf, released
        group = ReentrantCallbackGroup()
        self.create_service(GetScene, "~/get_scene", self._serve, callback_group=group)

    def _serve(self, _request: object, response: GetScene.Response) -> GetScene.Response:
        self.asked += 1
        if self.asked <= self._deaf:
            self._released.wait()
        nothing = np.zeros((0, 3), np.float32)
        header = header_message(0, "map")
        response.cloud = point_cloud_message(header, nothing, nothing.astype(np.uint8))
        return response


@pytest.mark.parametrize("deaf", [1, 3])
def test_a_map_is_asked_for_again(monkeypatch: pytest.MonkeyPatch, deaf: int) -> None:
    monkeypatch.setattr(calls, "AGAIN_S", 0.3)
    released = threading.Event()
    with background() as spinning, R1Client("again", discovery_timeout=30.0) as client:
        mapper = Mapper(deaf, released, namespace="again", context=spinning.context)
        spinning.start(mapper)
        try:
            assert len(client.get_scene(timeout=60.0).points) == 0
            assert mapper.asked == deaf + 1
        finally:
            released.set()


def test_who_never_answers_is_told_of_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "AGAIN_S", 0.3)
    released = threading.Event()
    with background() as spinning, R1Client("again", discovery_timeout=30.0) as client:
        mapper = Mapper(99, released, namespace="again", context=spinning.context)
        spinning.start(mapper)
        try:
            with pytest.raises(NoResponseError, match="within 1.5 s"):
                client.get_scene(timeout=1.5)
            assert mapper.asked > 1
        finally:
            released.set()


class Reasoner(Node):
    """Answers, and counts what it carries out."""

    def __init__(self, result_timeout: int = 60, **arguments: object) -> None:
        super().__init__("scene_reasoner", **arguments)
        self.asked: list[str] = []
        group = ReentrantCallbackGroup()
        self.server = ActionServer(
            self, Ask, "ask", self._execute, callback_group=group, result_timeout=result_timeout
        )

    def _execute(self, handle: object) -> Ask.Result:
        self.asked.append(handle.request.question)
        handle.succeed()
        result = Ask.Result()
        result.answer.answer = "two"
        return result


@pytest.mark.parametrize("lost", [1, 3])
def test_a_goal_that_did_not_arrive_is_sent_again(
    monkeypatch: pytest.MonkeyPatch, lost: int
) -> None:
    monkeypatch.setattr(calls, "AGAIN_S", 0.3)
    with background() as spinning, R1Client("again", discovery_timeout=30.0) as client:
        reasoner = Reasoner(namespace="again", context=spinning.context)
        spinning.start(reasoner)
        send, sent = client._ask.send_goal_async, []

        def lossy(*arguments: object, **options: object) -> Future:
            sent.append(options["goal_uuid"])
            return Future() if len(sent) <= lost else send(*arguments, **options)

        monkeypatch.setattr(client._ask, "send_goal_async", lossy)
        assert client.ask("How many?", timeout=60.0).answer == "two"
        assert len(sent) == lost + 1 and len({bytes(one.uuid) for one in sent}) == 1
        assert reasoner.asked == ["How many?"] and not client._sending and not client._goals


def test_a_refusal_that_is_read_first_hides_no_acceptance() -> None:
    sent, given_up = [], []
    accepted, refused = SimpleNamespace(accepted=True), SimpleNamespace(accepted=False)
    looks = iter(range(3))

    def wait(waiting: list[Future], _is_due: object) -> Future:
        look = next(looks)
        if look == 0:
            raise calls._LostError
        if look == 1:  # both have come, and the refusal of the second is read first
            sent[0].set_result(accepted)
            sent[1].set_result(refused)
            return sent[1]
        assert len(waiting) == 1 and waiting[0] is sent[0]
        return sent[0]

    node = SimpleNamespace(_lock=threading.Lock(), _sending=[])
    client = SimpleNamespace(give_up=given_up.append)
    taken = calls.NodeCalls._taken(node, client, lambda goal_uuid: Future(), sent, wait)
    assert taken is accepted and len(given_up) == 1 and given_up[0] is sent[1]


def test_a_result_that_was_given_up_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    with background() as spinning, R1Client("again", discovery_timeout=30.0) as client:
        reasoner = Reasoner(namespace="again", context=spinning.context, result_timeout=1)
        spinning.start(reasoner)
        get = client._ask._get_result_async

        def slow(handle: ClientGoalHandle) -> Future:
            deadline = time.monotonic() + 60.0
            while reasoner.server._goal_handles and time.monotonic() < deadline:
                time.sleep(0.05)
            return get(handle)

        monkeypatch.setattr(client._ask, "_get_result_async", slow)
        with pytest.raises(NoResponseError, match="knows the goal no more"):
            client.ask("How many?", timeout=60.0)
        assert reasoner.asked == ["How many?"] and not client._goals


@pytest.mark.parametrize("tells", [True, False])
def test_a_goal_whose_response_is_lost_runs_once(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], tells: bool
) -> None:
    """The server's status tells that it has the goal, at once or only when it was sent again."""
    monkeypatch.setattr(calls, "AGAIN_S", 0.3)
    with background() as spinning, R1Client("again", discovery_timeout=30.0) as client:
        reasoner = Reasoner(namespace="again", context=spinning.context)
        spinning.start(reasoner)
        take, held, refused, late = client._ask.take_data, [], [], []

        def deaf() -> dict:
            data = take()
            if "goal" in data:
                (refused if held else held).append(data["goal"][1].accepted)
                if len(held) + len(refused) == 1:
                    data.pop("goal")
            if not tells and not refused and "status" in data:
                late.append(data.pop("status"))
            elif refused and late:
                data.setdefault("status", late.pop())
            return data

        monkeypatch.setattr(client._ask, "take_data", deaf)
        for number in range(2):
            assert client.ask(f"{number}?", timeout=60.0).answer == "two"
        assert reasoner.asked == ["0?", "1?"] and held == [True]
        assert False in refused or tells
        assert "unexpected" not in capfd.readouterr().err
