"""`R1Client`: ask, plan, describe and execute from plain Python, without callbacks or executors."""

from __future__ import annotations

import itertools
import json
import os
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import rclpy
from action_msgs.msg import GoalStatus
from geometry_msgs.msg import Point, Vector3
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.action.client import ClientGoalHandle
from rclpy.client import Client
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.signals import SignalHandlerOptions
from rclpy.task import Future

from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_model.text.boxes import extent
from r1_ros.action import Ask, DescribeScene, ExecutePlan, Plan
from r1_ros.messages.scenes import scene_from_response
from r1_ros.msg import ErrorCode, KnownObjects, PlanStep, SceneAnswer
from r1_ros.runtime.action_client import ThreadSafeActionClient
from r1_ros.runtime.dds_transport import use_large_message_transport
from r1_ros.runtime.request_errors import code_name
from r1_ros.runtime.server_discovery import ServerDiscovery
from r1_ros.runtime.server_discovery import (
    ServerMissingError as ServerMissingError,  # part of this API
)
from r1_ros.srv import ApprovePlan, GetScene, ListObjects, SelectViews
from r1_ros.srv import Ask as AskService

Target = str | Sequence[float] | Box

# The server enforces the deadline; the client waits a little longer for it to say so.
_GRACE_S = 5.0
_POLL_S = 0.05
_LATE_FEEDBACK_S = 0.05
_LIVENESS_S = 1.0
_CLOSED = object()
_numbers = itertools.count()


class NoResponseError(TimeoutError):
    """A node that is there did not answer in time."""


class ClientClosedError(ConnectionError):
    """The client was closed, before the call or during it."""


class RequestFailedError(RuntimeError):
    """A node answered with an error.

    Attributes:
        code: one of the constants of ErrorCode.msg.
        result: the whole response or result; it may hold a partial answer.
    """

    def __init__(self, result: Any) -> None:
        self.code: int = result.error_code
        self.result = result
        super().__init__(f"{result.error_msg} [{code_name(self.code)}]")


class R1Client:
    """The nodes of one robot, as functions that return answers and raise errors.

    Use it as a context manager. It brings its own ROS context: no `rclpy.init`, no spinning, and
    calls may come from any thread.

    Every call raises `ServerMissingError` when the node is not there (one that is still starting is
    waited for, up to the timeout of the call), `NoResponseError` when it falls silent,
    `RequestFailedError` with an error code when it refuses, and `ClientClosedError`
    after `close`. Ctrl-C, and any exception of an `on_feedback`, cancels the running goal.

    Args:
        namespace: of the robot.
        mapper, reasoner, executor: names of the nodes.
        discovery_timeout: how long to look for a node [s].
    """

    def __init__(
        self,
        namespace: str = "",
        *,
        mapper: str = "scene_mapper",
        reasoner: str = "scene_reasoner",
        executor: str = "plan_executor",
        discovery_timeout: float = 5.0,
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
        self._ask = ThreadSafeActionClient(self._node, Ask, "ask")
        self._plan = ThreadSafeActionClient(self._node, Plan, "plan")
        self._describe = ThreadSafeActionClient(self._node, DescribeScene, "describe")
        self._execute = ThreadSafeActionClient(self._node, ExecutePlan, "execute_plan")
        self._get_scene = self._node.create_client(GetScene, f"{mapper}/get_scene")
        self._select_views = self._node.create_client(SelectViews, f"{reasoner}/select_views")
        self._objects = self._node.create_client(ListObjects, "list_objects")
        of_reasoner = ("ask", "plan", "describe", "list_objects", f"{reasoner}/select_views")
        servers = {
            **dict.fromkeys(of_reasoner, reasoner),
            **dict.fromkeys(
                ("execute_plan", f"{executor}/approve", f"{executor}/get_parameters"), executor
            ),
            f"{mapper}/get_scene": mapper,
        }
        self._approve = self._node.create_client(ApprovePlan, f"{executor}/approve")
        self._parameters = self._node.create_client(GetParameters, f"{executor}/get_parameters")
        self._discovery = ServerDiscovery(self._node, servers, discovery_timeout)
        self._scene: tuple[int, Scene] | None = None
        self._goals: list[ClientGoalHandle] = []
        self._sending: list[Future] = []  # goals whose server has not said yet that it takes them
        self._inboxes: list[queue.SimpleQueue[Any]] = []  # of the calls that wait
        self._closed = False
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._spin, name="r1_client", daemon=True)
        self._thread.start()

    def __enter__(self) -> R1Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the network; calls that wait in other threads end, their goals are cancelled."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            for inbox in self._inboxes:
                inbox.put(_CLOSED)
        deadline = time.monotonic() + _GRACE_S
        while self._inboxes and time.monotonic() < deadline:
            time.sleep(_POLL_S)
        self._executor.shutdown()
        self._thread.join(timeout=_GRACE_S)
        for client in (self._ask, self._plan, self._describe, self._execute):
            client.destroy()
        self._node.destroy_node()
        self._context.try_shutdown()

    def ask(
        self,
        question: str,
        *,
        task: str = "auto",
        session_id: str = "",
        target: Target | None = None,
        timeout: float = 60.0,
        on_feedback: Callable[[Ask.Feedback], None] | None = None,
    ) -> SceneAnswer:
        """Ask one question.

        Args:
            question: English or Chinese.
            task: auto, or one of `r1_model.text.answer.TASKS`.
            session_id: questions with the same name form one dialogue; empty: no memory.
            target: what the question is about: the id of an object of an earlier answer, a point
                (x, y, z) on it, or its box; scene frame, metres.
            timeout: deadline of the answer [s].
            on_feedback: gets stage and text so far, in the calling thread.
        """
        goal = Ask.Goal(
            question=question, task=task, session_id=session_id, timeout_seconds=float(timeout)
        )
        _set_target(goal, target)
        return self._run(self._ask, goal, timeout, on_feedback).answer

    def plan(
        self,
        goal: str,
        *,
        session_id: str = "",
        timeout: float = 60.0,
        on_feedback: Callable[[Plan.Feedback], None] | None = None,
    ) -> Plan.Result:
        """Turn a goal into steps: `result.steps`, with the whole answer in `result.answer`."""
        request = Plan.Goal(goal=goal, session_id=session_id, timeout_seconds=float(timeout))
        return self._run(self._plan, request, timeout, on_feedback)

    def describe(
        self,
        question: str = "",
        *,
        max_objects: int = 0,
        timeout: float = 60.0,
        on_feedback: Callable[[DescribeScene.Feedback], None] | None = None,
    ) -> DescribeScene.Result:
        """Describe every object of the scene: `result.objects`."""
        request = DescribeScene.Goal(
            question=question, max_objects=max_objects, timeout_seconds=float(timeout)
        )
        return self._run(self._describe, request, timeout, on_feedback)

    def execute_plan(
        self,
        steps: Sequence[PlanStep],
        *,
        frame_id: str = "",
        session_id: str = "",
        timeout: float = 3600.0,
        on_feedback: Callable[[ExecutePlan.Feedback], None] | None = None,
    ) -> ExecutePlan.Result:
        """Carry a plan out.

        Where plan_executor requires approval the plan waits for `approve_plan`, by this client or
        another one; meanwhile the feedback has a `plan_id`.

        Args:
            steps: as `plan` returns them.
            frame_id: frame of their boxes; empty: the node's scene_frame.
            session_id: the dialogue that is told how it went.
            timeout: the plan is cancelled after this time [s].
            on_feedback: gets each step and what its skill reports, in the calling thread.
        """
        goal = ExecutePlan.Goal(steps=list(steps), frame_id=frame_id, session_id=session_id)
        return self._run(self._execute, goal, timeout, on_feedback)

    def approve_plan(
        self, plan_id: str, approve: bool = True, *, reason: str = "", timeout: float = 10.0
    ) -> None:
        """Say yes or no to a plan that waits for approval.

        Args:
            plan_id: of the feedback of `execute_plan`; its goal id in hexadecimal.
            approve: carry it out; else it ends as NOT_APPROVED.
            reason: why not.
            timeout: [s].
        """
        request = ApprovePlan.Request(plan_id=plan_id, approve=approve, reason=reason)
        self._call(self._approve, request, timeout)

    def requires_approval(self, *, timeout: float = 10.0) -> bool:
        """Does plan_executor wait for a yes before anything moves?"""
        request = GetParameters.Request(names=["require_approval"])
        values = self._respond(self._parameters, request, timeout).values
        return bool(values) and (
            values[0].type == ParameterType.PARAMETER_BOOL and values[0].bool_value
        )

    def get_scene(self, *, max_points: int = 0, max_views: int = 0, timeout: float = 30.0) -> Scene:
        """The current map; the same object as before while the map did not change.

        Args:
            max_points, max_views: upper bounds; 0: all.
            timeout: [s].
        """
        bounded = bool(max_points or max_views)
        held = None if bounded else self._scene
        known = 0 if held is None else held[0]
        request = GetScene.Request(known_revision=known, max_points=max_points, max_views=max_views)
        response = self._call(self._get_scene, request, timeout)
        if response.unchanged and held is not None:
            return held[1]
        scene = scene_from_response(response)
        if not bounded:
            self._scene = (response.revision, scene)
        return scene

    def list_objects(
        self, label: str = "", *, include_gone: bool = False, timeout: float = 60.0
    ) -> KnownObjects:
        """The things that the robot knows of, from the newest map: `result.objects`.

        No language model is asked. The ids are those of answers and plans, and may be a `target`.

        Args:
            label: only those called so; empty: all.
            include_gone: also those that are not there any more.
            timeout: [s].
        """
        return self._list_objects(label, include_gone, timeout).known

    def scene_graph(self, *, timeout: float = 60.0) -> dict[str, Any]:
        """All things, gone ones included, with votes and relations, as plain data for JSON."""
        return json.loads(self._list_objects("", True, timeout).scene_graph)

    def _list_objects(self, label: str, include_gone: bool, timeout: float) -> ListObjects.Response:
        request = ListObjects.Request(
            label=label, include_gone=include_gone, timeout_seconds=float(timeout)
        )
        return self._call(self._objects, request, timeout + _GRACE_S)

    def select_views(
        self, question: str, *, count: int = 0, timeout: float = 60.0
    ) -> SelectViews.Response:
        """The views that the model would be shown for a question, with their scores."""
        request = SelectViews.Request(question=question, count=count)
        return self._call(self._select_views, request, timeout)

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
        """Where a call waits: `close` puts _CLOSED there."""
        inbox: queue.SimpleQueue[Any] = queue.SimpleQueue()
        with self._lock:
            self._raise_if_closed()
            self._inboxes.append(inbox)
        try:
            yield inbox
        finally:
            with self._lock:
                self._inboxes.remove(inbox)

    def _raise_if_closed(self) -> None:
        if self._closed:
            raise ClientClosedError("this client was closed")

    def _call(self, client: Client, request: Any, timeout: float) -> Any:
        return _checked(self._respond(client, request, timeout))

    def _respond(self, client: Client, request: Any, timeout: float) -> Any:
        with self._inbox() as inbox:
            name = self._node.resolve_service_name(client.srv_name)
            self._discovery.wait(name, client.service_is_ready, timeout, self._raise_if_closed)
            future = client.call_async(request)
            future.add_done_callback(inbox.put)
            try:
                inbox.get(timeout=timeout)
            except queue.Empty:
                client.remove_pending_request(future)
                raise NoResponseError(f"{name} did not answer within {timeout:g} s") from None
            self._raise_if_closed()
            return future.result()

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
        self._discovery.wait(name, client.server_is_ready, timeout, self._raise_if_closed)
        deadline = time.monotonic() + timeout + _GRACE_S

        def wait(future: Future) -> Any:
            future.add_done_callback(inbox.put)
            while True:
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
                if item is future:
                    return future.result()
                if item is _CLOSED:
                    self._raise_if_closed()
                if on_feedback is not None:
                    on_feedback(item.feedback)

        with self._lock:
            sending = client.send_goal_async(goal, feedback_callback=inbox.put)
            self._sending.append(sending)
        handle, finished = None, False
        try:
            handle = wait(sending)
            if not handle.accepted:
                raise NoResponseError(f"{name} rejected the goal")
            with self._lock:
                self._goals.append(handle)
                self._sending.remove(sending)
            response = wait(handle.get_result_async())
            finished, result = True, response.result
            if response.status != GoalStatus.STATUS_SUCCEEDED and result.error_code == 0:
                # a server that raises leaves a result of defaults behind
                result.error_code = ErrorCode.INTERNAL
                result.error_msg = f"the goal of {name} did not succeed; its log may say why"
            if on_feedback is not None and result.error_code == ErrorCode.NONE:
                _drain(inbox, on_feedback)
        finally:
            with self._lock:
                self._goals = [other for other in self._goals if other is not handle]
                self._sending = [other for other in self._sending if other is not sending]
            if handle is None:
                sending.add_done_callback(_cancel_if_accepted)
            elif handle.accepted and not finished:
                self._cancel(handle)
        return result

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
        if item is not _CLOSED:
            on_feedback(item.feedback)


def _cancel_if_accepted(sending: Future) -> None:
    handle = sending.result()
    if handle is not None and handle.accepted:
        handle.cancel_goal_async()


def _checked(result: Any) -> Any:
    if result.error_code != ErrorCode.NONE:
        raise RequestFailedError(result)
    return result


def _set_target(goal: Ask.Goal, target: Target | None) -> None:
    if target is None:
        return
    if isinstance(target, str):
        goal.target_kind, goal.target_id = AskService.Request.TARGET_ID, target
        return
    center = target.center if isinstance(target, Box) else np.asarray(target, np.float64)
    if center.shape != (3,):
        raise ValueError(f"a point has three coordinates, got {target!r}")
    x, y, z = (float(value) for value in center)
    goal.target_kind, goal.target_point = AskService.Request.TARGET_POINT, Point(x=x, y=y, z=z)
    if isinstance(target, Box):
        x, y, z = (float(value) for value in extent(target))
        goal.target_kind, goal.target_size = AskService.Request.TARGET_BOX, Vector3(x=x, y=y, z=z)
