"""plan_executor: carries plans out on a robot, step by step."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

from rclpy.action import ActionServer, CancelResponse
from rclpy.action.server import ServerGoalHandle
from rclpy.callback_groups import ReentrantCallbackGroup

from r1_model.motion.free_space import RobotShape
from r1_model.text.answer import Step
from r1_ros.action import ExecutePlan
from r1_ros.configuration.parameters import ExecutorConfig
from r1_ros.messages.answers import step_message, steps_from_messages
from r1_ros.messages.plan_text import call_text
from r1_ros.motion.mapper_space import MapperSpace
from r1_ros.motion.motion_topics import MotionTopics
from r1_ros.motion.simulated_base import SimulatedBase, Watch
from r1_ros.msg import ErrorCode, KnownObject, PlanStep
from r1_ros.plans.approval import Approval
from r1_ros.plans.assumptions import Assumptions, Look
from r1_ros.plans.changes import Change
from r1_ros.plans.driving_robot import DrivingRobot
from r1_ros.plans.known_things import KnownThings, Target, change_of, nearest_door, targets_of
from r1_ros.plans.nav2_robot import Nav2Robot
from r1_ros.plans.plan_checks import MapCheck
from r1_ros.plans.plan_outcome import PlanOutcome
from r1_ros.plans.replanning import Replanner
from r1_ros.plans.robot import Robot, ShouldStop
from r1_ros.plans.runner import PlanRunner, refuse_plan
from r1_ros.plans.sight import ReasonerSight, pretended
from r1_ros.plans.simulated_robot import SimulatedRobot
from r1_ros.plans.skill_servers import SkillServers
from r1_ros.runtime.diagnostics import OK, WARN, DiagnosticsPublisher, status_message
from r1_ros.runtime.errors import BadMessageError
from r1_ros.runtime.executor import destroy_waitable
from r1_ros.runtime.goal_results import RESULT_TIMEOUT_S, conclude, see_results_off
from r1_ros.runtime.lifecycle import ManagedNode, configured, end_process, spin_node
from r1_ros.runtime.request_errors import RequestError, code_name
from r1_ros.runtime.service_qos import MANY_CLIENTS
from r1_ros.srv import ApprovePlan, ReportPlan

_MOST_SHOWN = 20  # steps in the line that asks for approval
_SETTLE_S = 1.0
_REPORT_S = 2.0  # a dialogue that does not listen must not hold the result back for long

MakeRobot = Callable[["PlanExecutor"], Robot]
Outcome = TypeVar("Outcome", bound=PlanOutcome | None)


def make_robot(node: PlanExecutor) -> Robot:
    """The robot that the parameter `robot` names."""
    config = node.config
    if config.robot == "simulated":
        return simulated_robot(node)
    if config.robot == "skill_servers":
        return SkillServers(node, config.skill_namespace)
    nav2 = Nav2Robot(
        node,
        config.navigate_action,
        lambda: node.config.approach_distance,
        config.costmap_topic,
    )
    if config.robot == "nav2":
        return nav2
    return DrivingRobot(nav2, SkillServers(node, config.skill_namespace))


def simulated_robot(node: PlanExecutor) -> SimulatedRobot:
    """A robot that drives in the mapper's map, where there is a mapper."""
    config = node.config
    if not config.scene_service:
        return SimulatedRobot(config.simulated_step_seconds)
    space = MapperSpace(node, config.scene_service, ReentrantCallbackGroup())
    topics = MotionTopics(node, lambda: base.frame_id)

    def close() -> None:
        space.close()
        topics.close()

    base = SimulatedBase(
        space.find,
        config.simulated_speed,
        RobotShape(config.simulated_radius, config.simulated_height),
        Watch(topics.show_path, topics.show_pose, close),
    )
    return SimulatedRobot(config.simulated_step_seconds, base)


class PlanExecutor(ManagedNode[ExecutorConfig]):
    """The node. One plan at a time; another one meanwhile is refused as BUSY."""

    config_class = ExecutorConfig
    # plans that are refused at once, the one that runs, responses, lifecycle
    executor_threads = 8

    def __init__(self, make: MakeRobot = make_robot, **node_arguments: Any) -> None:
        """See `ManagedNode`; `make` connects a robot of your own (docs/examples/own_robot.py)."""
        self._make = make
        self._robot: Robot | None = None
        self._runner: PlanRunner | None = None
        self._undo: list[Callable[[], object]] = []
        self._servers: list[ActionServer] = []
        self._plan_lock = threading.Lock()
        self._stopping = threading.Event()
        self._counts: Counter[str] = Counter()
        self._last_failure = ""
        self._approval = Approval()
        super().__init__("plan_executor", **node_arguments)

    # Lifecycle.

    def configure(self) -> None:
        """Connect the robot and offer the action."""
        self._robot = self._make(self)
        self._runner = PlanRunner(
            self._robot,
            lambda trace: self.get_logger().error(f"a skill failed by a defect:\n{trace}"),
            lambda line: self.get_logger().info(line),
        )
        self._undo.append(self._runner.close)
        group = ReentrantCallbackGroup()
        self._report_client = self.create_client(
            ReportPlan, self.config.report_service, callback_group=group
        )
        self._undo.append(lambda: self.destroy_client(self._report_client))
        self._sight = ReasonerSight(self, self.config.ask_service, group)
        self._undo.append(self._sight.close)
        self._things = None
        if self.config.objects_service:
            self._things = KnownThings(self, self.config.objects_service, group)
            self._undo.append(self._things.close)
        self._map_check = None
        if self.config.scene_service:
            self._map_check = MapCheck(self, self.config.scene_service, group)
            self._undo.append(self._map_check.close)
        approve = self.create_service(
            ApprovePlan, "~/approve", self._on_approve, callback_group=group
        )
        self._undo.append(lambda: self.destroy_service(approve))
        server = ActionServer(
            self,
            ExecutePlan,
            "execute_plan",
            self._on_goal,
            callback_group=group,
            cancel_callback=lambda _: CancelResponse.ACCEPT,
            goal_service_qos_profile=MANY_CLIENTS,
            result_service_qos_profile=MANY_CLIENTS,
            cancel_service_qos_profile=MANY_CLIENTS,
            result_timeout=RESULT_TIMEOUT_S,
        )
        self._servers.append(server)
        self._undo.append(partial(destroy_waitable, self, server.destroy))
        diagnostics = DiagnosticsPublisher(
            self, self.config.diagnostics_period, lambda: [self._status()], group
        )
        self._undo.append(diagnostics.close)

    def activate(self) -> None:
        """Take plans."""
        self._stopping.clear()

    def deactivate(self) -> None:
        """Stop the plan that runs, and wait until the robot stands still."""
        self._stopping.set()
        if self._plan_lock.acquire(timeout=self.config.stop_timeout + _REPORT_S + 1.0):
            self._plan_lock.release()

    def interrupt(self) -> None:
        """See `deactivate`."""
        super().interrupt()
        self.deactivate()

    def cleanup(self) -> None:
        """Let go of the robot."""
        if not self._ending:  # else nothing spins any more
            see_results_off(self, self._servers, _SETTLE_S)
        self._servers.clear()
        while self._undo:
            self._undo.pop()()
        self._runner = self._robot = None

    # Plans.

    def _on_goal(self, handle: ServerGoalHandle) -> ExecutePlan.Result:
        self.wait_for_start()  # before the lock, which a start that fails waits for
        if not self._plan_lock.acquire(blocking=False):
            return self._conclude(handle, _refusal(ErrorCode.BUSY, "another plan runs"))
        try:
            try:
                steps = self._admit(handle.request)
            except RequestError as error:
                return self._conclude(handle, _refusal(error.code, str(error)))
            outcome = self._refuse(handle, steps) or self._ask_for_approval(handle, steps)
            outcome = outcome or self._run(handle, steps)
            if handle.request.session_id:
                self._report(handle.request, outcome)
            return self._conclude(handle, outcome)
        finally:
            self._plan_lock.release()

    def _admit(self, request: ExecutePlan.Goal) -> list[Step]:
        if not self.is_active or self._runner is None:
            raise RequestError(ErrorCode.INACTIVE, "plan_executor is not active")
        if self._runner.stuck:
            raise RequestError(
                ErrorCode.BUSY, "a skill of the plan before was told to stop and still runs"
            )
        try:
            return steps_from_messages(request.steps)
        except BadMessageError as error:
            raise RequestError(ErrorCode.INVALID_REQUEST, str(error)) from None

    def _refuse(self, handle: ServerGoalHandle, steps: Sequence[Step]) -> PlanOutcome | None:
        appear = isinstance(
            self._robot, SkillServers | DrivingRobot
        )  # other robots know at once what they can
        patience = self.config.server_timeout if appear else 0.0
        stop = partial(self._should_stop, handle)
        outcome = refuse_plan(configured(self._robot), steps, patience, stop)
        if outcome is None and self._map_check is not None:
            outcome = self._map_check.refuse(steps, self._frame_id(handle), stop)
        return self._why_ended(handle, outcome)

    def _frame_id(self, handle: ServerGoalHandle) -> str:
        return handle.request.frame_id or self.config.scene_frame

    def _ask_for_approval(
        self, handle: ServerGoalHandle, steps: Sequence[Step]
    ) -> PlanOutcome | None:
        if not self.config.require_approval:
            return None
        plan_id = bytes(handle.goal_id.uuid).hex()
        calls = ", ".join(call_text(step) for step in steps[:_MOST_SHOWN])
        more = f" and {len(steps) - _MOST_SHOWN} more" if len(steps) > _MOST_SHOWN else ""
        status = f"waits for approval of {len(steps)} step(s): {calls}{more}"
        self.get_logger().info(f"plan {plan_id} {status}")
        feedback = ExecutePlan.Feedback(
            step=handle.request.steps[0], status=status, plan_id=plan_id
        )
        return self._why_ended(
            handle,
            self._approval.wait(
                plan_id,
                self.config.approval_timeout,
                partial(self._should_stop, handle),
                lambda: handle.publish_feedback(feedback),
            ),
        )

    def _on_approve(
        self, request: ApprovePlan.Request, response: ApprovePlan.Response
    ) -> ApprovePlan.Response:
        try:
            self._approval.decide(request.plan_id, request.approve, request.reason)
        except RequestError as error:
            response.error_code, response.error_msg = error.code, str(error)
        else:
            word = "approved" if request.approve else "rejected"
            self.get_logger().info(f"plan {request.plan_id} was {word}")
        return response

    def _should_stop(self, handle: ServerGoalHandle) -> bool:
        return handle.is_cancel_requested or self._stopping.is_set()

    def _why_ended(self, handle: ServerGoalHandle, outcome: Outcome) -> Outcome | PlanOutcome:
        if outcome is None or outcome.code != ErrorCode.CANCELED or handle.is_cancel_requested:
            return outcome
        return PlanOutcome(
            outcome.steps_done, 0, ErrorCode.INACTIVE, "plan_executor was deactivated"
        )

    def _run(self, handle: ServerGoalHandle, steps: Sequence[Step]) -> PlanOutcome:
        messages: list[PlanStep] = list(handle.request.steps)

        def on_step(step: Step, status: str, done: int) -> None:
            message, own = messages[step.index - 1], steps[step.index - 1]
            if (step.action, step.labels) != (own.action, own.labels):  # replanning put it in
                message = step_message(step, [""] * len(step.boxes))
            message.index = step.index
            handle.publish_feedback(
                ExecutePlan.Feedback(step=message, status=status, steps_done=done)
            )

        outcome = configured(self._runner).run(
            steps,
            self._frame_id(handle),
            assumptions=Assumptions(steps, self._look(handle), self.config.verify_timeout),
            skill_timeout=self.config.skill_timeout,
            stop_timeout=self.config.stop_timeout,
            should_stop=partial(self._should_stop, handle),
            on_step=on_step,
            check=partial(self._check, handle, steps, targets_of(messages)),
            replanner=self._replanner(handle, steps),
        )
        return self._why_ended(handle, outcome)

    def _known(self, handle: ServerGoalHandle, should_stop: ShouldStop) -> list[KnownObject]:
        if self._things is None:
            return []
        return self._things.ask(self._frame_id(handle), should_stop)

    def _check(
        self,
        handle: ServerGoalHandle,
        steps: Sequence[Step],
        targets: Sequence[Target],
        step: Step,
        should_stop: ShouldStop,
    ) -> Change | None:
        """What of a step is not as the plan has it; see `known_things`."""
        if not any(target.object_id for target in targets) or not step.boxes:
            return None
        known = self._known(handle, should_stop)
        return change_of(step, targets, steps[: step.index - 1], known)

    def _replanner(self, handle: ServerGoalHandle, steps: Sequence[Step]) -> Replanner | None:
        if not self.config.replan:
            return None
        stop = partial(self._should_stop, handle)
        return Replanner(
            steps,
            self.config.max_replans,
            lambda label, box: self.config.replan_may_open,
            lambda box: nearest_door(self._known(handle, stop), box),
            # what nobody has approved does not move the robot
            lambda mended: self._ask_for_approval(handle, mended) is None,
        )

    def _look(self, handle: ServerGoalHandle) -> Look:
        """Who verifies what the plan assumes."""
        if isinstance(self._robot, SimulatedRobot):
            return lambda label, place, should_stop: pretended(label, place)
        frame_id = self._frame_id(handle)
        return lambda label, place, should_stop: self._sight.look(
            label, place, frame_id, should_stop
        )

    def _report(self, request: ExecutePlan.Goal, outcome: PlanOutcome) -> None:
        """Tell the dialogue; its next turn then knows what was done."""
        if not self._report_client.service_is_ready():
            self.get_logger().warning(f"nobody offers {self.config.report_service}")
            return
        heard = threading.Event()
        report = ReportPlan.Request(
            session_id=request.session_id,
            steps=request.steps,
            steps_done=outcome.steps_done,
            failed_step=outcome.failed_step,
            error_code=outcome.code,
            error_msg=outcome.sentence,
        )
        future = self._report_client.call_async(report)
        future.add_done_callback(lambda _: heard.set())
        if not heard.wait(_REPORT_S):
            self._report_client.remove_pending_request(future)
            self.get_logger().warning(f"{self.config.report_service} did not answer")
        elif future.result().error_code != ErrorCode.NONE:
            self.get_logger().warning(f"the dialogue was not told: {future.result().error_msg}")

    def _conclude(self, handle: ServerGoalHandle, outcome: PlanOutcome) -> ExecutePlan.Result:
        self._counts[code_name(outcome.code)] += 1
        if outcome.code == ErrorCode.CANCELED:
            self.get_logger().info(outcome.sentence)
        elif outcome.code != ErrorCode.NONE:
            self._last_failure = outcome.sentence
            self.get_logger().warning(f"{code_name(outcome.code)}: {outcome.sentence}")
        result = ExecutePlan.Result(steps_done=outcome.steps_done, failed_step=outcome.failed_step)
        return conclude(handle, result, outcome.code, outcome.sentence)

    def _status(self) -> Any:
        stuck = self._runner is not None and self._runner.stuck and not self._plan_lock.locked()
        message = "a skill does not stop" if stuck else "active" if self.is_active else "inactive"
        values = {
            "robot": type(self._robot).__name__,
            "running": self._plan_lock.locked(),
            "waits_for_approval": self._approval.waiting,
            **{f"plans: {name}": count for name, count in sorted(self._counts.items())},
            "last_failure": self._last_failure,
        }
        return status_message(self, "plans", WARN if stuck else OK, message, values)


def _refusal(code: int, sentence: str) -> PlanOutcome:
    return PlanOutcome(code=code, sentence=sentence)


def main() -> None:
    """Entry point of the executable."""
    end_process(spin_node(PlanExecutor))


if __name__ == "__main__":
    main()
