"""No response is lost, however fast it comes."""

from __future__ import annotations

import time

import pytest
from r1_ros.action import ExecutePlan
from rclpy.action import ActionServer
from rclpy.node import Node

from r1_ros.action_client import ThreadSafeActionClient
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
