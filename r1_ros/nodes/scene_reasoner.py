"""scene_reasoner: answers questions about the map, grounds them, plans."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_msgs.msg import Header
from visualization_msgs.msg import MarkerArray

from r1_ros.action import Ask, DescribeScene, Plan
from r1_ros.configuration.parameters import ReasonerConfig
from r1_ros.messages.detections import detection_type, detections_message
from r1_ros.messages.known_objects import known_objects_message, scene_graph
from r1_ros.messages.markers import answer_markers
from r1_ros.msg import ErrorCode, KnownObjects, SceneAnswer
from r1_ros.reasoning.answering import Answering, AskJob, Reply, give_back_memory, load_reasoner
from r1_ros.reasoning.goal_jobs import GoalJobs
from r1_ros.reasoning.object_keeper import Known, ObjectKeeper
from r1_ros.reasoning.plan_reports import report_plan
from r1_ros.reasoning.requests import (
    AskRequest,
    read_ask,
    read_describe,
    read_list,
    read_plan,
    read_views_question,
)
from r1_ros.reasoning.scene_client import SceneClient
from r1_ros.reasoning.sessions import Sessions
from r1_ros.reasoning.viewpoints import Viewpoints
from r1_ros.reasoning.worker import ReasoningWorker
from r1_ros.runtime.diagnostics import OK, WARN, DiagnosticsPublisher, status_message
from r1_ros.runtime.executor import destroy_waitable
from r1_ros.runtime.goal_results import ANSWER_TIMEOUT_S, conclude, see_results_off
from r1_ros.runtime.lifecycle import STEADY, ManagedNode, configured, end_process, spin_node
from r1_ros.runtime.request_errors import RequestError, code_name
from r1_ros.runtime.service_qos import MANY_CLIENTS
from r1_ros.srv import Ask as AskService
from r1_ros.srv import ListObjects, ReportPlan, SelectViews

_SETTLE_S = 1.0
_WATCH_S = 1.0  # how often it is seen whether the model hangs
_REFUSED_S = 1.0  # how often BUSY is logged at most
# answers that say something about the scene, if not what was asked for
_PUBLISHED = (ErrorCode.NONE, ErrorCode.UNREADABLE_OUTPUT, ErrorCode.NO_PLAN)


class SceneReasoner(ManagedNode[ReasonerConfig]):
    """The node. Each request waits in a thread of the executor; the model has one of its own.

    (rclpy polls coroutines without pause, so a callback that waits is a thread that waits.)
    """

    config_class = ReasonerConfig
    # as many as queue_size allows and some to spare; a thread is made when it is needed
    executor_threads = 128

    def __init__(
        self, load: Callable[[ReasonerConfig], Any] = load_reasoner, **node_arguments: Any
    ) -> None:
        """See `ManagedNode`; `load` makes the model."""
        self._load = load
        self._goals = GoalJobs()
        self._answering: Answering | None = None
        self._outputs: list[Callable[[SceneAnswer], None]] = []
        self._undo: list[Callable[[], object]] = []
        self._servers: list[ActionServer] = []
        self._serving = 0
        self._served = threading.Condition()
        self._counts: Counter[str] = Counter()
        self._refused, self._tell_refused_at = 0, 0.0  # BUSY, since that was logged last
        self._last_seconds = 0.0
        self._header = Header()
        super().__init__("scene_reasoner", **node_arguments)

    # Lifecycle.

    def configure(self) -> None:
        """Load the model; then offer what can be asked."""
        self.get_logger().info(f"loading {self.config.model}")
        worker = ReasoningWorker(lambda: self._load(self.config))
        self._undo.append(worker.close)
        model = worker.model
        self.get_logger().info(f"{model.name} is ready on {model.device}")
        if not model.trained:
            self.get_logger().warning(f"{model.name} is not trained: its answers mean nothing")
        group = ReentrantCallbackGroup()
        objects = ObjectKeeper(
            self.config.objects_folder(), self._publish_objects, self.get_logger().warning
        )
        sessions = Sessions(self.config.max_sessions, self.config.max_turns, objects.box)
        viewpoints = Viewpoints(self, self.config.base_frame, group)
        self._undo.append(viewpoints.close)
        self._answering = Answering(
            worker,
            SceneClient(self, self.config.scene_service, group, sessions.enter_map),
            sessions,
            objects,
            viewpoints,
            lambda trace: self.get_logger().error(f"a request failed by a defect:\n{trace}"),
        )
        self._offer_outputs()
        for kind, name, callback in (
            (AskService, "ask", self._on_ask),
            (SelectViews, "~/select_views", self._on_select_views),
            (ReportPlan, "~/report_plan", self._on_report_plan),
            (ListObjects, "list_objects", self._on_list_objects),
        ):
            service = self.create_service(
                kind, name, callback, qos_profile=MANY_CLIENTS, callback_group=group
            )
            self._undo.append(partial(self.destroy_service, service))
        for kind, name, serve in (
            (Ask, "ask", self._on_ask_goal),
            (Plan, "plan", self._on_plan_goal),
            (DescribeScene, "describe", self._on_describe_goal),
        ):
            server = ActionServer(
                self,
                kind,
                name,
                serve,
                callback_group=group,
                cancel_callback=self._on_cancel,
                goal_service_qos_profile=MANY_CLIENTS,
                result_service_qos_profile=MANY_CLIENTS,
                cancel_service_qos_profile=MANY_CLIENTS,
                result_timeout=ANSWER_TIMEOUT_S,
            )
            self._servers.append(server)
            self._undo.append(partial(destroy_waitable, self, server.destroy))
        if self.config.objects_period:
            timer = self.create_timer(self.config.objects_period, self._look_ahead, group, STEADY)
            self._undo.append(partial(self.destroy_timer, timer))
        watching = self.create_timer(_WATCH_S, self._watch_model, group, STEADY)
        self._undo.append(partial(self.destroy_timer, watching))
        diagnostics = DiagnosticsPublisher(
            self, self.config.diagnostics_period, lambda: [self._status()], group
        )
        self._undo.append(diagnostics.close)

    def deactivate(self) -> None:
        """End what runs or waits; every caller gets INACTIVE."""
        if self._answering is not None:
            self._answering.worker.end_all(ErrorCode.INACTIVE, "the node was deactivated")
        with self._served:
            self._served.wait_for(lambda: not self._serving, _SETTLE_S)

    def interrupt(self) -> None:
        """See `deactivate`."""
        super().interrupt()
        self.deactivate()

    def cleanup(self) -> None:
        """Drop services, sessions and the model."""
        if not self._ending:  # else nothing spins any more
            see_results_off(self, self._servers, _SETTLE_S)
        self._servers.clear()
        while self._undo:
            self._undo.pop()()
        self._outputs.clear()
        self._answering = None
        if not self._ending:  # else the process ends, and everything goes
            give_back_memory()

    def _offer_outputs(self) -> None:
        # who comes late sees the last answer's boxes, and hears the last answers
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        answers = QoSProfile(depth=10, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        makers = [
            (SceneAnswer, "~/answers", answers, lambda answer: answer),
            (MarkerArray, "~/markers", latched, answer_markers),
        ]
        if (kind := detection_type()) is not None:
            makers.append((kind, "~/detections", latched, detections_message))
        for kind, name, qos, make in makers:
            publisher = self.create_publisher(kind, name, qos)
            self._undo.append(partial(self.destroy_publisher, publisher))
            self._outputs.append(partial(_publish_made, publisher, make))
        self._objects_publisher = self.create_publisher(KnownObjects, "~/objects", latched)
        self._undo.append(partial(self.destroy_publisher, self._objects_publisher))

    # Requests.

    def _on_ask_goal(self, handle: ServerGoalHandle) -> Ask.Result:
        started = time.monotonic()

        def feedback(_: AskJob, stage: str, text: str) -> None:
            elapsed = time.monotonic() - started
            handle.publish_feedback(Ask.Feedback(stage=stage, text=text, elapsed_seconds=elapsed))

        reply = self._serve(self._read_ask(handle.request), handle, feedback)
        result = Ask.Result(answer=reply.answer)
        return conclude(handle, result, reply.code, reply.sentence)

    def _on_ask(self, request: AskService.Request, response: AskService.Response) -> Any:
        reply = self._serve(self._read_ask(request))
        response.answer = reply.answer
        response.error_code, response.error_msg = reply.code, reply.sentence
        return response

    def _on_plan_goal(self, handle: ServerGoalHandle) -> Plan.Result:
        started = time.monotonic()
        decided: list[Any] = []

        def feedback(job: AskJob, stage: str, text: str) -> None:
            decided.extend(self._made.steps_so_far(job, text, skip=len(decided)))
            send(stage, text)

        def send(stage: str, text: str) -> None:
            elapsed = time.monotonic() - started
            handle.publish_feedback(
                Plan.Feedback(stage=stage, text=text, steps=decided, elapsed_seconds=elapsed)
            )

        reply = self._serve(lambda: read_plan(handle.request, self.config), handle, feedback)
        steps = reply.answer.steps
        if len(steps) > len(decided):
            decided = steps
            send("answer", reply.answer.raw)
        result = Plan.Result(steps=steps, answer=reply.answer)
        return conclude(handle, result, reply.code, reply.sentence)

    def _on_describe_goal(self, handle: ServerGoalHandle) -> DescribeScene.Result:
        started = time.monotonic()
        bound = handle.request.max_objects or sys.maxsize
        described = 0

        def feedback(job: AskJob, stage: str, text: str) -> None:
            send(stage, self._made.objects_so_far(job, text, skip=described))

        def send(stage: str, objects: Any) -> None:
            nonlocal described
            objects = objects[: bound - described]
            described += len(objects)
            elapsed = time.monotonic() - started
            handle.publish_feedback(
                DescribeScene.Feedback(stage=stage, objects=objects, elapsed_seconds=elapsed)
            )

        reply = self._serve(lambda: read_describe(handle.request, self.config), handle, feedback)
        objects = reply.answer.objects[:bound]
        if len(objects) > described:
            send("answer", objects[described:])
        result = DescribeScene.Result(objects=objects, answer=reply.answer)
        return conclude(handle, result, reply.code, reply.sentence)

    def _on_select_views(
        self, request: SelectViews.Request, response: SelectViews.Response
    ) -> SelectViews.Response:
        with self._counted():
            try:
                self._require_active()
                question = read_views_question(request.question, self.config)
            except RequestError as error:
                response.error_code, response.error_msg = error.code, str(error)
                return response
            scores, reply = self._made.select_views(question, request.count, self.config)
            response.error_code, response.error_msg = reply.code, reply.sentence
            response.view_ids = [score.view_id for score in scores]
            for name in ("utility", "text_3d", "image_3d", "clip", "coverage"):
                setattr(response, name, [float(getattr(score, name)) for score in scores])
            return response

    def _on_list_objects(
        self, request: ListObjects.Request, response: ListObjects.Response
    ) -> ListObjects.Response:
        with self._counted():
            config = self.config
            try:
                self._require_active()
                label, timeout = read_list(request, config)
            except RequestError as error:
                response.error_code, response.error_msg = error.code, str(error)
                return response
            known, reply = self._made.list_objects(timeout, config)
            response.error_code, response.error_msg = reply.code, reply.sentence
            if known is not None:
                words = config.object_words()
                response.known = known_objects_message(
                    known.memory,
                    known.relations,
                    words,
                    map_id=known.map_id,
                    revision=known.revision,
                    label=label,
                    include_gone=request.include_gone,
                )
                graph = scene_graph(known.memory, known.relations, words)
                response.scene_graph = json.dumps(graph, ensure_ascii=False)
            return response

    def _watch_model(self) -> None:
        """A model that hangs cannot be stopped: the process ends, and is started again."""
        if self._answering is None or self.broken or not self.config.hang_timeout:
            return
        seconds = self._answering.worker.stuck_for()
        if seconds > self.config.hang_timeout:
            self.get_logger().fatal(
                f"the model hangs: it has not come back for {seconds:.0f} s after its request was "
                "ended; this node ends, to be started again (respawn:=true)"
            )
            self.broken = True

    def _look_ahead(self) -> None:
        if self.is_active and self._answering is not None:
            self._answering.look_ahead(self.config)

    def _publish_objects(self, known: Known) -> None:
        message = known_objects_message(
            known.memory,
            known.relations,
            self.config.object_words(),
            map_id=known.map_id,
            revision=known.revision,
        )
        self._objects_publisher.publish(message)

    def _on_report_plan(
        self, request: ReportPlan.Request, response: ReportPlan.Response
    ) -> ReportPlan.Response:
        try:
            self._require_active()
            response.answer = report_plan(request, self._made, self._header)
            self._publish(response.answer)
        except RequestError as error:
            response.error_code, response.error_msg = error.code, str(error)
        return response

    def _on_cancel(self, handle: ServerGoalHandle) -> CancelResponse:
        self._goals.cancel(handle)
        return CancelResponse.ACCEPT

    # What they have in common.

    def _read_ask(self, request: Any) -> Callable[[], AskRequest]:
        return lambda: read_ask(request, self.config, self._made.sessions)

    def _serve(
        self,
        read: Callable[[], AskRequest],
        handle: ServerGoalHandle | None = None,
        feedback: Callable[[AskJob, str, str], None] | None = None,
    ) -> Reply:
        started = time.monotonic()
        with self._counted():
            config = self.config
            try:
                self._require_active()
                answering = self._made
                answering.sessions.max_turns = config.max_turns
                job = answering.start(read(), config)
            except RequestError as error:
                reply = Reply(code=error.code, sentence=str(error))
            else:
                with self._goals.serving(handle, job):
                    progress = None
                    if feedback is not None:
                        progress = partial(feedback, job)
                    reply = answering.finish(job, config, progress)
            if handle is not None:
                self._goals.forget(handle)
            self._counts[code_name(reply.code)] += 1
            self._last_seconds = time.monotonic() - started
            if reply.code in _PUBLISHED:
                self._publish(reply.answer)
            if reply.code == ErrorCode.CANCELED:
                self.get_logger().info(reply.sentence)
            elif reply.code != ErrorCode.NONE:
                self._warn(reply)
            return reply

    def _warn(self, reply: Reply) -> None:
        """Log why there is no answer; BUSY once a second, with how often it came: clients that ask
        on and on would fill the log with it."""
        times = ""
        if reply.code == ErrorCode.BUSY:
            with self._served:
                self._refused += 1
                if time.monotonic() < self._tell_refused_at:
                    return
                times, self._refused = f" ({self._refused} times)", 0
                self._tell_refused_at = time.monotonic() + _REFUSED_S
        self.get_logger().warning(f"{code_name(reply.code)}: {reply.sentence}{times}")

    def _publish(self, answer: SceneAnswer) -> None:
        self._header = answer.header
        for output in self._outputs:
            output(answer)

    def _status(self) -> Any:
        worker = self._made.worker
        level, message = OK, "active" if self.is_active else "inactive"
        if not worker.model.trained:
            level, message = WARN, f"{message}; the model is not trained, answers mean nothing"
        longest, known = self._made.scenes.longest_m, worker.model.max_extent
        if known is not None and longest > known:
            level = WARN
            message += f"; the map is {longest:.1f} m long, the model was trained on rooms of up to"
            message += f" {known:g} m: its answers about larger maps are less sure"
        requests = worker.requests
        values = {
            "model": worker.model.name,
            "trained": worker.model.trained,
            "device": worker.model.device,
            "running": min(requests, 1),
            "queued": max(requests - 1, 0),
            "sessions": len(self._made.sessions),
            "last_request_s": self._last_seconds,
            "map_longest_m": f"{longest:.1f}",
            **{f"requests: {name}": count for name, count in sorted(self._counts.items())},
        }
        return status_message(self, "reasoning", level, message, values)

    @property
    def _made(self) -> Answering:
        return configured(self._answering)

    def _require_active(self) -> None:
        self.wait_for_start()
        if not self.is_active or self._answering is None:
            raise RequestError(ErrorCode.INACTIVE, "scene_reasoner is not active")

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """`deactivate` waits for what runs in this context."""
        with self._served:
            self._serving += 1
        try:
            yield
        finally:
            with self._served:
                self._serving -= 1
                self._served.notify_all()


def _publish_made(publisher: Any, make: Callable[[SceneAnswer], Any], answer: SceneAnswer) -> None:
    publisher.publish(make(answer))


def main() -> None:
    """Entry point of the executable."""
    end_process(spin_node(SceneReasoner))


if __name__ == "__main__":
    main()
