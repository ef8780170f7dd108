"""A plan of an agent is carried out only where plan_executor asks a person, and after their yes."""

from __future__ import annotations

from collections.abc import Callable

from r1_ros.action import ExecutePlan
from r1_ros.client import R1Client
from r1_ros.plans.shelf import OfferedPlan


class ExecutionRefusedError(PermissionError):
    """Nobody would be asked before the robot moves."""


def carry_out(
    client: R1Client,
    plan: OfferedPlan,
    tell: Callable[[ExecutePlan.Feedback], None],
    timeout: float,
) -> ExecutePlan.Result:
    """Hand a plan to plan_executor, which waits for an approval that does not come from here.

    Args:
        client: of the robot; its own for this purpose, so that `client.cancel()` stops the plan.
        plan: what was offered.
        tell: hears the feedback, first that the plan waits and under which id.
        timeout: of approval and execution together [s].

    Raises:
        ExecutionRefusedError: `require_approval` of plan_executor is off, or was switched off
            meanwhile; the plan is cancelled then.
        RequestFailedError, ServerMissingError, NoResponseError: see R1Client.
    """
    if not client.requires_approval():
        raise ExecutionRefusedError(
            "plan_executor asks nobody: an agent's plan needs its parameter require_approval: true"
        )
    asked = False

    def follow(feedback: ExecutePlan.Feedback) -> None:
        nonlocal asked
        asked = asked or bool(feedback.plan_id)
        if not asked:  # an exception here cancels the goal
            raise ExecutionRefusedError("plan_executor began without asking; the plan is cancelled")
        tell(feedback)

    return client.execute_plan(
        plan.steps,
        frame_id=plan.frame_id,
        session_id=plan.session_id,
        timeout=timeout,
        on_feedback=follow,
    )
