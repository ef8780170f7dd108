"""What happens on the robot, whoever caused it: health, the plan that runs, where it is."""

from __future__ import annotations

import threading
import time
from typing import Any

import rclpy
from action_msgs.msg import GoalStatus, GoalStatusArray
from action_msgs.srv import CancelGoal
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.context import Context
from rclpy.executors import ExternalShutdownException, SingleThreadedExecutor
from rclpy.node import Node
from rclpy.qos import qos_profile_action_status_default
from rclpy.signals import SignalHandlerOptions

from r1_ros.action import ExecutePlan
from r1_ros.messages.plain import step_data, visible_text
from r1_ros.tf.robot_place import PlaceUnknownError, RobotPlace

_LEVELS = {
    DiagnosticStatus.OK: "ok",
    DiagnosticStatus.WARN: "warning",
    DiagnosticStatus.ERROR: "error",
    DiagnosticStatus.STALE: "stale",
}
_STOP_S = 2.0  # plan_executor answers at once; the robot may take longer to stand
_OLD_S = 10.0  # a node that has not reported for so long is not there
_ENDS = {
    GoalStatus.STATUS_SUCCEEDED: "done",
    GoalStatus.STATUS_CANCELED: "stopped",
    GoalStatus.STATUS_ABORTED: "failed",
}


class RobotWatch:
    """Listens to diagnostics, plan_executor and tf, in a thread and a ROS context of its own.

    Args:
        namespace: of the robot.
        base_frame: tf frame of the robot's base.
        namespaced_tf: tf is in the namespace too.
    """

    def __init__(
        self, namespace: str = "", base_frame: str = "base_link", *, namespaced_tf: bool = False
    ) -> None:
        self._context = Context()
        rclpy.init(args=[], context=self._context, signal_handler_options=SignalHandlerOptions.NO)
        remaps = ["--ros-args", "-r", "/tf:=tf", "-r", "/tf_static:=tf_static"]
        self._node = Node(
            "_r1_web",
            context=self._context,
            namespace=namespace,
            start_parameter_services=False,
            cli_args=remaps if namespaced_tf else None,
        )
        self._place = RobotPlace(self._node, base_frame)
        self._prefix = f"{self._node.get_namespace().rstrip('/')}/"
        self._lock = threading.Lock()
        self._health: dict[str, tuple[float, dict[str, Any]]] = {}
        self._execution: dict[str, Any] = {}
        self._node.create_subscription(DiagnosticArray, "/diagnostics", self._on_diagnostics, 50)
        self._node.create_subscription(
            ExecutePlan.Impl.FeedbackMessage,
            "execute_plan/_action/feedback",
            self._on_feedback,
            50,
        )
        self._node.create_subscription(
            GoalStatusArray,
            "execute_plan/_action/status",
            self._on_status,
            qos_profile_action_status_default,
        )
        self._cancel = self._node.create_client(CancelGoal, "execute_plan/_action/cancel_goal")
        self._executor = SingleThreadedExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="r1_web", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Leave the network."""
        self._executor.shutdown()
        self._thread.join(timeout=5.0)
        self._node.destroy_node()
        self._context.try_shutdown()

    def health(self) -> list[dict[str, Any]]:
        """Of this robot's nodes: name, level, message, values; who fell silent is stale."""
        now = time.monotonic()
        with self._lock:
            entries = sorted(self._health.items())
        return [
            status
            if now - heard < _OLD_S
            else {**status, "level": "stale", "message": f"silent for {now - heard:.0f} s"}
            for _, (heard, status) in entries
        ]

    def place(self, frame_id: str) -> dict[str, Any]:
        """Where the robot is in a frame.

        Returns:
            `{"position" [m], "yaw" [rad], "age_s", "simulated"}`, or `{"unknown": sentence}`.
        """
        try:
            found = self._place.place(frame_id)
        except PlaceUnknownError as error:
            return {"unknown": visible_text(str(error), 500)}
        return {
            "position": found.T[:3, 3].round(4).tolist(),
            "yaw": round(found.yaw, 4),
            "age_s": round(found.age_s, 1),
            "simulated": found.simulated,
        }

    def execution(self) -> dict[str, Any]:
        """The plan that was heard of last: plan_id, waiting, step, status, steps_done, ended."""
        with self._lock:
            return dict(self._execution)

    def stop_robot(self) -> int | None:
        """Cancel every plan, whoever started it.

        Returns:
            how many plans stop; None: plan_executor is not there, or did not say so in time.
        """
        if not self._cancel.service_is_ready():
            return None
        heard = threading.Event()
        future = self._cancel.call_async(CancelGoal.Request())  # no id: all of them
        future.add_done_callback(lambda _: heard.set())
        if not heard.wait(_STOP_S):
            self._cancel.remove_pending_request(future)
            return None
        response = future.result()
        return 0 if response is None else len(response.goals_canceling)

    def _spin(self) -> None:
        try:
            self._executor.spin()
        except ExternalShutdownException:
            return

    def _on_diagnostics(self, message: DiagnosticArray) -> None:
        now = time.monotonic()
        with self._lock:
            for status in message.status:
                if not status.hardware_id.startswith(self._prefix):
                    continue
                self._health[status.name] = (
                    now,
                    {
                        "name": visible_text(status.name, 200),
                        "level": _LEVELS.get(status.level, "error"),
                        "message": visible_text(status.message, 500),
                        "values": {
                            visible_text(pair.key, 100): visible_text(pair.value, 200)
                            for pair in status.values
                        },
                    },
                )

    def _on_feedback(self, message: Any) -> None:
        feedback = message.feedback
        with self._lock:
            self._execution = {
                "plan_id": bytes(message.goal_id.uuid).hex(),
                "waiting": bool(feedback.plan_id),
                "step": step_data(feedback.step),
                "status": visible_text(feedback.status, 2000),
                "steps_done": feedback.steps_done,
                "ended": "",
            }

    def _on_status(self, message: GoalStatusArray) -> None:
        with self._lock:
            for status in message.status_list:
                ended = _ENDS.get(status.status, "")
                name = bytes(status.goal_info.goal_id.uuid).hex()
                if ended and name == self._execution.get("plan_id"):
                    self._execution |= {"ended": ended, "waiting": False}
