"""Hears what the nodes of one robot publish, and logs it."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

import rclpy
from diagnostic_msgs.msg import DiagnosticArray
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.parameter import Parameter
from rclpy.qos import DurabilityPolicy, QoSProfile
from rclpy.signals import SignalHandlerOptions
from sensor_msgs.msg import PointCloud2

from r1_ros.action import Ask, ExecutePlan, Plan
from r1_ros.client import (
    ClientClosedError,
    NoResponseError,
    R1Client,
    RequestFailedError,
    ServerMissingError,
)
from r1_ros.live.recording import ChosenView, LiveRecording
from r1_ros.messages.scenes import view_to_message
from r1_ros.msg import KnownObjects, SceneAnswer, SceneView
from r1_ros.runtime.errors import BadMessageError

_PARTS = ("utility", "text_3d", "image_3d", "clip", "coverage")


class RobotListener:
    """Subscribes, and asks for the scores of views after each answer. Use as a context manager.

    Messages are logged by one thread, scores by another, which may wait for the reasoner.

    Args:
        recording: where to log to.
        namespace: of the robot.
        use_sim_time: stamps follow /clock.
        mapper, reasoner: names of the nodes.
    """

    def __init__(
        self,
        recording: LiveRecording,
        namespace: str = "",
        *,
        use_sim_time: bool = False,
        mapper: str = "scene_mapper",
        reasoner: str = "scene_reasoner",
    ) -> None:
        self._recording = recording
        self._lock = threading.Lock()  # messages and scores come in two threads
        self._client = R1Client(namespace, mapper=mapper, reasoner=reasoner)
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        self._node = Node(
            "_r1_live",
            context=self._context,
            namespace=namespace,
            start_parameter_services=False,
            parameter_overrides=[Parameter("use_sim_time", value=use_sim_time)],
        )
        self._prefix = f"{self._node.get_namespace().rstrip('/')}/"  # /diagnostics is everybody's
        latched = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        for kind, name, hear, qos in (
            (PointCloud2, f"{mapper}/cloud", recording.log_cloud, latched),
            (SceneView, f"{mapper}/keyframes", recording.log_keyframe, 10),
            (SceneAnswer, f"{reasoner}/answers", self._on_answer, latched),
            (KnownObjects, f"{reasoner}/objects", recording.log_objects, latched),
            (Ask.Impl.FeedbackMessage, "ask/_action/feedback", self._on_said, 50),
            (Plan.Impl.FeedbackMessage, "plan/_action/feedback", self._on_said, 50),
            (ExecutePlan.Impl.FeedbackMessage, "execute_plan/_action/feedback", self._on_step, 50),
            (DiagnosticArray, "/diagnostics", self._on_health, 50),
        ):
            self._node.create_subscription(kind, name, self._heard(hear), qos)
        self._answers: queue.SimpleQueue[SceneAnswer | None] = queue.SimpleQueue()
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._threads = [
            threading.Thread(target=target, name=f"r1_live_{name}", daemon=True)
            for name, target in (("spin", self._spin), ("scores", self._fetch))
        ]
        for thread in self._threads:
            thread.start()

    def __enter__(self) -> RobotListener:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Leave the network."""
        self._answers.put(None)
        self._client.close()  # ends a call that waits
        self._executor.shutdown()
        for thread in self._threads:
            thread.join(timeout=5.0)
        self._node.destroy_node()
        self._context.try_shutdown()

    def _now(self) -> int:
        return self._node.get_clock().now().nanoseconds

    def _heard(self, log: Callable[[Any, int], None]) -> Callable[[Any], None]:
        def hear(message: Any) -> None:
            with self._lock:
                log(message, self._now())

        return hear

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def _on_said(self, message: Any, now: int) -> None:
        self._recording.log_said("", message.feedback.stage, message.feedback.text, now)

    def _on_step(self, message: Any, now: int) -> None:
        feedback = message.feedback
        self._recording.log_step(feedback.step, feedback.status, feedback.steps_done, now)

    def _on_health(self, message: DiagnosticArray, now: int) -> None:
        own = [status for status in message.status if status.hardware_id.startswith(self._prefix)]
        self._recording.log_health(own, now)

    def _on_answer(self, message: SceneAnswer, now: int) -> None:
        self._recording.log_answer(message, now)
        self._answers.put(message)

    def _fetch(self) -> None:
        """What is not published: keyframes of before, and why views were chosen."""
        self._try(self._log_all_keyframes)
        while (answer := self._answers.get()) is not None:
            question = answer.question
            if answer.view_ids and question:
                self._try(partial(self._log_scores, question))

    def _try(self, call: Callable[[], None]) -> None:
        try:
            call()
        except ClientClosedError:
            return
        except (ServerMissingError, NoResponseError, RequestFailedError, BadMessageError) as error:
            with self._lock:
                self._recording.log_line("health", f"live view: {error}", self._now())

    def _log_all_keyframes(self) -> None:
        scene = self._client.get_scene()
        for view in scene.views:
            message = view_to_message(view, scene.frame_id)
            with self._lock:
                if not self._recording.has_keyframes([view.id]):
                    self._recording.log_keyframe(message, self._now())

    def _log_scores(self, question: str) -> None:
        scores = self._client.select_views(question)
        chosen = [
            ChosenView(int(number), *(float(getattr(scores, part)[row]) for part in _PARTS))
            for row, number in enumerate(scores.view_ids)
        ]
        if not self._recording.has_keyframes([view.id for view in chosen]):
            self._log_all_keyframes()
        with self._lock:
            self._recording.log_views(question, chosen, self._now())
