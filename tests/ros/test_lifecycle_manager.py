"""The nodes under a manager that does as Nav2's: services with a deadline, states, a bond.

`Manager` stands in for nav2_lifecycle_manager, which is not on PyPI: it asks `change_state` of one
node after the other, gives up where no response comes within its `service_timeout`, and looks at
`get_state`. Where ROS's bond messages are importable it also waits for each node's heartbeats.
"""

from __future__ import annotations

import importlib.util
import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from lifecycle_msgs.msg import Transition
from lifecycle_msgs.srv import ChangeState, GetState
from r1_ros.msg import ErrorCode
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import QoSProfile

from r1_ros.client import R1Client
from r1_ros.nodes.scene_reasoner import SceneReasoner
from tests.ros.background import Background, background, eventually
from tests.ros.reasoner_rig import refused
from tests.ros.scripted import ScriptedReasoner, StubMapper, room

pytestmark = pytest.mark.ros
LONG_S = 60.0
CONFIGURE, ACTIVATE = Transition.TRANSITION_CONFIGURE, Transition.TRANSITION_ACTIVATE
DEACTIVATE, CLEANUP = Transition.TRANSITION_DEACTIVATE, Transition.TRANSITION_CLEANUP
SHUTDOWN = Transition.TRANSITION_INACTIVE_SHUTDOWN


class Manager:
    """Drives lifecycle nodes by their services alone."""

    def __init__(self, node: Node) -> None:
        self.node = node

    def _call(self, kind: type, name: str, request: object, timeout: float) -> object | None:
        client = self.node.create_client(kind, name)
        try:
            eventually(client.service_is_ready, f"{name} is offered")
            future = client.call_async(request)
            done = threading.Event()
            future.add_done_callback(lambda _: done.set())
            return future.result() if done.wait(timeout) else None
        finally:
            self.node.destroy_client(client)

    def change(self, name: str, transition: int, timeout: float = LONG_S) -> bool | None:
        """Whether a transition succeeded; None: no response within the timeout."""
        request = ChangeState.Request(transition=Transition(id=transition))
        response = self._call(ChangeState, f"{name}/change_state", request, timeout)
        return None if response is None else response.success

    def state(self, name: str, timeout: float = LONG_S) -> str:
        response = self._call(GetState, f"{name}/get_state", GetState.Request(), timeout)
        return "" if response is None else response.current_state.label


class Loading:
    """A model whose loading takes as long as the test wants."""

    def __init__(self) -> None:
        self.began, self.go_on = threading.Event(), threading.Event()

    def __call__(self, _: object) -> ScriptedReasoner:
        self.began.set()
        assert self.go_on.wait(LONG_S)
        return ScriptedReasoner()


@pytest.fixture
def managed() -> Iterator[SimpleNamespace]:
    with background() as spinning:
        yield _start(spinning)


def _start(spinning: Background) -> SimpleNamespace:
    load = Loading()
    node = SceneReasoner(
        load, context=spinning.context, parameter_overrides=[Parameter("autostart", value=False)]
    )
    mapper = StubMapper(room(), context=spinning.context)
    manager = Manager(Node("lifecycle_manager_navigation", context=spinning.context))
    spinning.start(node, mapper, manager.node)
    return SimpleNamespace(node=node, load=load, manager=manager)


def test_bring_up_questions_and_shut_down_in_the_manager_s_order(managed: SimpleNamespace) -> None:
    managed.load.go_on.set()
    manager, name = managed.manager, "scene_reasoner"
    assert manager.state(name) == "unconfigured"
    assert manager.change(name, CONFIGURE) and manager.state(name) == "inactive"
    with R1Client() as client:
        refused(lambda: client.ask("How many chairs?"), ErrorCode.INACTIVE)
        assert manager.change(name, ACTIVATE) and manager.state(name) == "active"
        assert client.ask("How many chairs?").answer
        # "pause" and "resume" of the manager
        assert manager.change(name, DEACTIVATE) and manager.state(name) == "inactive"
        refused(lambda: client.ask("How many chairs?"), ErrorCode.INACTIVE)
        assert manager.change(name, ACTIVATE) and client.ask("How many chairs?").answer
    # "reset", and down
    assert manager.change(name, DEACTIVATE) and manager.change(name, CLEANUP)
    assert manager.state(name) == "unconfigured"
    assert manager.change(name, CONFIGURE) and manager.change(name, SHUTDOWN)
    assert manager.state(name) == "finalized"


def test_a_manager_that_waits_too_short_finds_the_node_configured_later(
    managed: SimpleNamespace,
) -> None:
    """Its `service_timeout` is shorter than a model loads: nothing is lost, it goes on later."""
    manager, name = managed.manager, "scene_reasoner"
    assert manager.change(name, CONFIGURE, timeout=0.5) is None
    assert managed.load.began.is_set()
    managed.load.go_on.set()
    eventually(lambda: manager.state(name) == "inactive", "the model is loaded")
    assert manager.change(name, CONFIGURE) is False  # it is already
    assert manager.change(name, ACTIVATE) and manager.state(name) == "active"


@pytest.mark.skipif(importlib.util.find_spec("bond") is None, reason="bond is not on PyPI")
def test_the_manager_hears_the_node_s_heartbeats(managed: SimpleNamespace) -> None:
    from bond.msg import Status

    managed.load.go_on.set()
    manager, name, heard = managed.manager, "scene_reasoner", []
    manager.node.create_subscription(Status, "bond", heard.append, QoSProfile(depth=100))
    assert manager.change(name, CONFIGURE) and not heard
    assert manager.change(name, ACTIVATE)
    eventually(lambda: len(heard) > 5, "heartbeats")
    assert {(status.id, status.active) for status in heard} == {(name, True)}
    assert manager.change(name, DEACTIVATE)
    eventually(lambda: not heard[-1].active, "the bond is ended")
