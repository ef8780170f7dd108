"""Lifecycle states of the nodes, as seen from outside."""

from __future__ import annotations

import time
from collections.abc import Sequence

import rclpy
from lifecycle_msgs.srv import GetState
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions

_ANSWER_S = 0.5


class NodeStates:
    """Asks lifecycle nodes for their state; use as a context manager.

    Args:
        names: of the nodes.
        namespace: that they are in.
    """

    def __init__(self, names: Sequence[str], namespace: str = "") -> None:
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(
            "r1_node_states",
            context=self._context,
            namespace=namespace,
            start_parameter_services=False,
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._clients: dict[str, Client] = {
            name: self._node.create_client(GetState, f"{name}/get_state") for name in names
        }

    def __enter__(self) -> NodeStates:
        return self

    def __exit__(self, *_: object) -> None:
        self._executor.shutdown()
        self._node.destroy_node()
        self._context.try_shutdown()

    def read(self) -> dict[str, str]:
        """State label by node: `unconfigured`, `inactive`, `active`, ...; `absent`, `silent`."""
        futures = {
            name: client.call_async(GetState.Request()) if client.service_is_ready() else None
            for name, client in self._clients.items()
        }
        deadline = time.monotonic() + _ANSWER_S
        waiting = [future for future in futures.values() if future is not None]
        while not all(f.done() for f in waiting) and time.monotonic() < deadline:
            self._executor.spin_once(timeout_sec=0.05)
        states = {}
        for name, future in futures.items():
            if future is None:
                states[name] = "absent"
            elif future.done():
                states[name] = future.result().current_state.label
            else:
                self._clients[name].remove_pending_request(future)
                states[name] = "silent"
        return states
