"""Find the node behind a service or an action, wait while it starts, or say what is wrong."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from lifecycle_msgs.srv import GetState
from rclpy.action import get_action_names_and_types
from rclpy.node import Node

_POLL_S = 0.05
_STATE_S = 1.0  # a node that loads a model answers late
_LONGEST_START_S = 600.0
_STARTING, _ACTIVE = ("configuring", "activating"), "active"
# times the timeout: on a busy machine a node's state is known seconds before all that it offers
_MATCHING = 3.0


class ServerMissingError(ConnectionError):
    """No node offers the service or action; the message says what to start or what failed."""


class ServerDiscovery:
    """Waits for servers; `node` must spin in another thread.

    Args:
        node: that the clients belong to.
        servers: service or action -> the lifecycle node that offers it.
        timeout: how long to look for a node [s].
    """

    def __init__(self, node: Node, servers: Mapping[str, str], timeout: float) -> None:
        self._node, self._timeout = node, timeout
        states = {
            name: node.create_client(GetState, f"{name}/get_state")
            for name in dict.fromkeys(servers.values())
        }
        self._servers = {
            node.resolve_topic_name(server): (name, states[name])
            for server, name in servers.items()
        }

    def wait(
        self,
        name: str,
        is_ready: Callable[[], bool],
        patience: float,
        raise_if_closed: Callable[[], object],
    ) -> None:
        """Wait until a server is there.

        Args:
            name: of the service or action, resolved.
            is_ready: of its client.
            patience: how long a node that is there may take to start [s]; at most ten minutes.
            raise_if_closed: called while it waits.

        Raises:
            ServerMissingError: there is no such node, its start failed or takes too long.
        """
        began, told = time.monotonic(), False
        patience = min(patience, _LONGEST_START_S)
        bounds = dict.fromkeys(_STARTING, patience)
        bounds[_ACTIVE] = min(patience, _MATCHING * self._timeout)
        while not is_ready():
            raise_if_closed()
            if time.monotonic() - began > self._timeout:
                node, state = self._state(name)
                if time.monotonic() - began > bounds.get(state, 0.0):
                    raise ServerMissingError(self._missing(name, node, state))
                if not told and state != _ACTIVE:
                    self._node.get_logger().info(f"{node} is still starting; waiting for it")
                    told = True
            time.sleep(_POLL_S)

    def _state(self, server: str) -> tuple[str, str]:
        """(lifecycle node, its state; empty where it is not there)."""
        name, client = self._servers[server]
        if not client.service_is_ready():
            return name, ""
        answered = threading.Event()
        future = client.call_async(GetState.Request())
        future.add_done_callback(lambda _: answered.set())
        if not answered.wait(_STATE_S):
            client.remove_pending_request(future)
            return name, _STARTING[0]
        return name, future.result().current_state.label

    def _missing(self, server: str, node: str, state: str) -> str:
        sentence = f"nobody offers {server}: "
        if state in _STARTING:
            return f"{sentence}{node} is still starting ({state})"
        if state:
            why = "its log says why, or a manager has yet to configure it"
            return f"{sentence}{node} is {state}; {why}"
        services = self._node.get_service_names_and_types()
        listed = services + get_action_names_and_types(self._node)
        namespace = self._node.get_namespace()
        tail = server.removeprefix(namespace.rstrip("/"))
        others = sorted(o for o, _ in listed if o.endswith(tail) and o != server)
        sentence += "are the nodes running (`r1 up`)"
        if others:
            return f"{sentence} in namespace {namespace}? There is {', '.join(others)}"
        return f"{sentence}, in the same ROS_DOMAIN_ID?"
