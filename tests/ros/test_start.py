"""Requests between `configure`, when services appear, and the end of a start."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from r1_ros.msg import ErrorCode, PlanStep

from r1_model.errors import ModelLoadError
from r1_ros.client import R1Client, RequestFailedError, ServerMissingError
from r1_ros.nodes.plan_executor import PlanExecutor
from r1_ros.nodes.scene_mapper import SceneMapper
from r1_ros.nodes.scene_reasoner import SceneReasoner
from r1_ros.plans.simulated_robot import SimulatedRobot
from r1_ros.runtime.lifecycle import ManagedNode
from tests.ros.background import DEADLINE_S, Background, background, eventually
from tests.ros.reasoner_rig import refused
from tests.ros.scripted import ScriptedReasoner, StubMapper, room

pytestmark = pytest.mark.ros


class _Slow(ManagedNode):
    """Becomes active only after somebody has asked and the test has let it."""

    def __init__(self, *arguments: object, **node_arguments: object) -> None:
        self.asked, self.go_on = threading.Event(), threading.Event()
        self.fail: Exception | None = None
        super().__init__(*arguments, **node_arguments)

    def wait_for_start(self) -> None:
        self.asked.set()
        super().wait_for_start()

    def activate(self) -> None:
        assert self.go_on.wait(DEADLINE_S)
        if self.fail is not None:
            raise self.fail
        super().activate()


class _SlowReasoner(_Slow, SceneReasoner):
    pass


class _SlowMapper(_Slow, SceneMapper):
    pass


class _SlowExecutor(_Slow, PlanExecutor):
    pass


def _reasoner(spinning: Background) -> ManagedNode:
    spinning.start(StubMapper(room(), namespace="early", context=spinning.context))
    return _SlowReasoner(lambda _: ScriptedReasoner(), namespace="early", context=spinning.context)


def _mapper(spinning: Background) -> ManagedNode:
    return _SlowMapper(namespace="early", context=spinning.context)


def _executor(spinning: Background) -> ManagedNode:
    robot = SimulatedRobot(0.0)
    return _SlowExecutor(lambda _: robot, namespace="early", context=spinning.context)


def _ask(client: R1Client) -> object:
    return client.ask("How many chairs are there?", task="qa").answer


def _select_views(client: R1Client) -> object:
    return list(client.select_views("Where is the desk?").view_ids)


def _get_scene(client: R1Client) -> object:
    try:
        return client.get_scene()
    except RequestFailedError as error:
        if error.code != ErrorCode.EMPTY_SCENE:  # a mapper that has seen nothing says so
            raise
        return "empty"


def _execute(client: R1Client) -> object:
    steps = [PlanStep(action="navigate_to", object="lamp", arguments=["lamp"])]
    return client.execute_plan(steps).steps_done


CASES = [
    (_reasoner, _ask, "There are four."),
    (_reasoner, _select_views, [3, 7]),
    (_mapper, _get_scene, "empty"),
    (_executor, _execute, 1),
]
each_request = pytest.mark.parametrize(
    ("make", "request_it", "expected"), CASES, ids=[case[1].__name__[1:] for case in CASES]
)


@pytest.fixture
def spinning() -> Iterator[Background]:
    with background() as running:
        yield running


@pytest.fixture
def client() -> Iterator[R1Client]:
    with R1Client("early", discovery_timeout=DEADLINE_S) as one:
        yield one


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as one:
        yield one


def _ask_early(node: _Slow, spinning: Background, request: Callable[[], Future]) -> Future:
    """A request that is on its way while the node is between its services and its activation."""
    spinning.start(node)
    result = request()
    assert node.asked.wait(DEADLINE_S)
    assert not node.is_active and not result.done()
    return result


@each_request
def test_a_request_during_the_start_is_served(
    spinning: Background, client: R1Client, pool: ThreadPoolExecutor, make, request_it, expected
) -> None:
    node = make(spinning)
    result = _ask_early(node, spinning, lambda: pool.submit(request_it, client))
    node.go_on.set()
    assert result.result(DEADLINE_S) == expected


@each_request
def test_a_start_that_fails_refuses_who_waits_for_it(
    spinning: Background, client: R1Client, pool: ThreadPoolExecutor, make, request_it, expected
) -> None:
    node = make(spinning)
    node.fail = OSError("no such thing")
    result = _ask_early(node, spinning, lambda: pool.submit(request_it, client))
    node.go_on.set()
    refused(lambda: result.result(DEADLINE_S), ErrorCode.INACTIVE)


@each_request
def test_an_end_during_the_start_refuses_who_waits_for_it(
    spinning: Background, client: R1Client, pool: ThreadPoolExecutor, make, request_it, expected
) -> None:
    node = make(spinning)
    result = _ask_early(node, spinning, lambda: pool.submit(request_it, client))
    node.interrupt()  # as a signal does
    node.go_on.set()
    refused(lambda: result.result(DEADLINE_S), ErrorCode.INACTIVE)


def _client_that_sees(state: str) -> R1Client:
    client = R1Client("early", discovery_timeout=0.5)
    eventually(lambda: client._discovery._state("/early/ask")[1] == state, state)
    return client


def test_a_model_that_takes_long_to_load_is_waited_for(spinning: Background, capfd) -> None:
    """`r1 up &`, then at once `r1 ask`: the node is there, its action is not yet."""
    loaded = threading.Event()

    def load(_: object) -> ScriptedReasoner:
        assert loaded.wait(DEADLINE_S)
        return ScriptedReasoner()

    spinning.start(
        StubMapper(room(), namespace="early", context=spinning.context),
        SceneReasoner(load, namespace="early", context=spinning.context),
    )
    with _client_that_sees("configuring") as client, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(_ask, client)
        said: list[str] = []

        def told() -> bool:
            said.append(capfd.readouterr().err)
            return "scene_reasoner is still starting" in "".join(said)

        eventually(told)
        assert not answer.done()
        loaded.set()
        assert answer.result(DEADLINE_S) == "There are four."
        said.append(capfd.readouterr().err)
    assert "".join(said).count("still starting") == 1


def test_a_start_that_outlasts_the_call(spinning: Background) -> None:
    loaded = threading.Event()

    def load(_: object) -> ScriptedReasoner:
        loaded.wait(DEADLINE_S)
        return ScriptedReasoner()

    spinning.start(SceneReasoner(load, namespace="early", context=spinning.context))
    with _client_that_sees("configuring") as client:
        with pytest.raises(ServerMissingError, match=r"is still starting \(configuring\)"):
            client.ask("Why?", timeout=2.0)
        loaded.set()


def test_a_start_that_failed_is_told_from_no_node(spinning: Background) -> None:
    def load(_: object) -> ScriptedReasoner:
        raise ModelLoadError("no such folder")

    spinning.start(SceneReasoner(load, namespace="early", context=spinning.context))
    with _client_that_sees("unconfigured") as client:
        with pytest.raises(ServerMissingError, match="scene_reasoner is unconfigured; its log"):
            client.ask("Why?")
        with pytest.raises(ServerMissingError, match="are the nodes running"):
            client.execute_plan([PlanStep(action="wait")])
