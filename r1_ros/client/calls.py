"""Calls of services and actions from any thread, without callbacks: what R1Client stands on."""

from __future__ import annotations

import itertools
import math
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import partial
from typing import Any
from uuid import uuid4

import rclpy
from action_msgs.msg import GoalStatus
from rclpy.action.client import ClientGoalHandle
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future
from unique_identifier_msgs.msg import UUID

from r1_ros.client.errors import (
    CallAbandonedError,
    ClientClosedError,
    NoResponseError,
    RequestFailedError,
)
from r1_ros.msg import ErrorCode
from r1_ros.runtime.action_client import ThreadSafeActionClient
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.server_discovery import ServerDiscovery

# The server enforces the deadline; the client waits a little longer for it to say so.
GRACE_S = 5.0
AGAIN_S = 5.0  # a request that changes nothing is sent again after this
_POLL_S = 0.05
_LATE_FEEDBACK_S = 0.05
_LIVENESS_S = 1.0
_WAKE = object()  # in an inbox: look whether to go on
_numbers = itertools.count()


class CallScope:
    """The call that runs in a context (`contextvars`), for another thread to give it up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inbox: queue.SimpleQueue[Any] | None = None
        self.abandoned = False

    def abandon(self) -> None:
        """End the call; its goal is cancelled."""
        with self._lock:
            self.abandoned = True
            if self._inbox is not None:
                self._inbox.put(_WAKE)

    def hold(self, inbox: queue.SimpleQueue[Any]) -> None:
        """The call waits here."""
        with self._lock:
            self._inbox = inbox


call_scope: ContextVar[CallScope | None] = ContextVar("call_scope", default=None)


_ENDED = (GoalStatus.STATUS_SUCCEEDED, GoalStatus.STATUS_CANCELED, GoalStatus.STATUS_ABORTED)


class _LostError(Exception):
    """What should have come by now does not come."""


class NodeCalls:
    """A node of its own in a ROS context of its own, which spins in a thread.

    Args:
        namespace: of the robot.
        servers: service or action -> the lifecycle node that offers it.
        discovery_timeout: how long to look for a node [s].
    """

    def __init__(
        self, namespace: str, servers: Mapping[str, str], discovery_timeout: float
    ) -> None:
        use_large_message_transport()
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(
            f"_r1_client_{os.getpid()}_{next(_numbers)}",
            context=self._context,
            namespace=namespace,
            start_parameter_services=False,
        )
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._actions: Sequence[ThreadSafeActionClient] = ()
        self._discovery = ServerDiscovery(self._node, servers, discovery_timeout)
        self._goals: list[ClientGoalHandle] = []
        self._sending: list[Future] = []  # goals whose server has not said yet that it takes them
        self._inboxes: list[queue.SimpleQueue[Any]] = []  # of the calls that wait
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._spin, name="r1_client", daemon=True)

    def close(self) -> None:
        """Leave the network; calls that wait in other threads end, their goals are cancelled."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for inbox in self._inboxes:
                inbox.put(_WAKE)
        deadline = time.monotonic() + GRACE_S
        while self._inboxes and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        self._executor.shutdown()
        self._thread.join(timeout=GRACE_S)
        for client in self._actions:
            client.destroy()
        self._node.destroy_node()
        self._context.try_shutdown()

    def cancel(self) -> None:
        """Cancel all running goals; the calls that wait for them raise CANCELED."""
        with self._lock:
            running, sending = list(self._goals), list(self._sending)
        for handle in running:
            handle.cancel_goal_async()
        for future in sending:  # the server may be at work before its word is here
            future.add_done_callback(_cancel_if_accepted)

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    @contextmanager
    def _inbox(self) -> Iterator[queue.SimpleQueue[Any]]:
        """Where a call waits: `close` and `CallScope.abandon` put _WAKE there."""
        inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            self._raise_if_ended()
            self._inboxes.append(inbox)
        if (scope := call_scope.get()) is not None:
            scope.hold(inbox)
        try:
            self._raise_if_ended()
            yield inbox
        finally:
            with self._lock:
                self._inboxes.remove(inbox)

    def _raise_if_ended(self) -> None:
        if self._closed:
            raise ClientClosedError("this client was closed")
        scope = call_scope.get()
        if scope is not None and scope.abandoned:
            raise CallAbandonedError("the caller waits no longer")

    def _call(self, client: Client, request: Any, timeout: float) -> Any:
        return _checked(self._respond(client, request, timeout))

    def _read(self, client: Client, request: Any, timeout: float) -> Any:
        """As `_call`, for what changes nothing: asked again where no response comes.

        A server that was killed stays in the graph for seconds, and what is sent before its
        successor was discovered is lost.
        """
        return _checked(self._respond(client, request, timeout, again_after=AGAIN_S))

    def _respond(
        self, client: Client, request: Any, timeout: float, again_after: float = math.inf
    ) -> Any:
        futures: list[Future] = []
        with self._inbox() as inbox:
            name = self._node.resolve_service_name(client.srv_name)
            self._discovery.wait(name, client.service_is_ready, timeout, self._raise_if_ended)
            deadline = time.monotonic() + timeout
            try:
                while (left := deadline - time.monotonic()) > 0:
                    futures.append(client.call_async(request))
                    futures[-1].add_done_callback(inbox.put)
                    with suppress(queue.Empty):
                        inbox.get(timeout=min(left, again_after))
                        self._raise_if_ended()
                        for future in filter(Future.done, futures):
                            return future.result()
            finally:
                for future in futures:
                    if not future.done():
                        client.remove_pending_request(future)
            raise NoResponseError(f"{name} did not answer within {timeout:g} s")

    def _run(
        self,
        client: ThreadSafeActionClient,
        goal: Any,
        timeout: float,
        on_feedback: Callable | None,
    ) -> Any:
        with self._inbox() as inbox:
            return _checked(self._result(client, goal, timeout, on_feedback, inbox))

    def _result(
        self,
        client: ThreadSafeActionClient,
        goal: Any,
        timeout: float,
        on_feedback: Callable | None,
        inbox: queue.SimpleQueue[Any],
    ) -> Any:
        # ActionClient has no public name; it resolves like a topic.
        name = self._node.resolve_topic_name(client._action_name)  # noqa: SLF001
        self._discovery.wait(name, client.server_is_ready, timeout, self._raise_if_ended)
        deadline = time.monotonic() + timeout + GRACE_S

        def wait(futures: Sequence[Future], is_due: Callable[[], bool]) -> Future:
            """The first that comes; one that is due has AGAIN_S."""
            futures[-1].add_done_callback(inbox.put)
            again_at = math.inf
            while True:
                if is_due() and again_at == math.inf:
                    again_at = time.monotonic() + AGAIN_S
                if time.monotonic() > again_at:
                    raise _LostError
                rest = deadline - time.monotonic()
                try:
                    item = inbox.get(timeout=max(min(rest, _LIVENESS_S), 0.0))
                except queue.Empty:
                    if rest < _LIVENESS_S:
                        raise NoResponseError(
                            f"{name} did not answer within {timeout:g} s"
                        ) from None
                    if not client.server_is_ready():
                        raise NoResponseError(f"the node behind {name} has gone") from None
                    continue
                if any(item is future for future in futures):
                    return item
                if item is _WAKE:
                    self._raise_if_ended()
                    continue
                if on_feedback is not None and not isinstance(item, Future):
                    on_feedback(item.feedback)

        sent: list[Future] = []
        handle, finished = None, False
        heard = None if on_feedback is None else inbox.put  # it would wake a thread for nothing
        try:
            handle = self._taken(client, partial(client.send_goal_async, goal, heard), sent, wait)
            if handle is None:
                raise NoResponseError(f"{name} rejected the goal")
            with self._lock:
                self._goals.append(handle)
            response = self._ended(handle, wait)
            finished, result = True, response.result
            if response.status == GoalStatus.STATUS_UNKNOWN:  # asked for after it was given up
                raise NoResponseError(f"{name} knows the goal no more: its result is lost")
            if response.status != GoalStatus.STATUS_SUCCEEDED and result.error_code == 0:
                # a server that raises leaves a result of defaults behind
                result.error_code = ErrorCode.INTERNAL
                result.error_msg = f"the goal of {name} did not succeed; its log may say why"
            if on_feedback is not None and result.error_code == ErrorCode.NONE:
                _drain(inbox, on_feedback)
        finally:
            with self._lock:
                self._goals = [other for other in self._goals if other is not handle]
                self._sending = [one for one in self._sending if not any(one is s for s in sent)]
            if handle is None:
                for sending in sent:
                    sending.add_done_callback(_cancel_if_accepted)
            elif handle.accepted and not finished:
                self._cancel(handle)
        return result

    def _taken(
        self,
        client: ThreadSafeActionClient,
        send: Callable[..., Future],
        sent: list[Future],
        wait: Callable[..., Future],
    ) -> ClientGoalHandle | None:
        """The goal once its server takes it; None: it does not.

        A server that was killed stays in the graph for seconds, and what is sent before its
        successor was discovered is lost. So a goal is sent again, under its own id: a server that
        has it already refuses it, and does nothing twice.
        """
        identity = UUID(uuid=list(uuid4().bytes))
        while True:
            with self._lock:
                sent.append(send(goal_uuid=identity))
                self._sending.append(sent[-1])
            waiting = list(sent)
            with suppress(_LostError):
                while waiting:
                    answered = wait(waiting, lambda: True)
                    handle = answered.result()
                    if handle.accepted:
                        for other in sent:
                            if other is not answered:
                                client.give_up(other)
                        return handle
                    # the others stay: one that is done by now was not read yet
                    waiting = [one for one in waiting if one is not answered]
                return None

    def _ended(self, handle: ClientGoalHandle, wait: Callable[..., Future]) -> Any:
        """The result of a goal: asked for again where its status says that it has ended."""
        while True:
            with suppress(_LostError):
                getting = handle.get_result_async()
                return wait([getting], lambda: handle.status in _ENDED).result()

    def _cancel(self, handle: ClientGoalHandle) -> None:
        """Cancel, and see the request off: the caller may end the process next."""
        sent = threading.Event()
        handle.cancel_goal_async().add_done_callback(lambda _: sent.set())
        sent.wait(1.0)


def _drain(inbox: queue.SimpleQueue[Any], on_feedback: Callable) -> None:
    """Feedback travels beside the result and may arrive just after it."""
    while True:
        try:
            item = inbox.get(timeout=_LATE_FEEDBACK_S)
        except queue.Empty:
            return
        if item is not _WAKE and not isinstance(item, Future):
            on_feedback(item.feedback)


def _cancel_if_accepted(sending: Future) -> None:
    handle = sending.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()


def _checked(result: Any) -> Any:
    if result.error_code != ErrorCode.NONE:
        raise RequestFailedError(result)
    return result
