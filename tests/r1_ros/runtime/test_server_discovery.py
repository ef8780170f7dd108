"""Waiting for a server: what is found late is waited for, what is not there is told."""

from __future__ import annotations

import threading
import time

import pytest

pytest.importorskip("rclpy")

from lifecycle_msgs.msg import State
from lifecycle_msgs.srv import GetState
from rclpy.node import Node
from std_srvs.srv import Trigger

from r1_ros.runtime.server_discovery import ServerDiscovery, ServerMissingError
from tests.ros.background import background, eventually

pytestmark = pytest.mark.ros


class Slow(Node):
    """A node that is in a state, and offers `late` when it is told to."""

    def __init__(self, state: str, context) -> None:
        super().__init__("slow", context=context)
        self.state = state
        self.create_service(GetState, "~/get_state", self._on_state)

    def _on_state(self, _: GetState.Request, response: GetState.Response) -> GetState.Response:
        response.current_state = State(label=self.state)
        return response

    def offer(self) -> None:
        self.create_service(Trigger, "late", lambda _, response: response)


def find(state: str, timeout: float, patience: float, offered_after: float | None = None) -> float:
    """Seconds until the server was found."""
    with background() as running:
        slow = Slow(state, running.context)
        asking = Node("asking", context=running.context)
        client = asking.create_client(Trigger, "late")
        discovery = ServerDiscovery(asking, {"late": "slow"}, timeout)
        running.start(slow, asking)
        eventually(lambda: discovery._state("/late")[1] == state, "the node is known")
        began = time.monotonic()
        later = threading.Timer(offered_after or 0.0, slow.offer)
        if offered_after is not None:
            later.start()
        try:
            discovery.wait("/late", client.service_is_ready, patience, lambda: None)
        finally:
            later.cancel()
        return time.monotonic() - began


@pytest.mark.parametrize("state", ["active", "activating"])
def test_what_a_node_that_is_there_offers_may_be_found_later(state: str) -> None:
    assert find(state, timeout=3.0, patience=60.0, offered_after=3.5) >= 3.5


@pytest.mark.parametrize(
    ("state", "told"),
    [("active", "slow is active"), ("inactive", "slow is inactive; its log says why")],
)
def test_what_is_not_offered_is_told_before_the_patience_ends(state: str, told: str) -> None:
    with pytest.raises(ServerMissingError, match=told):
        find(state, timeout=0.5, patience=600.0)
