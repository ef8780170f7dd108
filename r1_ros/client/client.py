"""`R1Client`: ask, locate, plan, describe and execute from plain Python, without callbacks."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from geometry_msgs.msg import Point, PoseStamped, Quaternion, Vector3
from rcl_interfaces.msg import ParameterType
from rcl_interfaces.srv import GetParameters
from rclpy.client import Client

from r1_model.scene.scene import Scene
from r1_model.text.answer import Box
from r1_model.text.boxes import extent
from r1_ros.action import Ask, DescribeScene, ExecutePlan, Plan
from r1_ros.client.calls import GRACE_S, NodeCalls
from r1_ros.messages.scenes import scene_from_response
from r1_ros.msg import KnownObjects, PlanStep, SceneAnswer
from r1_ros.runtime.action_client import ThreadSafeActionClient
from r1_ros.runtime.service_qos import MANY_CLIENTS
from r1_ros.srv import ApprovePlan, GetScene, ListObjects, SelectViews
from r1_ros.srv import Ask as AskService

Target = str | Sequence[float] | Box
# "robot", a direction in the map [rad from +x about z], or a pose that looks along its +x
LooksFrom: TypeAlias = str | float | PoseStamped


class R1Client(NodeCalls):
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
        of_reasoner = ("ask", "plan", "describe", "list_objects", f"{reasoner}/select_views")
        of_executor = ("execute_plan", f"{executor}/approve", f"{executor}/get_parameters")
        servers = {
            **dict.fromkeys(of_reasoner, reasoner),
            **dict.fromkeys(of_executor, executor),
            f"{mapper}/get_scene": mapper,
        }
        super().__init__(namespace, servers, discovery_timeout)
        self._ask = self._action(Ask, "ask")
        self._plan = self._action(Plan, "plan")
        self._describe = self._action(DescribeScene, "describe")
        self._execute = self._action(ExecutePlan, "execute_plan")
        self._actions = (self._ask, self._plan, self._describe, self._execute)
        # made when it is used: each client of a service is sent every response, and a map is large
        self._scene_client: Client | None = None
        self._scene_service = f"{mapper}/get_scene"
        self._select_views = self._service(SelectViews, f"{reasoner}/select_views")
        self._objects = self._service(ListObjects, "list_objects")
        self._approve = self._service(ApprovePlan, f"{executor}/approve")
        self._parameters = self._node.create_client(GetParameters, f"{executor}/get_parameters")
        self._scene: tuple[int, Scene] | None = None
        self._thread.start()

    def _action(self, kind: type, name: str) -> ThreadSafeActionClient:
        return ThreadSafeActionClient(
            self._node,
            kind,
            name,
            goal_service_qos_profile=MANY_CLIENTS,
            result_service_qos_profile=MANY_CLIENTS,
            cancel_service_qos_profile=MANY_CLIENTS,
        )

    def _service(self, kind: type, name: str) -> Client:
        return self._node.create_client(kind, name, qos_profile=MANY_CLIENTS)

    def _get_scene(self) -> Client:
        with self._lock:
            self._raise_if_ended()
            if self._scene_client is None:
                self._scene_client = self._node.create_client(GetScene, self._scene_service)
            return self._scene_client

    def __enter__(self) -> R1Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(
        self,
        question: str,
        *,
        task: str = "auto",
        session_id: str = "",
        target: Target | None = None,
        viewpoint: LooksFrom | None = None,
        timeout: float = 60.0,
        on_feedback: Callable[[Ask.Feedback], None] | None = None,
    ) -> SceneAnswer:
        """Ask one question.

        Args:
            question: English or Chinese.
            task: auto, or one of `r1_model.text.answer.TASKS`.
            session_id: questions with the same name form one dialogue; empty: no memory.
            target: what the question is about: an id of `list_objects` or of an earlier answer, a
                point (x, y, z) on it, or its box; scene frame, metres.
            viewpoint: as seen from where left and right are meant: "robot", a direction in the
                map [rad from +x about z], or a pose in any frame of tf, which looks along its +x.
                None: as on the map.
            timeout: deadline of the answer [s].
            on_feedback: gets stage and text so far, in the calling thread.
        """
        goal = Ask.Goal(
            question=question, task=task, session_id=session_id, timeout_seconds=float(timeout)
        )
        _set_target(goal, target)
        _set_viewpoint(goal, viewpoint)
        return self._run(self._ask, goal, timeout, on_feedback).answer

    def locate(
        self,
        description: str,
        *,
        session_id: str = "",
        viewpoint: LooksFrom | None = None,
        timeout: float = 60.0,
        on_feedback: Callable[[Ask.Feedback], None] | None = None,
    ) -> SceneAnswer:
        """Find a thing by its description: `answer.objects`, empty where it is not there.

        Their boxes are in the frame `answer.header.frame_id`.
        """
        return self.ask(
            description,
            task="grounding",
            session_id=session_id,
            viewpoint=viewpoint,
            timeout=timeout,
            on_feedback=on_feedback,
        )

    def plan(
        self,
        goal: str,
        *,
        session_id: str = "",
        viewpoint: LooksFrom | None = None,
        timeout: float = 60.0,
        on_feedback: Callable[[Plan.Feedback], None] | None = None,
    ) -> Plan.Result:
        """Turn a goal into steps: `result.steps`, with the whole answer in `result.answer`."""
        request = Plan.Goal(goal=goal, session_id=session_id, timeout_seconds=float(timeout))
        _set_viewpoint(request, viewpoint)
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
        plan: Plan.Result | Sequence[PlanStep],
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
            plan: what `plan` returned, or steps of one.
            frame_id: frame of their boxes; empty: that of the plan, or the node's scene_frame.
            session_id: the dialogue that is told how it went; empty: that of the plan, if any.
            timeout: the plan is cancelled after this time [s].
            on_feedback: gets each step and what its skill reports, in the calling thread.
        """
        if isinstance(plan, Plan.Result):
            frame_id = frame_id or plan.answer.header.frame_id
            session_id = session_id or plan.answer.session_id
            plan = plan.steps
        goal = ExecutePlan.Goal(steps=list(plan), frame_id=frame_id, session_id=session_id)
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
        response = self._read(self._get_scene(), request, timeout)
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
        return self._read(self._objects, request, timeout + GRACE_S)

    def select_views(
        self, question: str, *, count: int = 0, timeout: float = 60.0
    ) -> SelectViews.Response:
        """The views that the model would be shown for a question, with their scores."""
        request = SelectViews.Request(question=question, count=count)
        return self._read(self._select_views, request, timeout)


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


def _set_viewpoint(goal: Ask.Goal | Plan.Goal, viewpoint: LooksFrom | None) -> None:
    if viewpoint is None:
        return
    if isinstance(viewpoint, str):
        if viewpoint != "robot":
            raise ValueError(f'a viewpoint is "robot", an angle or a pose, got {viewpoint!r}')
        goal.viewpoint_kind = AskService.Request.VIEWPOINT_ROBOT
        return
    goal.viewpoint_kind = AskService.Request.VIEWPOINT_POSE
    if isinstance(viewpoint, PoseStamped):
        goal.viewpoint = viewpoint
        return
    half = float(viewpoint) / 2
    goal.viewpoint.pose.orientation = Quaternion(z=math.sin(half), w=math.cos(half))
