"""`AsyncR1Client`: R1Client for asyncio; a task that is cancelled cancels its goal on the robot."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, TypeVar

from r1_model.scene.scene import Scene
from r1_ros.action import Ask, DescribeScene, ExecutePlan, Plan
from r1_ros.client.calls import CallScope, call_scope
from r1_ros.client.client import LooksFrom, R1Client, Target
from r1_ros.client.errors import ClientClosedError
from r1_ros.msg import KnownObjects, PlanStep, SceneAnswer
from r1_ros.srv import SelectViews

T = TypeVar("T")
Hear = Callable[[Any], object] | None

_THREADS = 64  # calls at once; a plan holds one as long as it runs


class AsyncR1Client:
    """The nodes of one robot, for asyncio: the calls of `R1Client`, awaited, with the same errors.

    Use it as an asynchronous context manager. Any number of calls may run at once. Cancelling the
    task that awaits a call (`task.cancel()`, `asyncio.timeout`) cancels its goal, and no other; so
    does an exception of an `on_feedback`, which is called in the loop.

    Args:
        namespace, options: see `R1Client`.
    """

    def __init__(self, namespace: str = "", **options: Any) -> None:
        self._client = R1Client(namespace, **options)
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="r1_async_client")
        self._closed = False

    async def __aenter__(self) -> AsyncR1Client:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Leave the network; calls that wait end, their goals are cancelled."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._close)

    def _close(self) -> None:
        self._client.close()
        self._threads.shutdown()

    async def ask(
        self,
        question: str,
        *,
        task: str = "auto",
        session_id: str = "",
        target: Target | None = None,
        viewpoint: LooksFrom | None = None,
        timeout: float = 60.0,
        on_feedback: Callable[[Ask.Feedback], object] | None = None,
    ) -> SceneAnswer:
        """Ask one question; see `R1Client.ask`."""
        call = partial(
            self._client.ask,
            question,
            task=task,
            session_id=session_id,
            target=target,
            viewpoint=viewpoint,
            timeout=timeout,
        )
        return await self._goal(call, on_feedback)

    async def locate(
        self,
        description: str,
        *,
        session_id: str = "",
        viewpoint: LooksFrom | None = None,
        timeout: float = 60.0,
        on_feedback: Callable[[Ask.Feedback], object] | None = None,
    ) -> SceneAnswer:
        """Find a thing by its description; see `R1Client.locate`."""
        call = partial(
            self._client.locate,
            description,
            session_id=session_id,
            viewpoint=viewpoint,
            timeout=timeout,
        )
        return await self._goal(call, on_feedback)

    async def plan(
        self,
        goal: str,
        *,
        session_id: str = "",
        viewpoint: LooksFrom | None = None,
        timeout: float = 60.0,
        on_feedback: Callable[[Plan.Feedback], object] | None = None,
    ) -> Plan.Result:
        """Turn a goal into steps; nothing moves. See `R1Client.plan`."""
        call = partial(
            self._client.plan,
            goal,
            session_id=session_id,
            viewpoint=viewpoint,
            timeout=timeout,
        )
        return await self._goal(call, on_feedback)

    async def describe(
        self,
        question: str = "",
        *,
        max_objects: int = 0,
        timeout: float = 60.0,
        on_feedback: Callable[[DescribeScene.Feedback], object] | None = None,
    ) -> DescribeScene.Result:
        """Describe every object of the scene; see `R1Client.describe`."""
        call = partial(self._client.describe, question, max_objects=max_objects, timeout=timeout)
        return await self._goal(call, on_feedback)

    async def execute_plan(
        self,
        plan: Plan.Result | Sequence[PlanStep],
        *,
        frame_id: str = "",
        session_id: str = "",
        timeout: float = 3600.0,
        on_feedback: Callable[[ExecutePlan.Feedback], object] | None = None,
    ) -> ExecutePlan.Result:
        """Carry a plan out; cancelling stops the robot. See `R1Client.execute_plan`."""
        call = partial(
            self._client.execute_plan,
            plan,
            frame_id=frame_id,
            session_id=session_id,
            timeout=timeout,
        )
        return await self._goal(call, on_feedback)

    async def approve_plan(
        self, plan_id: str, approve: bool = True, *, reason: str = "", timeout: float = 10.0
    ) -> None:
        """Say yes or no to a plan that waits; see `R1Client.approve_plan`."""
        call = partial(self._client.approve_plan, plan_id, approve, reason=reason, timeout=timeout)
        await self._in_thread(call)

    async def requires_approval(self, *, timeout: float = 10.0) -> bool:
        """Does plan_executor wait for a yes before anything moves?"""
        return await self._in_thread(partial(self._client.requires_approval, timeout=timeout))

    async def list_objects(
        self, label: str = "", *, include_gone: bool = False, timeout: float = 60.0
    ) -> KnownObjects:
        """The things that the robot knows of; see `R1Client.list_objects`."""
        call = partial(self._client.list_objects, label, include_gone=include_gone, timeout=timeout)
        return await self._in_thread(call)

    async def scene_graph(self, *, timeout: float = 60.0) -> dict[str, Any]:
        """All things with votes and relations; see `R1Client.scene_graph`."""
        return await self._in_thread(partial(self._client.scene_graph, timeout=timeout))

    async def get_scene(
        self, *, max_points: int = 0, max_views: int = 0, timeout: float = 30.0
    ) -> Scene:
        """The current map; see `R1Client.get_scene`."""
        call = partial(
            self._client.get_scene, max_points=max_points, max_views=max_views, timeout=timeout
        )
        return await self._in_thread(call)

    async def select_views(
        self, question: str, *, count: int = 0, timeout: float = 60.0
    ) -> SelectViews.Response:
        """The views that the model would be shown; see `R1Client.select_views`."""
        call = partial(self._client.select_views, question, count=count, timeout=timeout)
        return await self._in_thread(call)

    async def _goal(self, call: Callable[..., T], on_feedback: Hear) -> T:
        if on_feedback is None:
            return await self._in_thread(call)
        heard: asyncio.Queue[Any] = asyncio.Queue()
        loop = asyncio.get_running_loop()

        def hear(feedback: Any) -> None:
            loop.call_soon_threadsafe(heard.put_nowait, feedback)

        running = asyncio.ensure_future(self._in_thread(partial(call, on_feedback=hear)))
        running.add_done_callback(lambda _: heard.put_nowait(running))
        try:
            while (item := await heard.get()) is not running:
                on_feedback(item)
        finally:
            running.cancel()  # where it has not ended; then it does before we go on
            await asyncio.wait([running])
        return running.result()

    async def _in_thread(self, call: Callable[[], T]) -> T:
        """A blocking call; one that is not waited for any more has ended before this does."""
        if self._closed:
            raise ClientClosedError("this client was closed")
        scope, context = CallScope(), contextvars.copy_context()
        context.run(call_scope.set, scope)
        loop = asyncio.get_running_loop()
        running = loop.run_in_executor(self._threads, context.run, call)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            scope.abandon()
            await asyncio.wait([running])
            running.exception()  # CallAbandonedError, which nobody else fetches
            raise
